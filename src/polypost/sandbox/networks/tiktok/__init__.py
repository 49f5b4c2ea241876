"""TikTok as its public documents describe it, on one port: login, Content Posting API, upload host, pages."""

from polypost.sandbox.networks.tiktok.simulator import TikTokSimulator

SIMULATOR = TikTokSimulator

__all__ = ["SIMULATOR", "TikTokSimulator"]

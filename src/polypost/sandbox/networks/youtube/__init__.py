"""YouTube as Google's public documents describe it, on one port: OAuth, resumable uploads, channels, comments, pages."""

from polypost.sandbox.networks.youtube.simulator import YouTubeSimulator

SIMULATOR = YouTubeSimulator

__all__ = ["SIMULATOR", "YouTubeSimulator"]

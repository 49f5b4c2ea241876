"""Bluesky on one port: an account server, the app's server, the video service, the DID directory, pages."""

from polypost.sandbox.networks.bluesky.simulator import BlueskySimulator

SIMULATOR = BlueskySimulator

__all__ = ["SIMULATOR", "BlueskySimulator"]

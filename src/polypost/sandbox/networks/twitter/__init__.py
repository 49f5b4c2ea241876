"""X as its public documents describe it, on one port: OAuth, posts, media, limits, pages."""

from polypost.sandbox.networks.twitter.simulator import TwitterSimulator

SIMULATOR = TwitterSimulator

__all__ = ["SIMULATOR", "TwitterSimulator"]

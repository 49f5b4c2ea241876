"""X as its public documents describe it, on one port: OAuth, posts, media, limits, pages."""

from polypost.platforms.twitter.simulator.simulator import TwitterSimulator

__all__ = ["TwitterSimulator"]

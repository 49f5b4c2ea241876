"""Reddit as its recorded traffic shows it, on one port: OAuth, the API, the upload buckets, the sockets and the pages."""

from polypost.sandbox.networks.reddit.simulator import RedditSimulator

SIMULATOR = RedditSimulator

__all__ = ["SIMULATOR", "RedditSimulator"]

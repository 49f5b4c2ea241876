"""Facebook Pages as Meta's public documents describe them, on one port: login, Graph API, uploads, pages of posts."""

from polypost.sandbox.networks.facebook.simulator import FacebookSimulator

SIMULATOR = FacebookSimulator

__all__ = ["SIMULATOR", "FacebookSimulator"]

"""Facebook Pages as Meta's public documents describe them, on one port: login, Graph API, uploads, pages of posts."""

from polypost.platforms.facebook.simulator.simulator import FacebookSimulator

SIMULATOR = FacebookSimulator

__all__ = ["SIMULATOR", "FacebookSimulator"]

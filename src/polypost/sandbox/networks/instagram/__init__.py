"""Instagram as Meta's public documents describe it, on one port: both logins, containers, publishing, pages."""

from polypost.sandbox.networks.instagram.simulator import InstagramSimulator

SIMULATOR = InstagramSimulator

__all__ = ["SIMULATOR", "InstagramSimulator"]

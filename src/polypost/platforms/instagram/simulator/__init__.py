"""Instagram as Meta's public documents describe it, on one port: both logins, containers, publishing, pages."""

from polypost.platforms.instagram.simulator.simulator import InstagramSimulator

SIMULATOR = InstagramSimulator

__all__ = ["SIMULATOR", "InstagramSimulator"]

"""LinkedIn as Microsoft's public documents describe it, on one port: login, uploads, posts, comments, pages."""

from polypost.sandbox.networks.linkedin.simulator import LinkedInSimulator

SIMULATOR = LinkedInSimulator

__all__ = ["SIMULATOR", "LinkedInSimulator"]

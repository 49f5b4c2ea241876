"""Pinterest as its public documents describe it, on one port: consent, API v5, the upload bucket, pages."""

from polypost.platforms.pinterest.simulator.simulator import PinterestSimulator

SIMULATOR = PinterestSimulator

__all__ = ["SIMULATOR", "PinterestSimulator"]

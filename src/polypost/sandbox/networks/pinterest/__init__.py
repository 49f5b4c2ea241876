"""Pinterest as its public documents describe it, on one port: consent, API v5, the upload bucket, pages."""

from polypost.sandbox.networks.pinterest.simulator import PinterestSimulator

SIMULATOR = PinterestSimulator

__all__ = ["SIMULATOR", "PinterestSimulator"]

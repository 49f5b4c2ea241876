"""Google Business Profile as its public documents describe it, on one port: consent, accounts, locations, posts, pages."""

from polypost.sandbox.networks.googlebusiness.simulator import GoogleBusinessSimulator

SIMULATOR = GoogleBusinessSimulator

__all__ = ["SIMULATOR", "GoogleBusinessSimulator"]

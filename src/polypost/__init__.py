"""Polypost: one call publishes to many social networks."""

__version__ = "0.1.0"

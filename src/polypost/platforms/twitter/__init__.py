"""X: posts, threads and polls, with images, GIFs and videos."""

from __future__ import annotations

from polypost.platforms.twitter.connector import TwitterConnector

CONNECTOR = TwitterConnector()

__all__ = ["CONNECTOR"]

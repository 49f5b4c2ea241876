"""Facebook: texts, links, photos, videos, reels and stories of Pages."""

from __future__ import annotations

from polypost.platforms.facebook.connector import FacebookConnector

CONNECTOR = FacebookConnector()

__all__ = ["CONNECTOR"]

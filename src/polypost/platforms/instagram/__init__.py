"""Instagram: images, carousels, reels and stories of professional accounts."""

from __future__ import annotations

from polypost.platforms.instagram.connector import InstagramConnector

CONNECTOR = InstagramConnector()

__all__ = ["CONNECTOR"]

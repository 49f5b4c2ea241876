"""Pinterest: pins with an image, a carousel or a video, on boards."""

from __future__ import annotations

from polypost.platforms.pinterest.connector import PinterestConnector

CONNECTOR = PinterestConnector()

__all__ = ["CONNECTOR"]

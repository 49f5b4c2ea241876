"""Bluesky: posts and threads with images, videos, link cards and quotes, on any server of the AT Protocol."""

from __future__ import annotations

from polypost.platforms.bluesky.connector import BlueskyConnector

CONNECTOR = BlueskyConnector()

__all__ = ["CONNECTOR"]

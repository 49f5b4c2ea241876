"""YouTube: videos and Shorts, with thumbnails and a first comment."""

from __future__ import annotations

from polypost.platforms.youtube.connector import YouTubeConnector

CONNECTOR = YouTubeConnector()

__all__ = ["CONNECTOR"]

"""TikTok: videos and photo posts on the profile, or as drafts in the creator's inbox."""

from __future__ import annotations

from polypost.platforms.tiktok.connector import TikTokConnector

CONNECTOR = TikTokConnector()

__all__ = ["CONNECTOR"]

"""Mastodon: posts, threads, polls and media on whatever server an account lives."""

from __future__ import annotations

from polypost.platforms.mastodon.connector import MastodonConnector

CONNECTOR = MastodonConnector()

__all__ = ["CONNECTOR"]

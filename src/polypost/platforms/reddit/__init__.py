"""Reddit: text, links, images, videos, galleries, polls and crossposts, in communities and on profiles."""

from __future__ import annotations

from polypost.platforms.reddit.connector import RedditConnector

CONNECTOR = RedditConnector()

__all__ = ["CONNECTOR"]

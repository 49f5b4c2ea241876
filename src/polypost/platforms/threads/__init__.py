"""Threads: texts, images, videos, carousels, polls and chains of replies."""

from __future__ import annotations

from polypost.platforms.threads.connector import ThreadsConnector

CONNECTOR = ThreadsConnector()

__all__ = ["CONNECTOR"]

"""Google Business Profile: updates, events and offers at the locations of a business."""

from __future__ import annotations

from polypost.platforms.googlebusiness.connector import GoogleBusinessConnector

CONNECTOR = GoogleBusinessConnector()

__all__ = ["CONNECTOR"]

"""LinkedIn: posts of persons and organizations, with images, videos, documents, link cards and polls."""

from __future__ import annotations

from polypost.platforms.linkedin.connector import LinkedInConnector

CONNECTOR = LinkedInConnector()

__all__ = ["CONNECTOR"]

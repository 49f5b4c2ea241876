"""Captions and images from any OpenAI-compatible endpoint that the operator names; nothing is sent anywhere otherwise."""

from polypost.ai.caption import caption
from polypost.ai.image import new_image
from polypost.ai.provider import AiFailed, Attachment, Provider

__all__ = ["AiFailed", "Attachment", "Provider", "caption", "new_image"]

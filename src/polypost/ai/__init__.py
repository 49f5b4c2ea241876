"""Captions and pictures from any OpenAI-compatible endpoint that the operator names; nothing is sent anywhere otherwise."""

from polypost.ai.caption import caption
from polypost.ai.picture import picture
from polypost.ai.provider import AiFailed, Attachment, Provider

__all__ = ["AiFailed", "Attachment", "Provider", "caption", "picture"]

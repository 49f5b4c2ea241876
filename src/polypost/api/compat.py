"""Quirks of unmodified clients that need an answer of their own; one setting turns this off."""

from __future__ import annotations

from starlette.requests import Request

from polypost.settings import Settings

UNLISTED = ("reddit", "mastodon")


def hidden_from(request: Request, settings: Settings) -> tuple[str, ...]:
    """Networks whose rows this client must not see: the official Python client fails on names outside its enum."""
    strict = request.headers.get("user-agent", "").startswith("postpeer-python/")
    return UNLISTED if strict and settings.hide_unlisted_networks else ()

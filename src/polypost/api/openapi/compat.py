"""Quirks of unmodified clients that need an answer of their own; one setting turns this off."""

from __future__ import annotations

from starlette.requests import Request

from polypost.platforms.registry import BUILT_IN
from polypost.settings import Settings

# What the contract's enum has; the official client knows no more.
CONTRACTED = frozenset(
    {
        "twitter",
        "instagram",
        "youtube",
        "tiktok",
        "pinterest",
        "linkedin",
        "bluesky",
        "facebook",
        "threads",
        "googlebusiness",
    }
)
UNLISTED = tuple(name for name in BUILT_IN if name not in CONTRACTED)


def hidden_from(request: Request, settings: Settings) -> tuple[str, ...]:
    """Networks whose rows this client must not see: the official Python client fails on names outside its enum.

    The answer's headers tell it so.
    """
    strict = request.headers.get("user-agent", "").startswith("postpeer-python/")
    if not strict or not settings.hide_unlisted_networks:
        return ()
    request.state.hidden_platforms = UNLISTED
    return UNLISTED

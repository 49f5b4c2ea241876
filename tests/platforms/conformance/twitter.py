"""X."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft
from polypost.platforms.twitter.options import TwitterOptions

_DRAFT = Draft("", (), TwitterOptions(), Account("1"))

CASE = Case(
    platform="twitter",
    kinds=(
        Kind("text"),
        Kind("pictures", media=("square.jpg", "picture.png")),
        Kind("gif", media=("moving.gif",)),
        Kind("video", media=("wide.mp4",), processes=True),
        Kind("poll", options=lambda _: {"poll": {"options": ["Yes", "No"], "durationMinutes": 60}}),
        Kind("thread", options=lambda _: {"threadItems": [{"content": "Its second part {mark}"}]}, visible=2),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 280), replace(_DRAFT, text="x" * 281), "content"),
        Edge("emoji", replace(_DRAFT, text="👍🏽" * 140), replace(_DRAFT, text="👍🏽" * 141), "content"),
    ),
    refreshes="/2/oauth2/token",
    lasting=7200,
    dead=(
        (400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}),
        (400, {"error": "invalid_grant"}),
    ),
)

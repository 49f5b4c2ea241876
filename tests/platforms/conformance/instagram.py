"""Instagram."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.instagram.options import InstagramOptions

_PICTURE = MediaRef("image", "https://media.example/a.jpg")
_DRAFT = Draft("", (_PICTURE,), InstagramOptions(), Account("1"))

CASE = Case(
    platform="instagram",
    kinds=(
        Kind("image", media=("square.jpg",)),
        Kind("carousel", media=("square.jpg", "square-2.jpg")),
        Kind(
            "carousel with a film",
            media=("square.jpg", "tall.mp4", "square-2.jpg"),
            options=lambda _: {"collaborators": ["friend"]},
        ),
        Kind("reel", media=("tall.mp4",), processes=True),
        Kind("story", text="", media=("square.jpg",), options=lambda _: {"contentType": "story"}),
        Kind("video story", text="", media=("tall.mp4",), options=lambda _: {"contentType": "story"}),
    ),
    edges=(
        Edge("caption", replace(_DRAFT, text="x" * 2200), replace(_DRAFT, text="x" * 2201), "content"),
        Edge("hashtags", replace(_DRAFT, text="#a " * 30), replace(_DRAFT, text="#a " * 31), "content"),
        Edge(
            "items",
            replace(_DRAFT, media=(_PICTURE,) * 10),
            replace(_DRAFT, media=(_PICTURE,) * 11),
            "mediaItems",
        ),
    ),
    refreshes=None,
    lasting=None,
    dead=(
        (400, {"error": {"message": "Invalid OAuth access token", "type": "OAuthException", "code": 190}}),
    ),
)

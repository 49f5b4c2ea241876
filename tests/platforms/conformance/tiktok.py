"""TikTok."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.probe import Facts

_FILM = MediaRef("video", "https://media.example/a.mp4", facts=Facts("video", "video/mp4", 1000))
_PHOTO = MediaRef("image", "https://media.example/a.jpg")
_DRAFT = Draft("", (_FILM,), TikTokOptions(), Account("1"))
_PHOTOS = replace(_DRAFT, media=(_PHOTO,))


def _film(**facts: float) -> Draft:
    return replace(_DRAFT, media=(replace(_FILM, facts=replace(_FILM.facts, **facts)),))


CASE = Case(
    platform="tiktok",
    kinds=(
        Kind("video", media=("tall.mp4",), processes=True),
        Kind(
            "photos", media=("square.jpg", "square-2.jpg"), stored="outcome_unknown", absent="outcome_unknown"
        ),
        Kind("draft", media=("tall.mp4",), options=lambda _: {"draft": True}, processes=True),
        Kind(
            "photo draft",
            media=("square.jpg",),
            options=lambda _: {"draft": True},
            stored="outcome_unknown",
            absent="outcome_unknown",
        ),
    ),
    edges=(
        Edge("caption", replace(_DRAFT, text="x" * 2200), replace(_DRAFT, text="x" * 2201), "content"),
        Edge("emoji", replace(_DRAFT, text="👍" * 1100), replace(_DRAFT, text="👍" * 1100 + "x"), "content"),
        Edge("title", replace(_PHOTOS, text="x" * 90), replace(_PHOTOS, text="x" * 91), "content"),
        Edge(
            "description",
            replace(_PHOTOS, options=TikTokOptions(description="x" * 4000)),
            replace(_PHOTOS, options=TikTokOptions(description="x" * 4001)),
            "platformSpecificData.description",
        ),
        Edge(
            "photos",
            replace(_PHOTOS, media=(_PHOTO,) * 35),
            replace(_PHOTOS, media=(_PHOTO,) * 36),
            "mediaItems",
        ),
        Edge("bytes", _film(size=4_000_000_000), _film(size=4_000_000_001), "mediaItems[0]"),
        Edge("seconds", _film(duration=600.0), _film(duration=600.2), "mediaItems[0]"),
        Edge("rate", _film(fps=60.0), _film(fps=60.2), "mediaItems[0]"),
        Edge("side", _film(width=360, height=4096), _film(width=359, height=4096), "mediaItems[0]"),
    ),
    refreshes="/v2/oauth/token/",
    lasting=7200,
    dead=(
        (400, {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}),
        (200, {"error": "invalid_grant", "error_description": "Refresh token is invalid or expired."}),
    ),
    refuses={"duplicate": "account_restricted"},
)

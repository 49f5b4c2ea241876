"""Facebook Pages."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.facebook.options import FacebookOptions

_PICTURE = MediaRef("image", "https://media.example/a.jpg")
_DRAFT = Draft("", (_PICTURE,), FacebookOptions(), Account("1"))


def _with(text: str) -> FacebookOptions:
    return FacebookOptions.model_validate({"altTexts": [text] if text else []})


CASE = Case(
    platform="facebook",
    kinds=(
        Kind("text", absent="outcome_unknown"),
        Kind(
            "link",
            options=lambda _: {"link": "https://example.com/a-page", "firstComment": "The first word {mark}"},
            absent="outcome_unknown",
            followed=1,
        ),
        Kind("photo", media=("picture.png",), options=lambda _: {"altTexts": ["A plain picture"]}),
        Kind("photos", media=("square.jpg", "wide.jpg", "moving.gif")),
        Kind(
            "video",
            media=("wide.mp4",),
            options=lambda _: {"title": "A film", "videoThumbnailUrl": "file:wide.jpg"},
            processes=True,
        ),
        Kind("reel", media=("tall.mp4",), options=lambda _: {"contentType": "reel", "title": "A reel"}),
        Kind(
            "story",
            text="",
            media=("square.jpg",),
            options=lambda _: {"contentType": "story"},
            absent="outcome_unknown",
        ),
        Kind("video story", text="", media=("tall.mp4",), options=lambda _: {"contentType": "story"}),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 63_206), replace(_DRAFT, text="x" * 63_207), "content"),
        Edge(
            "photos",
            replace(_DRAFT, media=(_PICTURE,) * 10),
            replace(_DRAFT, media=(_PICTURE,) * 11),
            "mediaItems",
        ),
        Edge(
            "alternative texts",
            replace(_DRAFT, options=_with("A tree")),
            replace(_DRAFT, media=(), text="x", options=_with("A tree")),
            "platformSpecificData.altTexts",
        ),
    ),
    # A Page's token has no end, and nothing renews a dead one.
    refreshes=None,
    lasting=None,
    dead=(),
)

"""Bluesky."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.platforms.conformance import Case, Edge, Entry, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.bluesky.options import BlueskyOptions
from polypost.probe import Facts

_DRAFT = Draft("A text", (), BlueskyOptions(), Account("did:plc:x"))
FAMILY = "👨‍👩‍👧‍👦"
CARD = {
    "url": "https://example.com/page",
    "title": "A page",
    "description": "What it is about",
    "thumbnailUrl": "file:square.jpg",
}


def _image(size: int = 1_000, count: int = 1) -> Draft:
    facts = Facts("image", "image/jpeg", size, 100, 100)
    return replace(_DRAFT, media=(MediaRef("image", "https://example.com/a.jpg", facts=facts),) * count)


def _film(size: int = 1_000, seconds: float = 10) -> Draft:
    facts = Facts("video", "video/mp4", size, 1280, 720, duration=seconds)
    return replace(_DRAFT, media=(MediaRef("video", "https://example.com/a.mp4", facts=facts),))


def _options(**options: Any) -> Draft:
    return replace(_DRAFT, options=BlueskyOptions.model_validate(options))


def _with(draft: Draft, **options: Any) -> Draft:
    return replace(draft, options=BlueskyOptions.model_validate(options))


def _of_another_post(name: str) -> Any:
    """Options that name the post which is always there."""

    def options(entry: Entry) -> Mapping[str, Any]:
        return {name: entry["examplePost"]}

    return options


CASE = Case(
    platform="bluesky",
    kinds=(
        Kind("text"),
        Kind("marked text", text="Read https://example.com, @demo2.bsky.social #tag"),
        Kind("pictures", media=("square.jpg", "picture.png"), options=lambda _: {"altText": ["a", "b"]}),
        Kind(
            "gallery",
            media=("square.jpg", "square-2.jpg", "wide.jpg", "tall.jpg", "picture.png"),
            options=lambda _: {"gallery": True},
        ),
        Kind("gif", media=("moving.gif",)),
        Kind("video", media=("wide.mp4",), processes=True),
        Kind("card", options=lambda _: {"card": CARD}),
        Kind("quote", options=_of_another_post("quote")),
        Kind("reply", options=_of_another_post("replyTo")),
        Kind(
            "thread",
            options=lambda _: {
                "threadItems": [
                    {"content": "Its second part {mark}"},
                    {
                        "content": "Its third {mark}",
                        "mediaItems": [{"type": "image", "url": "file:wide.jpg"}],
                    },
                ],
                "replyControl": ["following"],
                "allowQuotes": False,
            },
            visible=3,
        ),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 300), replace(_DRAFT, text="x" * 301), "content"),
        # A family is one character of 25 bytes.
        Edge("families", replace(_DRAFT, text=FAMILY * 120), replace(_DRAFT, text=FAMILY * 121), "content"),
        Edge("empty", replace(_DRAFT, text="."), replace(_DRAFT, text=" \n"), "content"),
        Edge("pictures", _image(count=4), _image(count=5), "mediaItems"),
        Edge(
            "gallery",
            _with(_image(count=20), gallery=True),
            _with(_image(count=21), gallery=True),
            "mediaItems",
        ),
        Edge("picture size", _image(2_000_000), _image(2_000_001), "mediaItems[0]"),
        Edge("film size", _film(300_000_000), _film(300_000_001), "mediaItems[0]"),
        Edge("film length", _film(seconds=600.04), _film(seconds=600.2), "mediaItems[0]"),
        Edge(
            "languages",
            _options(langs=["en", "de", "fr"]),
            _options(langs=["en", "de", "fr", "it"]),
            "platformSpecificData.langs",
        ),
        Edge("tags", _options(tags=["t"] * 8), _options(tags=["t"] * 9), "platformSpecificData.tags"),
        Edge(
            "a tag",
            _options(tags=["#" + "t" * 64]),
            _options(tags=["t" * 65]),
            "platformSpecificData.tags[0]",
        ),
    ),
    refreshes="/xrpc/com.atproto.server.refreshSession",
    lasting=7200,
    dead=(
        (400, {"error": "ExpiredToken", "message": "Token has been revoked"}),
        (401, {"error": "AuthenticationRequired", "message": "Invalid session"}),
    ),
)

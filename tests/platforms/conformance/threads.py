"""Threads."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.threads.options import ThreadsOptions

_DRAFT = Draft("Words", (), ThreadsOptions(), Account("1"))
_PICTURE = MediaRef("image", "https://media.example/a.jpg")


def _with(**options: object) -> Draft:
    return replace(_DRAFT, options=ThreadsOptions.model_validate(options))


def _links(count: int) -> str:
    return " ".join(f"https://a.example/{number}" for number in range(count))


CASE = Case(
    platform="threads",
    kinds=(
        Kind("text", options=lambda _: {"replyControl": "followers_only", "topicTag": "Conformance"}),
        Kind("image", media=("picture.png",), options=lambda _: {"altText": ["A picture"]}),
        Kind("video", media=("tall.mp4",), processes=True),
        Kind("carousel", media=("square.jpg", "wide.mp4", "tall.jpg")),
        Kind("poll", options=lambda _: {"poll": {"options": ["Yes", "No", "Perhaps"]}}),
        Kind(
            "thread",
            options=lambda _: {
                "threadItems": [
                    {
                        "content": "Its second part {mark}",
                        "mediaItems": [
                            {"type": "image", "url": "file:square.jpg"},
                            {"type": "image", "url": "file:wide.jpg"},
                        ],
                    },
                    {"content": "Its end {mark}"},
                ]
            },
            visible=3,
        ),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 500), replace(_DRAFT, text="x" * 501), "content"),
        Edge("emoji", replace(_DRAFT, text="🌍" * 125), replace(_DRAFT, text="🌍" * 125 + "x"), "content"),
        Edge("links", replace(_DRAFT, text=_links(5)), replace(_DRAFT, text=_links(6)), "content"),
        Edge(
            "items",
            replace(_DRAFT, media=(_PICTURE,) * 20),
            replace(_DRAFT, media=(_PICTURE,) * 21),
            "mediaItems",
        ),
        Edge("topic", _with(topicTag="t" * 50), _with(topicTag="t" * 51), "platformSpecificData.topicTag"),
        Edge(
            "poll",
            _with(poll={"options": ["o" * 25, "b"]}),
            _with(poll={"options": ["o" * 26, "b"]}),
            "platformSpecificData.poll.options[0]",
        ),
    ),
    # A token that has ended cannot be renewed, so nothing is asked for when one is found dead.
    refreshes=None,
    # One that is young is tried once more as it is.
    refuses={"token_expired": "published"},
    lasting=60 * 86_400,
    dead=(
        (400, {"error": {"message": "Invalid OAuth access token", "type": "OAuthException", "code": 190}}),
    ),
)

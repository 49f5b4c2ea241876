"""Mastodon."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.mastodon.options import MastodonOptions
from polypost.probe import Facts

_PICTURE = MediaRef("image", "https://media.example/a.jpg")
_DRAFT = Draft("", (), MastodonOptions(), Account("1@mastodon.example"))


def _poll(option: str) -> Draft:
    poll = {"options": ["Yes", option], "durationMinutes": 60}
    return replace(_DRAFT, text="?", options=MastodonOptions.model_validate({"poll": poll}))


def _large(size: int) -> Draft:
    facts = Facts("video", "video/mp4", size, 1280, 720, duration=10.0)
    return replace(_DRAFT, media=(MediaRef("video", "https://media.example/a.mp4", facts=facts),))


CASE = Case(
    platform="mastodon",
    kinds=(
        Kind("text"),
        Kind("images", media=("square.jpg", "picture.png"), options=lambda _: {"altText": ["A", "B"]}),
        Kind("gif", media=("moving.gif",), processes=True),
        Kind("video", media=("wide.mp4",), processes=True),
        Kind("poll", options=lambda _: {"poll": {"options": ["Yes", "No"], "durationMinutes": 60}}),
        Kind("thread", options=lambda _: {"threadItems": [{"content": "Its second part {mark}"}]}, visible=2),
        Kind("content warning", options=lambda _: {"spoilerText": "Spoilers", "visibility": "private"}),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 500), replace(_DRAFT, text="x" * 501), "content"),
        Edge("family", replace(_DRAFT, text="👨‍👩‍👧" * 500), replace(_DRAFT, text="👨‍👩‍👧" * 501), "content"),
        Edge(
            "items",
            replace(_DRAFT, media=(_PICTURE,) * 4),
            replace(_DRAFT, media=(_PICTURE,) * 5),
            "mediaItems",
        ),
        Edge("poll option", _poll("x" * 50), _poll("x" * 51), "platformSpecificData.poll.options[1]"),
        Edge("film", _large(103_809_024), _large(103_809_025), "mediaItems[0]"),
    ),
    refreshes=None,
    lasting=None,
    dead=((400, {"error": "invalid_grant", "error_description": "The grant is invalid."}),),
    refuses={"duplicate": "rejected"},
)

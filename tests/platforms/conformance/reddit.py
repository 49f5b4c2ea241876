"""Reddit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.platforms.conformance import Case, Edge, Entry, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.reddit.options import RedditOptions

# The simulator's post that is always there.
WELCOME = "t3_welcome"


def to_sandbox(**options: Any) -> Any:
    def chosen(_: Entry) -> dict[str, Any]:
        return {"subreddit": "sandbox", **options}

    return chosen


def kind(name: str, *media: str, **options: Any) -> Kind:
    """What Reddit would not refuse a second time is never sent a second time on a guess."""
    return Kind(name, media=media, options=to_sandbox(**options), absent="outcome_unknown")


def draft(text: str = "Hello", *media: MediaRef, **options: Any) -> Draft:
    parsed = RedditOptions.model_validate({"subreddit": "sandbox", **options})
    return Draft(text, media, parsed, Account("1"))


PICTURE = MediaRef("image", "https://media.example.com/a.jpg")

CASE = Case(
    platform="reddit",
    kinds=(
        kind("text"),
        replace(kind("title and text"), text="Hello <world> & all\n\nThe **rest** of it."),
        replace(kind("link", url="https://example.com/?{mark}"), absent="published"),
        kind("text with pictures", "square.jpg", "picture.png", kind="self"),
        kind("image", "square.jpg"),
        kind("gif", "moving.gif"),
        replace(kind("video", "wide.mp4"), thumbnail="wide.jpg"),
        kind("silent video", "wide.mp4", kind="videogif"),
        kind("gallery", "square.jpg", "picture.png", "moving.gif"),
        kind("poll", poll={"options": ["Yes", "No"], "durationDays": 2}),
        kind("crosspost", crosspostId=WELCOME),
        replace(kind("first comment", firstComment="And first {mark}"), followed=1),
    ),
    edges=(
        Edge("title", draft(title="x" * 300), draft(title="x" * 301), "platformSpecificData.title"),
        Edge("body", draft(f"Title\n{'x' * 40_000}"), draft(f"Title\n{'x' * 40_001}"), "content"),
        Edge(
            "comment",
            draft(firstComment="x" * 10_000),
            draft(firstComment="x" * 10_001),
            "platformSpecificData.firstComment",
        ),
        Edge("gallery", draft("Look", *[PICTURE] * 20), draft("Look", *[PICTURE] * 21), "mediaItems"),
        Edge("flair", draft(flairText="x" * 64), draft(flairText="x" * 65), "platformSpecificData.flairText"),
        Edge(
            "caption",
            draft("Look", PICTURE, PICTURE, gallery=[{"caption": "x" * 180}]),
            draft("Look", PICTURE, PICTURE, gallery=[{"caption": "x" * 181}]),
            "platformSpecificData.gallery[0].caption",
        ),
    ),
    refreshes="/api/v1/access_token",
    lasting=86_400,
    dead=(
        (400, {"message": "Bad Request", "error": 400}),
        (400, {"error": 400}),
        (200, {"error": "invalid_grant"}),
    ),
)

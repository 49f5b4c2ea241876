"""What a Reddit draft may be, and what its options take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polypost.errors import Problem
from polypost.platforms.base import Account, Draft, MediaKind, MediaRef
from polypost.platforms.reddit import CONNECTOR
from polypost.platforms.reddit.plan import plan_for, split_title
from polypost.platforms.reddit.spec import OAUTH, SPEC
from polypost.platforms.registry import connector
from polypost.probe import Facts

MIB = 1024 * 1024
OPTIONS = "platformSpecificData"
PNG = Facts("image", "image/png", MIB, 1080, 1080)
GIF = Facts("gif", "image/gif", MIB, 480, 480, frames=20)
MP4 = Facts("video", "video/mp4", 20 * MIB, 1280, 720, duration=30.0)
PDF = Facts("document", "application/pdf", MIB)
LINK = "https://example.com/"
POLL = {"options": ["a", "b"], "durationDays": 1}


def ref(facts: Facts | None = None, kind: MediaKind | None = None, thumbnail: str | None = None) -> MediaRef:
    kind = kind or (facts.kind if facts else "image")
    return MediaRef(kind, f"https://media.example.com/{kind}", thumbnail, facts)


def problems(
    text: str = "Hello", *media: MediaRef, further: Mapping[str, Facts] | None = None, **options: Any
) -> list[Problem]:
    parsed = CONNECTOR.options.model_validate({"subreddit": "python", **options})
    found = CONNECTOR.check(Draft(text, media, parsed, Account("1"), further or {}))
    assert all(problem.message and problem.hint for problem in found)
    return found


def codes(text: str = "Hello", *media: MediaRef, **options: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems(text, *media, **options)]


def test_it_is_registered_and_every_limit_has_its_day() -> None:
    assert connector("reddit") is CONNECTOR
    assert all(limit.source and limit.read == date(2026, 11, 24) for limit in SPEC.limits.values())
    assert OAUTH.authorize_extra == {"duration": "permanent"}
    assert OAUTH.client_auth == "basic"


@pytest.mark.parametrize(
    "name", ["python", "AskReddit", "r2d2", "a_b", "u_demo", "u_with-dash", "2meirl4meirl", "x" * 21]
)
def test_names_of_places(name: str) -> None:
    assert CONNECTOR.options.model_validate({"subreddit": name}).subreddit == name  # type: ignore[attr-defined]  # names come from the parameters


@pytest.mark.parametrize(
    "name", ["", "r/python", "/r/python", "a", "_a", "x" * 22, "a-b", "a b", "pythön", None, 7]
)
def test_what_is_no_name_of_a_place(name: Any) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate({"subreddit": name})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subreddit": "python", "unknown": 1},
        {"subreddit": "python", "kind": "text"},
        {"subreddit": "python", "url": "example.com"},
        {"subreddit": "python", "url": "ftp://example.com"},
        {"subreddit": "python", "nsfw": "yes"},
        {"subreddit": "python", "poll": {"options": ["a"], "durationDays": 1}},
        {"subreddit": "python", "poll": {"options": ["a"] * 7, "durationDays": 1}},
        {"subreddit": "python", "poll": {"options": ["a", "b"], "durationDays": 0}},
        {"subreddit": "python", "poll": {"options": ["a", "b"], "durationDays": 8}},
        {"subreddit": "python", "poll": {"options": ["a", "b"], "durationDays": 1.5}},
        {"subreddit": "python", "poll": {"options": ["a", "b"]}},
        {"subreddit": "python", "crosspostId": "t1_abc"},
        {"subreddit": "python", "crosspostId": "T3_ABC"},
        {"subreddit": "python", "flairId": ""},
        {"subreddit": "python", "gallery": [{}] * 21},
        {"subreddit": "python", "gallery": [{"caption": "a", "other": 1}]},
    ],
)
def test_options_that_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(options)


def test_null_is_as_good_as_nothing_and_whole_floats_are_whole() -> None:
    fields = CONNECTOR.options.model_fields
    nothing = {field.alias or name: None for name, field in fields.items() if name != "subreddit"}
    assert CONNECTOR.options.model_validate(
        {"subreddit": "python", **nothing}
    ) == CONNECTOR.options.model_validate({"subreddit": "python"})
    assert codes(poll={"options": ["a", "b"], "durationDays": 7.0}) == []


@pytest.mark.parametrize(
    ("media", "options", "kind"),
    [
        ((), {}, "self"),
        ((), {"url": LINK}, "link"),
        ((), {"poll": POLL}, "poll"),
        ((), {"crosspostId": "abc"}, "crosspost"),
        ((ref(PNG),), {}, "image"),
        ((ref(GIF),), {}, "image"),
        ((ref(PNG), ref(GIF)), {}, "gallery"),
        ((ref(MP4),), {}, "video"),
        ((ref(MP4),), {"kind": "videogif"}, "videogif"),
        ((ref(PNG),), {"kind": "self"}, "self"),
    ],
)
def test_the_kind_follows_from_what_is_there(
    media: tuple[MediaRef, ...], options: dict[str, Any], kind: str
) -> None:
    parsed = CONNECTOR.options.model_validate({"subreddit": "python", **options})
    assert plan_for("Hello", media, parsed).kind == kind  # type: ignore[arg-type]  # names come from the parameters
    assert problems("Hello", *media, **options) == []


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Hello", "Hello", ""),
        ("\n Hello \n\n world\nagain ", "Hello", "world\nagain"),
        ("x" * 300, "x" * 300, ""),
        ("x" * 301, "x" * 299 + "…", "x" * 301),
        ("word " * 100, "word " * 58 + "word…", ("word " * 100).strip()),
        ("", "", ""),
    ],
)
def test_a_title_is_the_texts_first_line(text: str, title: str, body: str) -> None:
    assert split_title(text) == (title, body)


@given(st.text())
def test_a_title_made_of_a_text_always_fits(text: str) -> None:
    title, body = split_title(text)
    assert len(title) <= SPEC.limit("title_characters")
    assert "\n" not in title
    assert bool(title) == bool(text.strip())
    assert len(body) <= len(text)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", {}, [("content", "text_required")]),
        (" \n ", {}, [("content", "text_required")]),
        ("Hello", {"title": " "}, [(f"{OPTIONS}.title", "text_required")]),
        ("", {"title": "Title"}, []),
        ("", {"title": "x" * 300}, []),
        ("", {"title": "x" * 301}, [(f"{OPTIONS}.title", "too_long")]),
        ("x" * 40_000, {"title": "T"}, []),
        ("x" * 40_001, {"title": "T"}, [("content", "too_long")]),
        ("Hello", {"flairText": "x" * 64}, []),
        ("Hello", {"flairText": "x" * 65}, [(f"{OPTIONS}.flairText", "too_long")]),
        ("Hello", {"firstComment": "x" * 10_000}, []),
        ("Hello", {"firstComment": "x" * 10_001}, [(f"{OPTIONS}.firstComment", "too_long")]),
        ("Hello", {"firstComment": "  "}, [(f"{OPTIONS}.firstComment", "invalid")]),
        (
            "Hello",
            {"poll": {"options": ["a", " "], "durationDays": 1}},
            [(f"{OPTIONS}.poll.options[1]", "invalid")],
        ),
        ("Hello", {"kind": "link"}, [(f"{OPTIONS}.url", "invalid")]),
        ("Hello", {"kind": "poll"}, [(f"{OPTIONS}.poll", "invalid")]),
        ("Hello", {"kind": "crosspost"}, [(f"{OPTIONS}.crosspostId", "invalid")]),
        ("Hello", {"kind": "self", "url": LINK}, [(f"{OPTIONS}.url", "invalid")]),
        ("Hello", {"url": LINK, "poll": POLL}, [(f"{OPTIONS}.url", "invalid")]),
        ("Hello", {"kind": "link", "url": LINK, "crosspostId": "a"}, [(f"{OPTIONS}.crosspostId", "invalid")]),
        ("Hello", {"resubmit": True}, [(f"{OPTIONS}.resubmit", "invalid")]),
        ("Hello", {"resubmit": False}, []),
        ("Hello", {"url": LINK, "resubmit": True}, []),
        ("One\nTwo", {"crosspostId": "abc"}, [("content", "invalid")]),
    ],
)
def test_texts_and_combinations(text: str, options: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert codes(text, **options) == expected


LARGE = {
    "png": (replace(PNG, size=20 * MIB), "image"),
    "gif": (replace(GIF, size=100 * MIB), "gif"),
    "gif as image": (replace(GIF, size=100 * MIB), "image"),
    "film": (replace(MP4, size=1024 * MIB), "video"),
}


@pytest.mark.parametrize("name", LARGE)
def test_sizes_at_their_edge(name: str) -> None:
    facts, kind = LARGE[name]
    assert codes("Hello", ref(facts, kind)) == []  # type: ignore[arg-type]  # names come from the parameters
    over = replace(facts, size=facts.size + 1)
    assert codes("Hello", ref(over, kind)) == [("mediaItems[0]", "media_size")]  # type: ignore[arg-type]  # names come from the parameters


@pytest.mark.parametrize(
    ("media", "options", "expected"),
    [
        ((ref(replace(MP4, duration=900.0)),), {}, []),
        ((ref(replace(MP4, duration=900.1)),), {}, [("mediaItems[0]", "media_duration")]),
        ((ref(replace(MP4, duration=None)),), {}, []),
        ((ref(replace(MP4, mime="video/webm")),), {}, [("mediaItems[0]", "media_format")]),
        ((ref(replace(MP4, mime="video/quicktime")),), {}, []),
        ((ref(replace(PNG, mime="image/webp")),), {}, [("mediaItems[0]", "media_format")]),
        ((ref(PDF),), {}, [("mediaItems[0]", "media_format")]),
        ((ref(PNG, "gif"),), {}, [("mediaItems[0].type", "media_type")]),
        ((ref(MP4, "image"),), {}, [("mediaItems[0].type", "media_type")]),
        ((ref(PDF, "image"),), {}, [("mediaItems[0].type", "media_type")]),
        ((ref(MP4), ref(PNG)), {}, [("mediaItems", "too_many"), ("mediaItems[1]", "media_mix")]),
        ((ref(PNG),) * 2, {"kind": "image"}, [("mediaItems", "too_many")]),
        ((ref(PNG),), {"kind": "gallery"}, [("mediaItems", "media_required")]),
        ((ref(PNG),) * 20, {}, []),
        ((ref(PNG),) * 21, {}, [("mediaItems", "too_many")]),
        ((), {"kind": "image"}, [("mediaItems", "media_required")]),
        ((), {"kind": "video"}, [("mediaItems", "media_required")]),
        ((ref(PNG),), {"kind": "video"}, [("mediaItems[0]", "media_mix")]),
        ((ref(MP4),), {"kind": "self"}, [("mediaItems[0]", "media_mix")]),
        ((ref(PNG),), {"url": LINK}, [("mediaItems", "media_mix")]),
        ((ref(PNG),), {"poll": POLL}, [("mediaItems", "media_mix")]),
        ((ref(PNG),), {"crosspostId": "a"}, [("mediaItems", "media_mix")]),
        ((ref(PNG),) * 2, {"gallery": [{"caption": "x" * 180}]}, []),
        (
            (ref(PNG),) * 2,
            {"gallery": [{}, {"caption": "x" * 181}]},
            [(f"{OPTIONS}.gallery[1].caption", "too_long")],
        ),
        ((ref(PNG),) * 2, {"gallery": [{}] * 3}, [(f"{OPTIONS}.gallery", "too_many")]),
        ((ref(PNG),), {"gallery": [{"caption": "x"}]}, [(f"{OPTIONS}.gallery", "invalid")]),
    ],
)
def test_media(media: tuple[MediaRef, ...], options: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert codes("Hello", *media, **options) == expected


def test_media_that_nobody_has_looked_at_are_no_problem() -> None:
    for kind in ("image", "gif", "video"):
        assert codes("Hello", ref(kind=kind)) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (PNG, None),
        (replace(PNG, mime="image/jpeg", size=20 * MIB), None),
        (replace(PNG, size=20 * MIB + 1), "media_size"),
        (GIF, "media_format"),
    ],
)
def test_the_still_picture_of_a_film(facts: Facts, code: str | None) -> None:
    url = "https://media.example.com/still"
    found = problems("Hello", ref(MP4, thumbnail=url), further={url: facts})
    assert [(each.path, each.code) for each in found] == ([("mediaItems[0].thumbnail", code)] if code else [])
    assert problems("Hello", ref(MP4, thumbnail=url)) == []

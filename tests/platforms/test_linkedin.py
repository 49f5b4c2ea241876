"""LinkedIn's check: each limit at its edge, with paths and hints; options; what the folder says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from polypost.errors import Problem
from polypost.platforms.base import Account, Deletes, Draft, MediaKind, MediaRef
from polypost.platforms.linkedin import CONNECTOR
from polypost.platforms.linkedin.spec import SPEC, VERSION
from polypost.probe import Facts

PERSON, COMPANY = Account("urn:li:person:x"), Account("urn:li:organization:1")
IMAGE = Facts("image", "image/png", 1000, 100, 100)
GIF = Facts("gif", "image/gif", 1000, 100, 100, frames=3)
VIDEO = Facts("video", "video/mp4", 100_000, 1280, 720, duration=10.0, video_codec="h264", audio_codec="aac")
PDF = Facts("document", "application/pdf", 1000)
ACME = "urn:li:organization:123"


def ref(facts: Facts | None, kind: MediaKind | None = None, number: int = 0) -> MediaRef:
    declared = kind or (facts.kind if facts else "image")
    return MediaRef(declared, f"https://media.example.com/{number}", facts=facts)


def problems(
    text: str = "Hello", *media: MediaRef, account: Account = PERSON, **options: Any
) -> list[Problem]:
    parsed = CONNECTOR.options.model_validate(options)
    found = CONNECTOR.check(Draft(text, media, parsed, account))
    assert all(problem.hint and problem.message for problem in found)
    return found


def told(*args: Any, **more: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems(*args, **more)]


FITS: dict[str, tuple[str, tuple[MediaRef, ...], dict[str, Any]]] = {
    "the longest text": ("x" * 3000, (), {}),
    "a picture alone": ("", (ref(IMAGE),), {}),
    "twenty pictures": ("x", tuple(ref(IMAGE, number=n) for n in range(20)), {}),
    "pictures and gifs": ("x", (ref(IMAGE), ref(GIF)), {}),
    "an animation declared as a picture": ("x", (ref(GIF, "image"),), {}),
    "the most pixels": ("x", (ref(replace(IMAGE, width=36_152_319, height=1)),), {}),
    "the most frames": ("x", (ref(replace(GIF, frames=250)),), {}),
    "the smallest video": ("x", (ref(replace(VIDEO, size=76_800)),), {}),
    "the largest video": ("x", (ref(replace(VIDEO, size=500 * 1024**2)),), {}),
    "the shortest video": ("x", (ref(replace(VIDEO, duration=3.0)),), {}),
    "the longest video": ("x", (ref(replace(VIDEO, duration=1800.04)),), {}),
    "a video of which little is known": ("x", (ref(Facts("video", "video/mp4", 100_000)),), {}),
    "the largest document": ("x", (ref(replace(PDF, size=100 * 1024**2)),), {"documentTitle": "T"}),
    "media not probed": ("x", (ref(None, "video"),), {}),
    "the longest alternative text": ("x", (ref(IMAGE),), {"altText": ["y" * 4086]}),
    "fewer alternative texts": ("x", (ref(IMAGE), ref(IMAGE, number=1)), {"altText": ["y"]}),
    "a link card": ("", (), {"articleUrl": "https://example.com", "articleTitle": "T" * 400}),
    "a link card with a picture": ("x", (ref(IMAGE),), {"articleUrl": "https://example.com"}),
    "the largest poll": ("", (), {"poll": {"question": "q" * 140, "options": [*"abc", "d" * 30]}}),
    "a reshare": ("", (), {"reshareUrn": "urn:li:share:1"}),
    "the longest comment": ("x", (), {"firstComment": "c" * 1250}),
    "a mention": ("Hi Acme", (), {"mentions": [{"text": "Acme", "urn": ACME}]}),
    "nulls": ("x", (), dict.fromkeys(("visibility", "mentions", "articleUrl", "documentTitle", "poll"))),
}


@pytest.mark.parametrize("name", FITS)
def test_what_fits(name: str) -> None:
    text, media, options = FITS[name]
    assert problems(text, *media, **options) == []


OPT = "platformSpecificData"
OVER: dict[str, tuple[str, tuple[MediaRef, ...], dict[str, Any], list[tuple[str, str]]]] = {
    "a text too long": ("x" * 3001, (), {}, [("content", "too_long")]),
    "nothing": (" ", (), {}, [("content", "text_required")]),
    "21 pictures": ("x", tuple(ref(IMAGE, number=n) for n in range(21)), {}, [("mediaItems", "too_many")]),
    "a video and a picture": ("x", (ref(VIDEO), ref(IMAGE)), {}, [("mediaItems", "media_mix")]),
    "two documents": ("x", (ref(PDF), ref(PDF)), {"documentTitle": "T"}, [("mediaItems", "media_mix")]),
    "too many pixels": (
        "x",
        (ref(replace(IMAGE, width=36_152_320, height=1)),),
        {},
        [("mediaItems[0]", "media_dimensions")],
    ),
    "too many frames": ("x", (ref(replace(GIF, frames=251)),), {}, [("mediaItems[0]", "media_frames")]),
    "webp": ("x", (ref(replace(IMAGE, mime="image/webp")),), {}, [("mediaItems[0]", "media_format")]),
    "mov": ("x", (ref(replace(VIDEO, mime="video/quicktime")),), {}, [("mediaItems[0]", "media_format")]),
    "a tiny video": ("x", (ref(replace(VIDEO, size=76_799)),), {}, [("mediaItems[0]", "media_size")]),
    "a huge video": (
        "x",
        (ref(replace(VIDEO, size=500 * 1024**2 + 1)),),
        {},
        [("mediaItems[0]", "media_size")],
    ),
    "a short video": ("x", (ref(replace(VIDEO, duration=2.9)),), {}, [("mediaItems[0]", "media_duration")]),
    "a long video": ("x", (ref(replace(VIDEO, duration=1801.0)),), {}, [("mediaItems[0]", "media_duration")]),
    "a huge document": (
        "x",
        (ref(replace(PDF, size=100 * 1024**2 + 1)),),
        {"documentTitle": "T"},
        [("mediaItems[0]", "media_size")],
    ),
    "another kind of document": (
        "x",
        (ref(replace(PDF, mime="application/msword")),),
        {"documentTitle": "T"},
        [("mediaItems[0]", "media_format")],
    ),
    "a document without a title": ("x", (ref(PDF),), {}, [(f"{OPT}.documentTitle", "missing")]),
    "a title without a document": ("x", (), {"documentTitle": "T"}, [(f"{OPT}.documentTitle", "invalid")]),
    "a wrong type": ("x", (ref(IMAGE, "video"),), {}, [("mediaItems[0].type", "media_type")]),
    "an alternative text too long": (
        "x",
        (ref(IMAGE),),
        {"altText": ["y" * 4087]},
        [(f"{OPT}.altText[0]", "too_long")],
    ),
    "too many alternative texts": ("x", (), {"altText": ["y"]}, [(f"{OPT}.altText", "too_many")]),
    "a card with a video": (
        "x",
        (ref(VIDEO),),
        {"articleUrl": "https://example.com"},
        [("mediaItems", "media_mix")],
    ),
    "a card with two pictures": (
        "x",
        (ref(IMAGE), ref(IMAGE)),
        {"articleUrl": "https://example.com"},
        [("mediaItems", "media_mix")],
    ),
    "a title without a card": ("x", (), {"articleTitle": "T"}, [(f"{OPT}.articleTitle", "invalid")]),
    "a description without a card": (
        "x",
        (),
        {"articleDescription": "T"},
        [(f"{OPT}.articleDescription", "invalid")],
    ),
    "a long question": (
        "x",
        (),
        {"poll": {"question": "q" * 141, "options": ["a", "b"]}},
        [(f"{OPT}.poll.question", "too_long")],
    ),
    "a long option": (
        "x",
        (),
        {"poll": {"question": "q", "options": ["a", "b" * 31]}},
        [(f"{OPT}.poll.options[1]", "too_long")],
    ),
    "an empty option": (
        "x",
        (),
        {"poll": {"question": "q", "options": ["a", " "]}},
        [(f"{OPT}.poll.options[1]", "invalid")],
    ),
    "a poll with a picture": (
        "x",
        (ref(IMAGE),),
        {"poll": {"question": "q", "options": ["a", "b"]}},
        [(f"{OPT}.poll", "media_mix")],
    ),
    "a poll with a card": (
        "x",
        (),
        {"poll": {"question": "q", "options": ["a", "b"]}, "articleUrl": "https://example.com"},
        [(f"{OPT}.poll", "media_mix")],
    ),
    "a reshare with a picture": (
        "x",
        (ref(IMAGE),),
        {"reshareUrn": "urn:li:share:1"},
        [(f"{OPT}.reshareUrn", "media_mix")],
    ),
    "a long comment": ("x", (), {"firstComment": "c" * 1251}, [(f"{OPT}.firstComment", "too_long")]),
    "an empty comment": ("x", (), {"firstComment": " "}, [(f"{OPT}.firstComment", "invalid")]),
    "a mention that is not in the text": (
        "Hi",
        (),
        {"mentions": [{"text": "Acme", "urn": ACME}]},
        [(f"{OPT}.mentions[0].text", "invalid")],
    ),
    "a mention that is there twice": (
        "aaa",
        (),
        {"mentions": [{"text": "aa", "urn": ACME}]},
        [(f"{OPT}.mentions[0].text", "invalid")],
    ),
    "a mention in another case": (
        "Hi acme",
        (),
        {"mentions": [{"text": "Acme", "urn": ACME}]},
        [(f"{OPT}.mentions[0].text", "invalid")],
    ),
    "a URN that would break the markup": (
        "Hi Acme",
        (),
        {"mentions": [{"text": "Acme", "urn": "urn:li:organization:1)x"}]},
        [(f"{OPT}.mentions[0].urn", "invalid")],
    ),
    "mentions that overlap": (
        "Acme Inc",
        (),
        {"mentions": [{"text": "Acme I", "urn": ACME}, {"text": "Inc", "urn": ACME}]},
        [(f"{OPT}.mentions", "invalid")],
    ),
}


@pytest.mark.parametrize("name", OVER)
def test_what_does_not_fit(name: str) -> None:
    text, media, options, expected = OVER[name]
    assert told(text, *media, **options) == expected


def test_an_organization_has_no_connections() -> None:
    assert told("x", account=COMPANY, visibility="CONNECTIONS") == [(f"{OPT}.visibility", "invalid")]
    assert told("x", account=COMPANY, visibility="PUBLIC") == []
    assert told("x", visibility="CONNECTIONS") == []


def test_hints_say_how_to_make_it_fit() -> None:
    (long,) = problems("word " * 601)
    assert long.message == "3005 of 3000 characters."
    assert long.hint.startswith("Shorten it by 5 ")


@pytest.mark.parametrize(
    "options",
    [
        {"visibility": "LOGGED_IN"},
        {"unknown": 1},
        {"mentions": [{"text": "", "urn": ACME}]},
        {"mentions": [{"text": "a", "urn": "urn:li:person:1"}]},
        {"mentions": [{"text": "a"}]},
        {"mentions": [{"text": "a", "urn": ACME}] * 31},
        {"articleUrl": "example.com"},
        {"articleUrl": "https://example.com", "articleTitle": "T" * 401},
        {"articleUrl": "https://example.com", "articleDescription": "T" * 401},
        {"documentTitle": "T" * 201},
        {"poll": {"question": "q", "options": ["a"]}},
        {"poll": {"question": "q", "options": list("abcde")}},
        {"poll": {"question": "q", "options": ["a", "b"], "duration": "TWO_DAYS"}},
        {"reshareUrn": "urn:li:person:1"},
        {"disableReshare": "yes"},
    ],
)
def test_options_are_closed_and_strict(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(options)


def test_the_version_has_a_day_on_which_it_ends() -> None:
    assert SPEC.api_version.version == VERSION == "202609"
    assert SPEC.api_version.sunset == date(2027, 9, 15)


def test_what_the_connector_is_able_to_do() -> None:
    assert isinstance(CONNECTOR, Deletes)
    assert SPEC.account_choice
    assert SPEC.reconcile_kind == "DL"

"""What can be said against a YouTube draft, and what its options may say; nothing here needs the network."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from polypost.errors import Problem
from polypost.platforms.base import Account, Draft, MediaRef, Post
from polypost.platforms.youtube import CONNECTOR
from polypost.platforms.youtube.check import counted, title_of
from polypost.platforms.youtube.options import YouTubeOptions
from polypost.platforms.youtube.video import parts_of, resource_of
from polypost.probe import Facts

FILM = Facts("video", "video/mp4", 1_000_000, 1280, 720, 30.0)
UPRIGHT = Facts("video", "video/mp4", 1_000_000, 720, 1280, 30.0)
PICTURE = Facts("image", "image/jpeg", 100_000, 1280, 720)
THUMBNAIL = "https://media.example/t.jpg"


def options(**given: Any) -> YouTubeOptions:
    return YouTubeOptions.model_validate(given)


def film(facts: Facts | None = FILM, thumbnail: str | None = None) -> MediaRef:
    return MediaRef("video", "https://media.example/a.mp4", thumbnail, facts)


def problems(
    text: str = "Hello",
    *media: MediaRef,
    channel: dict[str, Any] | None = None,
    further: dict[str, Facts] | None = None,
    **given: Any,
) -> list[Problem]:
    account = Account("UC1", metadata=channel or {})
    return CONNECTOR.check(Draft(text, media or (film(),), options(**given), account, further or {}))


def said(found: list[Problem]) -> list[tuple[str, str]]:
    assert all(problem.message and problem.hint for problem in found)
    return [(problem.path, problem.code) for problem in found]


def test_a_plain_video_is_well() -> None:
    assert problems() == []
    assert problems("", film(None)) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"title": ""}, ("platformSpecificData.title", "text_required")),
        ({"title": "  "}, ("platformSpecificData.title", "text_required")),
        ({"title": "x" * 101}, ("platformSpecificData.title", "too_long")),
        ({"title": "a < b"}, ("platformSpecificData.title", "invalid_characters")),
        ({"title": "a > b"}, ("platformSpecificData.title", "invalid_characters")),
        ({"tags": ["x" * 501]}, ("platformSpecificData.tags", "too_long")),
        ({"firstComment": "x" * 10_001}, ("platformSpecificData.firstComment", "too_long")),
        ({"firstComment": " "}, ("platformSpecificData.firstComment", "text_required")),
        ({"firstComment": "Hi", "madeForKids": True}, ("platformSpecificData.firstComment", "invalid")),
    ],
)
def test_options_at_fault(given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert said(problems(**given)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 5000, []),
        ("x" * 5001, [("content", "too_long")]),
        ("é" * 2500, []),
        ("é" * 2501, [("content", "too_long")]),
        ("👍" * 1250, []),
        ("👍" * 1251, [("content", "too_long")]),
        ("1 < 2", [("content", "invalid_characters")]),
        ("<b> & >", [("content", "invalid_characters")]),
        ("\ud800", []),
    ],
)
def test_the_description_is_counted_in_bytes(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(problems(text)) == expected


@pytest.mark.parametrize(
    ("tags", "length"),
    [([], 0), (["abc"], 3), (["abc", "de"], 6), (["a b"], 5), (["a b", "c"], 7), (["x" * 500], 500)],
)
def test_tags_are_counted_with_commas_and_quotes(tags: list[str], length: int) -> None:
    assert counted(tags) == length


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ((), [("mediaItems", "media_required")]),
        ((film(), film()), [("mediaItems", "too_many")]),
        ((MediaRef("image", "https://x/a.jpg"),), [("mediaItems[0]", "media_format")]),
        ((MediaRef("gif", "https://x/a.gif"),), [("mediaItems[0]", "media_format")]),
        ((MediaRef("document", "https://x/a.pdf"),), [("mediaItems[0]", "media_format")]),
        ((film(PICTURE),), [("mediaItems[0].type", "media_type")]),
        ((film(Facts("video", "video/x-matroska", 1)),), [("mediaItems[0]", "media_format")]),
        ((film(Facts("video", "video/mp4", 274_877_906_945)),), [("mediaItems[0]", "media_size")]),
        ((film(Facts("video", "video/quicktime", 1)),), []),
        ((film(Facts("video", "video/webm", 1)),), []),
    ],
)
def test_one_video_and_nothing_else(media: tuple[MediaRef, ...], expected: list[tuple[str, str]]) -> None:
    draft = Draft("Hello", media, options(), Account("UC1"))
    assert said(CONNECTOR.check(draft)) == expected


@pytest.mark.parametrize(
    ("channel", "seconds", "good"),
    [
        ({}, 43_200.05, True),
        ({}, 43_201.0, False),
        ({"long_uploads": "allowed"}, 43_200.0, True),
        ({"long_uploads": "eligible"}, 900.05, True),
        ({"long_uploads": "eligible"}, 901.0, False),
        ({"long_uploads": "disallowed"}, 901.0, False),
        ({"long_uploads": "longUploadsUnspecified"}, 901.0, True),
    ],
)
def test_the_length_depends_on_the_channel(channel: dict[str, Any], seconds: float, good: bool) -> None:
    found = problems("Hello", film(Facts("video", "video/mp4", 1, 1280, 720, seconds)), channel=channel)
    assert said(found) == ([] if good else [("mediaItems[0]", "media_duration")])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (PICTURE, None),
        (Facts("image", "image/png", 1, 640, 360), None),
        (Facts("gif", "image/gif", 1, 640, 360), None),
        (Facts("image", "image/webp", 1, 640, 360), "media_format"),
        (Facts("image", "image/jpeg", 2_097_153, 640, 360), "media_size"),
        (Facts("image", "image/jpeg", 1, 639, 360), "media_dimensions"),
    ],
)
def test_a_thumbnail_is_judged_when_it_is_known(facts: Facts, code: str | None) -> None:
    item = film(thumbnail=THUMBNAIL)
    expected = [] if code is None else [("mediaItems[0].thumbnail", code)]
    assert said(problems("Hello", item, further={THUMBNAIL: facts})) == expected
    assert problems("Hello", item) == []


def test_a_short_has_no_thumbnail_to_judge() -> None:
    bad = Facts("image", "image/webp", 9_000_000, 10, 10)
    assert problems("Hello", film(UPRIGHT, THUMBNAIL), further={THUMBNAIL: bad}) == []


@pytest.mark.parametrize(
    "given",
    [
        {"unknown": 1},
        {"title": 5},
        {"tags": "one"},
        {"tags": [""]},
        {"visibility": "secret"},
        {"visibility": "public", "privacyStatus": "private"},
        {"madeForKids": "false"},
        {"categoryId": 22},
        {"categoryId": "music"},
        {"firstComment": ""},
        {"defaultLanguage": "english please"},
        {"license": "mit"},
        {"playlistId": "a b"},
        {"made_for_kids": True},
    ],
)
def test_options_that_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        options(**given)


@pytest.mark.parametrize(
    ("given", "privacy"),
    [
        ({}, "public"),
        ({"visibility": None, "privacyStatus": None}, "public"),
        ({"visibility": "unlisted"}, "unlisted"),
        ({"privacyStatus": "private"}, "private"),
        ({"visibility": "private", "privacyStatus": "private"}, "private"),
    ],
)
def test_visibility_has_two_names(given: dict[str, Any], privacy: str) -> None:
    assert options(**given).privacy == privacy


@pytest.mark.parametrize(
    ("text", "given", "title"),
    [
        ("Hello", {"title": "Given"}, "Given"),
        ("Two\n lines  here", {}, "Two lines here"),
        ("", {}, "Untitled Video"),
        (" \n ", {}, "Untitled Video"),
        ("x" * 150, {}, "x" * 100),
        ("x" * 99 + " yz", {}, "x" * 99),
    ],
)
def test_the_title_comes_from_the_text(text: str, given: dict[str, Any], title: str) -> None:
    assert title_of(text, options(**given)) == title


def test_the_resource_has_exactly_the_parts_that_are_named() -> None:
    plain = Post("t", "Hello", (), options())
    assert parts_of(plain) == {"part": "snippet,status"}
    assert resource_of(plain, "T") == {
        "snippet": {"title": "T", "description": "Hello", "categoryId": "22"},
        "status": {
            "privacyStatus": "public",
            "selfDeclaredMadeForKids": False,
            "containsSyntheticMedia": False,
        },
    }
    rich = Post("t", "", (), options(hasPaidProductPlacement=True, notifySubscribers=False, tags=["a"]))
    assert parts_of(rich) == {
        "part": "snippet,status,paidProductPlacementDetails",
        "notifySubscribers": "false",
    }
    assert resource_of(rich, "T")["snippet"]["tags"] == ["a"]

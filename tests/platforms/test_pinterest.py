"""Pinterest before anything is sent: options, limits at their edges, and the title out of the text."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from polypost.platforms.base import Account, Boards, Deletes, Draft, MediaRef
from polypost.platforms.pinterest import CONNECTOR
from polypost.platforms.pinterest.spec import MIB, SPEC
from polypost.platforms.pinterest.text import title_of
from polypost.probe import Facts

BOARD = {"boardId": "549755885175"}
PICTURE = Facts("image", "image/jpeg", 1000, 1000, 1500)
FILM = Facts("video", "video/mp4", 1000, 1080, 1920, duration=10.0, video_codec="h264", audio_codec="aac")


def changed(facts: Facts, **to: object) -> Facts:
    return Facts(**(facts.as_dict() | to))


def item(facts: Facts | None = PICTURE, kind: str | None = None, thumbnail: str | None = None) -> MediaRef:
    declared = kind or (facts.kind if facts else "image")
    return MediaRef(declared, "https://media.example/a", thumbnail, facts)  # type: ignore[arg-type]  # names come from the parameters


def draft(
    *media: MediaRef, text: str = "Hello", further: dict[str, Facts] | None = None, **options: object
) -> Draft:
    asked = CONNECTOR.options.model_validate(BOARD | options)
    return Draft(text, media, asked, Account("1"), further or {})


def wrong(*media: MediaRef, **more: object) -> list[tuple[str, str]]:
    problems = CONNECTOR.check(draft(*media, **more))  # type: ignore[arg-type]  # names come from the parameters
    assert all(problem.message and problem.hint for problem in problems)
    return [(problem.path, problem.code) for problem in problems]


def test_what_fits() -> None:
    assert wrong(item()) == []
    assert wrong(item(), item()) == []
    assert wrong(item(FILM)) == []
    assert wrong(item(None), item(None)) == []
    assert wrong(item(changed(PICTURE, kind="gif", mime="image/gif"), "gif")) == []
    assert wrong(item(changed(PICTURE, kind="gif", mime="image/gif"), "image")) == []
    assert wrong(item(changed(PICTURE, mime="image/webp"))) == []


@pytest.mark.parametrize(
    ("name", "most", "path"),
    [
        ("title", 100, "platformSpecificData.title"),
        ("altText", 500, "platformSpecificData.altText"),
    ],
)
def test_texts_in_the_options(name: str, most: int, path: str) -> None:
    assert wrong(item(), **{name: "ä" * most}) == []
    assert wrong(item(), **{name: "ä" * (most + 1)}) == [(path, "too_long")]


def test_text_and_link() -> None:
    assert wrong(item(), text="🎈" * 800) == []
    assert wrong(item(), text="🎈" * 801) == [("content", "too_long")]
    link = "https://example.com/"
    assert wrong(item(), link=link + "a" * (2048 - len(link))) == []
    assert wrong(item(), link=link + "a" * (2049 - len(link))) == [("platformSpecificData.link", "too_long")]


def test_numbers_and_mixes() -> None:
    assert wrong() == [("mediaItems", "media_required")]
    assert wrong(*[item()] * 5) == []
    assert wrong(*[item()] * 6) == [("mediaItems", "too_many")]
    assert wrong(item(), item(FILM)) == [("mediaItems", "media_mix")]
    assert wrong(item(FILM), item(FILM)) == [("mediaItems", "media_mix")]


def test_pictures_of_a_carousel_have_one_size() -> None:
    other = item(changed(PICTURE, height=1499))
    assert wrong(item(), item(None), other) == [("mediaItems[2]", "media_dimensions")]
    assert wrong(item(None), item(None)) == []


@pytest.mark.parametrize(
    ("facts", "fits", "over", "code"),
    [
        (PICTURE, {"size": 20 * MIB}, {"size": 20 * MIB + 1}, "media_size"),
        (PICTURE, {"mime": "image/png"}, {"mime": "image/avif"}, "media_format"),
        (FILM, {"size": 2048 * MIB}, {"size": 2048 * MIB + 1}, "media_size"),
        (FILM, {"duration": 4.0}, {"duration": 3.9}, "media_duration"),
        (FILM, {"duration": 900.04}, {"duration": 900.1}, "media_duration"),
        (FILM, {"width": 960}, {"width": 940}, "media_dimensions"),
        (FILM, {"width": 1910, "height": 1000}, {"width": 1930, "height": 1000}, "media_dimensions"),
        (FILM, {"mime": "video/quicktime"}, {"mime": "video/webm"}, "media_format"),
        (FILM, {"video_codec": "hevc"}, {"video_codec": "vp9"}, "media_format"),
    ],
)
def test_media_at_the_edge(facts: Facts, fits: dict[str, object], over: dict[str, object], code: str) -> None:
    assert wrong(item(changed(facts, **fits))) == []
    assert wrong(item(changed(facts, **over))) == [("mediaItems[0]", code)]


def test_documents_and_wrong_types() -> None:
    pdf = Facts("document", "application/pdf", 10)
    assert wrong(item(None, "document")) == [("mediaItems[0]", "media_format")]
    assert wrong(item(pdf, "image")) == [("mediaItems[0].type", "media_type")]
    assert wrong(item(FILM, "image")) == [("mediaItems[0].type", "media_type")]
    assert wrong(item(PICTURE, "video")) == [("mediaItems[0].type", "media_type")]


def test_covers() -> None:
    cover = "https://media.example/cover.jpg"
    path = "platformSpecificData.coverImageUrl"
    assert wrong(item(), coverImageUrl=cover) == [(path, "invalid")]
    assert wrong(item(FILM), coverImageUrl=cover) == []
    assert wrong(item(FILM), coverImageUrl=cover, further={cover: PICTURE}) == []
    assert wrong(item(FILM), coverImageUrl=cover, further={cover: FILM}) == [(path, "media_type")]
    large = changed(PICTURE, size=20 * MIB + 1)
    assert wrong(item(FILM), coverImageUrl=cover, further={cover: large}) == [(path, "media_size")]
    thumb = item(FILM, thumbnail=cover)
    assert wrong(thumb, further={cover: large}) == [("mediaItems[0].thumbnail", "media_size")]
    # A thumbnail that the cover of the options replaces is not judged.
    other = "https://media.example/other.jpg"
    assert wrong(thumb, coverImageUrl=other, further={cover: large, other: PICTURE}) == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"boardId": None},
        {"boardId": "my/board"},
        {"boardId": "٣"},
        {"boardId": 549755885175},
        BOARD | {"link": "ftp://example.com"},
        BOARD | {"link": "https://exa mple.com/"},
        BOARD | {"dominantColor": "red"},
        BOARD | {"coverImageUrl": "cover.jpg"},
        BOARD | {"board_id": "1"},
        BOARD | {"unknown": 1},
        BOARD | {"title": 5},
    ],
)
def test_options_that_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(options)


def test_null_is_absent() -> None:
    names = ("title", "link", "altText", "dominantColor", "coverImageUrl")
    nulls = CONNECTOR.options.model_validate(BOARD | dict.fromkeys(names))
    assert nulls == CONNECTOR.options.model_validate(BOARD)


def test_the_cover_is_fetched() -> None:
    asked = CONNECTOR.options.model_validate(BOARD | {"coverImageUrl": "https://media.example/c.png"})
    assert [ref.url for ref in CONNECTOR.media_refs(asked)] == ["https://media.example/c.png"]
    assert list(CONNECTOR.media_refs(CONNECTOR.options.model_validate(BOARD))) == []


@pytest.mark.parametrize(
    ("text", "given", "title"),
    [
        ("First line\nSecond", None, "First line"),
        ("\n  First \r\nSecond", None, "First"),
        ("", None, ""),
        ("  \n ", None, ""),
        ("Text", "Title", "Title"),
        ("Text", "", ""),
        ("x" * 100, None, "x" * 100),
        ("x" * 101, None, "x" * 99 + "…"),
        ("word " * 30, None, ("word " * 20).rstrip() + "…"),
        ("a" * 99 + " bcd", None, "a" * 99 + "…"),
    ],
)
def test_titles(text: str, given: str | None, title: str) -> None:
    asked = CONNECTOR.options.model_validate(BOARD | {"title": given})
    assert title_of(text, asked) == title
    assert len(title) <= SPEC.limit("title_characters")


def test_abilities() -> None:
    assert isinstance(CONNECTOR, Boards)
    assert isinstance(CONNECTOR, Deletes)
    assert SPEC.retry_when_absent == "never"

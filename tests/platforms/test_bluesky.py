"""Bluesky: options, and everything that can be said against a draft before a byte is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaKind, MediaRef
from polypost.platforms.bluesky import CONNECTOR
from polypost.platforms.bluesky.options import BlueskyOptions
from polypost.probe import Facts

IMAGE = Facts("image", "image/jpeg", 1_000, 100, 100)
FILM = Facts("video", "video/mp4", 1_000, 1280, 720, duration=10.0)
MOVING = Facts("gif", "image/gif", 1_000, 100, 100, frames=9)
POST = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3lbqta5lnck2i"


def item(
    kind: MediaKind = "image", facts: Facts | None = IMAGE, url: str = "https://example.com/a"
) -> MediaRef:
    return MediaRef(kind, url, facts=facts)


def draft(
    text: str = "Hello", *media: MediaRef, further: dict[str, Facts] | None = None, **options: Any
) -> Draft:
    return Draft(text, media, BlueskyOptions.model_validate(options), Account("did:plc:x"), further or {})


def paths(of: Draft) -> list[str]:
    problems = CONNECTOR.check(of)
    assert all(problem.message and problem.hint for problem in problems)
    return [problem.path for problem in problems]


def codes(of: Draft) -> list[str]:
    return [problem.code for problem in CONNECTOR.check(of)]


def test_what_is_fine() -> None:
    for fine in (
        draft(),
        draft("", item()),
        draft("", quote=POST),
        draft("", card={"url": "https://example.com", "title": "t"}),
        draft("x", *[item()] * 4, altText=["a", "", "c"]),
        draft("x", item("video", FILM), captions=[{"lang": "en", "content": "WEBVTT\n"}]),
        draft("x", item("gif", MOVING), item("gif", MOVING), item()),
        draft("x", item("gif", FILM)),
        draft("x", item("image", MOVING)),
        draft("x", item("gif", None), item("gif", None)),
        draft("x", item("video", None), quote=POST, card=None),
        draft("x", replyTo=POST, allowQuotes=False),
        draft(
            "x" * 300,
            threadItems=[
                {"content": "y" * 300},
                {"content": "", "mediaItems": [{"type": "image", "url": "https://e.com/a"}]},
            ],
        ),
    ):
        assert CONNECTOR.check(fine) == []


def test_text() -> None:
    (problem,) = CONNECTOR.check(draft("word " * 70))
    assert (problem.path, problem.code) == ("content", "too_long")
    assert "350 of 300" in problem.message
    assert "Shorten it by 50" in problem.hint
    assert "…" in problem.hint
    (problem,) = CONNECTOR.check(draft("👨‍👩‍👧‍👦" * 130))
    assert "3,250 of 3,000 bytes" in problem.message
    assert codes(draft(" ")) == ["text_required"]
    assert codes(draft("a\ud83d")) == ["invalid_characters"]
    # However long a text is, saying so takes no time.
    assert codes(draft("あ" * 60_000)) == ["too_long"]


def test_media_together() -> None:
    assert paths(draft("x", *[item()] * 5)) == ["mediaItems"]
    assert "gallery" in CONNECTOR.check(draft("x", *[item()] * 5))[0].hint
    assert paths(draft("x", *[item()] * 20, gallery=True)) == []
    assert paths(draft("x", *[item()] * 21, gallery=True)) == ["mediaItems"]
    assert codes(draft("x", item("video", FILM), item())) == ["media_mix"]
    assert codes(draft("x", item("gif", FILM), item("gif", FILM))) == ["media_mix"]
    assert codes(draft("x", item("video", None), item("image", None))) == ["media_mix"]


@pytest.mark.parametrize(
    ("kind", "facts", "path", "code"),
    [
        ("document", None, "mediaItems[0]", "media_format"),
        ("image", replace(IMAGE, mime="image/avif"), "mediaItems[0]", "media_format"),
        ("image", replace(IMAGE, size=2_000_001), "mediaItems[0]", "media_size"),
        ("gif", replace(MOVING, size=2_000_001), "mediaItems[0]", "media_size"),
        ("image", FILM, "mediaItems[0].type", "media_type"),
        ("video", IMAGE, "mediaItems[0].type", "media_type"),
        ("video", MOVING, "mediaItems[0].type", "media_type"),
        ("gif", IMAGE, "mediaItems[0].type", "media_type"),
        ("image", Facts("document", "application/pdf", 9), "mediaItems[0].type", "media_type"),
        ("video", replace(FILM, mime="video/quicktime"), "mediaItems[0]", "media_format"),
        ("video", replace(FILM, size=300_000_001), "mediaItems[0]", "media_size"),
        ("video", replace(FILM, duration=601.0), "mediaItems[0]", "media_duration"),
        ("gif", replace(FILM, duration=601.0), "mediaItems[0]", "media_duration"),
    ],
)
def test_one_file(kind: MediaKind, facts: Facts | None, path: str, code: str) -> None:
    (problem,) = CONNECTOR.check(draft("x", item(kind, facts)))
    assert (problem.path, problem.code) == (path, code)
    assert problem.hint


def test_a_gif_that_is_too_large_is_told_how_to_move() -> None:
    (problem,) = CONNECTOR.check(draft("x", item("gif", replace(MOVING, size=3_000_000))))
    assert "MP4" in problem.hint


def test_alternative_texts() -> None:
    assert paths(draft("x", item(), altText=["a", "b"])) == ["platformSpecificData.altText"]
    assert paths(draft("x", item(), altText=["\ud83d"])) == ["platformSpecificData.altText[0]"]


def test_cards() -> None:
    card = {"url": "https://example.com", "title": "t", "thumbnailUrl": "https://example.com/t.jpg"}
    assert paths(draft("x", item(), card=card)) == ["platformSpecificData.card"]
    assert paths(draft("x", card=card | {"title": " "})) == ["platformSpecificData.card.title"]
    assert paths(draft("x", card=card | {"description": "\ud83d"})) == [
        "platformSpecificData.card.description"
    ]
    at = "platformSpecificData.card.thumbnailUrl"
    for facts in (replace(IMAGE, size=1_000_001), FILM):
        assert paths(draft("x", card=card, further={card["thumbnailUrl"]: facts})) == [at]
    assert paths(draft("x", card=card, further={card["thumbnailUrl"]: replace(IMAGE, size=1_000_000)})) == []


def test_lists() -> None:
    assert paths(draft(langs=["en", "de", "fr", "it"])) == ["platformSpecificData.langs"]
    assert paths(draft(tags=["t"] * 9)) == ["platformSpecificData.tags"]
    tags = ["#", "x" * 65, "👨‍👩‍👧‍👦" * 26, "\ud83d", "fine"]
    assert paths(draft(tags=tags)) == [f"platformSpecificData.tags[{place}]" for place in range(4)]
    captions = [{"lang": "en", "content": "WEBVTT" + "x" * 19_995}, {"lang": "de", "content": "1\n"}]
    where = "platformSpecificData.captions"
    assert paths(draft("x", item("video", FILM), captions=captions)) == [
        f"{where}[0].content",
        f"{where}[1].content",
    ]
    assert paths(draft("x", captions=[{"lang": "en", "content": "WEBVTT"}])) == [where]
    many = [{"lang": "en", "content": "WEBVTT"}] * 21
    assert paths(draft("x", item("video", FILM), captions=many)) == [where]


def test_who_may_reply_is_for_the_first_post() -> None:
    assert paths(draft(replyTo=POST, replyControl=[])) == ["platformSpecificData.replyControl"]


def test_threads() -> None:
    thread = [
        {"content": ""},
        {"content": "x" * 301},
        {"content": "x", "mediaItems": [{"type": "video", "url": "https://e.com/v"}], "altText": ["a", "b"]},
    ]
    where = "platformSpecificData.threadItems"
    assert paths(draft(threadItems=thread)) == [
        f"{where}[0].content",
        f"{where}[1].content",
        f"{where}[2].altText",
    ]
    long = replace(FILM, duration=620.0)
    found = paths(draft(threadItems=thread[2:], further={"https://e.com/v": long}))
    assert found == [f"{where}[0].mediaItems[0]", f"{where}[0].altText"]


def test_files_that_options_name() -> None:
    options = BlueskyOptions.model_validate(
        {
            "card": {"url": "https://e.com", "title": "t", "thumbnailUrl": "https://e.com/t"},
            "threadItems": [
                {
                    "content": "x",
                    "mediaItems": [
                        {"type": "gif", "url": "https://e.com/g", "thumbnail": "https://e.com/no"}
                    ],
                }
            ],
        }
    )
    refs = list(CONNECTOR.media_refs(options))
    assert [(ref.type, ref.url) for ref in refs] == [("gif", "https://e.com/g"), ("image", "https://e.com/t")]
    assert list(CONNECTOR.media_refs(BlueskyOptions())) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"langs": "en"},
        {"langs": ["english please"]},
        {"langs": [1]},
        {"altText": [None]},
        {"labels": ["!hide"]},
        {"gallery": "yes"},
        {"replyTo": "https://example.com/profile/a/post/b"},
        {"quote": "at://did:plc:x/app.bsky.feed.like/3lbqta5lnck2i"},
        {"replyControl": ["everyone"]},
        {"card": {"url": "javascript:alert(1)", "title": "t"}},
        {"card": {"url": "https://example.com"}},
        {"card": {"url": "https://example.com", "title": "t", "image": "x"}},
        {"threadItems": [{"mediaItems": []}]},
        {"threadItems": [{"content": "x", "langs": []}]},
        {"captions": [{"lang": "en"}]},
    ],
)
def test_options_are_closed_and_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BlueskyOptions.model_validate(wrong)


def test_null_is_the_same_as_nothing() -> None:
    names = [field.alias for field in BlueskyOptions.model_fields.values()]
    assert BlueskyOptions.model_validate(dict.fromkeys(names)) == BlueskyOptions()
    assert BlueskyOptions().languages == ["en"]
    assert BlueskyOptions.model_validate({"langs": []}).languages == []
    assert BlueskyOptions.model_validate({"langs": ["PT-BR", "zh-Hant"]}).languages == ["pt-BR", "zh-Hant"]

"""What can be said against a Mastodon draft, by the limits of its server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mastodon._url_regex import url_regex
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.mastodon import CONNECTOR
from polypost.platforms.mastodon.text import graphemes, length, mentions_anybody
from polypost.probe import Facts
from polypost.sandbox.networks.mastodon.text import length as simulated_length

OPTIONS = "platformSpecificData"
MIB = 1024 * 1024


def item(kind: Any = "image", facts: Facts | None = None) -> MediaRef:
    return MediaRef(kind, "https://media.example/a", facts=facts)


def picture(**more: Any) -> MediaRef:
    return item(
        "image",
        Facts(**({"kind": "image", "mime": "image/png", "size": 100, "width": 10, "height": 10} | more)),
    )


def film(**more: Any) -> MediaRef:
    known = {"kind": "video", "mime": "video/mp4", "size": 100, "width": 1280, "height": 720, "fps": 30.0}
    return item("video", Facts(**(known | more)))


def gif(**more: Any) -> MediaRef:
    known = {"kind": "gif", "mime": "image/gif", "size": 100, "width": 100, "height": 100, "frames": 3}
    return item("gif", Facts(**(known | more)))


def problems(
    text: str = "Hello",
    *media: MediaRef,
    metadata: dict[str, Any] | None = None,
    further: Any = None,
    **options: Any,
) -> list[tuple[str, str]]:
    draft = Draft(
        text,
        media,
        CONNECTOR.options.model_validate(options),
        Account("1@example.social", metadata=metadata or {}),
        further or {},
    )
    found = CONNECTOR.check(draft)
    assert all(problem.message and problem.hint for problem in found)
    return [(problem.path, problem.code) for problem in found]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("hello", 5),
        ("see https://example.com/a/very/long/path?x=1", 27),
        ("hi @ann@example.social", 7),
        ("hi @ann@example.social.", 8),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),
        ("e\u0301", 1),
        ("日本語", 3),
        ("a\r\nb", 3),
        ("example.com", 11),
        ("https://例え.テスト/あ", 23),
        ("https://example.com/a.", 24),
        ("(https://example.com/a_(b))", 25),
        ("https://example.com/a_(b)", 23),
        ("https://example.com?q=1&r=2!", 24),
        ("https://localhost/a", 19),
        ("ahttps://example.com", 20),
        ("https://example.com:8080/ https://example.org", 47),
        ("mail ann@example.com", 20),
        ("@ann.bee@example.social", 8),
    ],
)
def test_length(text: str, count: int) -> None:
    assert length(text, 23) == count


# Letters of all alphabets in a path are left out: the server takes them as part of it, the library does not.
TAILS = [
    "/",
    "/a",
    "/a_(b)",
    "/a(b",
    "?",
    "?q=1",
    "&r=2",
    "#top",
    ".",
    ",",
    "!",
    ")",
    " ",
    "\n",
    "%20",
    "/-",
    "_",
    "'",
    ":",
]
HOSTS = [
    "https://example.com",
    "HTTP://sub.example.co.uk",
    "https://münchen.de:8080",
    "https://a.example.org",
    "x",
    "(",
    "“",
]


@given(
    st.lists(
        st.tuples(st.sampled_from(HOSTS), st.lists(st.sampled_from(TAILS), min_size=1, max_size=5)),
        max_size=4,
    )
)
@example([("https://example.com", ["/a(b", "/a_(b)", ")"])])
def test_links_are_those_that_mastodon_py_finds(parts: list[tuple[str, list[str]]]) -> None:
    text = " ".join(host + "".join(tails) for host, tails in parts)
    expected = graphemes(url_regex.sub(lambda found: found[2] + "x" * 23, text))
    assert length(text, 23) == expected
    assert simulated_length(text) == expected


@given(st.text(max_size=200))
def test_no_text_makes_the_count_stumble(text: str) -> None:
    assert 0 <= length(text, 23) <= len(text) + 23 * text.count("://")
    assert graphemes(text) <= len(text)


def test_a_hostile_text_costs_no_more_than_a_friendly_one() -> None:
    for bait in (
        "https://",
        "https://a.",
        "@a@a",
        "https://a.aa/(",
        "https://a.aa/(a",
        "https://" + "a-" * 30,
    ):
        text = bait * (100_000 // len(bait))
        assert length(text, 23) <= len(text) + 23 * text.count("://")


@pytest.mark.parametrize(
    ("text", "answer"), [("hi @ann", True), ("hi @ann@a.example", True), ("a@b.example", False)]
)
def test_mentions(text: str, answer: bool) -> None:
    assert mentions_anybody(text) is answer


def test_the_text() -> None:
    assert problems("") == [("content", "text_required")]
    assert problems(" ", item()) == []
    assert problems("", spoilerText="Careful") == []
    assert problems("x" * 500) == []
    assert problems("x" * 501) == [("content", "too_long")]
    assert problems("x" * 490, spoilerText="y" * 10) == []
    assert problems("x" * 491, spoilerText="y" * 10) == [("content", "too_long")]


def test_the_servers_own_limits_go_first() -> None:
    longer = {"limits": {"text_characters": 5000, "url_characters": 30, "media_per_post": 6}}
    assert problems("x" * 5000, metadata=longer) == []
    assert problems("x" * 5001, metadata=longer) == [("content", "too_long")]
    assert problems("x" * 4971 + " https://example.com", metadata=longer) == [("content", "too_long")]
    assert problems("", *[item()] * 6, metadata=longer) == []
    assert problems("", *[item()] * 7, metadata=longer) == [("mediaItems", "too_many")]
    small = {"limits": {"image_bytes": 50}, "mimeTypes": ["image/png"]}
    assert problems("", picture(), metadata=small) == [("mediaItems[0]", "media_size")]
    assert problems("", picture(mime="image/webp", size=10), metadata=small) == [
        ("mediaItems[0]", "media_format")
    ]
    assert problems("x" * 501, metadata={"limits": {"text_characters": "many"}}) == [("content", "too_long")]


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ([item()] * 4, []),
        ([item()] * 5, [("mediaItems", "too_many")]),
        ([item("video")], []),
        ([item("video"), item()], [("mediaItems", "media_mix")]),
        ([item("gif"), item("gif")], [("mediaItems", "media_mix")]),
        ([item("document")], [("mediaItems[0]", "media_format")]),
        ([picture(size=16 * MIB)], []),
        ([picture(size=16 * MIB + 1)], [("mediaItems[0]", "media_size")]),
        ([picture(width=5760, height=5760)], []),
        ([picture(width=5760, height=5761)], [("mediaItems[0]", "media_dimensions")]),
        ([picture(mime="image/bmp")], [("mediaItems[0]", "media_format")]),
        ([item("image", gif().facts)], [("mediaItems[0].type", "media_type")]),
        ([item("image", gif(frames=1).facts)], []),
        ([item("video", picture().facts)], [("mediaItems[0].type", "media_type")]),
        ([film(size=99 * MIB)], []),
        ([film(size=99 * MIB + 1)], [("mediaItems[0]", "media_size")]),
        ([film(width=3840, height=2160)], []),
        ([film(width=3840, height=2161)], [("mediaItems[0]", "media_dimensions")]),
        ([film(fps=120.002)], []),
        ([film(fps=121.0)], [("mediaItems[0]", "media_format")]),
        ([film(mime="video/x-matroska")], [("mediaItems[0]", "media_format")]),
        ([gif(size=20 * MIB)], []),
        ([gif(size=99 * MIB + 1)], [("mediaItems[0]", "media_size")]),
        ([gif(width=4000, height=4000)], [("mediaItems[0]", "media_dimensions")]),
    ],
)
def test_media(media: list[MediaRef], expected: list[tuple[str, str]]) -> None:
    assert problems("", *media) == expected


def poll(**more: Any) -> dict[str, Any]:
    return {"poll": {"options": ["a", "b"], "durationMinutes": 60} | more}


def test_polls() -> None:
    path = f"{OPTIONS}.poll"
    assert problems("?", **poll()) == []
    assert problems("?", **poll(options=["a"])) == [(f"{path}.options", "invalid")]
    assert problems("?", **poll(options=list("abcd"))) == []
    assert problems("?", **poll(options=list("abcde"))) == [(f"{path}.options", "too_many")]
    assert problems("?", **poll(options=["a", "x" * 50])) == []
    assert problems("?", **poll(options=["a", "x" * 51])) == [(f"{path}.options[1]", "too_long")]
    assert problems("?", **poll(options=["a", " "])) == [(f"{path}.options[1]", "invalid")]
    assert problems("?", **poll(options=["a", "a"])) == [(f"{path}.options[1]", "invalid")]
    assert problems("?", **poll(durationMinutes=5)) == []
    assert problems("?", **poll(durationMinutes=4)) == [(f"{path}.durationMinutes", "invalid")]
    assert problems("?", **poll(durationMinutes=43_829.0)) == []
    assert problems("?", **poll(durationMinutes=43_830)) == [(f"{path}.durationMinutes", "invalid")]
    assert problems("?", item(), **poll()) == [(path, "invalid")]
    assert problems("", **poll()) == [("content", "text_required")]


def test_alternative_texts_and_focal_points() -> None:
    assert problems("", item(), altText=["x" * 1500], focus=["0.5,-1"]) == []
    assert problems("", item(), altText=["x" * 1501]) == [(f"{OPTIONS}.altText[0]", "too_long")]
    assert problems("", item(), altText=["a", "b"]) == [(f"{OPTIONS}.altText", "too_many")]
    assert problems("", item(), focus=["0,0", ""]) == [(f"{OPTIONS}.focus", "too_many")]


def test_threads() -> None:
    path = f"{OPTIONS}.threadItems"
    shown = {"type": "image", "url": "https://media.example/b"}
    assert problems(threadItems=[{"content": "x" * 500}, {"content": "", "mediaItems": [shown]}]) == []
    assert problems(threadItems=[{"content": "x" * 501}]) == [(f"{path}[0].content", "too_long")]
    assert problems(threadItems=[{"content": "a"}, {"content": " "}]) == [
        (f"{path}[1].content", "text_required")
    ]
    assert problems(threadItems=[{"content": "x" * 499}], spoilerText="ab") == [
        (f"{path}[0].content", "too_long")
    ]
    many = {"content": "a", "mediaItems": [shown] * 5, "altText": ["a"] * 6}
    assert problems(threadItems=[many]) == [
        (f"{path}[0].mediaItems", "too_many"),
        (f"{path}[0].altText", "too_many"),
    ]
    facts = {"https://media.example/b": Facts("image", "image/png", 17 * MIB)}
    found = problems(threadItems=[{"content": "a", "mediaItems": [shown]}], further=facts)
    assert found == [(f"{path}[0].mediaItems[0]", "media_size")]


def test_quotes_need_a_server_that_has_them() -> None:
    path = f"{OPTIONS}.quotedStatusId"
    assert problems(quotedStatusId="7") == []
    assert problems(quotedStatusId="7", metadata={"apiVersion": 7}) == []
    assert problems(quotedStatusId="7", metadata={"apiVersion": 6}) == [(path, "invalid")]
    assert problems(quotedStatusId="7", metadata={"apiVersion": None}) == [(path, "invalid")]
    assert problems(quotePolicy="nobody", metadata={"apiVersion": 6}) == [
        (f"{OPTIONS}.quotePolicy", "invalid")
    ]
    assert problems("a", item(), quotedStatusId="7") == [(path, "invalid")]
    assert problems(quotedStatusId="7", **poll()) == [(path, "invalid")]


@pytest.mark.parametrize(
    "options",
    [
        {"unknown": 1},
        {"visibility": "secret"},
        {"language": "english"},
        {"focus": ["2,0"]},
        {"focus": ["left"]},
        {"replyToId": "a b"},
        {"replyToId": ""},
        {"poll": {"options": ["a", "b"]}},
        {"poll": {"options": ["a", "b"], "durationMinutes": 60.5}},
        {"threadItems": [{"text": "a"}]},
        {"threadItems": [{"content": "a", "mediaItems": [{"type": "image", "url": "ftp://a"}]}]},
        {"sensitive": "yes"},
    ],
)
def test_options_are_closed_and_strict(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(options)


def test_null_is_the_same_as_nothing() -> None:
    names = CONNECTOR.options.model_json_schema(by_alias=True)["properties"]
    empty = CONNECTOR.options.model_validate(dict.fromkeys(names))
    assert empty == CONNECTOR.options.model_validate({})
    assert empty.seen_by == "public"

"""How Bluesky counts, and what becomes a link, a mention or a tag; places are bytes of UTF-8."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost.platforms.bluesky.text import (
    byte_length,
    facets,
    graphemes,
    invalid_characters,
    last_words,
    mentioned,
    spans,
)

FAMILY = "👨‍👩‍👧‍👦"
SCRIPTS = [
    "a",
    "é",
    "e\u0301",
    "漢字",
    "かな",
    "한국",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "👍🏽",
    FAMILY,
    "🇩🇪",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "\u200f",
    "\r\n",
    " ",
]
MARKED = [
    "https://example.com/ä?x=1",
    "http://例え.jp/パス",
    "example.org",
    "@demo2.bsky.social",
    "#Grüße",
    "#日本",
]
DIDS = {"demo2.bsky.social": "did:plc:x"}


def found(text: str) -> list[tuple[str, str, str]]:
    """(kind, as written, value) of everything found."""
    return [(span.kind, text[span.start : span.end], span.value) for span in spans(text)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("plain", 5),
        ("e\u0301", 1),
        ("👍🏽", 1),
        (FAMILY, 1),
        ("🇩🇪🇫🇷", 2),
        # Since Unicode 15.1 a conjunct is one character.
        ("नमस्ते", 3),
        ("한국", 2),
        ("a\r\nb", 3),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 1),
    ],
)
def test_characters_as_people_see_them(text: str, count: int) -> None:
    assert graphemes(text) == count


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.com", ["https://example.com"]),
        ("See https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("“https://example.com”", ["https://example.com"]),
        ("見てhttps://example.com。次", ["https://example.com"]),
        ("HTTPS://EXAMPLE.COM/Ä", ["HTTPS://EXAMPLE.COM/Ä"]),
        ("https://", []),
        ("https://a https://b.example,", ["https://a", "https://b.example"]),
        ("example.com", ["https://example.com"]),
        ("Go to www.example.co.uk/path, now", ["https://www.example.co.uk/path"]),
        ("example.com:8080/x", ["https://example.com:8080/x"]),
        ("1.5 and e.g. this.that and file.unknownending", []),
        ("me@example.com", []),
        ("@alice.example.com", []),
        ("bücher.de", []),
        ("ftp://example.com", []),
        ("sentence.Another", []),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    assert [value for kind, _, value in found(text) if kind == "link"] == links


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@alice.bsky.social", ["alice.bsky.social"]),
        ("Hi @Alice.Bsky.Social!", ["alice.bsky.social"]),
        ("(@alice.example.com).", ["alice.example.com"]),
        ("こんにちは@alice.bsky.social", ["alice.bsky.social"]),
        ("@alice", []),
        ("a@alice.bsky.social", []),
        ("https://example.com/@alice.bsky.social", []),
        ("@alice.bsky.social @alice.bsky.social", ["alice.bsky.social"]),
        ("@-alice.bsky.social", []),
    ],
)
def test_mentions(text: str, handles: list[str]) -> None:
    assert mentioned([text]) == handles


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#tag", ["tag"]),
        ("a #tag, b", ["tag"]),
        ("#Grüße! #日本。", ["Grüße", "日本"]),
        ("＃全角", ["全角"]),
        ("#123 #1a #... #", ["1a"]),
        ("a#b", []),
        ("#" + "x" * 64, ["x" * 64]),
        ("#" + "x" * 65, []),
        ("(#tag)", ["tag"]),
        ("#a#b ##c", ["a#b", "#c"]),
        ("$aapl, ($MSFT) $", ["$AAPL", "$MSFT"]),
        ("$TOOLONG $1 US$ a$AB", []),
        ("#️⃣", []),
        ("line\n#next", ["next"]),
    ],
)
def test_tags(text: str, tags: list[str]) -> None:
    assert [value for kind, _, value in found(text) if kind == "tag"] == tags


@given(st.lists(st.sampled_from(SCRIPTS + MARKED), max_size=30))
def test_every_facet_stands_on_its_own_bytes(pieces: list[str]) -> None:
    text = " ".join(pieces)
    raw = text.encode()
    end = 0
    seen = []
    for facet in facets(text, DIDS):
        begin, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert end <= begin < stop <= len(raw)
        end = stop
        # Cutting in the middle of a character would not decode.
        label = raw[begin:stop].decode()
        raw[:begin].decode()
        seen.append(label)
        (feature,) = facet["features"]
        kind = feature["$type"].rpartition("#")[2]
        if kind == "link":
            assert feature["uri"] in {label, f"https://{label}"}
        elif kind == "mention":
            assert (label, feature["did"]) == ("@demo2.bsky.social", "did:plc:x")
        else:
            assert label == f"#{feature['tag']}"
    assert sorted(seen) == sorted(piece for piece in pieces if piece in MARKED)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert graphemes(text) <= len(text)
    raw = text.encode("utf-8", "surrogatepass")
    assert byte_length(text) == len(raw)
    spots = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in facets(text, {})]
    assert spots == sorted(spots)
    assert all(0 <= begin < end <= len(raw) for begin, end in spots)


@given(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=60), st.integers(1, 20))
def test_the_words_that_fit_are_words_of_the_text(pieces: list[str], most: int) -> None:
    text = "".join(pieces)
    assert last_words(text, most, 10_000).removeprefix("…") in text


def test_an_unknown_mention_stays_plain() -> None:
    assert facets("@nobody.bsky.social", {}) == []


def test_halves_of_characters_are_named() -> None:
    assert invalid_characters("a\ud83d b\ud83d\udc4d") == ["U+D83D", "U+DC4D"]


def test_long_texts_take_no_time() -> None:
    for text in ("a." * 20_000, "@a" * 20_000, "#" * 40_000, "https://" * 5_000, "a-" * 20_000, "(" * 40_000):
        spans(text)

"""X counts text by weight: links, emoji, scripts, and what it does not take at all."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polypost.platforms.twitter.text import (
    invalid_characters,
    last_words,
    normalised,
    shortened,
    weighted_length,
)
from polypost.platforms.twitter.urls import find_urls

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Hello, world! 👋", 16),
        (FAMILY, 2),
        ("🇩🇪", 2),
        ("1️⃣", 2),
        ("日本語", 6),
        ("cafe\u0301", 4),
        ("example.com", 23),
        ("user@example.com", 16),
        ("’“…—", 5),
        ("™", 2),
        ("#日本", 5),
        ("a\nb", 3),
        ("a\r\nb", 3),
        ("", 0),
        ("ftp://example.com", 17),
        ("See https://example.com/" + "x" * 300, 27),
        ("https://example.com https://example.org", 47),
        ("(example.com)", 25),
        ("👋🏽", 2),
        ("👩🏽‍🚀", 2),
        ("🧑‍🧑‍🧒", 2),
        ("🏳️‍🌈", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("❤️❤", 4),
        ("#️⃣ *️⃣", 5),
        ("1 # *", 5),
        ("👋👋👋", 6),
        # No emoji has more than four parts, so a chain of five is two.
        ("👩‍👩‍👩‍👩‍👩", 5),
        ("🇩🇪🇫🇷", 4),
        ("\u1100\u2000\u200d\u2010\u201f\u2032\u2037", 8),
        ("\u10ff\u200e\u200f\u2020\u2031\u2038", 11),
        ("한국어", 6),
        ("Привет", 6),
        ("مرحبا", 5),
        ("हिन्दी", 6),
    ],
)
def test_weights(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


# What twitter-text 3.1 finds in these texts, written down on 2026-11-24.
@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("example.com", ["example.com"]),
        ("www.example.com/path?query=1#part", ["www.example.com/path?query=1#part"]),
        ("http://example.com", ["http://example.com"]),
        ("HTTPS://EXAMPLE.COM/A", ["HTTPS://EXAMPLE.COM/A"]),
        ("https://example.com/a_(b)_c", ["https://example.com/a_(b)_c"]),
        ("https://example.com/a(b(c)d)e", ["https://example.com/a(b(c)d)e"]),
        ("(https://example.com/a)", ["https://example.com/a"]),
        ("https://example.com/(", ["https://example.com/"]),
        ("https://example.com/a.", ["https://example.com/a"]),
        ("https://example.com/a,b;c", ["https://example.com/a,b;c"]),
        ("https://example.com/?q=a&b=c!", ["https://example.com/?q=a&b=c"]),
        ("https://example.com?q=a", ["https://example.com?q=a"]),
        ("example.com?q=a", ["example.com"]),
        ("example.com:8080", ["example.com"]),
        ("example.com:8080/a", ["example.com:8080/a"]),
        ("http://example.com:8080", ["http://example.com:8080"]),
        ("user@example.com", []),
        ("a.b@example.co.uk", []),
        ("@example.com", []),
        ("#example.com", []),
        ("$example.com", []),
        ("ftp://example.com/x", []),
        ("//example.com", []),
        ("-example.com", []),
        ("_example.com", []),
        (".example.com", []),
        ("example.com.", ["example.com"]),
        ("example.com,example.org", ["example.com", "example.org"]),
        ("example.com/a,example.org/b", ["example.com/a,example.org/b"]),
        ("example.invalidtld", []),
        ("example.comx", []),
        ("example.com-x", []),
        ("example.com+x", []),
        ("example.com@x", []),
        ("example.com_x", ["example.com"]),
        ("example.comé", ["example.com"]),
        ("http://localhost:3000", []),
        ("192.168.0.1", []),
        ("http://192.168.0.1/a", []),
        ("foo_bar.com", []),
        ("foo_bar.example.com", ["bar.example.com"]),
        ("http://foo_bar.example.com", ["http://foo_bar.example.com"]),
        ("foo-.com", []),
        ("http://foo-.com", []),
        ("http://-foo.com", []),
        ("http://日本語.jp/a", ["http://日本語.jp/a"]),
        ("日本語.jp", []),
        ("テストexample.com", ["example.com"]),
        ("example.comテスト", ["example.com"]),
        ("中文example.com中文example.org中文", ["example.com", "example.org"]),
        ("http://例え.テスト", []),
        ("example.中国", ["example.中国"]),
        ("example.рф", ["example.рф"]),
        ("http://президент.рф", ["http://президент.рф"]),
        ("xn--80ak6aa92e.com", ["xn--80ak6aa92e.com"]),
        ("example.xn--p1ai", ["example.xn--p1ai"]),
        ("https://t.co/abcdefghij", ["https://t.co/abcdefghij"]),
        ("https://t.co/abcdefghij/more", ["https://t.co/abcdefghij"]),
        ("https://t.co/abcdefghij?x=1", ["https://t.co/abcdefghij?x=1"]),
        ("https://t.co/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", []),
        ("t.co/abc", ["t.co/abc"]),
        ("http://example.com/я/путь", ["http://example.com/я/путь"]),
        ("http://example.com/über", ["http://example.com/über"]),
        ("http://example.com/中文", ["http://example.com/"]),
        ("http://example.com/a…", ["http://example.com/a"]),
        ("“example.com”", ["example.com"]),
        ('"example.com"', ["example.com"]),
        ("<example.com>", ["example.com"]),
        ("example.com!", ["example.com"]),
        ("see:example.com", ["example.com"]),
        ("é.com", ["é.com"]),
        ("ßexample.com", ["example.com"]),
        ("a.co b.co c.co", ["a.co", "b.co", "c.co"]),
        ("a.co/x日b.co", ["a.co/x", "b.co"]),
        ("https://a.cohttps://b.co", []),
        ("a.co?http://b.co", ["a.co"]),
        ("https://example.com/~user/%20x", ["https://example.com/~user/%20x"]),
        ("https://example.com/@user/post", ["https://example.com/@user/post"]),
        ("https://example.com/#!/user", ["https://example.com/#!/user"]),
        ("https://user:pass@example.com/", []),
        ("https://example..com", []),
        ("https://example.com//a//b", ["https://example.com//a//b"]),
        ("http://www.example.com/ex?x=1|2", ["http://www.example.com/ex?x=1|2"]),
        ("com.com.com", ["com.com.com"]),
        ("x.name", ["x.name"]),
        ("J.P.Morgan", []),
        ("e.g. this", []),
        ("etc.in", ["etc.in"]),
        ("file.sh", ["file.sh"]),
        ("node.js", []),
        ("3.14", []),
        ("1.2.3.4", []),
        ("v2.0.io", ["v2.0.io"]),
        ("Hello.World", ["Hello.World"]),
        ("so.What", []),
        ("README.md", ["README.md"]),
        ("'example.com'", ["example.com"]),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    assert [text[begin:end] for begin, end in find_urls(text)] == links


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("fine\u200b\u0000", []),
        ("\ufeffText", ["U+FEFF"]),
        ("a\uffffb\ufffec\uffff", ["U+FFFF", "U+FFFE"]),
        ("\ud83d", ["U+D83D"]),
    ],
)
def test_characters_that_cannot_be_posted(text: str, names: list[str]) -> None:
    assert invalid_characters(text) == names


@pytest.mark.parametrize(
    ("text", "limit", "fits"),
    [
        ("abcdef", 4, "abcd"),
        ("abcd", 4, "abcd"),
        ("ab👋", 3, "ab"),
        ("日本", 3, "日"),
        ("see example.com", 26, "see "),
        ("see example.com", 27, "see example.com"),
        (FAMILY * 2, 3, FAMILY),
        # The mark cannot be composed with its letter, so the two stay together.
        ("ax\u0301", 2, "a"),
        ("हिन्दी", 1, ""),
        ("e\u0301e\u0301", 1, "é"),
    ],
)
def test_a_cut_spares_links_and_visible_characters(text: str, limit: int, fits: str) -> None:
    assert shortened(text, limit) == fits


def test_the_place_of_the_cut_is_shown_by_the_words_before_it() -> None:
    assert last_words("short", 280) == "short"
    assert last_words("one two three four five six seven eight", 30) == "…four five six se"
    assert last_words("x" * 300, 280) == f"…{'x' * 20}"


HOSTILE = [
    "a." * 12_500,
    "1.1." * 6_250,
    "a.com-" * 4_166,
    "a.com日" * 4_166,
    "a_.com." * 3_571,
    "日a.com" * 4_166,
    "a.xn--" * 4_166,
    "a.co/" + "(a" * 12_500,
    "a.co/" + "(a)" * 8_333,
    "a.co/" + "!" * 25_000,
    "a.co/?" + "." * 25_000,
    "http://" * 3_500,
    "http://a.b/" * 2_272,
    "@a." * 8_333,
    "👨\u200d" * 12_500,
    "\u0301" * 25_000,
    "(" * 25_000,
    "a" * 24_000 + "日.com",
    ("a" * 60 + "日.com ") * 380,
]


def test_no_text_takes_long() -> None:
    """Ends in about two seconds; an expression that tries everything would need hours."""
    for text in HOSTILE:
        assert weighted_length(text) > 280
        assert normalised(text).startswith(shortened(text, 280))


WORDS = [
    "a",
    "é",
    "日",
    "👋",
    "🏽",
    "🇩",
    "1",
    ".",
    "com",
    "example.com",
    "https://",
    "/",
    "?",
    "@",
    "#",
    "-",
    "_",
    "(",
    ")",
    "t.co/x",
    "&",
    ",",
]
PIECES = st.sampled_from([*WORDS, " ", "\n", "\r\n", "\u200d", "\ufe0f", "\u20e3", "\u0301", "\ud800"])
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS | st.text(max_size=80))
@example("a\r")
@example("\u200dexample.com")
def test_weight_and_cut_agree(text: str) -> None:
    weight = weighted_length(text)
    whole = normalised(text)
    assert weight == weighted_length(whole)
    assert weight <= 2 * max(len(whole), 12 * len(find_urls(whole)) + len(whole))
    assert shortened(text, weight) == whole
    if weight:
        assert len(shortened(text, weight - 1)) < len(whole)
    assert whole.startswith(shortened(text, weight // 2))


@given(TEXTS)
def test_links_lie_in_order_and_never_touch(text: str) -> None:
    spans = find_urls(unicodedata.normalize("NFC", text))
    for (_, end), (begin, _) in pairwise(spans):
        assert end <= begin
    assert all(begin < end for begin, end in spans)


@given(st.text(alphabet=st.characters(max_codepoint=0x7E, exclude_characters="."), max_size=80))
def test_plain_text_weighs_its_length(text: str) -> None:
    assert weighted_length(text) == len(normalised(text))


def test_an_idle_server_has_not_loaded_what_counting_needs() -> None:
    script = (
        "import sys, json\n"
        "from polypost.platforms.twitter import CONNECTOR\n"
        "print(json.dumps([name for name in ('regex', 'twitter_text', 'pkg_resources') if name in sys.modules]))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert json.loads(printed.stdout) == []

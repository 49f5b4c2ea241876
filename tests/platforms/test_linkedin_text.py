"""Little text: what we write is read by the simulator's parser, which was written without a look at ours."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polypost.platforms.kit.matching import essence
from polypost.platforms.linkedin.options import Mention
from polypost.platforms.linkedin.text import commentary, plain, spans
from polypost.sandbox.networks.linkedin import little

ACME = "urn:li:organization:123"
# Escape vectors of public connectors, read 2026-11-24.
VECTORS = [
    ("Hi (world)", "Hi \\(world\\)"),
    ("a_b*c~d", "a\\_b\\*c\\~d"),
    ("C# {x} | y", "C\\# \\{x\\} \\| y"),
    ("mail@x.io <b>", "mail\\@x.io \\<b\\>"),
    ("back\\slash", "back\\\\slash"),
    ("#hello world (kept as hashtag)", "#hello world \\(kept as hashtag\\)"),
]
AWKWARD = st.text(
    st.one_of(st.sampled_from(list("|{}@[]()<>#\\*_~ \naé日1#:")), st.characters(exclude_categories=["Cs"])),
    max_size=60,
)


def read(written: str, name: str = "") -> little.Little:
    return little.read(written, lambda urn: name if urn == ACME else None)


@pytest.mark.parametrize(("text", "written"), VECTORS)
def test_the_known_vectors(text: str, written: str) -> None:
    assert commentary(text) == written
    assert plain(written) == text


@given(AWKWARD)
@example("(")
@example("\\(")
@example("{hashtag|\\#|word}")
@example("@[Acme](urn:li:organization:123)")
@example("https://example.com/a_(b)#c")
@example("##a #a# a#b /#c &#d #_ #é")
def test_any_text_arrives_as_it_is(text: str) -> None:
    seen = read(commentary(text), "Acme")
    assert seen.text == text
    assert seen.loose == ""
    assert not seen.cut
    assert all(piece.kind != "mention" for piece in seen.pieces)


@given(AWKWARD)
def test_what_linkedin_gives_back_is_read_as_it_was(text: str) -> None:
    assert plain(read(commentary(text)).little) == text


@given(AWKWARD, AWKWARD.filter(str.strip), AWKWARD)
def test_a_mention_of_any_name_arrives(before: str, name: str, after: str) -> None:
    text = f"{before}{name}{after}"
    if text.count(name) != 1 or text.find(name) != len(before):
        return
    seen = read(commentary(text, [Mention(text=name, urn=ACME)]), name)
    assert seen.text == text
    assert seen.loose == ""
    assert [piece.text for piece in seen.pieces if piece.kind == "mention"] == [name]
    assert plain(seen.little) == text


def test_a_forgotten_escape_shows() -> None:
    """The parser must see what a connector forgets: here is a text as it would be sent without any escaping."""
    seen = read("Our news (of today) is *good*")
    assert (seen.text, seen.cut, seen.loose) == ("Our news ", True, "(")
    assert read("a_b").loose == "_"


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#one and #zwei2", ["one", "zwei2"]),
        ("C# and F#", []),
        ("issue#12 a/#b", []),
        ("https://example.com/#part", []),
        ("(#one)", ["one"]),
        ("#日本語!", ["日本語"]),
        ("##x", ["x"]),
        ("#snake_case", ["snake"]),
        ("#", []),
    ],
)
def test_hashtags(text: str, tags: list[str]) -> None:
    seen = read(commentary(text))
    assert [piece.text for piece in seen.pieces if piece.kind == "hashtag"] == tags
    assert seen.text == text


def test_a_number_sign_before_a_mention_is_none_of_its_business() -> None:
    written = commentary("#Acme", [Mention(text="Acme", urn=ACME)])
    assert written == f"\\#@[Acme]({ACME})"
    assert read(written, "Acme").text == "#Acme"


def test_two_mentions_keep_their_places() -> None:
    mentions = [Mention(text="Beta", urn="urn:li:organization:2"), Mention(text="Acme", urn=ACME)]
    assert commentary("Acme & Beta!", mentions) == f"@[Acme]({ACME}) & @[Beta](urn:li:organization:2)!"
    assert [(span.begin, span.end) for span in spans("Acme & Beta!", mentions)] == [(0, 4), (7, 11)]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("{hashtag|\\#|word} and {hashtag|#|two}", "#word and #two"),
        ("@[Acme \\(UK\\)](urn:li:organization:1) said", "Acme (UK) said"),
        ("@[Jo] (urn:li:person:a-B_9)", "Jo"),
        ("\\{no\\|template\\}", "{no|template}"),
        ("plain", "plain"),
        ("{hashtag|\\#|a\\_b}", "#a_b"),
    ],
)
def test_reading_back(written: str, text: str) -> None:
    assert plain(written) == text


def test_an_organization_is_mentioned_by_its_whole_name_and_a_person_by_a_part() -> None:
    names = {ACME: "Acme Inc", "urn:li:person:x": "John Doe"}
    kinds = [
        little.read(written, names.get).pieces[0].kind
        for written in (
            f"@[Acme Inc]({ACME})",
            f"@[Acme]({ACME})",
            f"@[acme inc]({ACME})",
            "@[John](urn:li:person:x)",
            "@[Johnny](urn:li:person:x)",
            "@[Nobody](urn:li:organization:9)",
        )
    ]
    assert kinds == ["mention", "text", "text", "mention", "text", "text"]


def test_white_space_and_composition_do_not_count() -> None:
    assert essence("  cafe\u0301 \r\n\r\n au lait\n") == essence("café\n\nau lait")
    assert essence("a") != essence("b")

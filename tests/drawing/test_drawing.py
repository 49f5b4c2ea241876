"""What a drawing says: folds, counts, crops, parts, its sources, and that it is safe whatever the post holds."""

from __future__ import annotations

import re
import time
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polypost.drawing import data, draw, render
from polypost.drawing.boxes import cropped
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.drawing import Draws
from polypost.platforms.registry import BUILT_IN, connector, connectors
from tests.drawing.cases import ACCOUNT, WORDS, Case, cases, item

CASES = cases()
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "'; style='background:url(//evil.example)",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1) https://example.com/\"onmouseover=alert(1) https://x.example/'><b>",
    "@<b>you</b> #<i>tag</i> \u202e\u0000",
]
# What the fragment may load or lead to.
LOADS = {"src", "href", "poster", "srcset", "data", "action", "background", "formaction", "xlink:href"}


class Tags(HTMLParser):
    """The tags of a fragment with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"img", "input", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", CASES)
def test_every_kind_is_drawn(name: str) -> None:
    drawn = CASES[name].drawn()
    assert drawn.known
    assert drawn.parts
    tags = Tags(render(drawn))
    assert not tags.open
    assert tags.found[0][1]["data-network"] == CASES[name].platform
    # Every picture says what it shows, or that it says nothing.
    assert all("alt" in attrs for tag, attrs in tags.found if tag == "img")


@pytest.mark.parametrize("platform", BUILT_IN)
def test_every_number_has_a_source(platform: str) -> None:
    shown = data(next(case for case in CASES.values() if case.platform == platform).drawn())
    assert {"column", "avatar", "textSize", "colour"} <= set(shown["figures"])
    for figure in shown["figures"].values():
        assert figure["source"]
        assert date.fromisoformat(figure["read"]) > date(2026, 1, 1)
        assert figure["confidence"] in {"documented", "seen", "believed"}


def test_every_network_draws() -> None:
    assert [each.spec.id for each in connectors() if not isinstance(each, Draws)] == []


def test_a_network_without_numbers_gets_a_plain_card() -> None:
    drawn = draw("ello", Draft(WORDS * 20, (item(), item()), None, ACCOUNT))
    assert not drawn.known
    text = drawn.parts[0].text
    assert text is not None
    assert (text.visible, text.folded) == ((WORDS * 20).strip(), False)
    html = render(drawn)
    assert "no numbers for ello" in html
    assert html.count("<img") == 2


def part(name: str) -> Any:
    """The first part of a case, as data."""
    return data(CASES[name].drawn())["parts"][0]


@pytest.mark.parametrize(
    ("name", "folded", "by"),
    [
        ("x long", True, "characters"),
        ("x text", False, "characters"),
        ("ig landscape", True, "characters"),
        ("fb text", True, "lines"),
        ("threads tall", False, "whole"),
        ("linkedin text", True, "lines"),
        ("linkedin short", False, "lines"),
        ("linkedin unknown", None, "lines"),
        ("pin", True, "hidden"),
        ("bluesky lines", True, "lines"),
        ("bluesky long", False, "lines"),
        ("google photo", True, "characters"),
        ("mastodon long", True, "lines"),
        ("mastodon warning", False, "whole"),
    ],
)
def test_where_texts_fold(name: str, folded: bool | None, by: str) -> None:
    text = part(name)["text"]
    assert (text["folded"], text["by"]) == (folded, by)
    assert text["content"].startswith(text["visible"])
    if folded is not None:
        assert (len(text["visible"]) < len(text["content"])) is folded


def test_folds_by_characters_count_as_the_network_does() -> None:
    # 280 weighted characters of X: an ideograph counts two, a link 23.
    text = part_of(Case("twitter", "語" * 200, (), {"longPost": True}))["text"]
    assert text["visible"] == "語" * 140
    assert part_of(Case("twitter", "語" * 140))["text"]["folded"] is False
    assert part_of(Case("googlebusiness", "👨‍👩‍👧" * 101))["text"]["visible"] == "👨‍👩‍👧" * 100
    title = part_of(Case("pinterest", "t" * 41, [item()], {"boardId": "1"}))["title"]
    assert (title["visible"], title["folded"]) == ("t" * 40, True)
    lines = ["a"] * 25
    assert part_of(Case("bluesky", "\n".join(lines)))["text"]["folded"] is False
    assert part_of(Case("bluesky", "\n".join([*lines, "a"])))["text"]["visible"].count("\n") == 24


def part_of(case: Case) -> Any:
    return data(case.drawn())["parts"][0]


def test_counts_are_the_networks_own() -> None:
    counted = part_of(Case("twitter", "https://example.com/" + "a" * 200))["counted"]
    assert counted == {"length": 23, "limit": 280, "unit": "weighted characters"}
    assert part_of(Case("threads", "🎉"))["counted"]["length"] == 4
    assert part_of(Case("bluesky", "👨‍👩‍👧"))["counted"]["length"] == 1
    assert part_of(Case("tiktok", "🎉", [item(kind="video")]))["counted"]["length"] == 2


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("thread")])
def test_threads_are_parts(name: str) -> None:
    drawn = CASES[name].drawn()
    assert drawn.kind == "thread"
    assert [each.text and each.text.content for each in drawn.parts] == ["first", "second #two", "third"]
    assert "Part 3 of 3" in render(drawn)


def test_a_very_long_thread_is_drawn_as_far_as_people_read() -> None:
    case = Case("twitter", "first", (), {"threadItems": [{"content": str(n)} for n in range(500)]})
    drawn = case.drawn()
    assert (len(drawn.parts), drawn.hidden_parts) == (25, 476)
    assert "476 further posts" in render(drawn)


def test_crops() -> None:
    # Four by three out of nine by sixteen: the middle of its height.
    [photo] = part("google photo")["media"]["items"]
    assert (photo["ratio"], photo["fit"]) == (1.3333, "cover")
    assert photo["crop"] == {"top": 0.2891, "right": 0.0, "bottom": 0.2891, "left": 0.0}
    [wide] = part("ig landscape")["media"]["items"]
    assert (wide["ratio"], wide["crop"]["left"]) == (1.91, 0.2135)
    assert part("ig tall")["media"]["ratio"] == 0.8
    [pin] = part("pin")["media"]["items"]
    assert (pin["ratio"], pin["crop"]["top"]) == (0.6667, 0.25)
    # The point of interest is the top edge, so that all is lost below.
    first = part("mastodon focus")["media"]["items"][0]
    assert (first["crop"]["top"], first["crop"]["bottom"] > 0.2) == (0, True)
    [bars] = part("reddit tall")["media"]["items"]
    assert bars["fit"] == "contain"
    assert bars["bars"]["left"] == bars["bars"]["right"] > 0.2
    assert part("x unmeasured")["media"]["items"][0]["ratio"] is None
    grid = data(CASES["ig landscape"].drawn())["grid"]
    assert (grid["ratio"], grid["crop"]["left"]) == (0.75, 0.3875)


@given(
    st.floats(0.2, 5),
    st.floats(0.2, 5),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_a_crop_leaves_the_ratio_of_the_box(own: float, box: float, focus: tuple[float, float]) -> None:
    sides = cropped(own, box, focus)
    assert sides is not None
    across, down = 1 - sides.left - sides.right, 1 - sides.top - sides.bottom
    assert all(-1e-4 <= side <= 1 for side in (sides.left, sides.right, sides.top, sides.bottom))
    assert own * across == pytest.approx(box * down, rel=0.02)


@pytest.mark.parametrize(
    ("name", "rows", "shown", "more"),
    [
        ("x two", ["ab"], 2, 0),
        ("x three", ["ab", "ac"], 3, 0),
        ("x four", ["ab", "cd"], 4, 0),
        ("fb three", ["aa", "bc"], 3, 0),
        ("fb seven", ["aaabbb", "ccddee"], 5, 2),
        ("linkedin six", ["aaa", "aaa", "bcd"], 4, 2),
        ("bluesky four", ["ab", "cd"], 4, 0),
        ("mastodon focus", ["ab", "ac"], 3, 0),
    ],
)
def test_grids(name: str, rows: list[str], shown: int, more: int) -> None:
    media = part(name)["media"]
    assert (media["form"], media["rows"], len(media["items"])) == ("grid", rows, shown)
    assert (media["items"][-1]["more"], media["hidden"]) == (more, more)


def test_surfaces() -> None:
    found = {name: (case.drawn().surface, case.drawn().kind) for name, case in CASES.items()}
    assert found["ig reel"] == ("reel", "reel")
    assert found["ig story"] == ("story", "story")
    assert found["youtube short"] == ("short", "short")
    assert found["youtube video"] == ("feed", "video")
    assert found["bluesky gallery"] == ("feed", "gallery")
    assert found["linkedin article"] == ("feed", "article")
    clear = CASES["ig reel"].drawn().clear
    assert clear is not None
    assert (clear.top, clear.right, clear.bottom, clear.left) == (0.14, 0.06, 0.35, 0.06)
    assert part("ig story")["text"] is None


def test_links_mentions_and_hashtags_are_marked_as_the_network_does() -> None:
    spans = [(each["kind"], each["shown"] or each["value"]) for each in part("x text")["text"]["spans"]]
    assert spans == [("link", "example.com/a/path/that/is…"), ("hashtag", "#tag"), ("mention", "@you")]
    assert 'class="ppd-mark" href="https://example.com/a/path' in render(CASES["x text"].drawn())
    # A caption of Instagram has no links.
    caption = Case("instagram", "https://example.com #tag", [item()])
    assert re.findall(r'ppd-mark"[^>]*>([^<]+)', render(caption.drawn())) == ["#tag"]
    # Bluesky marks what becomes a facet and nothing else.
    handle = Case("bluesky", "@you @you.example.com")
    assert re.findall(r'ppd-mark"[^>]*>([^<]+)', render(handle.drawn())) == ["@you.example.com"]
    topics = Case("threads", "#one and #two")
    assert re.findall(r'ppd-mark"[^>]*>([^<]+)', render(topics.drawn())) == ["#one"]


def test_badges_of_alternative_texts() -> None:
    assert 'class="ppd-alt" title="A grid">ALT' in render(CASES["x one"].drawn())
    assert "ppd-alt" not in re.sub(r"<style>.*?</style>", "", render(CASES["x tall"].drawn()), flags=re.S)
    facebook = Case("facebook", "x", [item(alt="A grid")])
    assert 'alt="A grid"' in render(facebook.drawn())
    assert ">ALT<" not in render(facebook.drawn())


@pytest.mark.parametrize("platform", BUILT_IN)
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_post_becomes_markup(platform: str, text: str) -> None:
    bad = MediaRef("image", f"javascript:{text}", thumbnail=text, alt_text=text)
    film = MediaRef("video", "https://media.example/a.mp4?" + text, thumbnail=f"data:text/html,{text}")
    account = type(ACCOUNT)("1", text, text)
    for media in ((), (bad,), (film,), (bad, bad, film)):
        tags = Tags(render(draw(platform, Draft(text, media, None, account)), styled=False))
        assert not tags.open
        for tag, attrs in tags.found:
            assert tag not in {"script", "iframe", "object", "embed", "base", "link", "meta", "form"}
            assert not [name for name in attrs if name.startswith("on") or name == "srcdoc"]
            for name in LOADS & set(attrs):
                assert re.match(r"https?://", attrs[name] or ""), (tag, name, attrs[name])
            assert "url(" not in (attrs.get("style") or "")
            assert "evil" not in (attrs.get("style") or "")


def test_hostile_options_are_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    for case in (
        Case("twitter", "x", (), {"poll": {"options": [evil, evil], "durationMinutes": 60}}),
        Case("bluesky", "x", (), {"card": {"url": "https://e.example", "title": evil, "description": evil}}),
        Case("mastodon", evil, [item()], {"spoilerText": evil, "altText": [evil]}),
        Case(
            "reddit",
            evil,
            [item(), item()],
            {"subreddit": "x1", "flairText": evil, "gallery": [{"caption": evil}]},
        ),
        Case("linkedin", "x", (), {"articleUrl": "https://e.example", "articleTitle": evil}),
    ):
        assert "<script" not in render(case.drawn())


def test_options_that_are_wrong_are_left_out() -> None:
    for platform in BUILT_IN:
        drawn = draw(platform, Draft("Hello", (item(),), None, ACCOUNT))
        assert drawn.known
        assert render(drawn)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=400), platform=st.sampled_from(BUILT_IN))
def test_any_text_is_drawn(text: str, platform: str) -> None:
    drawn = draw(platform, Draft(text, (), None, ACCOUNT))
    for each in drawn.parts:
        if each.text:
            assert each.text.content.startswith(each.text.visible)
            assert all(0 <= span.start < span.end <= len(each.text.content) for span in each.text.spans)
    Tags(render(drawn, styled=False))


@pytest.mark.parametrize("sign", ["a", "@a ", "#a ", "https://e.example/ ", "\n", "語", "👨‍👩‍👧", "&"])
def test_the_work_grows_with_the_text_and_the_answer_does_not(sign: str) -> None:
    for platform in BUILT_IN:
        network = connector(platform)
        assert network is not None
        began = time.process_time()
        drawn = draw(platform, Draft(sign * (100_000 // len(sign.encode())), (), None, ACCOUNT))
        html = render(drawn)
        # Nothing in it takes the square of that; a second is thirty times what it takes.
        assert time.process_time() - began < 5
        assert len(html) < 1_500_000

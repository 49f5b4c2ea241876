"""What an X draft may be, and what its options take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from polypost.errors import Problem
from polypost.platforms.base import Account, Draft, MediaKind, MediaRef
from polypost.platforms.registry import connector
from polypost.platforms.twitter import CONNECTOR
from polypost.platforms.twitter.spec import SPEC
from polypost.platforms.twitter.text import surely_fits, weighted_length
from polypost.probe import Facts

MIB = 1024 * 1024
FREE = Account("12", metadata={"subscription_type": "None"})
PREMIUM = Account("12", metadata={"subscription_type": "Premium"})
UNKNOWN = Account("12")
PNG = Facts("image", "image/png", MIB, 1080, 1080)
GIF = Facts("gif", "image/gif", MIB, 480, 480, frames=20)
STILL = replace(GIF, frames=1)
MP4 = Facts(
    "video",
    "video/mp4",
    20 * MIB,
    1280,
    720,
    duration=30.0,
    fps=29.97,
    video_codec="h264",
    audio_codec="aac",
    audio_channels=2,
)
OPTIONS = "platformSpecificData"


def ref(facts: Facts | None = None, kind: MediaKind | None = None) -> MediaRef:
    kind = kind or (facts.kind if facts else "image")
    return MediaRef(kind, f"https://media.example.com/{kind}", facts=facts)


def problems(
    text: str = "Hello", *media: MediaRef, account: Account = UNKNOWN, **options: Any
) -> list[Problem]:
    parsed = CONNECTOR.options.model_validate(options)
    found = CONNECTOR.check(Draft(text, media, parsed, account))
    assert all(problem.message and problem.hint for problem in found)
    return found


def paths(text: str = "Hello", *media: MediaRef, **options: Any) -> list[str]:
    return [problem.path for problem in problems(text, *media, **options)]


def thread(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"content": f"part {place}", **item} for place, item in enumerate(items, 2)]


def media(kind: str = "image", place: int = 1) -> dict[str, str]:
    return {"type": kind, "url": f"https://media.example.com/{kind}{place}"}


POLL = {"options": ["Yes", "No"], "durationMinutes": 60}


def test_it_is_the_built_in_connector() -> None:
    assert connector("twitter") is CONNECTOR
    assert CONNECTOR.spec.reconcile_kind == "DL"


def test_every_number_has_its_source_and_its_day() -> None:
    for name, limit in SPEC.limits.items():
        assert limit.value > 0, name
        assert limit.source, name
        assert date(2026, 1, 1) < limit.read <= date(2026, 12, 31), name


@pytest.mark.parametrize(
    ("text", "items", "options"),
    [
        ("Hello", [], {}),
        ("x" * 280, [], {}),
        ("日" * 140, [], {}),
        ("", [ref(PNG)], {}),
        ("", [ref()], {}),
        ("Hello", [ref(PNG)] * 4, {}),
        ("Hello", [ref(GIF)], {}),
        ("Hello", [ref(STILL, "image"), ref(PNG)], {}),
        ("Hello", [ref(STILL)], {}),
        ("Hello", [ref(MP4)], {}),
        ("Hello", [ref(replace(MP4, width=720, height=1280, mime="video/quicktime"))], {}),
        ("Hello", [ref(kind="video")], {}),
        ("x" * 25_000, [], {"longPost": True}),
        ("Hello", [], {"poll": POLL}),
        ("Hello", [], {"poll": {"options": ["x" * 25, "b", "c", "日" * 25], "durationMinutes": 10_080}}),
        ("Hello", [], {"poll": POLL, "threadItems": []}),
        ("Hello", [], {"threadItems": thread({}, {"mediaItems": [media()]})}),
        ("Hello", [], {"threadItems": [{"content": "", "mediaItems": [media("video")]}]}),
        ("Hello", [], {"communityId": "9", "shareWithFollowers": True}),
        ("Hello", [], {"shareWithFollowers": False}),
        ("Buy $GOOG", [], {}),
        ("It costs $5 or US$7, $", [], {}),
    ],
)
def test_fits(text: str, items: list[MediaRef], options: dict[str, Any]) -> None:
    assert problems(text, *items, **options) == []


@pytest.mark.parametrize(
    ("text", "items", "options", "path"),
    [
        ("", [], {}, "content"),
        (" \n", [], {}, "content"),
        ("", [], {"poll": POLL}, "content"),
        ("x" * 281, [], {}, "content"),
        ("日" * 141, [], {}, "content"),
        ("x" * 25_001, [], {"longPost": True}, "content"),
        ("Hello\ufeff", [], {}, "content"),
        ("lone \ud800", [], {}, "content"),
        ("$GOOG and $AAPL", [], {}, "content"),
        ("Hello", [ref(PNG)] * 5, {}, "mediaItems"),
        ("Hello", [ref(MP4), ref(PNG)], {}, "mediaItems"),
        ("Hello", [ref(MP4), ref(MP4)], {}, "mediaItems"),
        ("Hello", [ref(GIF), ref(PNG)], {}, "mediaItems"),
        ("Hello", [ref(PNG), ref(kind="document")], {}, "mediaItems[1]"),
        ("Hello", [ref(PNG), ref(GIF, "image")], {}, "mediaItems[1].type"),
        ("Hello", [ref(PNG, "video")], {}, "mediaItems[0].type"),
        ("Hello", [ref(MP4, "gif")], {}, "mediaItems[0].type"),
        ("Hello", [], {"shareWithFollowers": True}, f"{OPTIONS}.shareWithFollowers"),
        ("Hello", [ref(PNG)], {"poll": POLL}, f"{OPTIONS}.poll"),
        ("Hello", [], {"poll": POLL, "threadItems": thread({})}, f"{OPTIONS}.poll"),
        ("Hello", [], {"poll": {**POLL, "options": ["a", "x" * 26]}}, f"{OPTIONS}.poll.options[1]"),
        ("Hello", [], {"poll": {**POLL, "options": [" ", "b"]}}, f"{OPTIONS}.poll.options[0]"),
        ("Hello", [], {"poll": {**POLL, "options": ["a", "\ufeff"]}}, f"{OPTIONS}.poll.options[1]"),
        ("Hello", [], {"threadItems": thread({"content": ""})}, f"{OPTIONS}.threadItems[0].content"),
        (
            "Hello",
            [],
            {"threadItems": thread({}, {"content": "x" * 281})},
            f"{OPTIONS}.threadItems[1].content",
        ),
        ("Hello", [], {"threadItems": thread({"content": " Hello"})}, f"{OPTIONS}.threadItems[0].content"),
        (
            "Hello",
            [],
            {"threadItems": thread({"content": "a"}, {"content": "a"})},
            f"{OPTIONS}.threadItems[1].content",
        ),
        (
            "Hello",
            [],
            {"threadItems": thread({"mediaItems": [media(place=n) for n in range(5)]})},
            f"{OPTIONS}.threadItems[0].mediaItems",
        ),
        (
            "Hello",
            [],
            {"threadItems": thread({"mediaItems": [media("document")]})},
            f"{OPTIONS}.threadItems[0].mediaItems[0]",
        ),
    ],
)
def test_does_not_fit(text: str, items: list[MediaRef], options: dict[str, Any], path: str) -> None:
    assert paths(text, *items, **options) == [path]


def test_a_thread_of_pictures_alone_is_no_repetition() -> None:
    items = [{"content": "", "mediaItems": [media(place=place)]} for place in range(3)]
    assert paths("", ref(PNG), threadItems=items) == []


def test_several_problems_are_told_together() -> None:
    found = paths("", ref(kind="document"), ref(MP4), poll=POLL, shareWithFollowers=True)
    assert found == ["mediaItems", "mediaItems[0]", f"{OPTIONS}.shareWithFollowers", f"{OPTIONS}.poll"]


# Facts at the limit, and one step over it.
@pytest.mark.parametrize(
    ("fits", "over"),
    [
        (replace(PNG, size=5 * MIB), replace(PNG, size=5 * MIB + 1)),
        (replace(PNG, mime="image/webp"), replace(PNG, mime="image/bmp")),
        (replace(GIF, size=15 * MIB), replace(GIF, size=15 * MIB + 1)),
        (replace(GIF, width=1280, height=1080), replace(GIF, width=1281, height=1080)),
        (replace(GIF, width=1280, height=1080), replace(GIF, width=1280, height=1081)),
        (replace(GIF, frames=350), replace(GIF, frames=351)),
        (
            replace(GIF, width=1000, height=1000, frames=300),
            replace(GIF, width=1000, height=1000, frames=301),
        ),
        (replace(MP4, size=512 * MIB), replace(MP4, size=512 * MIB + 1)),
        (replace(MP4, duration=0.5), replace(MP4, duration=0.4)),
        (replace(MP4, duration=140.04), replace(MP4, duration=140.1)),
        (replace(MP4, width=32, height=32), replace(MP4, width=32, height=31)),
        (replace(MP4, width=1280, height=1024), replace(MP4, width=1281, height=1024)),
        (replace(MP4, width=1280, height=1024), replace(MP4, width=1280, height=1025)),
        (replace(MP4, width=1024, height=1280), replace(MP4, width=1024, height=1281)),
        (replace(MP4, width=900, height=300), replace(MP4, width=901, height=300)),
        (replace(MP4, width=300, height=900), replace(MP4, width=300, height=901)),
        (replace(MP4, fps=60.002), replace(MP4, fps=61.0)),
        (replace(MP4, mime="video/quicktime"), replace(MP4, mime="video/webm")),
        (MP4, replace(MP4, video_codec="hevc")),
        (replace(MP4, audio_codec=None), replace(MP4, audio_codec="opus")),
        (replace(MP4, audio_channels=1), replace(MP4, audio_channels=6)),
    ],
)
def test_the_edge_of_each_media_limit(fits: Facts, over: Facts) -> None:
    assert paths("Hello", ref(fits)) == []
    assert paths("Hello", ref(over)) == ["mediaItems[0]"]


def test_facts_that_the_file_does_not_tell_raise_nothing() -> None:
    assert paths("Hello", ref(Facts("video", "video/mp4", MIB))) == []
    assert paths("Hello", ref(Facts("gif", "image/gif", MIB))) == []
    assert paths("Hello", ref(Facts("image", "image/png", MIB))) == []


@pytest.mark.parametrize(
    "changed", [{"duration": 3600.0}, {"width": 1920, "height": 1080}, {"width": 1080, "height": 1920}]
)
def test_subscribers_may_post_longer_and_larger_videos(changed: dict[str, Any]) -> None:
    film = ref(replace(MP4, **changed))
    assert [problem.path for problem in problems("Hello", film, account=PREMIUM)] == []
    assert [problem.path for problem in problems("Hello", film, account=FREE)] == ["mediaItems[0]"]
    assert [problem.path for problem in problems("Hello", film, account=UNKNOWN)] == ["mediaItems[0]"]


def test_long_posts_are_for_subscribers_when_it_is_known() -> None:
    text = "x" * 312
    assert paths(text, longPost=True, account=PREMIUM) == []
    assert paths(text, longPost=True, account=UNKNOWN) == []
    assert paths(text, longPost=True, account=FREE) == [f"{OPTIONS}.longPost"]
    assert paths("short", longPost=True, account=FREE) == []
    assert paths(text, account=PREMIUM) == ["content"]


def test_a_hint_says_how_to_make_it_fit() -> None:
    (problem,) = problems("word " * 60 + "end of the text")
    assert problem.message == "315 of 280 weighted characters."
    assert "Shorten it by 35" in problem.hint
    assert "word word word" in problem.hint
    assert "longPost" in problem.hint
    (problem,) = problems("Hello", threadItems=thread({"content": "x" * 281}))
    assert "another thread item" in problem.hint


@given(st.text(max_size=400))
def test_a_text_is_too_long_exactly_when_it_weighs_more(text: str) -> None:
    codes = {problem.code for problem in problems(text, ref(PNG))}
    assert ("too_long" in codes) == (weighted_length(text) > 280)


@given(
    st.lists(st.sampled_from(["image", "gif", "video"]), max_size=6),
    st.lists(st.sampled_from(["image", "gif", "video"]), max_size=6),
)
def test_media_fits_when_it_is_four_pictures_or_one_of_the_rest(
    root: list[MediaKind], item: list[MediaKind]
) -> None:
    def fits(kinds: list[MediaKind]) -> bool:
        return len(kinds) <= 1 or (len(kinds) <= 4 and set(kinds) == {"image"})

    items = [{"content": "two", "mediaItems": [media(kind, place) for place, kind in enumerate(item)]}]
    found = paths("one", *(ref(kind=kind) for kind in root), threadItems=items)
    expected = [] if fits(root) else ["mediaItems"]
    expected += [] if fits(item) else [f"{OPTIONS}.threadItems[0].mediaItems"]
    assert found == expected


def test_media_of_the_thread_is_named_for_fetching() -> None:
    options = CONNECTOR.options.model_validate(
        {"threadItems": thread({"mediaItems": [media(), media("video")]}, {}, {"mediaItems": [media("gif")]})}
    )
    assert [(found.type, found.url.rpartition("/")[2]) for found in CONNECTOR.media_refs(options)] == [
        ("image", "image1"),
        ("video", "video1"),
        ("gif", "gif1"),
    ]
    assert list(CONNECTOR.media_refs(CONNECTOR.options())) == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict.fromkeys(
            [
                "communityId",
                "shareWithFollowers",
                "replyToTweetId",
                "replySettings",
                "threadItems",
                "longPost",
                "poll",
            ]
        ),
        {"replySettings": "everyone"},
        {"replySettings": "mentionedUsers"},
        {"replyToTweetId": "1456012973835788293"},
        {"threadItems": [{"content": "", "mediaItems": None}]},
        {"threadItems": [{"content": "x", "mediaItems": [{**media(), "thumbnail": None}]}]},
        {"poll": {"options": ["a", "b"], "durationMinutes": 5}},
        {"poll": {"options": ["a", "b"], "durationMinutes": 10_080.0}},
    ],
)
def test_options_that_are_taken(options: dict[str, Any]) -> None:
    CONNECTOR.options.model_validate(options)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"unknown": 1}, ("unknown",)),
        ({"unknown": None}, ("unknown",)),
        ({"community_id": "1"}, ("community_id",)),
        ({"communityId": 1}, ("communityId",)),
        ({"communityId": "abc"}, ("communityId",)),
        ({"replyToTweetId": "1" * 20}, ("replyToTweetId",)),
        ({"replyToTweetId": "12\n"}, ("replyToTweetId",)),
        ({"shareWithFollowers": "yes"}, ("shareWithFollowers",)),
        ({"longPost": 1}, ("longPost",)),
        ({"replySettings": "nobody"}, ("replySettings",)),
        ({"threadItems": {}}, ("threadItems",)),
        ({"threadItems": [{}]}, ("threadItems", 0, "content")),
        ({"threadItems": [{"content": None}]}, ("threadItems", 0, "content")),
        ({"threadItems": [{"content": "x", "poll": POLL}]}, ("threadItems", 0, "poll")),
        (
            {"threadItems": [{"content": "x", "mediaItems": [{"type": "image"}]}]},
            ("threadItems", 0, "mediaItems", 0, "url"),
        ),
        (
            {"threadItems": [{"content": "x", "mediaItems": [{**media(), "url": "file:///etc/passwd"}]}]},
            ("threadItems", 0, "mediaItems", 0, "url"),
        ),
        (
            {"threadItems": [{"content": "x", "mediaItems": [{**media(), "url": "http://[::1"}]}]},
            ("threadItems", 0, "mediaItems", 0, "url"),
        ),
        (
            {"threadItems": [{"content": "x", "mediaItems": [{**media(), "type": "audio"}]}]},
            ("threadItems", 0, "mediaItems", 0, "type"),
        ),
        ({"poll": {"options": ["a"], "durationMinutes": 60}}, ("poll", "options")),
        ({"poll": {"options": ["a"] * 5, "durationMinutes": 60}}, ("poll", "options")),
        ({"poll": {"options": ["a", 2], "durationMinutes": 60}}, ("poll", "options", 1)),
        ({"poll": {"options": ["a", "b"]}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": 4}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": 10_081}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": 60.5}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": float("inf")}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": True}}, ("poll", "durationMinutes")),
        ({"poll": {"options": ["a", "b"], "durationMinutes": "60"}}, ("poll", "durationMinutes")),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        CONNECTOR.options.model_validate(options)
    assert [error["loc"] for error in refused.value.errors()] == [where]


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "ß",
                "\u0958",
                "🚀",
                "👨\u200d👩\u200d👧",
                "1\ufe0f\u20e3",
                "。",
                " ",
                "t.co",
                "https://t.co/x",
            ]
        )
    )
)
def test_what_surely_fits_fits(parts: list[str]) -> None:
    text = "".join(parts)
    weight = weighted_length(text)
    assert not surely_fits(text, weight - 1)


def test_a_short_text_is_not_weighed() -> None:
    before = weighted_length.cache_info()
    assert problems("Check out our new product launch! 🚀 Häuser, 家 and https://example.com/") == []
    assert weighted_length.cache_info() == before

"""What a Threads draft may be, and what its options take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.threads import CONNECTOR
from polypost.probe import Facts

MB = 1024 * 1024
JPEG = Facts("image", "image/jpeg", 2 * MB, 1080, 1350)
MP4 = Facts(
    "video",
    "video/mp4",
    20 * MB,
    1080,
    1920,
    duration=30.0,
    fps=29.97,
    video_codec="h264",
    audio_codec="aac",
    audio_rate=48_000,
    audio_channels=2,
    bitrate=5_600_000,
)
OPTIONS = "platformSpecificData"


def ref(facts: Facts | None = None, kind: str | None = None) -> MediaRef:
    kind = kind or (facts.kind if facts else "image")
    return MediaRef(kind, f"https://media.example/{kind}", facts=facts)


def problems(media=(), text="Hello", further=None, **options):
    parsed = CONNECTOR.options.model_validate(options)
    return CONNECTOR.check(Draft(text, tuple(media), parsed, Account("2487"), further or {}))


def paths(media=(), text="Hello", **options):
    return [problem.path for problem in problems(media, text, **options)]


CHAIN = [
    {"content": "two", "mediaItems": [{"type": "image", "url": "https://m.example/a"}], "altText": ["a"]},
    {"content": "", "mediaItems": [{"type": "video", "url": "https://m.example/b", "thumbnail": None}]},
]


@pytest.mark.parametrize(
    ("media", "text", "options"),
    [
        ([], "Hello", {}),
        ([ref(JPEG)], "", {}),
        ([ref(MP4)], "Hello", {"altText": ["A film"], "spoilerMedia": True}),
        ([ref(JPEG), ref(MP4)] * 10, "", {"altText": ["one", None]}),
        ([ref(replace(JPEG, mime="image/png", width=4000, height=400))], "x", {}),
        ([ref(replace(JPEG, width=100, height=3000))], "x", {}),
        ([ref(replace(MP4, mime="video/quicktime", video_codec="hevc", duration=300.04))], "x", {}),
        ([ref(replace(MP4, fps=23.976, audio_codec=None, audio_rate=None, audio_channels=None))], "x", {}),
        ([ref(replace(MP4, size=1024 * MB, bitrate=100_000_000, width=1920, height=192))], "x", {}),
        ([], "", {"linkAttachment": "https://a.example"}),
        ([], "x", {"poll": {"options": ["a", "b", "c", "d" * 25]}}),
        ([], "x" * 500, {"threadItems": CHAIN}),
        ([], "x", {"textAttachment": {"plaintext": "y" * 10_000}}),
        ([], "Hello", {"textEntities": [{"offset": 0, "length": 2}, {"offset": 2.0, "length": 3.0}]}),
        ([], "x", {"gifAttachment": {"gifId": "1", "provider": "GIPHY"}, "ghostPost": True}),
        ([], "x", {"replyControl": "parent_post_author_only", "replyToId": "18", "quotePostId": "19"}),
        ([], "x", {"topicTag": "t" * 50, "locationId": "22", "allowlistedCountryCodes": ["de"]}),
        ([], "x", {"poll": None, "altText": None, "threadItems": None, "spoilerMedia": None}),
    ],
)
def test_what_threads_takes(media, text, options):
    assert problems(media, text, **options) == []


@pytest.mark.parametrize("kind", ["image", "video"])
def test_unknown_facts_raise_no_problem(kind):
    bare = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", 1000)
    assert problems([ref(kind=kind)]) == []
    assert problems([ref(bare)]) == []


FILES = [
    (replace(JPEG, mime="image/webp"), "Convert it to JPEG"),
    (replace(JPEG, size=8 * MB + 1), "lower quality"),
    (replace(JPEG, width=1001, height=100), "Crop"),
    (replace(MP4, mime="video/webm"), "MP4"),
    (replace(MP4, video_codec="av1"), "H.264"),
    (replace(MP4, audio_codec="opus"), "AAC"),
    (replace(MP4, audio_rate=96_000), "48 kHz"),
    (replace(MP4, audio_channels=6), "stereo"),
    (replace(MP4, fps=22.9), "frames"),
    (replace(MP4, fps=60.1), "frames"),
    (replace(MP4, width=1921, height=1080), "Scale"),
    (replace(MP4, width=9, height=1000), "Crop"),
    (replace(MP4, width=1010, height=100), "Crop"),
    (replace(MP4, size=1024 * MB + 1), "bit rate"),
    (replace(MP4, bitrate=100_000_001), "bit rate"),
    (replace(MP4, duration=300.06), "Cut"),
]


@pytest.mark.parametrize(("facts", "says"), FILES)
def test_each_limit_of_a_file_has_its_hint(facts, says):
    (found,) = problems([ref(facts)])
    assert found.path == "mediaItems[0]"
    assert says in found.hint
    in_chain = [{"content": "", "mediaItems": [{"type": facts.kind, "url": "https://m.example/a"}]}]
    (found,) = problems(further={"https://m.example/a": facts}, threadItems=in_chain)
    assert found.path == f"{OPTIONS}.threadItems[0].mediaItems[0]"
    assert says in found.hint


def test_a_carousel_has_at_most_twenty_items():
    assert paths([ref(JPEG)] * 20) == []
    (problem,) = problems([ref(JPEG)] * 21)
    assert (problem.path, problem.code) == ("mediaItems", "too_many")
    assert "Remove 1" in problem.hint


@pytest.mark.parametrize("kind", ["gif", "document"])
def test_gifs_and_documents_are_refused_before_they_are_fetched(kind):
    (problem,) = problems([ref(kind=kind)])
    assert (problem.path, problem.code) == ("mediaItems[0]", "media_format")
    assert "JPEG" in problem.hint


def test_a_gif_declared_as_a_picture_is_a_gif():
    (problem,) = problems([ref(Facts("gif", "image/gif", 1000, 500, 500), "image")])
    assert "GIF" in problem.message
    assert "gifAttachment" in problem.hint


def test_a_declared_type_that_the_file_is_not():
    (problem,) = problems([ref(JPEG, "video")])
    assert problem.path == "mediaItems[0].type"
    assert '"image"' in problem.hint


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", "content"),
        (" \n", "content"),
        ("x" * 501, "content"),
        ("🌍" * 125 + "x", "content"),
        (" ".join(f"https://a.example/{n}" for n in range(6)), "content"),
    ],
)
def test_texts_that_do_not_fit(text, path):
    assert paths(text=text) == [path]
    assert paths(threadItems=[{"content": text}]) == [f"{OPTIONS}.threadItems[0].{path}"]


def test_what_is_too_long_says_where_it_would_end():
    (problem,) = problems(text="word " * 101)
    assert problem.message == "505 of 500 characters."
    assert "Shorten it by 5 (it would end after “" in problem.hint
    (problem,) = problems(text="é" + "🎉" * 125)
    assert "501 of 500" in problem.message
    assert "UTF-8" in problem.message


def test_attached_links_count_and_the_same_link_counts_once():
    five = " ".join(f"https://a.example/{n}" for n in range(5))
    assert paths(text=five, linkAttachment="https://a.example/4/") == []
    assert paths(text=five, linkAttachment="https://b.example/") == ["content"]
    long = {"plaintext": "x", "linkAttachmentUrl": "https://b.example/"}
    assert paths(text=five, textAttachment=long) == ["content"]
    assert paths(text=f"{five} www.a.example/3, (https://A.example/2).") == []


@pytest.mark.parametrize(
    ("media", "options", "path"),
    [
        ([], {"altText": ["one"]}, "altText"),
        ([ref(JPEG)], {"altText": ["one", "two"]}, "altText"),
        ([ref(JPEG)], {"altText": ["x" * 1001]}, "altText[0]"),
        ([], {"topicTag": ""}, "topicTag"),
        ([], {"topicTag": "x" * 51}, "topicTag"),
        ([], {"topicTag": "a.b"}, "topicTag"),
        ([], {"topicTag": "a&b"}, "topicTag"),
        ([], {"poll": {"options": ["a", " "]}}, "poll.options[1]"),
        ([], {"poll": {"options": ["a", "x" * 26]}}, "poll.options[1]"),
        ([], {"poll": {"options": ["a", "b"]}, "linkAttachment": "https://a.example"}, "poll"),
        ([], {"poll": {"options": ["a", "b"]}, "textAttachment": {"plaintext": "x"}}, "poll"),
        ([ref(JPEG)], {"poll": {"options": ["a", "b"]}}, "poll"),
        ([ref(JPEG)], {"linkAttachment": "https://a.example"}, "linkAttachment"),
        ([ref(JPEG)], {"textAttachment": {"plaintext": "x"}}, "textAttachment"),
        ([ref(JPEG)], {"gifAttachment": {"gifId": "1", "provider": "TENOR"}}, "gifAttachment"),
        ([ref(JPEG)], {"ghostPost": True}, "ghostPost"),
        ([], {"ghostPost": True, "threadItems": [{"content": "x"}]}, "ghostPost"),
        ([], {"ghostPost": True, "replyToId": "1"}, "ghostPost"),
        ([], {"spoilerMedia": True}, "spoilerMedia"),
        ([], {"textAttachment": {"plaintext": " "}}, "textAttachment.plaintext"),
        ([], {"textAttachment": {"plaintext": "x" * 10_001}}, "textAttachment.plaintext"),
        (
            [],
            {
                "linkAttachment": "https://a.example",
                "textAttachment": {"plaintext": "x", "linkAttachmentUrl": "https://a.example"},
            },
            "textAttachment.linkAttachmentUrl",
        ),
        (
            [],
            {
                "textAttachment": {
                    "plaintext": "abc",
                    "textWithStylingInfo": [{"offset": 2, "length": 2, "stylingInfo": ["bold"]}],
                }
            },
            "textAttachment.textWithStylingInfo[0]",
        ),
        ([], {"textEntities": [{"offset": 3, "length": 3}]}, "textEntities[0]"),
        ([], {"textEntities": [{"offset": 2, "length": 2}, {"offset": 0, "length": 3}]}, "textEntities[0]"),
        (
            [],
            {"threadItems": [{"content": "x", "altText": ["a"]}]},
            "threadItems[0].altText",
        ),
    ],
)
def test_options_that_do_not_fit(media, options, path):
    found = problems(media, **options)
    assert [problem.path for problem in found] == [f"{OPTIONS}.{path}"]
    assert all(problem.hint for problem in found)


def test_eleven_spoilers_are_one_too_many():
    spans = [{"offset": n, "length": 1} for n in range(11)]
    assert paths(text="x" * 20, textEntities=spans[:10]) == []
    assert paths(text="x" * 20, textEntities=spans) == [f"{OPTIONS}.textEntities"]


REFUSED: list[dict[str, Any]] = [
    {"unknown": 1},
    {"replyControl": "nobody"},
    {"reply_control": "everyone"},
    {"altText": "one"},
    {"altText": ["x"] * 21},
    {"topicTag": 5},
    {"linkAttachment": "a.example"},
    {"linkAttachment": "javascript:alert(1)"},
    {"poll": {"options": ["a"]}},
    {"poll": {"options": ["a", "b", "c", "d", "e"]}},
    {"poll": {"options": ["a", "b"], "durationMinutes": 5}},
    {"replyToId": "abc"},
    {"quotePostId": 18},
    {"textEntities": [{"offset": 0.5, "length": 1}]},
    {"textEntities": [{"offset": 0, "length": 0}]},
    {"textEntities": [{"offset": -1, "length": 1}]},
    {"textEntities": [{"entityType": "BOLD", "offset": 0, "length": 1}]},
    {"textAttachment": {}},
    {"textAttachment": {"plaintext": "x", "textWithStylingInfo": [{"offset": 0, "length": 1}]}},
    {"gifAttachment": {"gifId": "1", "provider": "OTHER"}},
    {"ghostPost": "true"},
    {"locationId": "x"},
    {"allowlistedCountryCodes": ["DEU"]},
    {"allowlistedCountryCodes": []},
    {"threadItems": [{"mediaItems": []}]},
    {"threadItems": [{"content": "x", "mediaItems": [{"type": "audio", "url": "https://a.example"}]}]},
]


@pytest.mark.parametrize("options", REFUSED, ids=str)
def test_options_are_closed_and_strict(options):
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(options)


def test_the_media_of_a_chain_are_named_for_fetching():
    options = CONNECTOR.options.model_validate({"threadItems": CHAIN})
    assert [(each.type, each.url) for each in CONNECTOR.media_refs(options)] == [
        ("image", "https://m.example/a"),
        ("video", "https://m.example/b"),
    ]
    assert list(CONNECTOR.media_refs(CONNECTOR.options())) == []


def test_country_codes_are_written_large():
    assert CONNECTOR.options.model_validate(
        {"allowlistedCountryCodes": ["de"]}
    ).allowlisted_country_codes == ["DE"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=600), st.lists(st.text(max_size=30), max_size=5))
def test_any_text_is_judged_and_every_problem_is_whole(text, alts):
    for problem in problems([ref(JPEG)], text, altText=alts):
        assert problem.path
        assert problem.message
        assert problem.hint

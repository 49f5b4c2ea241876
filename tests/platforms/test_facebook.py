"""What a Facebook draft may be, and what its options take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.facebook import CONNECTOR
from polypost.probe import Facts

MB = 1024 * 1024
JPEG = Facts("image", "image/jpeg", 2 * MB, 1080, 1350)
GIF = Facts("gif", "image/gif", MB, 480, 480, frames=12)
WIDE = Facts("video", "video/mp4", 20 * MB, 1920, 1080, duration=1900.0, fps=15.0, video_codec="h264")
TALL = Facts("video", "video/mp4", 20 * MB, 1080, 1920, duration=30.0, fps=29.97, video_codec="h264")
REEL, STORY = {"contentType": "reel"}, {"contentType": "story"}


def ref(facts: Facts | None = None, kind: str | None = None) -> MediaRef:
    kind = kind or (facts.kind if facts else "image")
    return MediaRef(kind, f"https://media.example/{kind}", facts=facts)


def problems(media, text="Hello", **options):
    parsed = CONNECTOR.options.model_validate(options)
    return CONNECTOR.check(Draft(text, tuple(media), parsed, Account("111")))


def paths(media, text="Hello", **options):
    return [problem.path for problem in problems(media, text, **options)]


@pytest.mark.parametrize(
    ("media", "text", "options"),
    [
        ([], "Hello", {}),
        ([], "x" * 63_206, {}),
        ([], "", {"link": "https://example.com"}),
        ([], "Hello", {"published": False}),
        ([], "Hello", {"firstComment": "x" * 8_000}),
        ([ref(JPEG)], "", {"altTexts": ["A tree"]}),
        ([ref(GIF)], "", {}),
        ([ref(GIF, "image")], "", {}),
        ([ref(JPEG)] * 10, "", {"altTexts": [""] * 10, "link": "https://example.com"}),
        ([ref(replace(JPEG, size=10 * MB))], "", {}),
        ([ref(WIDE)], "", {"title": "x" * 255, "videoThumbnailUrl": "https://media.example/a.jpg"}),
        ([ref(replace(WIDE, mime="video/quicktime"))], "", {}),
        ([ref(TALL)], "Hello", REEL | {"title": "A reel", "published": False}),
        ([ref(replace(TALL, duration=90.04, fps=60.002))], "", REEL),
        ([ref(replace(TALL, duration=3.0, fps=23.976, width=540, height=960))], "", REEL),
        ([ref(replace(TALL, mime="video/quicktime"))], "", REEL),
        ([ref(replace(TALL, duration=60.03))], "", STORY),
        ([ref(replace(JPEG, size=4 * MB))], "x" * 70_000, STORY),
    ],
)
def test_what_facebook_takes(media, text, options):
    assert problems(media, text, **options) == []


@pytest.mark.parametrize(
    ("media", "text", "options", "path"),
    [
        ([], " \n", {}, "content"),
        ([], "x" * 63_207, {}, "content"),
        ([ref(JPEG)] * 11, "", {}, "mediaItems"),
        ([ref(JPEG), ref(WIDE)], "", {}, "mediaItems"),
        ([ref(WIDE), ref(WIDE)], "", {}, "mediaItems"),
        ([], "Hello", STORY, "mediaItems"),
        ([], "Hello", REEL, "mediaItems"),
        ([ref(JPEG)] * 2, "", STORY, "mediaItems"),
        ([ref(JPEG)], "", REEL, "platformSpecificData.contentType"),
        ([ref(JPEG)], "", {"title": "x"}, "platformSpecificData.title"),
        ([ref(TALL)], "", STORY | {"title": "x"}, "platformSpecificData.title"),
        ([], "x", {"videoThumbnailUrl": "https://a.example/b"}, "platformSpecificData.videoThumbnailUrl"),
        ([ref(JPEG)], "", {"altTexts": ["a", "b"]}, "platformSpecificData.altTexts"),
        ([ref(WIDE)], "", {"altTexts": ["a"]}, "platformSpecificData.altTexts"),
        ([ref(JPEG)], "", STORY | {"published": False}, "platformSpecificData.published"),
        ([ref(JPEG)], "", STORY | {"firstComment": "x"}, "platformSpecificData.firstComment"),
        ([], "x", {"published": False, "firstComment": "x"}, "platformSpecificData.firstComment"),
        ([], "x", {"firstComment": " "}, "platformSpecificData.firstComment"),
        ([MediaRef("document", "https://a.example/a.pdf")], "", {}, "mediaItems[0]"),
        ([ref(replace(JPEG, mime="image/webp"))], "", {}, "mediaItems[0]"),
        ([ref(replace(JPEG, size=10 * MB + 1))], "", {}, "mediaItems[0]"),
        ([ref(replace(JPEG, size=4 * MB + 1))], "", STORY, "mediaItems[0]"),
        ([ref(JPEG, "video")], "", {}, "mediaItems[0].type"),
        ([ref(WIDE, "image")], "", {}, "mediaItems[0].type"),
        ([ref(replace(WIDE, mime="video/webm"))], "", {}, "mediaItems[0]"),
        ([ref(replace(TALL, duration=90.1))], "", REEL, "mediaItems[0]"),
        ([ref(replace(TALL, duration=2.9))], "", REEL, "mediaItems[0]"),
        ([ref(replace(TALL, duration=60.2))], "", STORY, "mediaItems[0]"),
        ([ref(replace(TALL, fps=23.0))], "", REEL, "mediaItems[0]"),
        ([ref(replace(TALL, fps=61.0))], "", STORY, "mediaItems[0]"),
        ([ref(replace(TALL, width=1920, height=1080))], "", REEL, "mediaItems[0]"),
        ([ref(replace(TALL, width=539, height=958))], "", STORY, "mediaItems[0]"),
    ],
)
def test_what_facebook_does_not_take(media, text, options, path):
    found = problems(media, text, **options)
    assert [problem.path for problem in found] == [path]
    assert all(problem.message and problem.hint and problem.code for problem in found)


@pytest.mark.parametrize(
    ("kind", "options"), [("image", {}), ("video", {}), ("video", REEL), ("image", STORY)]
)
def test_unknown_facts_raise_no_problem(kind, options):
    bare = Facts(kind, "image/jpeg" if kind == "image" else "video/mp4", 1000)
    assert problems([ref(kind=kind)], **options) == []
    assert problems([ref(bare)], **options) == []


def test_a_cover_is_media_that_the_video_can_do_without():
    parsed = CONNECTOR.options.model_validate({"videoThumbnailUrl": "https://media.example/a.jpg"})
    (cover,) = CONNECTOR.media_refs(parsed)
    assert (cover.type, cover.url, cover.optional) == ("image", "https://media.example/a.jpg", True)
    assert list(CONNECTOR.media_refs(CONNECTOR.options.model_validate({}))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"contentType": "feed"},
        {"link": "ftp://example.com"},
        {"link": "/relative"},
        {"published": "false"},
        {"videoThumbnailUrl": "javascript:x"},
        {"title": ""},
        {"title": "x" * 256},
        {"firstComment": ""},
        {"firstComment": "x" * 8_001},
        {"altTexts": ["x"] * 11},
        {"altTexts": [1]},
    ],
)
def test_options_are_closed_and_strict(wrong):
    with pytest.raises(ValidationError):
        CONNECTOR.options.model_validate(wrong)


def test_null_means_absent():
    names = ["contentType", "link", "published", "title", "videoThumbnailUrl", "altTexts", "firstComment"]
    assert CONNECTOR.options.model_validate(dict.fromkeys(names)) == CONNECTOR.options.model_validate({})


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=50),
    st.lists(st.sampled_from([JPEG, GIF, WIDE, TALL]), max_size=12),
    st.sampled_from([None, "reel", "story"]),
    st.booleans(),
)
def test_every_problem_says_where_what_and_what_to_do(text, facts, content_type, published):
    for problem in problems(
        [ref(each) for each in facts], text, contentType=content_type, published=published
    ):
        assert problem.path.split("[")[0].split(".")[0] in {"content", "mediaItems", "platformSpecificData"}
        assert problem.message
        assert problem.hint

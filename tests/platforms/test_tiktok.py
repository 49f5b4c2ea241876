"""What the TikTok connector says about a draft before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.platforms.conformance.tiktok import CASE

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.tiktok import CONNECTOR
from polypost.platforms.tiktok.check import units
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.probe import Facts

FILM = Facts("video", "video/mp4", 1000, width=1080, height=1920, duration=10.0, fps=30.0, video_codec="h264")
PHOTO = Facts("image", "image/jpeg", 1000, width=1080, height=1350)


def ref(facts: Facts | None, kind: Any = None, name: str = "a") -> MediaRef:
    return MediaRef(kind or facts.kind, f"https://media.example/{name}", facts=facts)


def problems(*media: MediaRef, text: str = "", **options: Any) -> list[tuple[str, str]]:
    draft = Draft(text, media, TikTokOptions.model_validate(options), Account("1"))
    found = CONNECTOR.check(draft)
    assert all(problem.message and problem.hint for problem in found)
    return [(problem.path, problem.code) for problem in found]


def test_a_plain_video_and_plain_photos_are_fine():
    assert problems(ref(FILM), text="Hello") == []
    assert problems(ref(PHOTO), ref(replace(PHOTO, mime="image/webp")), text="Hello") == []


def test_what_is_not_known_yet_is_no_problem():
    assert problems(MediaRef("video", "https://media.example/a"), videoCoverTimestampMs=900_000) == []
    assert problems(ref(Facts("video", "video/mp4", 1))) == []


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ((), ("mediaItems", "media_required")),
        ((ref(FILM), ref(PHOTO)), ("mediaItems", "media_mix")),
        ((ref(FILM), ref(FILM)), ("mediaItems", "too_many")),
        ((ref(PHOTO),) * 36, ("mediaItems", "too_many")),
        ((ref(None, "gif"),), ("mediaItems[0]", "media_format")),
        ((ref(None, "document"),), ("mediaItems[0]", "media_format")),
        ((ref(replace(PHOTO, kind="gif"), "image"),), ("mediaItems[0]", "media_format")),
        ((ref(FILM, "image"),), ("mediaItems[0].type", "media_type")),
    ],
)
def test_how_many_and_which_media(media, expected):
    assert problems(*media) == [expected]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"mime": "video/x-matroska"}, "media_format"),
        ({"video_codec": "av1"}, "media_format"),
        ({"fps": 22.9}, "media_format"),
        ({"fps": 60.1}, "media_format"),
        ({"duration": 600.1}, "media_duration"),
        ({"width": 359}, "media_dimensions"),
        ({"height": 4097}, "media_dimensions"),
        ({"size": 4_000_000_001}, "media_size"),
    ],
)
def test_a_video_beyond_a_limit(facts, code):
    assert problems(ref(replace(FILM, **facts))) == [("mediaItems[0]", code)]


@pytest.mark.parametrize(
    "facts",
    [
        {"mime": "video/webm", "video_codec": "vp9"},
        {"mime": "video/quicktime", "video_codec": "hevc"},
        {"video_codec": "vp8"},
        {"fps": 23.0},
        {"fps": 60.04},
        {"duration": 600.04},
        {"width": 360, "height": 4096},
        {"size": 4_000_000_000},
    ],
)
def test_a_video_at_a_limit(facts):
    assert problems(ref(replace(FILM, **facts))) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"mime": "image/png"}, "media_format"),
        ({"size": 20_000_001}, "media_size"),
        ({"width": 1081, "height": 1081}, "media_dimensions"),
        ({"width": 1080, "height": 1921}, "media_dimensions"),
    ],
)
def test_a_photo_beyond_a_limit(facts, code):
    assert problems(ref(replace(PHOTO, **facts))) == [("mediaItems[0]", code)]


def test_a_photo_at_the_limits():
    assert problems(ref(replace(PHOTO, width=1920, height=1080, size=20_000_000))) == []


def test_units_are_those_of_utf_16():
    assert units("aé👍") == 4
    assert units("\ud800") == 1


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"disableDuet": True}, "disableDuet"),
        ({"disableStitch": True}, "disableStitch"),
        ({"isAigc": True}, "isAigc"),
        ({"videoCoverTimestampMs": 5}, "videoCoverTimestampMs"),
        ({"photoCoverIndex": 1}, "photoCoverIndex"),
        ({"brandContentToggle": True, "privacyLevel": "SELF_ONLY"}, "brandContentToggle"),
    ],
)
def test_options_that_do_not_go_with_photos(options, path):
    assert [found for found, _ in problems(ref(PHOTO), **options)] == [f"platformSpecificData.{path}"]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"photoCoverIndex": 1}, "photoCoverIndex"),
        ({"description": "x"}, "description"),
        ({"videoCoverTimestampMs": 10_001}, "videoCoverTimestampMs"),
        ({"brandContentToggle": True, "privacyLevel": "SELF_ONLY"}, "brandContentToggle"),
    ],
)
def test_options_that_do_not_go_with_a_video(options, path):
    assert [found for found, _ in problems(ref(FILM), **options)] == [f"platformSpecificData.{path}"]


def test_defaults_that_a_client_spells_out_do_no_harm():
    spelt = {
        "privacyLevel": "PUBLIC_TO_EVERYONE",
        "disableComment": False,
        "disableDuet": False,
        "disableStitch": False,
        "brandContentToggle": False,
        "brandOrganicToggle": False,
        "isAigc": False,
        "videoCoverTimestampMs": 0.0,
        "autoAddMusic": True,
        "photoCoverIndex": 0.0,
        "description": None,
        "draft": False,
    }
    assert problems(ref(PHOTO), **spelt) == []
    assert problems(ref(FILM), **spelt) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"privacyLevel": "public"},
        {"commentDisabled": True},
        {"disableComment": "true"},
        {"videoCoverTimestampMs": -1},
        {"videoCoverTimestampMs": 1.5},
        {"videoCoverTimestampMs": 2**31},
        {"photoCoverIndex": True},
        {"draft": 1},
    ],
)
def test_options_are_closed_and_strict(wrong):
    with pytest.raises(ValidationError):
        TikTokOptions.model_validate(wrong)


def test_a_draft_may_keep_a_private_partnership_for_the_app():
    assert problems(ref(FILM), draft=True, brandContentToggle=True, privacyLevel="SELF_ONLY", text="x") == []


def test_every_kind_of_the_spec_has_a_case():
    assert {kind.name for kind in CASE.kinds} >= set(CONNECTOR.spec.post_kinds)

"""What the Google Business connector says about a draft before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.googlebusiness import CONNECTOR
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.probe import Facts

PHOTO = Facts("image", "image/jpeg", 50_000, width=1200, height=900)
FILM = Facts("video", "video/mp4", 1_000_000, width=1920, height=1080, duration=10.0)
THUMB = "https://media.example/thumb.jpg"
EVENT = {
    "eventTitle": "Live music",
    "eventStartDate": "2026-12-04",
    "eventStartTime": "20:30",
    "eventEndDate": "2026-12-05",
    "eventEndTime": "00:00",
}
OPTIONS = "platformSpecificData"


def ref(facts: Facts | None, kind: Any = None, thumbnail: str | None = None) -> MediaRef:
    return MediaRef(kind or facts.kind, "https://media.example/a", thumbnail, facts)


def problems(
    *media: MediaRef, text: str = "Open today", further: dict[str, Facts] | None = None, **options: Any
) -> list[tuple[str, str]]:
    asked = GoogleBusinessOptions.model_validate(options)
    found = CONNECTOR.check(Draft(text, media, asked, Account("accounts/1/locations/2"), further or {}))
    assert all(problem.message and problem.hint for problem in found)
    return [(problem.path, problem.code) for problem in found]


def test_plain_posts_are_fine() -> None:
    assert problems() == []
    assert problems(ref(PHOTO), text="") == []
    assert problems(ref(replace(PHOTO, mime="image/png"))) == []
    assert problems(callToActionType="CALL") == []
    assert problems(callToActionType="BOOK", callToActionUrl="https://a.example") == []
    assert problems(topicType="EVENT", **EVENT) == []
    assert problems(topicType="EVENT", text="", **EVENT) == []
    assert problems(topicType="OFFER", offerCouponCode="TWO") == []
    assert problems(topicType="OFFER", offerRedeemOnlineUrl="https://a.example", **EVENT) == []
    assert problems(**dict.fromkeys(EVENT, None), topicType=None) == []


def test_what_is_not_known_yet_is_no_problem() -> None:
    assert problems(ref(None, "image")) == []
    assert problems(ref(None, "video", THUMB)) == []
    assert problems(ref(Facts("image", "image/png", 50_000))) == []


def test_a_video_needs_a_thumbnail_that_is_a_photo() -> None:
    assert problems(ref(FILM)) == [("mediaItems[0]", "media_format")]
    assert problems(ref(None, "video")) == [("mediaItems[0]", "media_format")]
    assert problems(ref(FILM, None, THUMB), further={THUMB: PHOTO}) == []
    path = "mediaItems[0].thumbnail"
    for facts, code in (
        (replace(PHOTO, width=399), "media_dimensions"),
        (replace(PHOTO, size=10_239), "media_size"),
        (replace(PHOTO, size=5_000_001), "media_size"),
        (replace(PHOTO, mime="image/webp"), "media_format"),
        (FILM, "media_format"),
    ):
        assert problems(ref(FILM, None, THUMB), further={THUMB: facts}) == [(path, code)]


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ((ref(PHOTO),) * 2, [("mediaItems", "too_many")]),
        ((ref(FILM, None, THUMB), ref(PHOTO)), [("mediaItems", "too_many")]),
        ((ref(None, "document"),), [("mediaItems[0]", "media_format")]),
        ((ref(None, "gif"),), [("mediaItems[0]", "media_format")]),
        ((ref(replace(PHOTO, kind="gif", mime="image/gif")),), [("mediaItems[0]", "media_format")]),
        ((ref(replace(PHOTO, mime="image/webp")),), [("mediaItems[0]", "media_format")]),
        ((ref(FILM, "image"),), [("mediaItems[0].type", "media_type")]),
        ((ref(replace(PHOTO, height=299)),), [("mediaItems[0]", "media_dimensions")]),
        (
            (ref(replace(PHOTO, width=10, size=9)),),
            [("mediaItems[0]", "media_dimensions"), ("mediaItems[0]", "media_size")],
        ),
    ],
)
def test_how_many_and_which_media(media: Any, expected: Any) -> None:
    assert problems(*media) == expected


@pytest.mark.parametrize(
    ("options", "path", "code"),
    [
        ({"callToActionType": "BOOK"}, "callToActionUrl", "missing"),
        ({"callToActionType": "GET_OFFER"}, "callToActionUrl", "missing"),
        ({"callToActionUrl": "https://a.example"}, "callToActionUrl", "invalid"),
        ({"offerCouponCode": "TWO"}, "offerCouponCode", "invalid"),
        ({"topicType": "EVENT", **EVENT, "offerTermsConditions": "x"}, "offerTermsConditions", "invalid"),
        ({"eventTitle": "x"}, "eventTitle", "invalid"),
        ({"topicType": "STANDARD", "eventEndTime": "10:00"}, "eventEndTime", "invalid"),
        ({"topicType": "EVENT", **EVENT, "eventTitle": "x" * 59}, "eventTitle", "too_long"),
        ({"topicType": "EVENT", **EVENT, "eventTitle": " "}, "eventTitle", "missing"),
        ({"topicType": "EVENT", **EVENT, "eventEndDate": "2026-12-03"}, "eventEndDate", "invalid"),
        ({"topicType": "EVENT", **EVENT, "eventEndDate": "2026-12-04"}, "eventEndTime", "invalid"),
        (
            {"topicType": "OFFER", **EVENT, "eventEndDate": "2026-12-04", "eventEndTime": "20:30"},
            "eventEndTime",
            "invalid",
        ),
        *(
            (
                {"topicType": topic, **{key: value for key, value in EVENT.items() if key != name}},
                name,
                "missing",
            )
            for topic in ("EVENT", "OFFER")
            for name in EVENT
        ),
    ],
)
def test_options_that_do_not_fit_together(options: dict[str, Any], path: str, code: str) -> None:
    assert problems(**options) == [(f"{OPTIONS}.{path}", code)]


def test_a_post_that_says_nothing() -> None:
    assert problems(text="  \n") == [("content", "text_required")]
    assert [path for path, _ in problems(topicType="EVENT")] == [f"{OPTIONS}.{name}" for name in EVENT]


@pytest.mark.parametrize(
    "wrong",
    [
        {"topicType": "ALERT"},
        {"topicType": "standard"},
        {"callToActionType": "BUY"},
        {"callToActionUrl": "a.example"},
        {"callToActionUrl": "https://a.example/" + "x" * 2048},
        {"offerRedeemOnlineUrl": "ftp://a.example"},
        {"eventStartDate": "2026-13-01"},
        {"eventStartDate": "2026-02-30"},
        {"eventStartDate": "1.12.2026"},
        {"eventStartDate": "20261201"},
        {"eventStartTime": "24:00"},
        {"eventStartTime": "9:00"},
        {"eventStartTime": "09:00:00"},
        {"eventTitle": 5},
        {"languageCode": "en"},
    ],
)
def test_options_are_closed_and_strict(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GoogleBusinessOptions.model_validate(wrong)


def test_the_network_is_in_beta() -> None:
    assert CONNECTOR.spec.availability == "beta"
    assert CONNECTOR.spec.account_choice is False

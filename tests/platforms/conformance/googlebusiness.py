"""Google Business Profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.probe import Facts

_FACTS = Facts("image", "image/jpeg", 100_000, width=1200, height=900)
_PHOTO = MediaRef("image", "https://media.example/a.jpg", facts=_FACTS)
_DRAFT = Draft("Open today", (), GoogleBusinessOptions(), Account("accounts/1/locations/2"))
_EVENT = {
    "eventTitle": "Live music {mark}",
    "eventStartDate": "2026-12-04",
    "eventStartTime": "20:30",
    "eventEndDate": "2026-12-05",
    "eventEndTime": "00:00",
}
_BUTTON = {"callToActionType": "LEARN_MORE", "callToActionUrl": "https://cafe.example/menu"}


def _shows(**facts: Any) -> Draft:
    return replace(_DRAFT, media=(replace(_PHOTO, facts=replace(_FACTS, **facts)),))


def _titled(length: int) -> Draft:
    given = {**_EVENT, "topicType": "EVENT", "eventTitle": "x" * length}
    return replace(_DRAFT, options=GoogleBusinessOptions.model_validate(given))


CASE = Case(
    platform="googlebusiness",
    kinds=(
        Kind("text", absent="outcome_unknown"),
        Kind("button", options=lambda _: _BUTTON, absent="outcome_unknown"),
        Kind("photo", media=("square.jpg",), absent="outcome_unknown", processes=True),
        Kind(
            "video's thumbnail",
            media=("tall.mp4",),
            thumbnail="wide.jpg",
            absent="outcome_unknown",
            processes=True,
        ),
        Kind(
            "event", options=lambda _: {"topicType": "EVENT", **_EVENT, **_BUTTON}, absent="outcome_unknown"
        ),
        Kind(
            "offer",
            options=lambda _: {"topicType": "OFFER", "offerCouponCode": "TWO{mark}"},
            absent="outcome_unknown",
        ),
        Kind(
            "offer with a time",
            media=("wide.jpg",),
            options=lambda _: {"topicType": "OFFER", "offerTermsConditions": "Once a guest", **_EVENT},
            absent="outcome_unknown",
            processes=True,
        ),
    ),
    edges=(
        Edge("summary", replace(_DRAFT, text="x" * 1500), replace(_DRAFT, text="x" * 1501), "content"),
        Edge("emoji", replace(_DRAFT, text="👍" * 1500), replace(_DRAFT, text="👍" * 1501), "content"),
        Edge("title", _titled(58), _titled(59), "platformSpecificData.eventTitle"),
        Edge(
            "items",
            replace(_DRAFT, media=(_PHOTO,)),
            replace(_DRAFT, media=(_PHOTO,) * 2),
            "mediaItems",
        ),
        Edge("width", _shows(width=400), _shows(width=399), "mediaItems[0]"),
        Edge("height", _shows(height=300), _shows(height=299), "mediaItems[0]"),
        Edge("few bytes", _shows(size=10_240), _shows(size=10_239), "mediaItems[0]"),
        Edge("many bytes", _shows(size=5_000_000), _shows(size=5_000_001), "mediaItems[0]"),
    ),
    refreshes="/token",
    lasting=3_599,
    dead=((400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),),
)

"""A local post made out of a post of ours, and what is said where the two do not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polypost.errors import Rejected
from polypost.platforms.base import Account, MediaFile, Post
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions

Warn = Callable[[str], None]


def local_post(post: Post, account: Account, warn: Warn) -> dict[str, Any]:
    """The body of the call that publishes. Raises Rejected where Google cannot fetch the photo."""
    options: GoogleBusinessOptions = post.options
    members = {
        "languageCode": account.metadata.get("languageCode") or "en",
        "summary": post.text,
        "topicType": options.topic,
        "callToAction": _button(options, warn),
        "event": _event(options),
        "offer": _offer(options),
        "media": _media(post, warn),
    }
    return {name: value for name, value in members.items() if value}


def _button(options: GoogleBusinessOptions, warn: Warn) -> Mapping[str, str] | None:
    action, url = options.call_to_action_type, options.call_to_action_url
    if action is None:
        return None
    if options.topic == "OFFER":
        instead = action == "GET_OFFER" and options.offer_redeem_online_url is None
        warn(
            "Google shows no button with an offer, so "
            + (
                "its address was sent as the one where the offer is redeemed."
                if instead
                else "it was left out."
            )
        )
        return None
    # No address may stand beside CALL (LocalPost reference).
    if action == "CALL":
        return {"actionType": action}
    if action == "GET_OFFER":
        warn("Google has given up the button GET_OFFER, so LEARN_MORE was sent in its place.")
        action = "LEARN_MORE"
    return {"actionType": action, "url": url or ""}


def _event(options: GoogleBusinessOptions) -> Mapping[str, Any] | None:
    if options.event_title is None:
        return None
    # Google takes no schedule without all four, and reads them in the location's own time.
    return {
        "title": options.event_title,
        "schedule": {
            "startDate": _day(options.event_start_date),
            "startTime": _time(options.event_start_time),
            "endDate": _day(options.event_end_date),
            "endTime": _time(options.event_end_time),
        },
    }


def _day(text: str | None) -> Mapping[str, int]:
    year, month, day = map(int, (text or "").split("-"))
    return {"year": year, "month": month, "day": day}


def _time(text: str | None) -> Mapping[str, int]:
    hours, minutes = map(int, (text or "").split(":"))
    return {"hours": hours, "minutes": minutes, "seconds": 0, "nanos": 0}


def _offer(options: GoogleBusinessOptions) -> Mapping[str, str] | None:
    redeem = options.offer_redeem_online_url
    if redeem is None and options.topic == "OFFER" and options.call_to_action_type == "GET_OFFER":
        redeem = options.call_to_action_url
    told = {
        "couponCode": options.offer_coupon_code,
        "redeemOnlineUrl": redeem,
        "termsConditions": options.offer_terms_conditions,
    }
    return {name: value for name, value in told.items() if value}


def _media(post: Post, warn: Warn) -> list[Mapping[str, str]]:
    return [{"mediaFormat": "PHOTO", "sourceUrl": _photo(post, file, warn).public_url} for file in post.media]


def _photo(post: Post, file: MediaFile, warn: Warn) -> MediaFile:
    """The file itself, or the thumbnail of a video."""
    if file.ref.type != "video":
        return file
    thumbnail = post.extra_media.get(file.ref.thumbnail or "")
    if thumbnail is None:
        raise Rejected(
            "Google Business posts take no video.",
            code="media_unsupported",
            next_step="Give the video a thumbnail, which is published as the photo.",
        )
    warn("Google Business posts take no video: the thumbnail was published as the photo.")
    return thumbnail

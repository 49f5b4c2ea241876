"""What makes a local post a good one. Rules: the localPosts reference; where it contradicts what clients do, clients win."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from polypost import clock
from polypost.sandbox.networks.googlebusiness.errors import CONTRADICTION, MEDIA, REQUIRED, TOO_LONG, invalid
from polypost.sandbox.networks.googlebusiness.limits import limit

STANDARD, EVENT, OFFER, ALERT = "STANDARD", "EVENT", "OFFER", "ALERT"
CALL, GET_OFFER = "CALL", "GET_OFFER"
PARTS = {"startDate": "start_date", "startTime": "start_time", "endDate": "end_date", "endTime": "end_time"}


def checked(post: dict[str, Any], *, times_required: bool, offer_needs_event: bool) -> dict[str, Any]:
    """The post as it is kept: what Google ignores is left out. Raises Refused (400)."""
    topic = post.get("topicType")
    if topic is None or topic.endswith("UNSPECIFIED"):
        raise invalid(REQUIRED, "topic_type is required.", "topic_type")
    most = limit("summary_characters")
    if len(post.get("summary", "")) > most:
        raise invalid(TOO_LONG, f"The summary must not be longer than {most} characters.", "summary")
    kept = dict(post)
    if topic == OFFER:
        # An offer has its own button, so the reference says that this one is ignored.
        kept.pop("callToAction", None)
    elif "callToAction" in post:
        _button(post["callToAction"])
    _alert(kept, topic)
    _event(kept, topic, times_required=times_required, needed=topic == EVENT or offer_needs_event)
    if "offer" in post and topic != OFFER:
        raise invalid(CONTRADICTION, "offer is for posts of the topic type OFFER.", "offer")
    _address(post.get("offer", {}).get("redeemOnlineUrl"), "offer.redeem_online_url")
    _media(post.get("media", []))
    if topic == STANDARD and not post.get("summary") and not post.get("media"):
        raise invalid(REQUIRED, "A post needs a summary or media.", "summary")
    _schedule(post.get("scheduledTime"))
    return kept


def _button(button: Mapping[str, Any]) -> None:
    action = button.get("actionType")
    if action is None or action.endswith("UNSPECIFIED"):
        raise invalid(REQUIRED, "action_type is required.", "call_to_action.action_type")
    if action == GET_OFFER:
        raise invalid(CONTRADICTION, "GET_OFFER is deprecated.", "call_to_action.action_type")
    if action == CALL and button.get("url"):
        raise invalid(CONTRADICTION, "url must not be set for CALL.", "call_to_action.url")
    if action != CALL and not button.get("url"):
        raise invalid(REQUIRED, "url is required.", "call_to_action.url")
    _address(button.get("url"), "call_to_action.url")


def _address(url: str | None, field: str) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, url))
    except ValueError:
        good = False
    if not good:
        raise invalid(CONTRADICTION, "The URL is not valid.", field)


def _alert(post: Mapping[str, Any], topic: str) -> None:
    # COVID_19 is the only type of alert that the reference has left.
    if topic == ALERT:
        if post.get("alertType") != "COVID_19":
            raise invalid(REQUIRED, "alert_type is required.", "alert_type")
        for name in ("media", "event", "offer"):
            if post.get(name):
                raise invalid(CONTRADICTION, "An alert has a summary and a button only.", name)
    elif post.get("alertType", "ALERT_TYPE_UNSPECIFIED") != "ALERT_TYPE_UNSPECIFIED":
        raise invalid(CONTRADICTION, "alert_type is for posts of the topic type ALERT.", "alert_type")


def _event(post: Mapping[str, Any], topic: str, *, times_required: bool, needed: bool) -> None:
    event = post.get("event")
    if event is None:
        if needed and topic in {EVENT, OFFER}:
            raise invalid(REQUIRED, "event is required.", "event")
        return
    if topic not in {EVENT, OFFER}:
        raise invalid(CONTRADICTION, "event is for posts of the topic types EVENT and OFFER.", "event")
    title = event.get("title", "")
    if not title.strip():
        raise invalid(REQUIRED, "title is required.", "event.title")
    most = limit("event_title_characters")
    if len(title) > most:
        raise invalid(TOO_LONG, f"The title must not be longer than {most} characters.", "event.title")
    schedule = event.get("schedule")
    if schedule is None:
        raise invalid(REQUIRED, "schedule is required.", "event.schedule")
    for name, field in PARTS.items():
        # The reference wants all four; clients send events and offers without times.
        if name not in schedule and (times_required or name.endswith("Date")):
            raise invalid(REQUIRED, f"{field} is required.", f"event.schedule.{field}")
    start, end = _moment(schedule, "start", timedelta()), _moment(schedule, "end", timedelta(days=1))
    if end <= start:
        raise invalid(CONTRADICTION, "The event must end after it starts.", "event.schedule")


def _moment(schedule: Mapping[str, Any], side: str, without: timedelta) -> datetime:
    """One end of an event; `without` is added to the day where no time is given."""
    day, time = schedule[f"{side}Date"], schedule.get(f"{side}Time")
    try:
        # Zeros may be missing from protocol messages, and make no date here.
        at = datetime(day.get("year", 0), day.get("month", 0), day.get("day", 0), tzinfo=clock.now().tzinfo)
        if time is None:
            return at + without
        # google.type.TimeOfDay knows 24:00:00 as the end of a day.
        if time.get("hours") == 24 and not any(time.get(name) for name in ("minutes", "seconds", "nanos")):
            return at + timedelta(days=1)
        return at.replace(
            hour=time.get("hours", 0),
            minute=time.get("minutes", 0),
            second=time.get("seconds", 0),
            microsecond=time.get("nanos", 0) // 1000,
        )
    except ValueError:
        raise invalid(CONTRADICTION, "This is no date or time.", f"event.schedule.{side}_date") from None


def _media(media: list[dict[str, Any]]) -> None:
    if len(media) > limit("photos_max"):
        raise invalid(MEDIA, "A post can have one media item only.", "media")
    for item in media:
        form = item.get("mediaFormat")
        if form is None or form.endswith("UNSPECIFIED"):
            raise invalid(REQUIRED, "media_format is required.", "media.media_format")
        if form == "VIDEO":
            raise invalid(MEDIA, "Videos are not supported in local posts.", "media.media_format")
        if "dataRef" in item or not item.get("sourceUrl"):
            raise invalid(MEDIA, "Media of a local post need a source_url.", "media.source_url")
        _address(item["sourceUrl"], "media.source_url")


def _schedule(stamp: str | None) -> None:
    if stamp is not None and datetime.fromisoformat(stamp) <= clock.now():
        raise invalid(CONTRADICTION, "scheduled_time must be in the future.", "scheduled_time")

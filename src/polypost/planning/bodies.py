"""What somebody hands in to plan posts: schedules, and posts that take a queue's next slot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from polypost import clock
from polypost.errors import Problem
from polypost.intake.bodies import (
    Closed,
    Content,
    LateBody,
    MediaFit,
    MediaItem,
    PlatformEntry,
    ProfileId,
    Text,
    UntimedBody,
    Zone,
)
from polypost.intake.times import resolve, unknown_zone
from polypost.planning.recurrence import LOOK, Recurrence
from polypost.planning.rules import LONGEST, BadRule, parse
from polypost.planning.schedules import never_happens
from polypost.posts.orders import When

# Of a change: what is left out is not null.
_ABSENT: Any = Field(default=None)
Name = Annotated[Text, Field(min_length=1, max_length=200)]
RuleText = Annotated[Text, Field(min_length=1, max_length=LONGEST)]
Wall = Annotated[Text, Field(min_length=1, max_length=40)]
Entries = Annotated[list[PlatformEntry], Field(min_length=1, max_length=50)]
Items = Annotated[list[MediaItem], Field(max_length=20)]


class TimesBody(Closed):
    """`POST /v1/schedules/preview`."""

    timezone: Zone = "UTC"
    rule: RuleText
    startsAt: Wall


class NamedTimesBody(TimesBody):
    """Times that may have a name."""

    name: Name | None = None


class ScheduleBody(UntimedBody, NamedTimesBody):
    """`POST /v1/schedules`."""


class ScheduleChange(LateBody):
    """`PATCH /v1/schedules/{schedule_id}`; an explicit null takes the name or the media away."""

    name: Name | None = None
    content: Content = _ABSENT
    platforms: Entries = _ABSENT
    mediaItems: Items | None = None
    mediaFit: MediaFit | None = None
    timezone: Zone = _ABSENT
    rule: RuleText = _ABSENT
    startsAt: Wall = _ABSENT


class ScheduleDraftBody(Closed):
    """`POST /v1/posts/drafts/{post_id}/schedule`: exactly one of `scheduledFor`, `publishNow: true` and `queue: true`."""

    scheduledFor: Text | None = None
    timezone: Zone | None = None
    publishNow: bool | None = None
    queue: bool | None = None
    profileId: ProfileId | None = None


class QueuePostBody(UntimedBody):
    """`POST /v1/queue/posts`."""

    profileId: ProfileId | None = None


def when_of(body: ScheduleDraftBody, zone: str, horizon: timedelta) -> tuple[When | None, list[Problem]]:
    """The hour that the body gives, read in `zone` if it names none; None for now and for the queue."""
    ways = [body.scheduledFor is not None, body.publishNow is True, body.queue is True]
    problems = []
    if sum(ways) != 1:
        hint = "Send exactly one of scheduledFor, publishNow: true and queue: true."
        if any(ways):
            problems.append(Problem("scheduledFor", "is one time of several", hint, "conflicting_times"))
        else:
            problems.append(Problem("scheduledFor", "is required", hint, "no_time"))
    if body.timezone is not None and body.scheduledFor is None:
        problems.append(Problem("timezone", "goes with scheduledFor", "Leave it out.", "conflicting_times"))
    if body.profileId is not None and body.queue is not True:
        problems.append(Problem("profileId", "goes with queue", "Leave it out.", "conflicting_times"))
    if problems or body.scheduledFor is None:
        return None, problems
    zone = zone if body.timezone is None else body.timezone
    when, wrong = resolve(body.scheduledFor, zone, horizon, "scheduledFor")
    return when, [wrong] if wrong else []


def recurrence_of(rule: str, starts_at: str, timezone: str) -> tuple[Recurrence | None, list[Problem]]:
    """The times that three texts mean, or everything that is wrong with them."""
    problems = []
    if (unknown := unknown_zone(timezone)) is not None:
        problems.append(unknown)
    start = _wall(starts_at, problems)
    try:
        parsed = parse(rule)
    except BadRule as bad:
        problems.append(Problem("rule", bad.message, bad.hint, "bad_rule"))
        return None, problems
    if problems or start is None:
        return None, problems
    recurrence = Recurrence(parsed, start, timezone)
    if never_happens(recurrence):
        hint = "Look at startsAt, COUNT and UNTIL, and at days that no month has."
        said = f"has no occurrence within {LOOK.days // 365} years from now"
        problems.append(Problem("rule", said, hint, "never_happens"))
    return recurrence, problems


def _wall(text: str, problems: list[Problem]) -> datetime | None:
    """A wall time without an offset, not too far from now for a rule to begin there."""
    try:
        parsed = clock.parse(text)
    except clock.BadTime as bad:
        problems.append(Problem("startsAt", bad.message, "Write it like 2027-01-04T09:00:00.", "bad_time"))
        return None
    if not isinstance(parsed, clock.LocalTime):
        hint = "Write it like 2027-01-04T09:00:00; the zone goes into timezone."
        problems.append(Problem("startsAt", "is a wall time and takes no offset", hint, "offset_not_taken"))
        return None
    wall = parsed.wall.replace(microsecond=0)
    now = clock.now().replace(tzinfo=None)
    if not now - LOOK <= wall <= now + LOOK:
        said = f"is more than {LOOK.days // 365} years from now"
        problems.append(Problem("startsAt", said, "Choose a nearer beginning.", "bad_time"))
        return None
    return wall

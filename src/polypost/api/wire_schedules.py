"""Bodies, queries and answers of `/v1/schedules`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from polypost import clock
from polypost.api.described import Maybe, Shape
from polypost.api.filters import PageQuery, When
from polypost.errors import Problem
from polypost.intake.bodies import Closed, Content, MediaItem, PlatformEntry, PlatformName, Text, unknown_zone
from polypost.planning.recurrence import LOOK, Recurrence
from polypost.planning.rules import LONGEST, BadRule, parse
from polypost.planning.schedules import never_happens

Name = Annotated[Text, Field(min_length=1, max_length=200)]
RuleText = Annotated[Text, Field(min_length=1, max_length=LONGEST)]
Wall = Annotated[Text, Field(min_length=1, max_length=40)]
Zone = Annotated[Text, Field(min_length=1, max_length=64)]
Entries = Annotated[list[PlatformEntry], Field(min_length=1, max_length=50)]
Items = Annotated[list[MediaItem], Field(max_length=20)]


class TimesBody(Closed):
    """`POST /v1/schedules/preview`."""

    timezone: Zone = "UTC"
    rule: RuleText
    startsAt: Wall


class ScheduleBody(TimesBody):
    """`POST /v1/schedules`."""

    name: Name | None = None
    content: Content
    platforms: Entries
    mediaItems: Items | None = None


class ScheduleChange(Closed):
    """`PATCH /v1/schedules/{schedule_id}`; an explicit null takes the name or the media away."""

    name: Name | None = None
    content: Content = Maybe
    platforms: Entries = Maybe
    mediaItems: Items | None = None
    timezone: Zone = Maybe
    rule: RuleText = Maybe
    startsAt: Wall = Maybe


class SchedulesQuery(PageQuery):
    """`GET /v1/schedules`."""

    status: Literal["active", "paused", "ended"] | None = None


class OccurrencesQuery(BaseModel):
    """`GET /v1/schedules/{schedule_id}/occurrences`; `to` is a year after `from` if it is not given."""

    from_: Annotated[When | None, Field(alias="from")] = None
    to: When | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class PreviewQuery(BaseModel):
    """`POST /v1/schedules/preview`."""

    limit: Annotated[int, Field(ge=1, le=500)] = 20


class DeleteQuery(BaseModel):
    """`DELETE /v1/schedules/{schedule_id}`."""

    keepPosts: bool = False


class EntryShape(Shape):
    """A platform entry of a schedule."""

    platform: PlatformName
    accountId: str
    content: str | None = None
    platformSpecificData: dict[str, Any] | None = None


class MediaShape(Shape):
    """A media item of a schedule."""

    type: Literal["image", "video", "gif", "document"]
    url: str
    thumbnail: str | None = None


class ScheduleShape(Shape):
    """A schedule; `nextAt` is null while it is paused and once it has ended."""

    id: str
    name: str | None
    status: Literal["active", "paused", "ended"]
    content: str
    platforms: list[EntryShape]
    mediaItems: list[MediaShape]
    timezone: str
    rule: str
    startsAt: str
    nextAt: datetime | None
    nextLocalTime: str | None
    createdAt: datetime
    updatedAt: datetime


class ReasonShape(Shape):
    """Why an occurrence has no post."""

    code: str
    message: str


class TimeShape(Shape):
    """One time of a rule; `note` says how the clocks were set then, if they were."""

    localTime: str
    at: datetime
    note: str | None


class OccurrenceShape(TimeShape):
    """One time of a schedule and what became of it."""

    state: Literal["planned", "paused", "made", "skipped", "missed"]
    postId: str | None
    postStatus: Literal["draft", "scheduled", "publishing", "published", "partial", "failed"] | None
    reason: ReasonShape | None


class ScheduleAnswer(Shape):
    """One schedule."""

    success: Literal[True]
    schedule: ScheduleShape


class SchedulesAnswer(Shape):
    """A page of schedules."""

    success: Literal[True]
    total: int
    schedules: list[ScheduleShape]


class OccurrencesAnswer(Shape):
    """Occurrences in order."""

    success: Literal[True]
    scheduleId: str
    timezone: str
    occurrences: list[OccurrenceShape]


class PreviewAnswer(Shape):
    """The next times of a rule that is not stored."""

    success: Literal[True]
    timezone: str
    occurrences: list[TimeShape]


class DeletedAnswer(Shape):
    """It is gone."""

    success: Literal[True]
    message: str


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

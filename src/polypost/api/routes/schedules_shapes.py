"""Queries and answers of `/v1/schedules`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from polypost.api.http.filters import PageQuery, When
from polypost.api.openapi.documented import Maybe, Shape
from polypost.intake.bodies import PlatformName


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
    fit: dict[str, Any] | None = None


class MediaShape(Shape):
    """A media item of a schedule."""

    type: Literal["image", "video", "gif", "document"]
    url: str
    thumbnail: str | None = None
    altText: str | None = None
    fit: dict[str, Any] | None = None


class ScheduleShape(Shape):
    """A schedule; `nextAt` is null while it is paused and once it has ended."""

    id: str
    name: str | None
    status: Literal["active", "paused", "ended"]
    content: str
    platforms: list[EntryShape]
    mediaItems: list[MediaShape]
    mediaFit: Literal["auto", "strict"] | None = None
    timezone: str
    rule: str
    startsAt: str
    nextAt: datetime | None
    nextLocalTime: str | None
    createdAt: datetime
    updatedAt: datetime
    late: Literal["publish", "skip"] = Maybe
    lateAfter: int | None = None


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

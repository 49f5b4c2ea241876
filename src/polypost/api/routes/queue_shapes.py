"""Bodies, queries and answers of `/v1/queue`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from polypost.api.openapi.described import Shape
from polypost.api.routes.schedules_shapes import TimeShape
from polypost.intake.bodies import Closed, ProfileId, Text, Zone

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HourText = Annotated[Text, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", min_length=5, max_length=5)]


class SlotBody(Closed):
    """A weekly hour on the wall."""

    weekday: Weekday
    time: HourText


class SlotsBody(Closed):
    """`PUT /v1/queue/slots`; no slots close the queue."""

    profileId: ProfileId | None = None
    timezone: Zone
    slots: Annotated[list[SlotBody], Field(max_length=500)]


class QueueQuery(BaseModel):
    """`GET /v1/queue/slots`; no `profileId`, or the word `null`, is the project's own queue."""

    profileId: Annotated[str, Field(max_length=40)] | None = None


class NextQuery(QueueQuery):
    """`GET /v1/queue/next`."""

    count: Annotated[int, Field(ge=1, le=100)] = 1


class SlotShape(Shape):
    """A weekly hour on the wall."""

    weekday: Weekday
    time: str


class QueueShape(Shape):
    """A queue; `updatedAt` is null while its slots were never set."""

    profileId: str | None
    timezone: str
    slots: list[SlotShape]
    updatedAt: datetime | None


class QueueAnswer(Shape):
    """A queue's slots."""

    success: Literal[True]
    queue: QueueShape


class NextAnswer(Shape):
    """The next free slots, in order."""

    success: Literal[True]
    profileId: str | None
    timezone: str
    slots: list[TimeShape]

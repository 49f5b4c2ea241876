"""What both the API and the dashboard take for a queue's slots."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import Field

from polypost.errors import InvalidRequest
from polypost.intake import bodies
from polypost.intake.bodies import Closed, ProfileId, Text, Zone
from polypost.intake.times import unknown_zone
from polypost.planning.queues import Slot

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HourText = Annotated[Text, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", min_length=5, max_length=5)]
MOST_SLOTS = 500


class SlotBody(Closed):
    """A weekly hour on the wall."""

    weekday: Weekday
    time: HourText


class SlotsBody(Closed):
    """`PUT /v1/queue/slots`; no slots close the queue."""

    profileId: ProfileId | None = None
    timezone: Zone
    slots: Annotated[list[SlotBody], Field(max_length=MOST_SLOTS)]


def slots_in(raw: dict[str, Any]) -> tuple[SlotsBody, list[Slot]]:
    """A body and the slots in it. Raises InvalidRequest."""
    body = bodies.read(SlotsBody, raw)
    if (unknown := unknown_zone(body.timezone)) is not None:
        raise InvalidRequest([unknown])
    return body, [Slot(WEEKDAYS.index(each.weekday), time.fromisoformat(each.time)) for each in body.slots]

"""`/v1/queue`: weekly slots, and posts that take the next free one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.submitter import REPLAYED, submitter
from polypost.api.openapi.documented import Shape, documented
from polypost.api.routes.drafts import AcceptedPost
from polypost.api.routes.schedules_shapes import TimeShape
from polypost.entrance.queues import WEEKDAYS, SlotsBody, Weekday, slots_in
from polypost.entrance.services import services
from polypost.intake.in_flight import Taken
from polypost.planning import queues
from polypost.planning.bodies import QueuePostBody
from polypost.planning.queues import Queue


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


router = APIRouter(prefix="/v1/queue")


def shape(queue: Queue) -> dict[str, Any]:
    """A queue as the API shows it."""
    return {
        "profileId": queue.profile_id,
        "timezone": queue.timezone,
        "slots": [
            {"weekday": WEEKDAYS[slot.weekday], "time": slot.at.isoformat("minutes")} for slot in queue.slots
        ],
        "updatedAt": answers.stamp(queue.updated_at),
    }


@router.put("/slots")
@documented(QueueAnswer, body=SlotsBody, errors=(404,))
async def put_slots(request: Request) -> Response:
    """Set a queue's slots; posts in it keep their hours."""
    who = await principal(request, "publish")
    body, slots = slots_in(await json_object(request))
    queue = await services(request).store.write(
        lambda db: queues.put(db, who.project.id, body.profileId, timezone=body.timezone, slots=slots)
    )
    return answers.ok({"success": True, "queue": shape(queue)})


@router.get("/slots")
@documented(QueueAnswer, errors=(404,))
async def get_slots(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """A queue's slots."""
    who = await principal(request, "read")
    queue = await services(request).store.read(
        lambda db: queues.get(db, who.project.id, _profile(query.profileId))
    )
    return answers.ok({"success": True, "queue": shape(queue)})


@router.get("/next")
@documented(NextAnswer, errors=(404,))
async def next_slots(request: Request, query: Annotated[NextQuery, Query()]) -> Response:
    """The next free slots; looking takes none."""
    who = await principal(request, "read")
    rooms = services(request)
    queue, found = await rooms.store.browse(
        who.project.id,
        lambda db: queues.free(
            db,
            who.project.id,
            _profile(query.profileId),
            count=query.count,
            horizon=rooms.settings.horizon,
        ),
    )
    slots = [
        {"localTime": each.local.isoformat(), "at": answers.stamp(each.at), "note": each.note}
        for each in found
    ]
    answer = {"profileId": queue.profile_id, "timezone": queue.timezone, "slots": slots}
    return answers.ok({"success": True, **answer})


@router.post("/posts", status_code=202)
@documented(
    AcceptedPost, status=202, body=QueuePostBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",)
)
async def create(request: Request) -> Response:
    """A post into the next free slot; answers like create."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    return await services(request).planner.queue(submitter(request, who), raw, _created)


async def _created(taken: Taken) -> Response:
    assert taken.shown is not None
    headers = REPLAYED if taken.accepted.replayed else None
    return answers.ok(answers.created(taken.shown), 202, headers)


def _profile(text: str | None) -> str | None:
    """The profile a query names: none, an empty text and the literal `null` are the project itself."""
    return None if text in {None, "", "null"} else text

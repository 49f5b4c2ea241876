"""`/v1/queue`: weekly slots, and posts that take the next free one."""

from __future__ import annotations

import dataclasses
from datetime import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api import answers
from polypost.api.auth import principal
from polypost.api.body import json_object
from polypost.api.described import says
from polypost.api.drafts import untimed
from polypost.api.posts import idempotency_key, judged, promise
from polypost.api.services import Services, services
from polypost.api.wire_drafts import AcceptedPost
from polypost.api.wire_queue import (
    WEEKDAYS,
    NextAnswer,
    NextQuery,
    QueueAnswer,
    QueuePostBody,
    QueueQuery,
    SlotsBody,
)
from polypost.errors import InvalidRequest
from polypost.intake import bodies
from polypost.intake.acceptance import Same
from polypost.intake.fitting import is_large
from polypost.planning import queues
from polypost.planning.queues import Queue, Slot
from polypost.posts import accept
from polypost.posts.deliveries import Arrival
from polypost.posts.orders import Accepted, NewPost, fingerprint

router = APIRouter(prefix="/v1/queue")
OPERATION = "POST /v1/queue/posts"


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
@says(QueueAnswer, body=SlotsBody, errors=(404,))
async def put_slots(request: Request) -> Response:
    """Set a queue's slots; posts in it keep their hours."""
    who = await principal(request, "publish")
    body = bodies.read(SlotsBody, await json_object(request))
    if (unknown := bodies.unknown_zone(body.timezone)) is not None:
        raise InvalidRequest([unknown])
    slots = [Slot(WEEKDAYS.index(each.weekday), time.fromisoformat(each.time)) for each in body.slots]
    queue = await services(request).store.write(
        lambda db: queues.put(db, who.project.id, body.profileId, timezone=body.timezone, slots=slots)
    )
    return answers.ok({"success": True, "queue": shape(queue)})


@router.get("/slots")
@says(QueueAnswer, errors=(404,))
async def get_slots(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """A queue's slots."""
    who = await principal(request, "read")
    queue = await services(request).store.read(
        lambda db: queues.get(db, who.project.id, _profile(query.profileId))
    )
    return answers.ok({"success": True, "queue": shape(queue)})


@router.get("/next")
@says(NextAnswer, errors=(404,))
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
@says(AcceptedPost, status=202, body=QueuePostBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",))
async def create(request: Request) -> Response:
    """A post into the next free slot; answers like create."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    await promise(rooms)
    order = dataclasses.replace(
        await _order(rooms, who, raw),
        api_key_id=who.key_id,
        operation=OPERATION,
        fingerprint=fingerprint("queue", raw),
        idempotency_key=idempotency_key(request),
    )
    profile_id = raw.get("profileId")
    if order.idempotency_key is not None:
        return await _accept(request, rooms, who, order, profile_id)
    async with rooms.in_flight.enter(request, who.key_id, order.fingerprint or 0):
        return await _accept(request, rooms, who, order, profile_id)


async def _accept(
    request: Request, rooms: Services, who: Principal, order: NewPost, profile_id: str | None
) -> Response:
    project = who.project

    same: Same = (who.key_id, order.operation, order.idempotency_key, order.fingerprint or 0)

    def make(db: Connection, arrival: Arrival) -> Accepted:
        known = accept.made_before(
            db,
            rooms.posts,
            project,
            operation=order.operation,
            api_key_id=who.key_id,
            fingerprint=order.fingerprint or 0,
            idempotency_key=order.idempotency_key,
            arrival=arrival,
        )
        if known is not None:
            return known
        queue, slot = queues.take(db, project.id, profile_id, rooms.settings.horizon)
        timed = dataclasses.replace(order, when=slot, timezone=queue.timezone)
        accepted = accept.create(db, rooms.posts, project, timed, arrival)
        # An equal request under the same key may have been faster while this one waited for the queue.
        if not accepted.replayed:
            queues.hold(db, project.id, queue, accepted.post_id, slot)
        return accepted

    taken = await rooms.in_flight.accept(request, project.id, same, make, show=True)
    await rooms.in_flight.answering(request, project.id, taken.accepted.post_id)
    assert taken.shown is not None
    headers = {"Idempotency-Replayed": "true"} if taken.accepted.replayed else None
    return answers.ok(answers.created(taken.shown), 202, headers)


async def _order(rooms: Services, who: Principal, raw: dict[str, Any]) -> NewPost:
    """The order in a body. Raises InvalidRequest with every problem that can be seen, whatever its kind."""
    order, fitting, found = await untimed(rooms, raw, QueuePostBody)
    if fitting.problems or found or is_large(raw):
        said = fitting.with_further(*found, *await judged(rooms, who.project.id, raw, order))
        if said:
            raise InvalidRequest(said)
    return order


def _profile(text: str | None) -> str | None:
    """The profile a query names: none, an empty text and the literal `null` are the project itself."""
    return None if text in {None, "", "null"} else text

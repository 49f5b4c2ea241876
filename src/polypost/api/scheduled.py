"""`/v1/posts/scheduled`: list, cancel, reschedule, edit."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api import answers
from polypost.api.auth import principal
from polypost.api.body import json_object
from polypost.api.compat import hidden_from
from polypost.api.described import says
from polypost.api.filters import ScheduledQuery
from polypost.api.posts import idempotency_key, once, order_from, promise
from polypost.api.services import services
from polypost.api.wire_posts import Edited, Message, Rescheduled, WaitingList
from polypost.errors import InvalidRequest
from polypost.intake import bodies
from polypost.posts import changes, keys, queries
from polypost.posts.orders import When, fingerprint

router = APIRouter(prefix="/v1/posts/scheduled")
_REPLAYED = {"Idempotency-Replayed": "true"}


@router.get("")
@says(WaitingList)
async def list_scheduled(request: Request, query: Annotated[ScheduledQuery, Query()]) -> Response:
    """Posts that wait for their hour, the next one first."""
    who = await principal(request, "read")
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    filters = queries.Filters(hidden_platforms=hidden)
    total, page = await rooms.store.browse(
        who.project.id,
        lambda db: queries.scheduled(
            db,
            who.project.id,
            filters,
            limit=query.limit,
            offset=query.offset,
            descending=query.sort == "desc",
        ),
    )
    return answers.ok(
        {"success": True, "total": total, "posts": [answers.scheduled_post(each, hidden) for each in page]}
    )


@router.delete("/{post_id}")
@says(Message, errors=(404, 409))
async def cancel(request: Request, post_id: str) -> Response:
    """Back to draft; the same answer when it was cancelled already."""
    who = await principal(request, "publish")
    await services(request).store.write(lambda db: changes.cancel(db, who.project.id, post_id))
    return answers.ok({"success": True, "message": "Post cancelled and moved to draft."})


@router.patch("/{post_id}")
@says(Rescheduled, body=bodies.RescheduleBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",))
async def reschedule(request: Request, post_id: str) -> Response:
    """Another hour; a naive time is read in the zone given, else in the post's own."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    body = bodies.read(bodies.RescheduleBody, raw)
    await promise(rooms)
    row = await rooms.store.read(lambda db: changes.load(db, who.project.id, post_id, deleted=True))
    zone = row.timezone if body.timezone is None else body.timezone
    when, wrong = bodies.resolve(body.scheduledFor, zone, rooms.settings.horizon, "scheduledFor")
    if when is None:
        if await _repeats(request, who, raw, post_id):
            return _rescheduled(row.scheduled_for, row.warning, _REPLAYED)
        raise InvalidRequest([wrong] if wrong else [])

    def change(db: Connection) -> None:
        changes.reschedule(db, rooms.posts, who.project, post_id, when)

    headers = await _once(request, who, raw, post_id, change)
    return _rescheduled(when.instant, when.note, headers)


def _rescheduled(at: Any, note: str | None, headers: dict[str, str] | None) -> Response:
    answer = {"success": True, "message": "Post rescheduled.", "scheduledFor": answers.stamp(at)}
    return answers.ok(answer | ({"warningMessage": note} if note else {}), 200, headers)


@router.put("/{post_id}")
@says(Edited, body=bodies.EditBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",))
async def edit(request: Request, post_id: str) -> Response:
    """The whole post anew, while it is still scheduled."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    await promise(rooms)
    row = await rooms.store.read(lambda db: changes.load(db, who.project.id, post_id, deleted=True))
    asked = dict(raw)
    if isinstance(asked.get("scheduledFor"), str) and asked.get("timezone") is None:
        asked["timezone"] = row.timezone
    try:
        order = await order_from(rooms, who, asked, model=bodies.EditBody)
    except InvalidRequest:
        if await _repeats(request, who, raw, post_id):
            return _edited(post_id, row.scheduled_for, row.warning, _REPLAYED)
        raise
    order = dataclasses.replace(order, raw=raw)
    if order.when is None and raw.get("timezone") is not None:
        order = dataclasses.replace(order, when=_in_zone(row, order.timezone, rooms.settings.horizon))

    def change(db: Connection) -> None:
        changes.edit(db, rooms.posts, who.project, post_id, order)

    headers = await _once(request, who, raw, post_id, change)
    when = order.when or When(row.scheduled_for, row.timezone)
    return _edited(post_id, when.instant, when.note, headers)


def _edited(post_id: str, at: Any, note: str | None, headers: dict[str, str] | None) -> Response:
    answer = {
        "success": True,
        "message": "Post updated.",
        "postId": post_id,
        "scheduledFor": answers.stamp(at),
    }
    return answers.ok(answer | ({"warningMessage": note} if note else {}), 200, headers)


def _in_zone(row: Any, zone: str, horizon: Any) -> When | None:
    """The post's hour in another zone: a wall time moves with it, an instant stays and is only shown in it."""
    if row.scheduled_for is None:
        return None
    if row.local_time is None:
        return When(row.scheduled_for, zone)
    when, wrong = bodies.resolve(row.local_time, zone, horizon, "timezone")
    if when is None:
        raise InvalidRequest([wrong] if wrong else [])
    return when


async def _once(
    request: Request, who: Principal, raw: dict[str, Any], post_id: str, change: Any
) -> dict[str, str] | None:
    """Run the change, or nothing when its Idempotency-Key has been used for it already."""
    same = (who.key_id, _operation(request), idempotency_key(request), fingerprint(raw))
    _, replayed = await once(services(request), who, same, post_id, change)
    return _REPLAYED if replayed else None


async def _repeats(request: Request, who: Principal, raw: dict[str, Any], post_id: str) -> bool:
    """Whether this change was made before under its key, although it would not be taken now: its hour has passed."""
    key = idempotency_key(request)
    if key is None:
        return False
    known = await services(request).store.read(
        lambda db: keys.find(db, who.project.id, _operation(request), key, fingerprint(raw))
    )
    return known == post_id


def _operation(request: Request) -> str:
    return f"{request.method} {request.url.path}"

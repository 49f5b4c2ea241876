"""`/v1/posts/drafts`: posts without an hour, written now and scheduled later."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from fastapi import APIRouter
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from polypost.api import answers, errors, waiting
from polypost.api.auth import principal
from polypost.api.body import json_object
from polypost.api.described import says
from polypost.api.posts import idempotency_key, judged, once, promise
from polypost.api.services import Services, services
from polypost.api.wire_drafts import AcceptedPost, DraftAnswer, DraftBody, ScheduleDraftBody, UntimedBody
from polypost.errors import InvalidRequest, Problem
from polypost.intake import bodies
from polypost.intake.acceptance import Same
from polypost.intake.addresses import refuser
from polypost.intake.fitting import Fitting, aside, fit, is_large
from polypost.planning import queues
from polypost.posts import changes, checks, drafts, queries
from polypost.posts.orders import NewPost, When, fingerprint, order_of
from polypost.posts.queries import Shown

M = TypeVar("M", bound=UntimedBody)
router = APIRouter(prefix="/v1/posts/drafts")
_REPLAYED = {"Idempotency-Replayed": "true"}
OPERATION = "POST /v1/posts/drafts"


async def untimed(
    rooms: Services, raw: dict[str, Any], model: type[M]
) -> tuple[NewPost, Fitting[M], list[Problem]]:
    """The order in a body without an hour, its shape, and what is wrong with its zone and addresses."""
    large = is_large(raw)
    fitting = await aside(large, lambda: fit(model, raw))
    body = fitting.body
    zone = getattr(body, "timezone", None)
    refuses = await refuser(rooms.guard, rooms.uploads, raw)
    order, found = bodies.order_of(
        bodies.EditBody(
            content=body.content, platforms=body.platforms, mediaItems=body.mediaItems, timezone=zone
        ),
        raw=raw,
        horizon=rooms.settings.horizon,
        check_url=refuses,
        editing=True,
    )
    found += await aside(large, lambda: checks.option_urls(order, refuses))
    return order, fitting, found


@router.post("", status_code=201)
@says(DraftAnswer, status=201, body=DraftBody, errors=(422,), takes=("Idempotency-Key",))
async def create(request: Request) -> Response:
    """Keep a draft; what would be wrong with it as a post is said, not refused."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    order, addresses = await _soft(rooms, who.project.id, raw)
    order = dataclasses.replace(
        order,
        api_key_id=who.key_id,
        operation=OPERATION,
        idempotency_key=idempotency_key(request),
        fingerprint=fingerprint("draft", raw),
    )
    same: Same = (who.key_id, OPERATION, order.idempotency_key, order.fingerprint or 0)

    def write(db: Connection) -> tuple[Shown, list[Problem], bool]:
        post_id, warnings, known = drafts.create(db, rooms.posts, who.project, order)
        return queries.one(db, who.project.id, post_id, deleted=True), warnings, known

    (found, warnings, known), again = await rooms.acceptance.take(same, write)
    return _kept(found, addresses + warnings, 201, _REPLAYED if known or again else None)


@router.put("/{post_id}")
@says(DraftAnswer, body=DraftBody, errors=(404, 409, 422), takes=("Idempotency-Key",))
async def edit(request: Request, post_id: str) -> Response:
    """The whole draft anew; a cancelled post is one too."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    order, addresses = await _soft(rooms, who.project.id, raw)
    same: Same = (who.key_id, f"PUT /v1/posts/drafts/{post_id}", idempotency_key(request), fingerprint(raw))
    warnings: list[Problem] = []

    def change(db: Connection) -> None:
        warnings[:] = drafts.edit(db, rooms.posts, who.project, post_id, order)

    found, replayed = await once(rooms, who, same, post_id, change)
    return _kept(found, addresses + warnings, 200, _REPLAYED if replayed else None)


async def _soft(rooms: Services, project_id: str, raw: dict[str, Any]) -> tuple[NewPost, list[Problem]]:
    """The order in a draft's body, and warnings about its addresses. Raises InvalidRequest for its shape and zone."""
    order, fitting, found = await untimed(rooms, raw, DraftBody)
    if fitting.problems:
        raise InvalidRequest(fitting.with_further(*found))
    zone = [each for each in found if each.path == "timezone"]
    if zone:
        raise InvalidRequest(zone)
    if is_large(raw):
        await judged(rooms, project_id, raw, order)
    return order, found


def _kept(found: Shown, warnings: list[Problem], status: int, headers: dict[str, str] | None) -> Response:
    body = answers.created(found) | {"success": True, "warnings": errors.listed(warnings)}
    return answers.ok(body, status, headers)


@router.post("/{post_id}/schedule", status_code=202)
@says(
    AcceptedPost, status=202, body=ScheduleDraftBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",)
)
async def schedule(request: Request, post_id: str) -> Response:
    """The draft becomes an ordinary post, now, at an hour or in the queue; answers like create."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request)
    body = bodies.read(ScheduleDraftBody, raw)
    await promise(rooms)
    operation = f"POST /v1/posts/drafts/{post_id}/schedule"
    same: Same = (who.key_id, operation, idempotency_key(request), fingerprint(raw))
    project = who.project
    row, order = await rooms.store.read(lambda db: _stored(db, project.id, post_id))
    when, problems = _when(body, row.timezone, rooms)
    if row.status == "draft":
        problems += await _addresses(rooms, order) + await judged(rooms, project.id, order.raw, order)

    def change(db: Connection) -> None:
        if problems:
            raise InvalidRequest(problems)
        _put(db, rooms, project, post_id, body, when)

    found, replayed = await once(rooms, who, same, post_id, change)
    if body.publishNow is True and not waiting.hurried(request):
        seconds = rooms.settings.publish_wait_seconds
        found = await waiting.until_done(
            rooms, project.id, post_id, seconds=seconds, request=request, known=found
        )
    return answers.ok(answers.created(found), 202, _REPLAYED if replayed else None)


def _stored(db: Connection, project_id: str, post_id: str) -> tuple[Row[Any], NewPost]:
    """The post's row, and the order that is stored."""
    row = changes.load(db, project_id, post_id, deleted=True)
    return row, order_of(row, changes.targets_of(db, project_id, post_id))


def _put(
    db: Connection, rooms: Services, project: Any, post_id: str, body: ScheduleDraftBody, when: When | None
) -> None:
    """Schedule the draft, in the next free slot if that was asked."""
    if body.queue is not True:
        drafts.schedule(db, rooms.posts, project, post_id, when)
        return
    queue, slot = queues.take(db, project.id, body.profileId, rooms.settings.horizon)
    drafts.schedule(db, rooms.posts, project, post_id, slot)
    queues.hold(db, project.id, queue, post_id, slot)


def _when(body: ScheduleDraftBody, zone: str, rooms: Services) -> tuple[When | None, list[Problem]]:
    """The hour that the body gives, None for now and for the queue."""
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
    when, wrong = bodies.resolve(body.scheduledFor, zone, rooms.settings.horizon, "scheduledFor")
    return when, [wrong] if wrong else []


async def _addresses(rooms: Services, order: NewPost) -> list[Problem]:
    """What is wrong with the addresses of a draft, which nobody refused when it was written."""
    refuses = await refuser(rooms.guard, rooms.uploads, order.raw)
    problems = await aside(is_large(order.raw), lambda: checks.option_urls(order, refuses))
    for place, item in enumerate(order.media):
        for name, url in (("url", item.url), ("thumbnail", item.thumbnail)):
            wrong = refuses(url) if url is not None else None
            if wrong is not None:
                hint = "Give a public http or https address."
                problems.append(Problem(f"mediaItems[{place}].{name}", wrong, hint, "address_refused"))
    return problems

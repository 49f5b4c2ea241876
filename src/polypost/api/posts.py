"""`/v1/posts`: create, validate, list, get, delete, retry, timeline."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.access import Principal
from polypost.api import answers, preview, waiting
from polypost.api.auth import principal
from polypost.api.body import json_object, read
from polypost.api.compat import hidden_from
from polypost.api.described import says
from polypost.api.filters import PostsQuery, filters_of
from polypost.api.in_flight import Taken
from polypost.api.services import Services, services
from polypost.api.wire_posts import (
    CreatedPost,
    CreateQuery,
    OnePost,
    PostList,
    Removed,
    Timeline,
    ValidateQuery,
    Verdict,
)
from polypost.errors import InvalidRequest, Problem, ServiceUnavailable
from polypost.intake import bodies
from polypost.intake.acceptance import Same
from polypost.intake.addresses import refuser
from polypost.intake.fitting import aside, fit, is_large
from polypost.intake.strict_json import parse
from polypost.integrations import service as integrations
from polypost.observability import failpoints
from polypost.planning.schedules import schedule_of
from polypost.posts import accept, changes, checks, keys, queries, timeline
from polypost.posts.deliveries import Arrival
from polypost.posts.orders import CREATE, Accepted, NewPost, fingerprint
from polypost.posts.queries import Shown
from polypost.posts.several import Creation
from polypost.storage import receipt

router = APIRouter()
SILENCE = 30.0
_KEY = re.compile(r'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"|([\x21\x23-\x7e][\x21-\x7e]*)', re.ASCII)


@says(
    CreatedPost,
    status=202,
    also={200: Verdict},
    body=bodies.CreateBody,
    errors=(402, 422),
    query=CreateQuery,
    takes=("Idempotency-Key", "Prefer"),
)
async def create(request: Request) -> Response:
    """Publish now, or at an hour.

    Publish-now waits up to 20 seconds for the networks and answers with what is known then. A dry run answers 200.
    """
    who = await principal(request, "publish")
    rooms = services(request)
    body = parse(await read(request))
    failpoints.hit("P1")
    probe = preview.flag(request, "probeMedia")
    if preview.flag(request, "dryRun"):
        idempotency_key(request)
        return await preview.answer(rooms, who, body, probe=probe)
    await promise(rooms)
    same: Same = (who.key_id, CREATE, idempotency_key(request), fingerprint(body))
    if same[2] is not None:
        return await _accept(request, rooms, who, body, same)
    async with rooms.in_flight.enter(request, who.key_id, same[3]):
        return await _accept(request, rooms, who, body, same)


async def _accept(
    request: Request, rooms: Services, who: Principal, body: dict[str, Any], same: Same
) -> Response:
    key_id, operation, key, print_ = same
    asked: dict[str, Any] = {"api_key_id": key_id, "fingerprint": print_, "idempotency_key": key}
    try:
        order = await order_from(rooms, who, body)
    except InvalidRequest as wrong:
        refused = wrong

        def find(db: Connection, arrival: Arrival) -> Accepted:
            known = accept.made_before(
                db, rooms.posts, who.project, operation=operation, arrival=arrival, **asked
            )
            if known is None:
                raise refused
            return known

        return await _created(
            request, rooms, who, None, await rooms.in_flight.accept(request, who.project.id, same, find)
        )
    order = dataclasses.replace(order, **asked)
    taken = await rooms.in_flight.accept(
        request,
        who.project.id,
        same,
        Creation(rooms.posts, who.project, order),
    )
    failpoints.hit("P3")
    return await _created(request, rooms, who, order, taken)


async def promise(rooms: Services) -> None:
    """Raises ServiceUnavailable when no worker would carry out what is accepted (RELIABILITY A8)."""
    if await rooms.posts.engine.silence() > SILENCE:
        raise ServiceUnavailable(
            "Scheduling is unavailable: no worker has been heard for 30 seconds. Nothing was stored.",
            code="no_worker",
            headers={"Retry-After": "10"},
        )


async def order_from(
    rooms: Services, who: Principal, body: dict[str, Any], *, model: type[bodies.EditBody] = bodies.CreateBody
) -> NewPost:
    """The order in a body. Raises InvalidRequest with every problem that can be seen, whatever its kind."""
    large = is_large(body)
    fitting = await aside(large, lambda: fit(model, body))
    refuses = await refuser(rooms.guard, rooms.uploads, body)
    order, found = bodies.order_of(
        fitting.body,
        raw=body,
        horizon=rooms.settings.horizon,
        check_url=refuses,
        editing=model is bodies.EditBody,
    )
    found += await aside(large, lambda: checks.option_urls(order, refuses))
    if fitting.problems or found or large:
        said = fitting.with_further(*found, *await judged(rooms, who.project.id, body, order))
        if said:
            raise InvalidRequest(said)
    return order


async def judged(rooms: Services, project_id: str, body: dict[str, Any], order: NewPost) -> list[Problem]:
    """What is wrong with the targets of an order that `body` asks for.

    A transaction that checks the order again then finds long texts measured, and holds nobody up.
    """
    ids = [target.integration_id for target in order.targets]
    accounts = await rooms.store.read(lambda db: integrations.find(db, project_id, ids))
    return await aside(is_large(body), lambda: checks.problems_of(order, accounts))


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, bare or quoted (RELIABILITY A1). Raises InvalidRequest."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    match = _KEY.fullmatch(values[0].strip()) if len(values) == 1 else None
    key = (match.group(1) or match.group(2)) if match else ""
    if not 1 <= len(key) <= 255:
        hint = "Send one value of 1 to 255 visible ASCII characters."
        raise InvalidRequest(
            [Problem("Idempotency-Key", "is not usable as a key", hint, "bad_idempotency_key")]
        )
    return key


async def _created(
    request: Request, rooms: Services, who: Principal, order: NewPost | None, taken: Taken
) -> Response:
    """The answer, which comes from what was accepted as long as nothing newer can be read."""
    accepted, known = taken.accepted, taken.shown
    undone = accepted.status == "publishing" and not (known and known.done)
    if undone and not waiting.hurried(request):
        seconds = waiting.left_of(rooms, known)
        known = await waiting.until_done(
            rooms, who.project.id, accepted.post_id, seconds=seconds, request=request, known=known
        )
    await rooms.in_flight.answering(request, who.project.id, accepted.post_id)
    if known is None:
        assert order is not None
        return answers.ok(answers.accepted(order, accepted), 202, _headers(request, replayed=False))
    return answers.ok(answers.created(known), 202, _headers(request, replayed=accepted.replayed))


def _headers(request: Request, *, replayed: bool) -> dict[str, str]:
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return headers | ({"Preference-Applied": "respond-async"} if waiting.hurried(request) else {})


@router.post("/v1/posts/validate")
@says(Verdict, body=bodies.CreateBody, body_judged=True, query=ValidateQuery, id="validatePost")
async def validate(request: Request) -> Response:
    """Say what creating this post would say, and store nothing."""
    who = await principal(request, "publish")
    body = await json_object(request)
    return await preview.answer(services(request), who, body, probe=preview.flag(request, "probeMedia"))


@router.get("/v1/posts")
@says(PostList)
async def list_posts(request: Request, query: Annotated[PostsQuery, Query()]) -> Response:
    """Posts of the project, newest first unless asked otherwise."""
    who = await principal(request, "read")
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    filters = filters_of(who.project.id, query, hidden)
    project_id = who.project.id
    down = query.sort == "desc"

    def look(db: Any) -> tuple[int, list[queries.Shown], dict[str, str]]:
        total, page = queries.many(
            db, project_id, filters, limit=query.limit, offset=query.offset, descending=down
        )
        return total, page, schedule_of(db, project_id, [each.post.id for each in page])

    total, page, made_by = await rooms.store.browse(project_id, look)
    shown = [answers.post(each, hidden) | _made_by(made_by, each.post.id) for each in page]
    return answers.ok({"success": True, "total": total, "posts": shown})


@router.get("/v1/posts/{post_id}")
@says(OnePost, errors=(404,))
async def get_post(request: Request, post_id: str) -> Response:
    """One post."""
    who = await principal(request, "read")
    rooms = services(request)
    project_id = who.project.id
    found, made_by = await rooms.store.read(
        lambda db: (queries.one(db, project_id, post_id), schedule_of(db, project_id, [post_id]))
    )
    shown = answers.post(found, hidden_from(request, rooms.settings)) | _made_by(made_by, post_id)
    return answers.ok({"success": True, "post": shown})


def _made_by(schedules: dict[str, str], post_id: str) -> dict[str, str]:
    """The schedule that made a post, if one did; clients of the contract bear further keys here."""
    return {"scheduleId": schedules[post_id]} if post_id in schedules else {}


@router.delete("/v1/posts/{post_id}")
@says(Removed, errors=(402, 404, 409))
async def delete_post(
    request: Request,
    post_id: str,
    deleteFromPlatforms: bool = False,  # noqa: N803, FBT001, FBT002  # the API's name, in the query
) -> Response:
    """Delete here and, when asked, on the networks; the answer is closed."""
    who = await principal(request, "publish")
    charged, removals = await services(request).remover.remove(
        who.project, post_id, from_platforms=deleteFromPlatforms
    )
    platforms = []
    for removal in removals:
        entry: dict[str, Any] = {
            "platform": removal.target.platform,
            "integrationId": removal.target.integration_id,
            "platformPostId": removal.target.proof_id,
            "status": removal.status,
            "success": removal.success,
        }
        if removal.message:
            entry["message"] = removal.message
        if removal.error:
            entry["errorMessage"] = removal.error
        platforms.append(entry)
    success = all(removal.success for removal in removals)
    return answers.ok({"success": success, "creditsCharged": charged, "platforms": platforms})


@router.post("/v1/posts/{post_id}/retry", status_code=202)
@says(
    CreatedPost,
    status=202,
    body=bodies.RetryBody,
    body_required=False,
    errors=(402, 404, 409, 422),
    takes=("Idempotency-Key", "Prefer"),
    id="retryPost",
)
async def retry(request: Request, post_id: str) -> Response:
    """Failed targets once more; answers like create."""
    who = await principal(request, "publish")
    rooms = services(request)
    raw = await json_object(request, optional=True)
    body = bodies.read(bodies.RetryBody, raw)
    await promise(rooms)

    same: Same = (who.key_id, f"POST /v1/posts/{post_id}/retry", idempotency_key(request), fingerprint(raw))
    chosen = [(entry.platform, entry.accountId) for entry in body.platforms] if body.platforms else None
    found, replayed = await once(
        rooms,
        who,
        same,
        post_id,
        lambda db: changes.retry(db, rooms.posts, who.project, post_id, chosen, force=body.force),
    )
    if not waiting.hurried(request):
        seconds = rooms.settings.publish_wait_seconds
        found = await waiting.until_done(
            rooms, who.project.id, post_id, seconds=seconds, request=request, known=found
        )
    return answers.ok(answers.created(found), 202, _headers(request, replayed=replayed))


async def once(
    rooms: Services, who: Principal, same: Same, post_id: str, change: Callable[[Connection], object]
) -> tuple[Shown, bool]:
    """Change a post, or do nothing when the request's key has been used for it: the post then, and whether it was so.

    Raises what `change` raises, NotFound, KeyReused, ServiceUnavailable.
    """
    _, operation, key, print_ = same
    project_id = who.project.id

    def write(db: Connection) -> tuple[Shown, bool]:
        if key is not None:
            if keys.find(db, project_id, operation, key, print_) == post_id:
                return queries.one(db, project_id, post_id, deleted=True), True
            changes.load(db, project_id, post_id)
            if keys.remember(db, project_id, operation, key, print_, post_id, clock.now()):
                return queries.one(db, project_id, post_id, deleted=True), True
        change(db)
        receipt(db)
        return queries.one(db, project_id, post_id), False

    (found, replayed), again = await rooms.acceptance.take(same, write)
    return found, replayed or again


@router.get("/v1/posts/{post_id}/timeline")
@says(Timeline, errors=(404,), id="getPostTimeline")
async def show_timeline(request: Request, post_id: str) -> Response:
    """Everything that happened to the post, oldest first, with redacted exchanges."""
    who = await principal(request, "read")
    rooms = services(request)
    found, lines = await rooms.store.browse(
        who.project.id,
        lambda db: (queries.one(db, who.project.id, post_id), timeline.read(db, who.project.id, post_id)),
    )
    names = {row.id: (row.platform, row.integration_id) for row in found.targets}
    entries: list[dict[str, Any]] = [
        {
            "at": answers.stamp(found.post.created_at),
            "kind": "accepted",
            "message": "Accepted.",
            "platform": None,
            "accountId": None,
        }
    ]
    for line in lines:
        platform, account = names.get(line.target_id, (None, None))
        entry = {
            "at": answers.stamp(line.at),
            "kind": line.kind,
            "message": line.message,
            "platform": platform,
            "accountId": account,
        }
        entries.append(entry if line.detail is None else {**entry, "detail": line.detail})
    return answers.ok({"success": True, "postId": post_id, "status": found.post.status, "timeline": entries})

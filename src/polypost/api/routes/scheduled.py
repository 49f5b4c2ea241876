"""`/v1/posts/scheduled`: list, cancel, reschedule, edit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal, principal_for
from polypost.api.http.body import json_object
from polypost.api.http.filters import ScheduledQuery
from polypost.api.http.submitter import REPLAYED, submitter
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import documented
from polypost.api.routes.posts_shapes import Edited, MessageAnswer, Rescheduled, WaitingList
from polypost.entrance.services import services
from polypost.intake import bodies
from polypost.intake.door import Moved
from polypost.posts import changes, queries

router = APIRouter(prefix="/v1/posts/scheduled")


@router.get("")
@documented(WaitingList)
async def list_scheduled(request: Request, query: Annotated[ScheduledQuery, Query()]) -> Response:
    """Posts that wait for their hour, the next one first."""
    who = await principal(request, "read", by_profile=True)
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    filters = queries.Filters(hidden_platforms=hidden, profiles=who.profiles)
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
@documented(MessageAnswer, errors=(404, 409))
async def cancel(request: Request, post_id: str) -> Response:
    """Back to draft; the same answer when it was cancelled already."""
    who = await principal_for(request, post_id, "publish")
    await services(request).store.write(lambda db: changes.cancel(db, who.project.id, post_id))
    return answers.ok({"success": True, "message": "Post cancelled and moved to draft."})


@router.patch("/{post_id}")
@documented(Rescheduled, body=bodies.RescheduleBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",))
async def reschedule(request: Request, post_id: str) -> Response:
    """Another hour; a naive time is read in the zone given, else in the post's own."""
    who = await principal_for(request, post_id, "publish")
    raw = await json_object(request)
    moved = await services(request).intake.reschedule(submitter(request, who), post_id, raw)
    return _moved(moved, {"message": "Post rescheduled."})


@router.put("/{post_id}")
@documented(Edited, body=bodies.EditBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",))
async def edit(request: Request, post_id: str) -> Response:
    """The whole post anew, while it is still scheduled."""
    who = await principal_for(request, post_id, "publish")
    raw = await json_object(request)
    moved = await services(request).intake.edit(submitter(request, who), post_id, raw)
    return _moved(moved, {"message": "Post updated.", "postId": post_id})


def _moved(moved: Moved, said: dict[str, str]) -> Response:
    answer = {"success": True, **said, "scheduledFor": answers.stamp(moved.at)}
    warning = {"warningMessage": moved.note} if moved.note else {}
    return answers.ok(answer | warning, 200, REPLAYED if moved.replayed else None)

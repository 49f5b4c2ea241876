"""`/v1/posts/drafts`: posts without an hour, written now and scheduled later."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers, errors, waiting
from polypost.api.http.auth import principal, principal_for
from polypost.api.http.body import json_object
from polypost.api.http.submitter import REPLAYED, submitter
from polypost.api.openapi.documented import Shape, documented
from polypost.approvals import asking
from polypost.entrance.services import services
from polypost.intake.bodies import DraftBody, PlatformName
from polypost.intake.door import KeptDraft
from polypost.planning.bodies import ScheduleDraftBody


class ProblemShape(Shape):
    """What would be wrong with a draft as a post."""

    path: str
    message: str
    hint: str
    code: str


class DraftTarget(Shape):
    """A target of a draft."""

    platform: PlatformName
    accountId: str
    success: bool
    status: str


class DraftAnswer(Shape):
    """A draft as it was kept, with what has to change before it can be scheduled."""

    success: Literal[True]
    status: Literal["draft", "scheduled", "publishing", "published", "partial", "failed"]
    postId: str
    platforms: list[DraftTarget]
    warnings: list[ProblemShape]


class AcceptedTarget(Shape):
    """A target of an accepted post."""

    platform: PlatformName
    accountId: str
    success: bool
    status: Literal["draft", "pending", "publishing", "published", "failed"]
    platformPostId: str | None = None
    platformPostUrl: str | None = None
    error: str | None = None
    code: str | None = None
    warningMessage: str | None = None


class AcceptedPost(Shape):
    """The answer of create."""

    success: bool
    status: Literal["draft", "scheduled", "pending", "publishing", "published", "partial", "failed"]
    postId: str
    platforms: list[AcceptedTarget]
    scheduledFor: datetime | None = None
    timezone: str | None = None
    warningMessage: str | None = None


router = APIRouter(prefix="/v1/posts/drafts")


@router.post("", status_code=201)
@documented(DraftAnswer, status=201, body=DraftBody, errors=(422,), takes=("Idempotency-Key",))
async def create(request: Request) -> Response:
    """Keep a draft; what would be wrong with it as a post is said, not refused."""
    who = await principal(request, "draft", "publish", by_profile=True)
    kept = await services(request).intake.keep_draft(
        submitter(request, who), await json_object(request), asking.of_key(who)
    )
    return _kept(kept, 201)


@router.put("/{post_id}")
@documented(DraftAnswer, body=DraftBody, errors=(404, 409, 422), takes=("Idempotency-Key",))
async def edit(request: Request, post_id: str) -> Response:
    """The whole draft anew; a cancelled post is one too."""
    who = await principal_for(request, post_id, "draft", "publish")
    raw = await json_object(request)
    kept = await services(request).intake.edit_draft(
        submitter(request, who), post_id, raw, asking.of_key(who)
    )
    return _kept(kept, 200)


def _kept(kept: KeptDraft, status: int) -> Response:
    body = answers.created(kept.post) | {"success": True, "warnings": errors.listed(kept.warnings)}
    return answers.ok(body, status, REPLAYED if kept.replayed else None)


@router.post("/{post_id}/schedule", status_code=202)
@documented(
    AcceptedPost, status=202, body=ScheduleDraftBody, errors=(402, 404, 409, 422), takes=("Idempotency-Key",)
)
async def schedule(request: Request, post_id: str) -> Response:
    """The draft becomes an ordinary post, now, at an hour or in the queue; answers like create."""
    who = await principal_for(request, post_id, "publish")
    rooms = services(request)
    raw = await json_object(request)
    found, replayed = await rooms.planner.schedule_draft(submitter(request, who), post_id, raw)
    if raw.get("publishNow") is True and not waiting.hurried(request):
        seconds = rooms.settings.publish_wait_seconds
        found = await waiting.until_done(
            rooms, who.project.id, post_id, seconds=seconds, request=request, known=found
        )
    return answers.ok(answers.created(found), 202, REPLAYED if replayed else None)

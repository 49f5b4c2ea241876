"""`/v1/posts`: create, validate, list, get, delete, retry, timeline."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock, drawing
from polypost.access import Principal
from polypost.api.http import answers, errors, waiting
from polypost.api.http.auth import principal, principal_for
from polypost.api.http.body import json_object
from polypost.api.http.filters import PostsQuery, filters_of, flag
from polypost.api.http.submitter import REPLAYED, idempotency_key, submitter
from polypost.api.openapi.compat import hidden_from
from polypost.api.openapi.documented import documented
from polypost.api.routes.drawing_shapes import Drawings
from polypost.api.routes.posts_shapes import (
    CreatedPost,
    OnePost,
    PostList,
    PreviewQuery,
    Removed,
    TimelineAnswer,
    ValidateQuery,
    Verdict,
)
from polypost.entrance.raw import read
from polypost.entrance.services import Services, services
from polypost.intake import DryRun, bodies
from polypost.intake.door import Created
from polypost.intake.once import Changed
from polypost.intake.partial_validation import aside
from polypost.intake.strict_json import parse
from polypost.observability import failpoints
from polypost.planning.schedules import schedule_of
from polypost.posts import queries, timeline
from polypost.posts.drawings import drawings

router = APIRouter()
SHOWN_BYTES = 250_000
# More than twenty ordinary drawings have room in it.
DRAWN_BYTES = 500_000
# Whoever may do more may also ask what would be said to it.
TO_LOOK = ("read", "draft", "publish")


@documented(
    CreatedPost,
    status=202,
    body=bodies.CreateBody,
    errors=(402, 422),
    takes=("Idempotency-Key", "Prefer"),
)
async def create(request: Request) -> Response:
    """Publish now, or at an hour.

    Publish-now waits up to 20 seconds for the networks and answers with what is known then.

    With the query `dryRun=true` nothing is stored, and the answer is that of `POST /v1/posts/validate`.
    """
    who = await principal(request, by_profile=True)
    dry = flag(request, "dryRun")
    who.require(*(TO_LOOK if dry else ("publish",)))
    rooms = services(request)
    body = parse(await read(request))
    failpoints.hit("P1")
    probe = flag(request, "probeMedia")
    if dry:
        idempotency_key(request)
        return await _previewed(rooms, who, body, probe=probe)
    return await rooms.intake.create(submitter(request, who), body, partial(_created, request, rooms, who))


async def _created(request: Request, rooms: Services, who: Principal, made: Created) -> Response:
    """The answer, which comes from what was accepted as long as nothing newer can be read."""
    accepted, known = made.taken.accepted, made.taken.shown
    undone = accepted.status == "publishing" and not (known and known.done)
    if undone and not waiting.hurried(request):
        seconds = waiting.left_of(rooms, known)
        known = await waiting.until_done(
            rooms, who.project.id, accepted.post_id, seconds=seconds, request=request, known=known
        )
    if known is None:
        assert made.order is not None
        return answers.ok(answers.accepted(made.order, accepted), 202, _headers(request, replayed=False))
    return answers.ok(answers.created(known), 202, _headers(request, replayed=accepted.replayed))


def _headers(request: Request, *, replayed: bool) -> dict[str, str]:
    headers = REPLAYED if replayed else {}
    return headers | ({"Preference-Applied": "respond-async"} if waiting.hurried(request) else {})


@router.post("/v1/posts/validate")
@documented(Verdict, body=bodies.CreateBody, body_judged=True, query=ValidateQuery)
async def validate(request: Request) -> Response:
    """Say what creating this post would say, and store nothing."""
    who = await principal(request, *TO_LOOK, by_profile=True)
    body = await json_object(request)
    return await _previewed(services(request), who, body, probe=flag(request, "probeMedia"))


async def _previewed(rooms: Services, who: Principal, body: dict[str, Any], *, probe: bool) -> Response:
    """What `POST /v1/posts` would say to this body; with `probe`, after its media were fetched and measured."""
    return answers.ok(_verdict(await rooms.intake.preview(who, body, probe=probe)))


@router.post("/v1/posts/preview")
@documented(Drawings, body=bodies.CreateBody, body_judged=True, query=PreviewQuery)
async def preview(request: Request) -> Response:
    """Draw what each network would show of this post, from sourced numbers; store nothing, promise nothing."""
    who = await principal(request, *TO_LOOK, by_profile=True)
    body = await json_object(request)
    shared = flag(request, "sharedStyle")
    run = await services(request).intake.preview(who, body, probe=flag(request, "probeMedia"))
    drawn, undrawn = await aside(
        run.large or len(run.order.targets) > 1, lambda: _drawn(run, styled=not shared)
    )
    return answers.ok(
        {
            "success": not run.problems,
            "valid": not run.problems,
            "errors": errors.listed(run.problems),
            "notice": drawing.NOTICE.format("the networks"),
            "platforms": drawn,
            "undrawn": undrawn,
        }
        | ({"style": drawing.style()} if shared else {})
    )


def _drawn(run: DryRun, *, styled: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """The targets' drawings, none where something stands in for what could not be read; and who has no room left."""
    shown: list[dict[str, Any]] = []
    left: list[str] = []
    if not run.known:
        return shown, left
    room = DRAWN_BYTES
    for target, drawn in drawings(run.order, run.found, run.facts):
        said = {
            "platform": target.platform,
            "accountId": target.integration_id,
            "drawing": drawing.data(drawn),
            "html": drawing.render(drawn, styled=styled),
        }
        size = len(answers.ok(said).body)
        if size > room:
            left.append(target.integration_id)
        else:
            shown.append(said)
            room -= size
    return shown, left


def _verdict(verdict: DryRun) -> dict[str, Any]:
    """The verdict; price and accounts only where they are known and nothing stands in for them."""
    problems, order, said, known = verdict.problems, verdict.order, verdict.said, verdict.known
    when = order.when
    # A text that goes to many accounts must not make an answer far larger than its body.
    room = SHOWN_BYTES // len(order.targets)
    body: dict[str, Any] = {
        "success": not problems,
        "valid": not problems,
        "errors": errors.listed(problems),
        "credits": {"price": said.price if known else None, "remaining": said.left},
        "scheduledFor": clock.iso(when.instant) if when else None,
        "timezone": when.timezone if when else order.timezone,
        "platforms": [
            {
                "platform": target.platform,
                "accountId": target.integration_id,
                "content": _beginning(text, room),
            }
            for target, text in zip(order.targets, said.texts, strict=True)
            if known
        ],
    }
    notes = [when.note] if when and when.note else []
    if verdict.changes:
        notes.append("; ".join(verdict.changes))
    return body | ({"warningMessage": " ".join(notes)} if notes else {})


def _beginning(text: str, room: int) -> str:
    """The text, or as much of it as has room in bytes of UTF-8."""
    written = text.encode()
    return text if len(written) <= room else f"{written[:room].decode(errors='ignore')}…"


@router.get("/v1/posts")
@documented(PostList)
async def list_posts(request: Request, query: Annotated[PostsQuery, Query()]) -> Response:
    """Posts of the project, newest first unless asked otherwise."""
    who = await principal(request, "read", by_profile=True)
    rooms = services(request)
    hidden = hidden_from(request, rooms.settings)
    filters = filters_of(who, query, hidden)
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
@documented(OnePost, errors=(404,))
async def get_post(request: Request, post_id: str) -> Response:
    """One post."""
    who = await principal_for(request, post_id, "read")
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
@documented(Removed, errors=(402, 404, 409))
async def delete_post(
    request: Request,
    post_id: str,
    deleteFromPlatforms: bool = False,  # noqa: N803, FBT001, FBT002  # the API's name, in the query
) -> Response:
    """Delete here and, when asked, on the networks; the answer is closed."""
    who = await principal_for(request, post_id, "publish")
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
@documented(
    CreatedPost,
    status=202,
    body=bodies.RetryBody,
    body_required=False,
    errors=(402, 404, 409, 422),
    takes=("Idempotency-Key", "Prefer"),
)
async def retry(request: Request, post_id: str) -> Response:
    """Failed targets once more; answers like create."""
    who = await principal_for(request, post_id, "publish")
    rooms = services(request)
    raw = await json_object(request, optional=True)
    return await _tried_again(
        request, who, post_id, await rooms.intake.retry(submitter(request, who), post_id, raw)
    )


async def _tried_again(request: Request, who: Principal, post_id: str, changed: Changed) -> Response:
    """The answer once nothing of the post is under way any more, or the client has waited long enough."""
    rooms, (found, replayed) = services(request), changed
    if not waiting.hurried(request):
        seconds = rooms.settings.publish_wait_seconds
        found = await waiting.until_done(
            rooms, who.project.id, post_id, seconds=seconds, request=request, known=found
        )
    return answers.ok(answers.created(found), 202, _headers(request, replayed=replayed))


@router.put("/v1/posts/{post_id}", status_code=202)
@documented(
    CreatedPost,
    status=202,
    body=bodies.MendBody,
    errors=(402, 404, 409, 422),
    takes=("Idempotency-Key", "Prefer"),
)
async def mend(request: Request, post_id: str) -> Response:
    """Another text, other media or options for failed targets, which are then tried once more; answers like create.

    What is out, and the post's own text and media, stay as they are. While a target of the post is under way it is 409.
    """
    who = await principal_for(request, post_id, "publish")
    raw = await json_object(request)
    rooms = services(request)
    return await _tried_again(
        request, who, post_id, await rooms.intake.mend(submitter(request, who), post_id, raw)
    )


@router.get("/v1/posts/{post_id}/timeline")
@documented(TimelineAnswer, errors=(404,))
async def show_timeline(request: Request, post_id: str) -> Response:
    """Everything that happened to the post, oldest first, with redacted exchanges."""
    who = await principal_for(request, post_id, "read")
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

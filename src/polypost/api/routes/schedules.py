"""`/v1/schedules`: recurring posts."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.submitter import REPLAYED, submitter
from polypost.api.openapi.documented import documented
from polypost.api.routes.schedules_shapes import (
    DeletedAnswer,
    DeleteQuery,
    OccurrencesAnswer,
    OccurrencesQuery,
    PreviewAnswer,
    PreviewQuery,
    ScheduleAnswer,
    SchedulesAnswer,
    SchedulesQuery,
)
from polypost.entrance.services import services
from polypost.errors import InvalidRequest, Problem
from polypost.intake import Submitter, bodies
from polypost.planning import schedules
from polypost.planning.bodies import ScheduleBody, ScheduleChange, TimesBody, recurrence_of
from polypost.planning.recurrence import LOOK
from polypost.planning.schedules import Entry, Schedule

router = APIRouter(prefix="/v1/schedules")


def shape(found: Schedule) -> dict[str, Any]:
    """A schedule as the API shows it."""
    following = found.following
    return {
        "id": found.id,
        "name": found.template.name,
        "status": found.status,
        **found.template.body,
        "nextAt": answers.stamp(following.at if following else None),
        "nextLocalTime": following.local.isoformat() if following else None,
        "createdAt": answers.stamp(found.created_at),
        "updatedAt": answers.stamp(found.updated_at),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    reason = {"code": entry.reason_code, "message": entry.reason} if entry.reason_code else None
    return {
        "localTime": entry.local.isoformat(),
        "at": answers.stamp(entry.at),
        "note": entry.note,
        "state": entry.state,
        "postId": entry.post_id,
        "postStatus": entry.post_status,
        "reason": reason,
    }


@router.post("", status_code=201)
@documented(ScheduleAnswer, status=201, body=ScheduleBody, errors=(402, 422), takes=("Idempotency-Key",))
async def create(request: Request) -> Response:
    """A schedule, and the posts of its next days."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    made, replayed = await services(request).planner.create(submitter(request, who), raw)
    answer = {"success": True, "schedule": shape(made)}
    return answers.ok(answer, 201, REPLAYED if replayed else None)


@router.post("/preview")
@documented(PreviewAnswer, body=TimesBody)
async def preview(request: Request, query: Annotated[PreviewQuery, Query()]) -> Response:
    """The next times of a rule; nothing is stored."""
    await principal(request, "read")
    body = bodies.read(TimesBody, await json_object(request))
    recurrence, problems = recurrence_of(body.rule, body.startsAt, body.timezone)
    if recurrence is None or problems:
        raise InvalidRequest(problems)
    found = islice(recurrence.after(clock.now()), query.limit)
    times = [
        {"localTime": each.local.isoformat(), "at": answers.stamp(each.at), "note": each.note}
        for each in found
    ]
    return answers.ok({"success": True, "timezone": body.timezone, "occurrences": times})


@router.get("")
@documented(SchedulesAnswer)
async def list_schedules(request: Request, query: Annotated[SchedulesQuery, Query()]) -> Response:
    """The project's schedules, the newest first."""
    who = await principal(request, "read")
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: schedules.list_schedules(
            db,
            who.project.id,
            status=query.status,
            limit=query.limit,
            offset=query.offset,
            descending=query.sort == "desc",
        ),
    )
    return answers.ok({"success": True, "total": total, "schedules": [shape(each) for each in found]})


@router.get("/{schedule_id}")
@documented(ScheduleAnswer, errors=(404,))
async def get_schedule(request: Request, schedule_id: str) -> Response:
    """One schedule."""
    who = await principal(request, "read")
    found = await services(request).store.read(lambda db: schedules.get(db, who.project.id, schedule_id))
    return answers.ok({"success": True, "schedule": shape(found)})


@router.patch("/{schedule_id}")
@documented(ScheduleAnswer, body=ScheduleChange, errors=(402, 404))
async def change(request: Request, schedule_id: str) -> Response:
    """Change what is named; the posts that wait for their hour follow."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    changed = await services(request).planner.change(Submitter(who), schedule_id, raw)
    return answers.ok({"success": True, "schedule": shape(changed)})


@router.delete("/{schedule_id}")
@documented(DeletedAnswer, errors=(404,))
async def delete(request: Request, schedule_id: str, query: Annotated[DeleteQuery, Query()]) -> Response:
    """Forget a schedule; what it made and is not out yet is cancelled, unless `keepPosts` is true."""
    who = await principal(request, "publish")
    await services(request).store.write(
        lambda db: schedules.remove(db, who.project.id, schedule_id, keep_posts=query.keepPosts)
    )
    return answers.ok({"success": True, "message": "Schedule deleted."})


@router.post("/{schedule_id}/pause")
@documented(ScheduleAnswer, errors=(404,))
async def pause(request: Request, schedule_id: str) -> Response:
    """Stop; what it made and is not out yet is taken back."""
    who = await principal(request, "publish")
    paused = await services(request).store.write(lambda db: schedules.pause(db, who.project.id, schedule_id))
    return answers.ok({"success": True, "schedule": shape(paused)})


@router.post("/{schedule_id}/resume")
@documented(ScheduleAnswer, errors=(404,))
async def resume(request: Request, schedule_id: str) -> Response:
    """Go on with what lies ahead."""
    who = await principal(request, "publish")
    resumed = await services(request).planner.resume(Submitter(who), schedule_id)
    return answers.ok({"success": True, "schedule": shape(resumed)})


@router.get("/{schedule_id}/occurrences")
@documented(OccurrencesAnswer, errors=(404,))
async def list_occurrences(
    request: Request, schedule_id: str, query: Annotated[OccurrencesQuery, Query()]
) -> Response:
    """What became of past times and what is to come, in order."""
    who = await principal(request, "read")
    since, until = _window(query)

    def look(db: Any) -> tuple[Schedule, list[Entry]]:
        found = schedules.get(db, who.project.id, schedule_id)
        return found, schedules.entries(
            db, who.project.id, schedule_id, since=since, until=until, limit=query.limit
        )

    found, listed = await services(request).store.browse(who.project.id, look)
    return answers.ok(
        {
            "success": True,
            "scheduleId": found.id,
            "timezone": found.template.timezone,
            "occurrences": [_entry(each) for each in listed],
        }
    )


def _window(query: OccurrencesQuery) -> tuple[datetime, datetime]:
    """From when to when. Raises InvalidRequest beyond ten years before and after now."""
    now = clock.now()
    since = now if query.from_ is None else query.from_
    hint = f"Choose times within {LOOK.days // 365} years of now."
    if not now - LOOK <= since <= now + LOOK:
        raise InvalidRequest([Problem("from", "is too far from now", hint, "bad_time")])
    until = min(since + timedelta(days=366), now + LOOK) if query.to is None else query.to
    if not since <= until <= now + LOOK:
        said = "is before from" if until < since else "is too far from now"
        raise InvalidRequest([Problem("to", said, hint, "bad_time")])
    return since, until

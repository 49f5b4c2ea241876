"""Tools by which posts go out, or do not: schedule, publish, try again, cancel."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from polypost.approvals.asking import Hour
from polypost.entrance import results
from polypost.entrance.callers import require_post
from polypost.intake.bodies import Closed, ProfileId, RetryEntry, Text, Time, Zone
from polypost.intake.once import Changed
from polypost.mcp import shown
from polypost.mcp.tool import Answer, Call, Key, PostId, Tool
from polypost.posts import changes

_NOTE = "A word for who approves, where your key may not publish."


class PublishArguments(Closed):
    """What `publish_post` takes."""

    postId: PostId
    idempotencyKey: Key
    note: Text | None = Field(default=None, description=_NOTE)


class ScheduleArguments(PublishArguments):
    """What `schedule_post` takes: an hour, or the queue."""

    scheduledFor: Time | None = Field(
        default=None, description="RFC 3339; without an offset wall time in timezone."
    )
    timezone: Zone | None = Field(default=None, description="An IANA name.")
    queue: bool = Field(default=False, description="Instead of an hour: the queue's next free slot.")
    profileId: ProfileId | None = Field(default=None, description="Whose queue; the project's if left out.")


class RetryArguments(Closed):
    """What `retry_post` takes."""

    postId: PostId
    idempotencyKey: Key
    platforms: list[RetryEntry] | None = Field(
        default=None, min_length=1, max_length=50, description="Which failed targets; all if left out."
    )


class CancelArguments(Closed):
    """What `cancel_post` takes."""

    postId: PostId
    idempotencyKey: Key


async def schedule(call: Call, asked: ScheduleArguments, _: dict[str, Any]) -> Answer:
    """Give a draft its hour; by a key that may not, have a person asked."""
    body = shown.said(
        {"scheduledFor": asked.scheduledFor, "timezone": asked.timezone, "profileId": asked.profileId}
    )
    return await _send(call, asked, body | ({"queue": True} if asked.queue else {}))


async def publish(call: Call, asked: PublishArguments, _: dict[str, Any]) -> Answer:
    """Send a draft out now; by a key that may not, have a person asked."""
    return await _send(call, asked, {"publishNow": True})


async def _send(call: Call, asked: PublishArguments, body: dict[str, Any]) -> Answer:
    await require_post(call.rooms, call.who, asked.postId, "draft", "publish")
    submitter = call.submitter(asked.idempotencyKey)
    if call.who.may("publish"):
        done = await call.rooms.planner.schedule_draft(submitter, asked.postId, body)
        now = "publishNow" in body
        return await _results(call, done) if now else _answer(call, done, "Scheduled.")
    when, queue = await call.rooms.planner.hour_of(call.project_id, asked.postId, body)
    done = await call.rooms.approvals.request(
        submitter, asked.postId, Hour(when, queue), text=asked.note or ""
    )
    facts = shown.post(call, done.post) | {"approvalPage": call.page("approvals", asked.postId)}
    return Answer(
        "Nothing was published or scheduled: your key may not. The draft now waits for a person.",
        "Ask your user to decide on approvalPage, where they sign in. You cannot approve it. Look later with get_post.",
        facts,
        done.replayed,
    )


async def retry(call: Call, asked: RetryArguments, _: dict[str, Any]) -> Answer:
    """Failed targets once more."""
    await require_post(call.rooms, call.who, asked.postId, "publish")
    body = {"platforms": [each.model_dump() for each in asked.platforms]} if asked.platforms else {}
    done = await call.rooms.intake.retry(call.submitter(asked.idempotencyKey), asked.postId, body)
    return await _results(call, done)


async def cancel(call: Call, asked: CancelArguments, _: dict[str, Any]) -> Answer:
    """Take a scheduled post back to the drafts."""
    await require_post(call.rooms, call.who, asked.postId, "publish")
    submission = call.submitter(asked.idempotencyKey).submits(f"DELETE /v1/posts/scheduled/{asked.postId}")
    done = await call.rooms.intake.once.change(
        submission, asked.postId, lambda db: changes.cancel(db, call.project_id, asked.postId)
    )
    return _answer(call, done, "Cancelled: it is a draft again, and goes nowhere.")


async def _results(call: Call, done: Changed) -> Answer:
    """The answer once the networks have answered, or after as long as the API waits."""
    # Who calls has no line that could be seen to end: the SDK ends the call itself.
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    found = await results.until_done(
        call.rooms,
        call.project_id,
        done.post.post.id,
        seconds=call.rooms.settings.publish_wait_seconds,
        known=done.post,
        gone=gone,
    )
    failed = [each for each in found.targets if each.error_code is not None]
    out = sum(each.published_at is not None for each in found.targets)
    happened = f"{out} of {len(found.targets)} are out, {len(failed)} failed."
    return _answer(call, Changed(found, done.replayed), happened)


def _answer(call: Call, done: Changed, happened: str) -> Answer:
    status = done.post.post.status
    return Answer(happened, shown.NEXT.get(status, ""), shown.post(call, done.post), done.replayed)


TOOLS = (
    Tool(
        "schedule_post",
        "Schedule a draft",
        "Give a draft its hour, or the queue's next free slot. With a key that may not publish a person is asked instead.",
        ScheduleArguments,
        schedule,
        writes=True,
        destructive=True,
        outside=True,
        example={
            "postId": "post_…",
            "scheduledFor": "2026-12-01T09:00",
            "timezone": "Europe/Berlin",
            "idempotencyKey": "opening-at-nine-5c1e",
        },
    ),
    Tool(
        "publish_post",
        "Publish a draft now",
        "PUBLIC AT ONCE: send a draft out, only when your user asked for it. With a key that may not publish a person is "
        "asked instead.",
        PublishArguments,
        publish,
        writes=True,
        destructive=True,
        outside=True,
        example={"postId": "post_…", "idempotencyKey": "opening-now-77aa02"},
    ),
    Tool(
        "retry_post",
        "Try a failed post again",
        "Send failed targets once more as they are; edit_post changes them first.",
        RetryArguments,
        retry,
        writes=True,
        destructive=True,
        outside=True,
        example={"postId": "post_…", "idempotencyKey": "opening-again-8d2f"},
    ),
    Tool(
        "cancel_post",
        "Cancel a scheduled post",
        "Take a scheduled post back to the drafts before its hour.",
        CancelArguments,
        cancel,
        writes=True,
        destructive=True,
        example={"postId": "post_…", "idempotencyKey": "opening-off-0b44"},
    ),
)

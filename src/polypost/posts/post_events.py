"""What a post's events say: the post, and of each target what became of it. Never a token, and of the text only its beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from polypost import clock
from polypost.events import Event, event
from polypost.posts.states import State, shown
from polypost.posts.tables import posts, targets
from polypost.storage import HotSelect, as_dict

EXCERPT = 140
# What is told of a post, and of each of its targets.
OF_POST = (posts.c.id, posts.c.content, posts.c.scheduled_for, posts.c.timezone, posts.c.created_at)
OF_TARGET = (
    targets.c.platform,
    targets.c.integration_id,
    targets.c.state,
    targets.c.proof_id,
    targets.c.proof_url,
    targets.c.published_at,
    targets.c.error_code,
    targets.c.error_message,
)


class PostTold:
    """A row with `OF_POST` in it."""

    id: str
    content: str
    scheduled_for: datetime | None
    timezone: str
    created_at: datetime


_POST = HotSelect(
    select(*OF_POST).where(posts.c.id == bindparam("post"), posts.c.project_id == bindparam("project")),
    PostTold,
)
_TARGETS = HotSelect(
    select(*OF_TARGET)
    .where(targets.c.post_id == bindparam("post"), targets.c.project_id == bindparam("project"))
    .order_by(targets.c.position),
    object,
)


def scheduled(
    project_id: str, post: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], now: datetime
) -> Event:
    """The `post.scheduled` event from the rows that the caller writes."""
    payload = _payload(post, entries, "scheduled") | {"scheduledFor": _stamp(post["scheduled_for"])}
    return event(project_id, "post.scheduled", post["id"], payload, now)


def moved(db: Connection, project_id: str, post_id: str, now: datetime) -> None:
    """The same, when the hour has been changed: from the rows as they stand."""
    post, entries = _load(db, project_id, post_id)
    scheduled(project_id, post, entries, now).alone(db)


def ended(
    project_id: str, post: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], status: str, now: datetime
) -> Event:
    """`post.published`, `post.partial` or `post.failed`, from rows with `OF_POST` and `OF_TARGET`; when the last target has ended (I6)."""
    return event(project_id, f"post.{status}", post["id"], _payload(post, entries, status), now)


def _load(
    db: Connection, project_id: str, post_id: str
) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    # A post that was deleted here may still end: its row stays.
    mine = {"post": post_id, "project": project_id}
    (post,), entries = _POST(db, mine), _TARGETS(db, mine)
    return as_dict(post), [as_dict(each) for each in entries]


def _payload(post: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], status: str) -> dict[str, Any]:
    post_id, text = post["id"], post["content"]
    return {
        "postId": post_id,
        "status": status,
        "post": {
            "id": post_id,
            "postId": post_id,
            "status": status,
            "excerpt": text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…",
            "scheduledFor": _stamp(post["scheduled_for"]),
            "timezone": post["timezone"],
            "createdAt": _stamp(post["created_at"]),
        },
        "platforms": [_entry(each) for each in entries],
    }


def _entry(target: Mapping[str, Any]) -> dict[str, Any]:
    state = State(target["state"])
    error = target.get("error_message") if state is State.FAILED else None
    return {
        "platform": target["platform"],
        "accountId": target["integration_id"],
        "status": shown(state),
        "success": state is not State.FAILED,
        "platformPostId": target.get("proof_id"),
        "platformPostUrl": target.get("proof_url"),
        "publishedAt": _stamp(target.get("published_at")),
        "errorMessage": error,
        "error": error,
        "errorCode": target.get("error_code") if state is State.FAILED else None,
    }


def _stamp(value: datetime | None) -> str | None:
    return None if value is None else clock.iso(value)

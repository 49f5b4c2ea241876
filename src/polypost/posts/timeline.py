"""The post's diary: append-only, for people; nothing reads it to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from polypost.posts.tables import posts, timeline
from polypost.storage import HotInsert, Insert, Write, new_id, together

_INSERT = HotInsert(timeline)
_GONE = "What happened until its end is not kept any more."


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a target, in plain words; `detail` holds a redacted exchange or figures."""

    at: datetime
    kind: str
    message: str
    detail: dict[str, Any] | None = None


def write(
    db: Connection, project_id: str, post_id: str, target_id: str | None, lines: Sequence[Line]
) -> None:
    """Append the lines."""
    together(db, appended(project_id, post_id, target_id, lines))


def appended(project_id: str, post_id: str, target_id: str | None, lines: Sequence[Line]) -> list[Write]:
    """The lines, to be written with something else."""
    rows = [
        {
            "id": new_id("tl"),
            "project_id": project_id,
            "post_id": post_id,
            "target_id": target_id,
            "at": line.at,
            "kind": line.kind,
            "message": line.message,
            "detail": line.detail,
        }
        for line in lines
    ]
    return [Insert(_INSERT, rows)] if rows else []


@dataclass(frozen=True, slots=True)
class Shown(Line):
    """A line as it is read; one of the whole post has no target."""

    target_id: str | None = None


def read(db: Connection, project_id: str, post_id: str) -> list[Any]:
    """All lines of a post, oldest first; where they are forgotten, one that says so."""
    query = select(timeline).where(timeline.c.project_id == project_id, timeline.c.post_id == post_id)
    lines = list(db.execute(query.order_by(timeline.c.at, timeline.c.id)))
    mine = (posts.c.id == post_id, posts.c.project_id == project_id)
    thinned_at = db.execute(select(posts.c.thinned_at).where(*mine)).scalar_one_or_none()
    return lines if thinned_at is None else [Shown(thinned_at, "thinned", _GONE), *lines]

"""The post's diary: append-only, for people; nothing reads it to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from polypost.posts.tables import timeline
from polypost.storage import HotInsert, Insert, Write, new_id, together

_INSERT = HotInsert(timeline)


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


def read(db: Connection, project_id: str, post_id: str) -> list[Any]:
    """All lines of a post, oldest first."""
    query = select(timeline).where(timeline.c.project_id == project_id, timeline.c.post_id == post_id)
    return list(db.execute(query.order_by(timeline.c.at, timeline.c.id)))

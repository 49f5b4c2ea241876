"""An upload's rows, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from polypost.posts.bulk.tables import bulk_rows


@dataclass(frozen=True, slots=True)
class Row:
    """One row's verdict: `pending`, `created`, `valid` (dry run), `refused` or `stopped`."""

    number: int
    line: int
    state: str
    post_id: str | None
    due_at: datetime | None
    problems: Sequence[Mapping[str, str]]


def page(
    db: Connection, project_id: str, bulk_id: str, *, states: Sequence[str] = (), limit: int, offset: int
) -> tuple[int, list[Row]]:
    """How many rows there are in these states (all when none is named), and a page of them in the file's order."""
    mine = [bulk_rows.c.bulk_id == bulk_id, bulk_rows.c.project_id == project_id]
    if states:
        mine.append(bulk_rows.c.state.in_(states))
    total = db.execute(select(func.count()).select_from(bulk_rows).where(*mine)).scalar_one()
    query = select(bulk_rows).where(*mine).order_by(bulk_rows.c.number).limit(limit).offset(offset)
    return total, [
        Row(row.number, row.line, row.state, row.post_id, row.due_at, row.problems or ())
        for row in db.execute(query)
    ]

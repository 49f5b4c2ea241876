"""An upload's rows, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from polypost.bulk.tables import bulk_rows

# Not the bodies: those of a page may be as large as the whole file.
_SHOWN = [bulk_rows.c[name] for name in ("number", "line", "state", "post_id", "due_at", "problems")]


@dataclass(frozen=True, slots=True)
class Row:
    """One row's verdict: `pending`, `created`, `valid` (good in a dry run, and waiting once that is carried out), `refused` or `stopped`."""

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
    query = select(*_SHOWN).where(*mine).order_by(bulk_rows.c.number).limit(limit).offset(offset)
    return total, [
        Row(number, line, state, post_id, due_at, problems or ())
        for number, line, state, post_id, due_at, problems in db.execute(query)
    ]

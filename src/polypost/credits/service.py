"""Reserve at acceptance, settle at success, release otherwise; each once per target and generation.

Kinds: `reserve`, `settle`, `release`, `waived` (published after its release: stays free), `charge` (an
action that is paid at once, such as a deletion on a network).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select, text

from polypost.credits.tables import ledger
from polypost.errors import PaymentRequired
from polypost.storage import HotInsert

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:project, 7))")
_INSERT = HotInsert(ledger)
_USED = select(
    func.coalesce(
        func.sum(
            case(
                (ledger.c.kind.in_(["reserve", "charge"]), ledger.c.amount),
                (ledger.c.kind == "release", -ledger.c.amount),
                else_=0,
            )
        ),
        0,
    )
).where(ledger.c.project_id == bindparam("project"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What one target costs in one generation, in credits."""

    target_id: str
    generation: int
    amount: int
    platform: str
    integration_id: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Credits of one month by platform."""

    year: int
    month: int
    count: int
    platform: dict[str, int]


def used(db: Connection, project_id: str) -> int:
    """Credits that are spent or reserved."""
    return int(db.execute(_USED, {"project": project_id}).scalar_one())


def _rows(project_id: str, entries: Sequence[Entry], kind: str, at: datetime) -> list[dict[str, object]]:
    return [
        {
            "project_id": project_id,
            "target_id": entry.target_id,
            "generation": entry.generation,
            "kind": kind,
            "amount": entry.amount,
            "platform": entry.platform,
            "integration_id": entry.integration_id,
            "at": at,
        }
        for entry in entries
    ]


def reserve(
    db: Connection, project_id: str, entries: Sequence[Entry], *, limit: int | None, at: datetime
) -> None:
    """Set the entries' credits aside. Raises PaymentRequired when the project's limit does not hold them."""
    afford(db, project_id, sum(entry.amount for entry in entries), limit)
    _INSERT(db, _rows(project_id, entries, "reserve", at))


def charge(db: Connection, project_id: str, entry: Entry, *, limit: int | None, at: datetime) -> None:
    """Spend at once. Raises PaymentRequired when the project's limit does not hold it."""
    afford(db, project_id, entry.amount, limit)
    _INSERT(db, _rows(project_id, [entry], "charge", at))


def settle(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """The reserved credits are spent: the target is published."""
    _INSERT(db, _rows(project_id, [entry], "settle", at))


def release(db: Connection, project_id: str, entries: Sequence[Entry], *, at: datetime) -> None:
    """The reserved credits are free again."""
    if entries:
        _INSERT(db, _rows(project_id, entries, "release", at))


def waive(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """Published although its credits were released: it stays free (G4)."""
    _INSERT(db, _rows(project_id, [entry], "waived", at))


def usage(
    db: Connection,
    project_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    integration_ids: Sequence[str] | None = None,
) -> list[Usage]:
    """Credits spent by month, oldest first; months without use are left out."""
    query = select(ledger.c.at, ledger.c.platform, ledger.c.amount).where(
        ledger.c.project_id == project_id, ledger.c.kind.in_(["settle", "charge"])
    )
    if since is not None:
        query = query.where(ledger.c.at >= since)
    if until is not None:
        query = query.where(ledger.c.at < until)
    if integration_ids is not None:
        query = query.where(ledger.c.integration_id.in_(integration_ids))
    months: dict[tuple[int, int], dict[str, int]] = {}
    for at, platform, amount in db.execute(query):
        by_platform = months.setdefault((at.year, at.month), {})
        by_platform[platform] = by_platform.get(platform, 0) + amount
    return [Usage(year, month, sum(of.values()), of) for (year, month), of in sorted(months.items())]


def afford(db: Connection, project_id: str, amount: int, limit: int | None) -> None:
    """Raises PaymentRequired when `limit` credits do not hold `amount` more; None is no limit."""
    if limit is None:
        return
    if db.dialect.name == "postgresql":
        db.execute(_LOCK, {"project": project_id})
    left = limit - used(db, project_id)
    if amount > left:
        raise PaymentRequired(
            f"This needs {amount} credits and {left} are left.",
            next_step="Raise the project's limit or publish to fewer accounts.",
        )

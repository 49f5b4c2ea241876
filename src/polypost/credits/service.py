"""Reserve at acceptance, settle at success, release otherwise; each once per target and generation.

Kinds: `reserve`, `settle`, `release`, `waived` (published after its release: stays free), `charge` (an
action that is paid at once, such as a deletion on a network).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, case, func, select

from polypost.credits.funds import Draw, Funds, draw
from polypost.credits.tables import ledger
from polypost.storage import HotInsert

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


def reserve(db: Connection, project_id: str, entries: Sequence[Entry], *, funds: Funds, at: datetime) -> None:
    """Set the entries' credits aside. Raises PaymentRequired when the project has too little."""
    draws = draw(db, project_id, [entry.amount for entry in entries], funds=funds, at=at)
    _write(db, project_id, entries, "reserve", at, draws)


def replace(
    db: Connection,
    project_id: str,
    old: Sequence[Entry],
    new: Sequence[Entry],
    *,
    funds: Funds,
    at: datetime,
) -> None:
    """Reserve `new` in place of `old`: only the difference counts, in a later month too. Raises PaymentRequired."""
    given_back: dict[int, int] = {}
    for each in release(db, project_id, old, at=at):
        given_back[each.cycle] = given_back.get(each.cycle, 0) + each.monthly
    amounts = [entry.amount for entry in new]
    draws = draw(db, project_id, amounts, funds=funds, at=at, given_back=given_back)
    _write(db, project_id, new, "reserve", at, draws)


def charge(
    db: Connection, project_id: str, entry: Entry, *, funds: Funds, at: datetime, owed: bool = False
) -> None:
    """Spend at once. Raises PaymentRequired when the project has too little, unless it is `owed`: done already."""
    draws = draw(db, project_id, [entry.amount], funds=funds, at=at, owed=owed)
    _write(db, project_id, [entry], "charge", at, draws)


def afford(db: Connection, project_id: str, amount: int, *, funds: Funds, at: datetime) -> None:
    """Raises PaymentRequired when the project cannot pay `amount` more."""
    draw(db, project_id, [amount], funds=funds, at=at)


def settle(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """The reserved credits are spent: the target is published."""
    _write(db, project_id, [entry], "settle", at)


def release(db: Connection, project_id: str, entries: Sequence[Entry], *, at: datetime) -> list[Draw]:
    """The reserved credits are free again; returns what went back to allowances, one for each entry."""
    held = _held(db, project_id, entries)
    draws = [held.get((entry.target_id, entry.generation), Draw()) for entry in entries]
    _write(db, project_id, entries, "release", at, draws)
    return draws


def waive(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """Published although its credits were released: it stays free (G4)."""
    _write(db, project_id, [entry], "waived", at)


def usage(
    db: Connection,
    project_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    integration_ids: Select[tuple[str]] | None = None,
) -> list[Usage]:
    """Credits spent by month, oldest first; months without use are left out. `integration_ids` is a query for them."""
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


def _held(db: Connection, project_id: str, entries: Sequence[Entry]) -> dict[tuple[str, int], Draw]:
    """What reservations drew from allowances, by target and generation."""
    query = select(ledger.c.target_id, ledger.c.generation, ledger.c.monthly, ledger.c.cycle).where(
        ledger.c.project_id == project_id,
        ledger.c.kind == "reserve",
        ledger.c.monthly.is_not(None),
        ledger.c.target_id.in_([entry.target_id for entry in entries]),
    )
    return {(row.target_id, row.generation): Draw(row.monthly, row.cycle) for row in db.execute(query)}


def _write(
    db: Connection,
    project_id: str,
    entries: Sequence[Entry],
    kind: str,
    at: datetime,
    draws: Sequence[Draw] = (),
) -> None:
    rows = [
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
    drew = [each.columns() for each in draws]
    # All rows of one insert have the same columns; those of projects without an allowance stay as short as they can.
    if any(drew):
        rows = [row | {"monthly": None, "cycle": None} | more for row, more in zip(rows, drew, strict=True)]
    if rows:
        _INSERT(db, rows)

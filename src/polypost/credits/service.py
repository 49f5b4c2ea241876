"""Reserve at acceptance, settle at success, release otherwise; each once per target and generation.

Kinds: `reserve`, `settle`, `release`, `waived` (published after its release: stays free), `charge` (an
action that is paid at once, such as a deletion on a network).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from polypost.credits import balances
from polypost.credits.funds import Draw, Funds, balance, cycle_of, draw, too_little, unlimited
from polypost.credits.tables import ledger
from polypost.credits.tables import usage as spent
from polypost.storage import HotInsert, Insert, Write, together

_INSERT = HotInsert(ledger)
_USED = select(func.coalesce(func.sum(balances.SIGN * ledger.c.amount), 0)).where(
    ledger.c.project_id == bindparam("project")
)


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
    together(db, reservation(db, project_id, entries, funds=funds, at=at))


def reservation(
    db: Connection, project_id: str, entries: Sequence[Entry], *, funds: Funds, at: datetime
) -> list[Write]:
    """What is to be written to set credits aside, in this transaction. Raises PaymentRequired."""
    draws = draw(db, project_id, [entry.amount for entry in entries], funds=funds, at=at)
    return _drawn(project_id, entries, "reserve", at, draws, funds)


def unlimited_reservations(entries: Mapping[str, Sequence[Entry]], *, at: datetime) -> list[Write]:
    """What is to be written to set credits of projects without a limit aside, by their ids; for several on PostgreSQL."""
    return _unlimited(entries, "reserve", at)


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
    together(db, _drawn(project_id, new, "reserve", at, draws, funds))


def charge(
    db: Connection, project_id: str, entry: Entry, *, funds: Funds, at: datetime, owed: bool = False
) -> None:
    """Spend at once. Raises PaymentRequired when the project has too little, unless it is `owed`: done already."""
    draws = draw(db, project_id, [entry.amount], funds=funds, at=at, owed=owed)
    together(db, _drawn(project_id, [entry], "charge", at, draws, funds))
    _spent(project_id, entry, at).alone(db)


def afford(db: Connection, project_id: str, amount: int, *, funds: Funds, at: datetime) -> None:
    """Raises PaymentRequired when the project cannot pay `amount` more; holds nothing."""
    left = balance(db, project_id, funds, at).left
    if not unlimited(funds) and left < amount:
        raise too_little(amount, left)


def settle(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """The reserved credits are spent: the target is published."""
    together(db, settlement(project_id, entry, at=at))


def settlement(project_id: str, entry: Entry, *, at: datetime) -> list[Write]:
    """The same, to be written with something else."""
    return [
        Insert(_INSERT, _rows(project_id, [entry], "settle", at, ())),
        _spent(project_id, entry, at),
    ]


def release(db: Connection, project_id: str, entries: Sequence[Entry], *, at: datetime) -> list[Draw]:
    """The reserved credits are free again; returns what went back to allowances, one for each entry."""
    held = _held(db, project_id, entries)
    draws = [held.get((entry.target_id, entry.generation), Draw()) for entry in entries]
    _write(db, project_id, entries, "release", at, draws)
    # The entries are written: who makes a balance meanwhile must see them or wait.
    if balances.hold(db, project_id):
        _sum(project_id, entries, draws, -1).alone(db)
    return draws


def waive(db: Connection, project_id: str, entry: Entry, *, at: datetime) -> None:
    """Published although its credits were released: it stays free (G4)."""
    _write(db, project_id, [entry], "waived", at)


def usage(
    db: Connection, project_id: str, *, integration_ids: Select[tuple[str]] | None = None
) -> list[Usage]:
    """Credits spent by month, oldest first; months without use are left out. `integration_ids` is a query for them."""
    query = select(spent.c.month, spent.c.platform, func.sum(spent.c.credits)).where(
        spent.c.project_id == project_id
    )
    if integration_ids is not None:
        query = query.where(spent.c.integration_id.in_(integration_ids))
    months: dict[int, dict[str, int]] = {}
    for month, platform, amount in db.execute(query.group_by(spent.c.month, spent.c.platform)):
        months.setdefault(month, {})[platform] = int(amount)
    return [Usage(*divmod(month, 100), sum(of.values()), of) for month, of in sorted(months.items())]


def _held(db: Connection, project_id: str, entries: Sequence[Entry]) -> dict[tuple[str, int], Draw]:
    """What reservations drew from allowances, by target and generation."""
    query = select(ledger.c.target_id, ledger.c.generation, ledger.c.monthly, ledger.c.cycle).where(
        ledger.c.project_id == project_id,
        ledger.c.kind == "reserve",
        ledger.c.monthly.is_not(None),
        ledger.c.target_id.in_([entry.target_id for entry in entries]),
    )
    return {(row.target_id, row.generation): Draw(row.monthly, row.cycle) for row in db.execute(query)}


def _drawn(
    project_id: str, entries: Sequence[Entry], kind: str, at: datetime, draws: Sequence[Draw], funds: Funds
) -> list[Write]:
    """Entries of what was drawn, and their sum: a balance that is held follows, one that is kept no more goes.

    That one goes in the entries' statement or after it: who makes it meanwhile has seen them or is waited for, as the
    statement locks the ledger before it looks.
    """
    if not entries:
        return []
    if unlimited(funds):
        return _unlimited({project_id: entries}, kind, at)
    rows = Insert(_INSERT, _rows(project_id, entries, kind, at, draws))
    return [rows, _sum(project_id, entries, draws, 1)]


def _unlimited(entries: Mapping[str, Sequence[Entry]], kind: str, at: datetime) -> list[Write]:
    rows = [row for project_id, each in entries.items() for row in _rows(project_id, each, kind, at, ())]
    return [Insert(_INSERT, rows), balances.dropping(entries)]


def _write(
    db: Connection,
    project_id: str,
    entries: Sequence[Entry],
    kind: str,
    at: datetime,
    draws: Sequence[Draw] = (),
) -> None:
    if entries:
        _INSERT(db, _rows(project_id, entries, kind, at, draws))


def _rows(
    project_id: str, entries: Sequence[Entry], kind: str, at: datetime, draws: Sequence[Draw]
) -> list[dict[str, Any]]:
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
    return rows


def _sum(project_id: str, entries: Sequence[Entry], draws: Sequence[Draw], sign: int) -> Write:
    """Have a balance that is held follow the entries."""
    drawn = {balances.LASTING: 0}
    for entry, each in zip(entries, draws, strict=True):
        drawn[balances.LASTING] += sign * (entry.amount - each.monthly)
        if each.monthly:
            drawn[each.cycle] = drawn.get(each.cycle, 0) + sign * each.monthly
    return balances.adding(project_id, drawn.items())


def _spent(project_id: str, entry: Entry, at: datetime) -> Write:
    return balances.spending(project_id, cycle_of(at), entry.integration_id, entry.platform, entry.amount)

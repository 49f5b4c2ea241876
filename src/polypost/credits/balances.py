"""Running sums of the ledger, changed in the transaction of the entries that they sum; `doctor` compares them with it.

A balance is kept for projects with a limit only. Whoever draws first makes it from the ledger; who reserves without
a limit and finds one takes it away, because a limit comes and goes while a server still knows the project as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    String,
    any_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    text,
    type_coerce,
)

from polypost.credits.tables import balances, ledger, usage
from polypost.storage import Change, HotInsert, HotSelect, HotWrite, Insert, Write

# What never lapses has no month: the row that a project has as long as its balance is kept.
LASTING = 0
_T = ledger.c
SIGN = case((_T.kind.in_(["reserve", "charge"]), 1), (_T.kind == "release", -1), else_=0)
_MINE = _T.project_id == bindparam("project")
_LASTING_DRAWN = select(func.sum(SIGN * (_T.amount - func.coalesce(_T.monthly, 0)))).where(_MINE)
_MONTHS_DRAWN = (
    select(_T.cycle, func.sum(SIGN * _T.monthly)).where(_MINE, _T.cycle.is_not(None)).group_by(_T.cycle)
)
_DAY = type_coerce(_T.at, BigInteger) // literal_column("86400000000", BigInteger)
_OF_ACCOUNT = (_T.project_id, _DAY, _T.integration_id, _T.platform)
_SPENT_BY_DAY = (
    select(*_OF_ACCOUNT, func.sum(_T.amount)).where(_T.kind.in_(["settle", "charge"])).group_by(*_OF_ACCOUNT)
)
_DRAWN = select(balances.c.drawn).where(
    balances.c.project_id == bindparam("project"), balances.c.cycle == bindparam("cycle")
)
_READ = HotSelect(_DRAWN, tuple[int])
_HOLD = HotSelect(_DRAWN.with_for_update(), tuple[int])
_DROP = HotWrite(delete(balances).where(balances.c.project_id == bindparam("project")))
_DROP_ALL = HotWrite(
    delete(balances).where(balances.c.project_id == any_(bindparam("projects", type_=ARRAY(String))))
)
# New entries wait, and those under way are waited for: each is summed once.
_ALONE = text("LOCK TABLE ledger IN SHARE ROW EXCLUSIVE MODE")


def _adding(table: str, key: str, column: str) -> Mapping[str, str]:
    ending = f"ON CONFLICT ({key}) DO UPDATE SET {column} = {table}.{column} + excluded.{column}"
    return {"sqlite": ending, "postgresql": ending}


_ADD = HotInsert(balances, _adding("balances", "project_id, cycle", "drawn"))
_SPEND = HotInsert(usage, _adding("usage", "project_id, month, integration_id, platform", "credits"))


def read(db: Connection, project_id: str, cycle: int) -> tuple[int, int]:
    """What was drawn of a month's allowance and of what lasts, reservations included."""
    kept = _READ(db, {"project": project_id, "cycle": LASTING})
    if not kept:
        sums = _sums(db, project_id)
        return sums.get(cycle, 0), sums[LASTING]
    month = _READ(db, {"project": project_id, "cycle": cycle})
    return month[0][0] if month else 0, kept[0][0]


def drawn(db: Connection, project_id: str) -> int:
    """Everything that was drawn, of all months and of what lasts, reservations included."""
    if not _READ(db, {"project": project_id, "cycle": LASTING}):
        return sum(_sums(db, project_id).values())
    query = select(func.sum(balances.c.drawn)).where(balances.c.project_id == project_id)
    return int(db.execute(query).scalar_one())


def hold(db: Connection, project_id: str) -> bool:
    """Whether the project's balance is kept; if so, nobody else draws until this transaction ends."""
    return bool(_HOLD(db, {"project": project_id, "cycle": LASTING}))


def keep(db: Connection, project_id: str) -> None:
    """Hold the project's balance; make it where it is not kept yet."""
    if hold(db, project_id):
        return
    if db.dialect.name == "postgresql":
        db.execute(_ALONE)
        if hold(db, project_id):
            return
    adding(project_id, _sums(db, project_id).items()).alone(db)


def adding(project_id: str, drawn: Iterable[tuple[int, int]]) -> Write:
    """Add to a balance that is held: month and amount, the month `LASTING` for what never lapses."""
    rows = [{"project_id": project_id, "cycle": cycle, "drawn": amount} for cycle, amount in drawn]
    return Insert(_ADD, rows)


def dropping(project_ids: Collection[str]) -> Write:
    """Keep no balance of these projects any more; of several on PostgreSQL."""
    if len(project_ids) == 1:
        return Change(_DROP, {"project": next(iter(project_ids))})
    return Change(_DROP_ALL, {"projects": list(project_ids)})


def spending(project_id: str, month: int, integration_id: str, platform: str, amount: int) -> Write:
    """Add to what the project spent in a month, with a limit or without."""
    row = {"project_id": project_id, "month": month, "integration_id": integration_id, "platform": platform}
    return Insert(_SPEND, [row | {"credits": amount}])


def wrong(db: Connection) -> list[str]:
    """Projects of which a sum is not what the ledger says."""
    held = {(row.project_id, row.cycle): row.drawn for row in db.execute(select(balances))}
    drawn = {
        (project_id, cycle): amount
        for project_id, kept in held
        if kept == LASTING
        for cycle, amount in _sums(db, project_id).items()
    }
    noted = {tuple(row[:4]): row.credits for row in db.execute(select(usage))}
    spent: dict[tuple[str, int, str, str], int] = {}
    for project_id, day, integration_id, platform, amount in db.execute(_SPENT_BY_DAY):
        on = date(1970, 1, 1) + timedelta(days=day)
        key = (project_id, on.year * 100 + on.month, integration_id, platform)
        spent[key] = spent.get(key, 0) + int(amount)
    return sorted(_differing(held, drawn) | _differing(noted, spent))


def _differing(ours: Mapping[Any, int], theirs: Mapping[Any, int]) -> set[str]:
    return {key[0] for key in (*ours, *theirs) if ours.get(key, 0) != theirs.get(key, 0)}


def _sums(db: Connection, project_id: str) -> dict[int, int]:
    months = {cycle: int(drawn) for cycle, drawn in db.execute(_MONTHS_DRAWN, {"project": project_id})}
    lasting = db.execute(_LASTING_DRAWN, {"project": project_id}).scalar_one()
    return {LASTING: int(lasting or 0)} | months

"""What was spent, for people to look at: by day, by account, and entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from polypost.credits import balances
from polypost.credits.tables import ledger
from polypost.credits.tables import usage as spent

# Of each kind of entry so many are looked at, the newest.
LOOKED = 2000
KINDS = ("reserve", "settle", "release", "waived", "charge")
SPENT = ("settle", "charge")
_T = ledger.c
_DAY = type_coerce(_T.at, BigInteger) // literal_column("86400000000", BigInteger)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Of:
    """Whose entries are meant; empty is all. `accounts` is a query for their ids."""

    platform: str | None = None
    accounts: Select[tuple[str]] | None = None

    def among(self, columns: Any) -> list[ColumnElement[bool]]:
        """The same as conditions."""
        wanted = [columns.platform == self.platform] if self.platform is not None else []
        return wanted + ([columns.integration_id.in_(self.accounts)] if self.accounts is not None else [])


class Line(NamedTuple):
    """An entry of the ledger."""

    target_id: str
    kind: str
    amount: int
    platform: str
    integration_id: str
    at: datetime


class Spent(NamedTuple):
    """What an account spent, in a month and ever; an action that is no account's has an empty id."""

    integration_id: str
    platform: str
    month: int
    ever: int


def by_account(db: Connection, project_id: str, cycle: int, of: Of) -> list[Spent]:
    """What each account spent in a month (202611) and ever, those first that spent most."""
    of_month = func.sum(spent.c.credits).filter(spent.c.month == cycle)
    query = (
        select(spent.c.integration_id, spent.c.platform, of_month, func.sum(spent.c.credits))
        .where(spent.c.project_id == project_id, *of.among(spent.c))
        .group_by(spent.c.integration_id, spent.c.platform)
    )
    found = [
        Spent(who, platform, int(month or 0), int(ever)) for who, platform, month, ever in db.execute(query)
    ]
    return sorted(found, key=lambda each: (-each.month, -each.ever, each.platform, each.integration_id))


def reserved(db: Connection, project_id: str) -> int:
    """Credits that are set aside for what is not out yet, of a project with a limit: what was drawn and not spent."""
    query = select(func.sum(spent.c.credits)).where(spent.c.project_id == project_id)
    return balances.drawn(db, project_id) - int(db.execute(query).scalar_one() or 0)


def by_day(
    db: Connection, project_id: str, since: datetime, until: datetime, of: Of
) -> tuple[dict[date, int], datetime | None]:
    """What was spent on each day (UTC), and since when where there are more entries than are looked at."""
    cut = _cut(db, project_id, SPENT, since, until)
    query = (
        select(_DAY, func.sum(_T.amount))
        .where(
            _T.project_id == project_id,
            _T.kind.in_(SPENT),
            _T.at > cut if cut else _T.at >= since,
            _T.at < until,
            *of.among(_T),
        )
        .group_by(_DAY)
    )
    found = {_LONG_AGO.date() + timedelta(days=int(day)): int(amount) for day, amount in db.execute(query)}
    return found, cut


def newest(db: Connection, project_id: str, of: Of, *, limit: int, offset: int) -> tuple[list[Line], bool]:
    """A page of the ledger, the newest entry first, and whether there are more."""
    cut = _cut(db, project_id, KINDS, _LONG_AGO, None) or _LONG_AGO
    columns = [_T[name] for name in (*Line._fields, "generation")]
    # Each kind in the order of its index.
    parts = [
        select(
            select(*columns)
            .where(_T.project_id == project_id, _T.kind == kind, _T.at > cut, *of.among(_T))
            .order_by(_T.at.desc(), _T.target_id.desc(), _T.generation.desc())
            .limit(offset + limit + 1)
            .subquery()
        )
        for kind in KINDS
    ]
    rows = union_all(*parts).subquery()
    order = [rows.c[name].desc() for name in ("at", "target_id", "generation", "kind")]
    query = select(*(rows.c[name] for name in Line._fields)).order_by(*order).limit(limit + 1).offset(offset)
    found = [Line(*row) for row in db.execute(query)]
    return found[:limit], len(found) > limit


def _cut(
    db: Connection, project_id: str, kinds: Sequence[str], since: datetime, until: datetime | None
) -> datetime | None:
    """Where what is looked at begins, when there is more: up to here and not after it; by the index alone."""
    found = []
    for kind in kinds:
        query = select(_T.at).where(_T.project_id == project_id, _T.kind == kind, _T.at >= since)
        if until is not None:
            query = query.where(_T.at < until)
        found.append(db.execute(query.order_by(_T.at.desc()).offset(LOOKED).limit(1)).scalar_one_or_none())
    return max((each for each in found if each is not None), default=None)

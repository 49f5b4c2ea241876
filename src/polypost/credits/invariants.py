"""What must hold of the ledger at any moment (RELIABILITY §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import (
    Connection,
    and_,
    exists,
    func,
    or_,
    select,
)

from polypost.credits import balances
from polypost.credits.tables import ledger
from polypost.storage import SAMPLE, Invariant


def _wrong_draw(db: Connection, now: datetime) -> Iterable[str]:
    held = ledger.alias()
    same = and_(
        held.c.target_id == ledger.c.target_id,
        held.c.generation == ledger.c.generation,
        held.c.kind == "reserve",
        func.coalesce(held.c.monthly, 0) == func.coalesce(ledger.c.monthly, 0),
        func.coalesce(held.c.cycle, 0) == func.coalesce(ledger.c.cycle, 0),
    )
    beyond = or_(ledger.c.monthly > ledger.c.amount, ledger.c.monthly < 1, ledger.c.cycle.is_(None))
    query = select(ledger.c.target_id).where(
        or_(
            and_(ledger.c.monthly.is_not(None), beyond),
            and_(ledger.c.kind == "release", ~exists().where(same)),
        )
    )
    return db.execute(query.limit(SAMPLE)).scalars()


def _wrong_sums(db: Connection, now: datetime) -> Iterable[str]:
    return balances.wrong(db)


def _both_ends(db: Connection, now: datetime) -> Iterable[str]:
    query = (
        select(ledger.c.target_id)
        .where(ledger.c.kind.in_(["settle", "release"]))
        .group_by(ledger.c.target_id, ledger.c.generation)
        .having(func.count() > 1)
    )
    return db.execute(query.limit(SAMPLE)).scalars()


INVARIANTS = (
    Invariant(
        "I5",
        "ledger entries that took from an allowance what they did not cost, or gave back something else",
        _wrong_draw,
    ),
    Invariant("I5", "projects whose running sums are not what the ledger says", _wrong_sums),
    Invariant("I5", "targets that were both settled and released", _both_ends),
)

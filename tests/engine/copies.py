"""A post copied in bulk with everything that hangs on it: a history or a future of a million takes minutes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import Connection, Table, select, text

from polypost.credits import balances
from polypost.credits.funds import cycle_of
from polypost.credits.tables import ledger
from polypost.events.outbox import outbox
from polypost.posts.tables import attempts, posts, targets, timeline
from polypost.storage import Instant

_MICROSECOND = timedelta(microseconds=1)
_OF_TARGETS = "target_id IN (SELECT id FROM targets WHERE post_id = :post)"
# Of each table the rows that are a post's, and the columns with an id that is a copy's own.
OWN: dict[Table, tuple[str, tuple[str, ...]]] = {
    posts: ("id = :post", ("id",)),
    targets: ("post_id = :post", ("id", "post_id")),
    ledger: (_OF_TARGETS, ("target_id",)),
    attempts: (_OF_TARGETS, ("id", "target_id")),
    timeline: ("post_id = :post", ("id", "post_id", "target_id")),
    outbox: ("subject = :post", ("id", "subject")),
}
# When it is its turn.
TURN = frozenset({"scheduled_for", "due_at", "next_at"})
_NUMBER = "substr(CAST(10000000 + i AS TEXT), 2)"
_NUMBERS = (
    "WITH RECURSIVE numbers(i) AS"
    " (SELECT CAST(:begin AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :end)"
)


def copy(
    db: Connection,
    post_id: str,
    numbers: range,
    *,
    every: timedelta,
    first: timedelta = timedelta(),
    ahead: bool = False,
) -> None:
    """One copy for each number from 0 on, each `every` further back in time than the one before, `first` at the least.

    With `ahead` its turn is as much later as all else about it is earlier. Sums of what was spent follow.
    """
    bounds = {"begin": numbers.start, "end": numbers.stop, "post": post_id}
    made = int(post_id.partition("_")[2][:12], 16)
    shift = {"first": first // _MICROSECOND, "every": every // _MICROSECOND, "made": made}
    for table, (mine, ids) in OWN.items():
        values = {column.name: f'"{column.name}"' for column in table.c}
        for column in table.c:
            if isinstance(column.type, Instant):
                sign = "+" if ahead and column.name in TURN else "-"
                values[column.name] += f" {sign} (:first + :every * i)"
        values |= {name: _id(db, name) for name in ids}
        if "proof_id" in values:
            values["proof_id"] += f" || '-' || {_NUMBER}"
        if "content" in values:
            # A network takes a text once.
            values["content"] += f" || ' ' || {_NUMBER}"
        if "delivery" in values:
            # Of equal bodies whose answers are open there may be one.
            values["delivery"] = "NULL"
        columns = ", ".join(f'"{name}"' for name in values)
        source = f"SELECT {', '.join(values.values())} FROM {table.name}, numbers WHERE {mine}"
        db.execute(text(f"{_NUMBERS} INSERT INTO {table.name} ({columns}) {source}"), bounds | shift)
    _spend(db, post_id, [first + every * number for number in numbers])


def _id(db: Connection, name: str) -> str:
    """An id of the copy's own: of the time at which it was made, with what tells rows of a post from each other."""
    made = "CAST(:made - (:first + :every * i) / 1000 AS BIGINT)"
    if db.dialect.name == "postgresql":
        begins, time = f"strpos({name}, '_')", f"lpad(to_hex({made}), 12, '0')"
    else:
        begins, time = f"instr({name}, '_')", f"printf('%012x', {made})"
    return f"substr({name}, 1, {begins}) || {time} || substr({name}, {begins} + 13, 12) || {_NUMBER}"


def _spend(db: Connection, post_id: str, back: list[timedelta]) -> None:
    mine = ledger.c.target_id.in_(select(targets.c.id).where(targets.c.post_id == post_id))
    for row in db.execute(select(ledger).where(mine, ledger.c.kind == "settle")).all():
        for month, count in Counter(cycle_of(row.at - each) for each in back).items():
            amount = row.amount * count
            spending = balances.spending(row.project_id, month, row.integration_id, row.platform, amount)
            spending.alone(db)

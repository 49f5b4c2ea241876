"""Reading an account's own list and the insights of what stands in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from polypost.platforms.families.meta.graph import Graph, identity, listed, next_cursor
from polypost.platforms.kit.answers import count

S = TypeVar("S")
T = TypeVar("T")

ROWS_AT_ONCE = 100
# Where there is no call for several, they are asked side by side, a few at a time.
AT_ONCE = 4


def made_at(row: Mapping[str, Any], time: str = "timestamp") -> datetime:
    """When an object of a list was made, which stands under the name `time`."""
    return datetime.fromisoformat(str(row[time]))


async def rows_between(
    graph: Graph,
    edge: str,
    fields: str,
    since: datetime,
    until: datetime,
    *,
    time: str = "timestamp",
    most: int,
    timed: bool = True,
    ordered: bool = False,
    shown: Callable[[Mapping[str, Any]], bool] = bool,
) -> list[Mapping[str, Any]]:
    """The account's objects of that time, newest first, at most `most`; `shown` says which count.

    With `timed` the list can be asked for a time, with `ordered` it ends at an older object.
    """
    found: list[Mapping[str, Any]] = []
    asked = {"since": str(int(since.timestamp())), "until": str(int(until.timestamp()))} if timed else {}
    while len(found) < most:
        limit = str(min(ROWS_AT_ONCE, most))
        body = await graph.get(f"{graph.session.account.id}/{edge}", fields=fields, limit=limit, **asked)
        rows = [row for row in listed(body) if identity(row) is not None and row.get(time)]
        found += [row for row in rows if shown(row) and since <= made_at(row, time) < until]
        after = next_cursor(body)
        if after is None or (ordered and rows and made_at(rows[-1], time) < since):
            break
        asked["after"] = after
    return found[:most]


def numbers_in(edge: Any) -> dict[str, int]:
    """The latest value of each insight; those that are no number are left out."""
    found = {}
    for row in listed(edge):
        values = row.get("values")
        last = values[-1] if isinstance(values, list) and values else None
        value = count(last, "value") if isinstance(last, Mapping) else None
        if value is not None:
            found[str(row.get("name"))] = value
    return found


async def side_by_side(items: Sequence[S], ask: Callable[[S], Awaitable[T]]) -> list[T]:
    """Ask about all, a few at a time; the first trouble ends it."""
    found: list[T] = []
    for begin in range(0, len(items), AT_ONCE):
        part = items[begin : begin + AT_ONCE]
        for outcome in await asyncio.gather(*map(ask, part), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            found.append(outcome)
    return found

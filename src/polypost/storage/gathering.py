"""Writes of many callers in one transaction: those that come while one is under way go together in the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from polypost.errors import StoreUnavailable
from polypost.storage.store import CommitUnknown

A = TypeVar("A")
T = TypeVar("T")
log = structlog.get_logger("polypost.storage")

GROUP = 32


class Apart(Exception):
    """What was begun together has to be done by each in a transaction of its own."""


@dataclass(frozen=True, slots=True)
class Joint(Generic[A, T]):
    """A function for `Store.write` that may share its transaction with others that have the same `together`.

    `alone` does what was `asked`, and returns something. `together` does it for several, on PostgreSQL: what `alone`
    would return for each, or None for one that has to go alone, of which nothing is written. Raises Apart when all
    have to.
    """

    asked: A
    alone: Callable[[Connection], T]
    together: Callable[[Connection, Sequence[A]], Sequence[T | None]]

    def __call__(self, db: Connection) -> T:
        """Do it alone."""
        return self.alone(db)


@dataclass(frozen=True, slots=True)
class _Waiter:
    joint: Joint[Any, Any]
    # None says that it has to go alone.
    verdict: asyncio.Future[Any]

    def tell(self, verdict: Any) -> None:
        if self.verdict.done():
            return
        if isinstance(verdict, Exception):
            self.verdict.set_exception(verdict)
        else:
            self.verdict.set_result(verdict)


class Gathering:
    """One transaction at a time for all functions that may share it; what has to go alone holds nobody up.

    `transact` runs a function in one transaction, once, and does not wait long for what others have locked; raises
    StoreUnavailable where the store cannot be reached. `alone` is the store's own way, with all its tries.
    """

    def __init__(
        self,
        transact: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
        alone: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
    ) -> None:
        self._transact = transact
        self._alone = alone
        self._waiting: deque[_Waiter] = deque()
        self._serving: asyncio.Task[None] | None = None

    async def write(self, joint: Joint[Any, T]) -> T:
        """What `joint` returned. Raises as `Store.write` does."""
        waiter = _Waiter(joint, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        if self._serving is None:
            # It begins in the loop's next turn: all that came in this one go with the first.
            self._serving = asyncio.create_task(self._serve(), name="polypost-gathering")
        verdict: T | None = await waiter.verdict
        return await self._alone(joint) if verdict is None else verdict

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._serving is not None:
            await self._serving

    async def _serve(self) -> None:
        try:
            while group := self._next():
                await self._go(group)
        finally:
            self._serving = None

    def _next(self) -> list[_Waiter]:
        """Who goes now: of one kind, and without those whose caller has left."""
        group: list[_Waiter] = []
        while self._waiting and len(group) < GROUP:
            if group and self._waiting[0].joint.together != group[0].joint.together:
                break
            waiter = self._waiting.popleft()
            if not waiter.verdict.done():
                group.append(waiter)
        return group

    async def _go(self, group: list[_Waiter]) -> None:
        verdicts: Sequence[Any]
        try:
            verdicts = await self._transact(partial(_call, group))
        except CommitUnknown as unknown:
            verdicts = [None if verdict is None else unknown.of(verdict) for verdict in unknown.result]
        except StoreUnavailable as trouble:
            # Those who came meanwhile would wait as long to hear the same.
            group = [*group, *self._waiting]
            self._waiting.clear()
            verdicts = [trouble] * len(group)
        except (Apart, DBAPIError):
            verdicts = [None] * len(group)
        except Exception as error:  # noqa: BLE001  # one of them is at fault, and meets it again by itself
            if len(group) > 1:
                log.warning("what was begun together goes apart", error=repr(error))
            verdicts = [error if len(group) == 1 else None] * len(group)
        for waiter, verdict in zip(group, verdicts, strict=True):
            waiter.tell(verdict)


def _call(group: Sequence[_Waiter], db: Connection) -> Sequence[Any]:
    first = group[0].joint
    if len(group) == 1:
        return [first(db)]
    return first.together(db, [waiter.joint.asked for waiter in group])

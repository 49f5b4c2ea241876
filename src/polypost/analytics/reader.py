"""Asks the networks for figures, politely: one call at a time for an account, and only for what is not fresh."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.analytics import metrics
from polypost.analytics.metrics import Listing, Rest, Wanted
from polypost.analytics.rates import list_good_for
from polypost.errors import (
    NoAnswer,
    NotSent,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
)
from polypost.integrations import AccountCalls, Integration
from polypost.outbound import Networks
from polypost.platforms.abilities import Measured, MetricsSource
from polypost.platforms.base import Proof
from polypost.storage import Store

T = TypeVar("T")
log = structlog.get_logger("polypost.analytics")

# Both official clients give up after 60 seconds; what is not there by then is told as not measured yet.
WAIT_SECONDS = 20.0
ACCOUNTS_AT_ONCE = 8
POSTS_AT_ONCE = 50
MOST_LISTED = 200
LONGEST_REST = timedelta(hours=24)
TROUBLE_REST = timedelta(seconds=60)
REFUSED_REST = timedelta(minutes=10)
_TROUBLE = (PlatformError, NotSent, NoAnswer)


class StillReading(Exception):
    """The network has not answered within the time; the reading goes on."""


class Resting(Exception):
    """The account's network is not asked now; `rest` says why and until when."""

    def __init__(self, rest: Rest) -> None:
        super().__init__(rest.message)
        self.rest = rest


class Reader:
    """One instance a process, on one event loop; other processes may ask the same once more, and nothing worse."""

    def __init__(self, store: Store, calls: AccountCalls, networks: Networks) -> None:
        self._store = store
        self._calls = calls
        self._networks = networks
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()
        self._many = asyncio.Semaphore(ACCOUNTS_AT_ONCE)
        self._tasks: set[asyncio.Task[object]] = set()

    def deadline(self) -> float:
        """Until when a call that begins now may wait, on the loop's clock."""
        return asyncio.get_running_loop().time() + WAIT_SECONDS

    async def refresh(
        self, wanted: Sequence[tuple[Integration, MetricsSource, Sequence[Wanted]]], deadline: float
    ) -> None:
        """Ask for what is not fresh of these posts by account; returns when all is kept, or the time is over.

        Trouble of a network is noted on the account, not raised.
        """
        tasks = {self._begin(self._measure(*each)) for each in wanted if each[2]}
        if tasks:
            done, _ = await asyncio.wait(tasks, timeout=_left(deadline))
            for task in done:
                task.result()

    async def read_list(
        self,
        integration: Integration,
        network: MetricsSource,
        span: tuple[datetime, datetime],
        deadline: float,
    ) -> Listing:
        """The account's posts of the span are kept as the network lists them, read now unless that is fresh.

        Raises Resting and StillReading.
        """
        task = self._begin(self._list(integration, network, span))
        done, _ = await asyncio.wait({task}, timeout=_left(deadline))
        if not done:
            raise StillReading
        return task.result()

    async def aclose(self) -> None:
        """Stop what is still asking; nothing is lost but its answers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Awaitable[T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, Resting):
            log.error("reading figures failed", exc_info=error)

    @asynccontextmanager
    async def _turn(self, integration_id: str) -> AsyncIterator[None]:
        """This account's turn: what comes later finds what the one before has kept."""
        lock = self._turns.setdefault(integration_id, asyncio.Lock())
        self._waiting[integration_id] += 1
        try:
            async with lock, self._many:
                yield
        finally:
            self._waiting[integration_id] -= 1
            if not self._waiting[integration_id]:
                del self._waiting[integration_id], self._turns[integration_id]

    async def _measure(
        self, integration: Integration, network: MetricsSource, wanted: Sequence[Wanted]
    ) -> None:
        async with self._turn(integration.id):
            project_id, now = integration.project_id, clock.now()

            def look(db: Connection) -> tuple[list[Wanted], Rest | None]:
                due = metrics.stale(db, project_id, wanted, now)
                return due, metrics.rest(db, project_id, integration.id, integration.updated_at, now)

            due, resting = await self._store.read(look)
            if resting is not None:
                return
            for begin in range(0, len(due), POSTS_AT_ONCE):
                part = due[begin : begin + POSTS_AT_ONCE]
                try:
                    await self._measure_part(integration, network, part)
                except _TROUBLE as error:
                    await self._note(integration, error)
                    return

    async def _measure_part(
        self, integration: Integration, network: MetricsSource, part: Sequence[Wanted]
    ) -> None:
        proofs = [each.proof for each in part]
        told = await self._calls.ask(integration, lambda session: network.measure(session, proofs))
        at = clock.now()
        await self._store.write(lambda db: metrics.keep(db, integration.project_id, part, told, at))

    async def _list(
        self, integration: Integration, network: MetricsSource, span: tuple[datetime, datetime]
    ) -> Listing:
        async with self._turn(integration.id):
            project_id, now = integration.project_id, clock.now()
            if span[0] > now:
                return Listing(now, complete=True)

            def look(db: Connection) -> tuple[Listing | None, Rest | None]:
                known = metrics.listing(db, project_id, integration.id, span)
                return known, metrics.rest(db, project_id, integration.id, integration.updated_at, now)

            known, resting = await self._store.read(look)
            age = now - min(span[1], now)
            if known is not None and now - known.asked_at < list_good_for(age):
                return known
            if resting is None:
                try:
                    return await self._read_list(integration, network, span)
                except _TROUBLE as error:
                    resting = await self._note(integration, error)
            if known is not None and resting.code == RateLimited.code:
                return known
            raise Resting(resting)

    async def _read_list(
        self, integration: Integration, network: MetricsSource, span: tuple[datetime, datetime]
    ) -> Listing:
        # Some networks refuse times far ahead, at which there is nothing anyway.
        since, until = span[0], min(span[1], clock.now() + timedelta(days=1))
        rows = await self._calls.ask(
            integration,
            # One more than is kept tells whether that was all.
            lambda session: network.recent(session, since=since, until=until, most=MOST_LISTED + 1),
        )
        kept = [self._reachable(integration.platform, row) for row in rows[:MOST_LISTED]]
        at, complete = clock.now(), len(rows) <= MOST_LISTED
        account = (integration.id, integration.platform)

        def write(db: Connection) -> None:
            metrics.keep_list(db, integration.project_id, account, span, kept, at, complete=complete)

        await self._store.write(write)
        return Listing(at, complete)

    def _reachable(self, platform: str, row: Measured) -> Measured:
        """The post with its address on what replaces the network's hosts, where something does."""
        url = row.proof.url
        shown = self._networks.page(platform, url) if url else None
        return Measured(Proof(row.proof.id, shown), row.text, row.published_at, row.metrics)

    async def _note(self, integration: Integration, error: PlatformError | NotSent | NoAnswer) -> Rest:
        now = clock.now()
        if isinstance(error, RateLimited):
            until = min(error.until, now + LONGEST_REST)
        else:
            refused = isinstance(error, ReconnectRequired | Rejected)
            until = now + (REFUSED_REST if refused else TROUBLE_REST)
        code = ReconnectRequired.code if isinstance(error, ReconnectRequired) else error.code
        if isinstance(error, NotSent | NoAnswer):
            code = "platform_unavailable"
        why = Rest(until, code, error.message, now)
        await self._store.write(lambda db: metrics.note(db, integration.project_id, integration.id, why))
        return why


def _left(deadline: float) -> float:
    return max(0.0, deadline - asyncio.get_running_loop().time())

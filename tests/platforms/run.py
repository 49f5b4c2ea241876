"""A `Run` and a `MediaFile` in memory, so that a connector's story can be told against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from polypost import clock
from polypost.errors import (
    Duplicate,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    TokenExpired,
    Unavailable,
)
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, Attempt, MediaKind, MediaRef, NotYet, Proof
from polypost.probe import Facts

T = TypeVar("T")


class Died(Exception):
    """The process ends here; a new `MemoryRun` on the same `rows` tells the story again."""


@dataclass(frozen=True)
class MemoryFile:
    """A media item whose bytes are given; `reads` notes the length of every read."""

    data: bytes
    facts: Facts
    url: str = "https://media.example.com/file"
    type: MediaKind | None = None
    reads: list[int] = field(default_factory=list)
    thumbnail: str | None = None

    @property
    def ref(self) -> MediaRef:
        return MediaRef(self.type or self.facts.kind, self.url, self.thumbnail, self.facts)

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def public_url(self) -> str:
        return self.url

    @property
    def pullable(self) -> bool:
        return True

    async def read(self, offset: int, length: int) -> bytes:
        piece = self.data[offset : offset + length]
        self.reads.append(len(piece))
        return piece

    async def stream(self, offset: int = 0, chunk: int = 262_144) -> AsyncIterator[bytes]:
        while piece := await self.read(offset, chunk):
            offset += len(piece)
            yield piece


class MemoryRun:
    """The journal of one target in a dict: `rows` outlives the run and can be given to the next.

    Waits pass at once by moving the run's own clock (`offset`), or by awaiting `pause`. `renew` gives
    another token after one was refused. The run dies when it is about to begin the step named `dies_at`, or when the
    step named `dies_after` is done and not yet written down.
    """

    def __init__(
        self,
        http: NetworkClient,
        account: Account,
        token: str,
        *,
        rows: dict[str, Any] | None = None,
        renew: Callable[[], Awaitable[str]] | None = None,
        pause: Callable[[timedelta], Awaitable[None]] | None = None,
        dies_at: str | None = None,
        dies_after: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.http = http
        self.account = account
        self.token = token
        self.extra: Mapping[str, Any] = extra or {}
        self.rows: dict[str, Any] = {} if rows is None else rows
        self.attempts: list[Attempt] = []
        self.holds: list[datetime] = []
        self.warnings: list[str] = []
        self.taken: set[str] = set()
        self.offset = timedelta(0)
        self.out = False
        self._renew = renew
        self._pause = pause
        self._dies_at = dies_at
        self._dies_after = dies_after

    def now(self) -> datetime:
        return clock.now() + self.offset

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        if name not in self.rows:
            self._alive(name)
            result = _kept(await self._once_renewed(fn))
            self._survived(name)
            self.rows[name] = result
        return self.rows[name]  # type: ignore[no-any-return]  # the journal holds any JSON

    async def until(
        self,
        name: str,
        fn: Callable[[], Awaitable[T | NotYet]],
        *,
        every: timedelta,
        at_most: timedelta,
    ) -> T:
        if name in self.rows:
            return self.rows[name]  # type: ignore[no-any-return]  # the journal holds any JSON
        self._alive(name)
        began = self.now()
        while isinstance(result := await self._once_renewed(fn), NotYet):
            if self.now() - began > at_most:
                raise Unavailable("The network did not finish in time.")
            await self._wait(result.after or every)
        self._survived(name)
        self.rows[name] = _kept(result)
        return self.rows[name]  # type: ignore[no-any-return]  # the journal holds any JSON

    async def commit(
        self, name: str, fn: Callable[[], Awaitable[Proof]], *, handles: Mapping[str, Any] | None = None
    ) -> Proof:
        if name in self.rows:
            return self.rows[name]  # type: ignore[no-any-return]  # the journal holds any JSON
        assert not self.out, f"the commit call {name!r} comes after a follow-up"
        self._alive(name)
        try:
            proof = await self._attempt(name, fn, handles or {})
        except TokenExpired:
            if self._renew is None:
                raise
            self.token = await self._renew()
            proof = await self._attempt(name, fn, handles or {})
        self.rows[name] = proof
        return proof

    async def after(
        self, name: str, fn: Callable[[], Awaitable[T]], *, warning: str, visible: bool = False
    ) -> T | None:
        self.out = True
        mark = f"{name}.sent"
        if mark in self.rows and name not in self.rows:
            self.warn(warning)
            return None
        self._alive(name)
        if visible:
            self.rows[mark] = True
        try:
            return await self.step(name, fn)
        except (PlatformError, NotSent, NoAnswer):
            self.warn(warning)
            return None

    async def hold(self, until: datetime) -> None:
        self.holds.append(until)

    async def linked(self, ids: Iterable[str]) -> set[str]:
        return set(ids) & self.taken

    async def learn(self, facts: Mapping[str, Any]) -> None:
        self.account = replace(self.account, metadata={**self.account.metadata, **_kept(facts)})

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)

    def _alive(self, name: str) -> None:
        if name == self._dies_at:
            raise Died(name)

    def _survived(self, name: str) -> None:
        if name == self._dies_after:
            raise Died(name)

    async def _wait(self, wait: timedelta) -> None:
        if self._pause is None:
            self.offset += wait
        else:
            await self._pause(wait)

    async def _once_renewed(self, fn: Callable[[], Awaitable[T]]) -> T:
        try:
            return await fn()
        except TokenExpired:
            if self._renew is None:
                raise
            self.token = await self._renew()
            return await fn()

    async def _attempt(
        self, name: str, fn: Callable[[], Awaitable[Proof]], handles: Mapping[str, Any]
    ) -> Proof:
        number = sum(attempt.part == name for attempt in self.attempts) + 1
        self.attempts.append(Attempt(name, number, self.now(), _kept(handles)))
        try:
            return await fn()
        except NotSent as error:
            raise Unavailable("The network could not be reached.") from error
        except Duplicate as error:
            if number == 1:
                raise
            self.attempts[-1] = replace(self.attempts[-1], refusal=error.message)
            raise OutcomeUnknown("The network has this content already.") from error
        except NoAnswer as error:
            raise OutcomeUnknown("The answer of the network was lost.") from error


def _kept(result: Any) -> Any:
    """The result as a row would give it back: whatever is not JSON fails here, as it would there."""
    return json.loads(json.dumps(result))

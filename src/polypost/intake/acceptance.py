"""Writes that accept something: what they answer is true also when the store's answer to COMMIT is lost (RELIABILITY E1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection

from polypost.errors import ServiceUnavailable, StoreUnavailable
from polypost.storage import CommitUnknown, Store

T = TypeVar("T")
log = structlog.get_logger("polypost.intake")

REMEMBERED_SECONDS = 600.0
_PAUSE = 0.5
# API key, operation, Idempotency-Key if there is one, fingerprint of the body: what makes two requests the same.
Same = tuple[str, str, str | None, int]
Undo = Callable[[Connection, T], None]


@dataclass(frozen=True, slots=True)
class _Replay(Generic[T]):
    """What an acceptance made whose request was told that nobody knows."""

    result: T


class Acceptance:
    """Runs the writes that accept something, and answers within `seconds`; one instance a process.

    What it could not learn the end of within a request it goes on asking for, and no equal request is taken before.
    """

    def __init__(self, store: Store, *, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._unknown: dict[Same, asyncio.Task[_Replay[Any] | None]] = {}

    async def take(
        self, same: Same, write: Callable[[Connection], T], *, lose: Undo[T] | None = None
    ) -> tuple[T, bool]:
        """What `write` returned, and whether that was for an equal request before.

        `lose` marks in the store that nobody was told of a result, so that `write` finds it again. Raises what
        `write` raises, and ServiceUnavailable: `store_unavailable` when nothing was stored, else `acceptance_unknown`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        if same in self._unknown:
            replay = await self._settled(same, end)
            if replay is not None:
                return replay.result, True
        while True:
            try:
                return await self._store.write(write), False
            except CommitUnknown as unknown:
                log.warning("the answer to a commit was lost", error=str(unknown.__cause__))
                asking = asyncio.create_task(_ask(unknown), name="polypost-commit")
                await asyncio.wait({asking}, timeout=max(end - loop.time(), 0.0))
                if not asking.done():
                    self._remember(same, asking, unknown.result, lose)
                    raise _nobody_knows() from unknown
                if asking.result():
                    return unknown.result, False
                if loop.time() > end:
                    raise _nothing_stored(unknown) from unknown
            except StoreUnavailable as trouble:
                raise _nothing_stored(trouble) from trouble

    async def aclose(self) -> None:
        """Ask no more."""
        tasks, self._unknown = list(self._unknown.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settled(self, same: Same, end: float) -> _Replay[Any] | None:
        settling = self._unknown[same]
        await asyncio.wait({settling}, timeout=max(end - asyncio.get_running_loop().time(), 0.0))
        if not settling.done():
            raise _nobody_knows()
        # One repeat is answered with it; the next equal request is a new one.
        if self._unknown.get(same) is settling:
            del self._unknown[same]
            return settling.result()
        return None

    def _remember(self, same: Same, asking: asyncio.Task[bool], result: T, lose: Undo[T] | None) -> None:
        settling = asyncio.create_task(self._settle(asking, result, lose), name="polypost-acceptance")
        self._unknown[same] = settling

        def forget() -> None:
            if self._unknown.get(same) is settling:
                del self._unknown[same]
                settling.cancel()

        asyncio.get_running_loop().call_later(REMEMBERED_SECONDS, forget)

    async def _settle(self, asking: asyncio.Task[bool], result: T, lose: Undo[T] | None) -> _Replay[T] | None:
        try:
            kept = await asking
        finally:
            asking.cancel()
        if not kept:
            return None
        if lose is None:
            return _Replay(result)
        while True:
            try:
                await self._store.write(lambda db: lose(db, result))
            except StoreUnavailable:
                await asyncio.sleep(_PAUSE)
            else:
                return None


async def _ask(unknown: CommitUnknown) -> bool:
    while True:
        try:
            return await unknown.kept()
        except StoreUnavailable:
            await asyncio.sleep(_PAUSE)


def _nobody_knows() -> ServiceUnavailable:
    return ServiceUnavailable(
        "The store did not say whether it kept this.",
        code="acceptance_unknown",
        next_step="Send the same request again: if it was kept, it is answered with that and not done twice.",
        headers={"Retry-After": "5"},
    )


def _nothing_stored(trouble: StoreUnavailable) -> ServiceUnavailable:
    log.error("store unavailable", error=str(trouble.__cause__ or trouble))
    return ServiceUnavailable(
        "Nothing was stored: the server cannot keep data safely right now.",
        code=StoreUnavailable.code,
        next_step="Try again later; /healthz/ready tells its operator why.",
        headers={"Retry-After": "10"},
    )

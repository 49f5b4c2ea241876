"""Words go out once: the intent is durable first, and a repeat is answered from what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.conversations import sent
from polypost.conversations.account import ConnectedAccount, answerable
from polypost.conversations.sent import Asked
from polypost.errors import (
    NoAnswer,
    OutboundError,
    OutcomeUnknown,
    PlatformError,
    StoreUnavailable,
    UpstreamError,
)
from polypost.platforms.base import Session
from polypost.storage import Store

log = structlog.get_logger("polypost.conversations")


@dataclass(frozen=True, slots=True)
class Sent:
    """What was written: our row, the network's id, and whether an earlier request wrote it."""

    id: str
    network_id: str
    replayed: bool


class Sender:
    """Writes on networks; one instance a process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def send(
        self, account: ConnectedAccount, asked: Asked, write: Callable[[Session], Awaitable[str]]
    ) -> Sent:
        """Let `write` speak once for this request, or answer from what an equal one did before.

        Raises UpstreamError (`outcome_unknown`) when nobody knows whether the network took it, now or then;
        ApiError when it did not; KeyReused.
        """
        said_id, known = await self._claim(account, asked)
        if known is not None:
            return known
        try:
            network_id = await account.call(write)
        except (OutcomeUnknown, NoAnswer) as silence:
            await self._keep(lambda db: sent.doubt(db, asked.project_id, said_id))
            raise _unknown(account.name) from silence
        except (PlatformError, OutboundError) as refused:
            await self._keep(lambda db: sent.undo(db, asked.project_id, said_id))
            raise answerable(refused) from refused
        except Exception:
            # A fault of ours, after which something may be out all the same.
            await self._keep(lambda db: sent.doubt(db, asked.project_id, said_id))
            raise
        await self._keep(lambda db: sent.done(db, asked.project_id, said_id, network_id))
        return Sent(said_id, network_id, replayed=False)

    async def _keep(self, act: Callable[[Connection], None]) -> None:
        """Write down what became of it; the network has spoken, and whoever asked is told in any case."""
        try:
            await self._store.write(act)
        except StoreUnavailable as trouble:
            # The row says that it is being sent, which a repeat takes for a doubt after a while.
            log.warning("what a network said could not be kept", reason=str(trouble))

    async def _claim(self, account: ConnectedAccount, asked: Asked) -> tuple[str, Sent | None]:
        """A row of one's own, or what became of an equal request; waits for one that is under way."""
        while True:
            row, mine = await self._store.write(lambda db: sent.claim(db, asked, clock.now()))
            if mine:
                return row.id, None
            if row.state == sent.UNKNOWN:
                raise _unknown(account.name)
            if row.state == sent.DONE:
                return row.id, Sent(row.id, row.network_id, replayed=True)
            with self._store.signals.listen(sent.topic(row.id)) as news:
                await news.wait(1.0)


def _unknown(name: str) -> UpstreamError:
    minutes = int(sent.REPLAY_WINDOW.total_seconds() // 60)
    return UpstreamError(
        f"{name} did not say whether it took this.",
        code="outcome_unknown",
        next_step=f"Look there before you send it again: for {minutes} minutes the same request is not sent a "
        "second time, unless it has a new Idempotency-Key.",
    )

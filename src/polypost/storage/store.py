"""What both stores offer: run a plain function in one transaction and give back what it returned."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import structlog
from sqlalchemy import Connection, text

from polypost import clock
from polypost.errors import PolypostError, StoreUnavailable
from polypost.observability import metrics
from polypost.storage.lists import LIST_SECONDS, Lists
from polypost.storage.signals import Signals

T = TypeVar("T")
log = structlog.get_logger("polypost.storage")
TROUBLE_SECONDS = 10.0
# A change that takes longer, waits for its turn included, is worth a line.
SLOW_SECONDS = 2.0
_RECEIPT = text("SELECT pg_current_xact_id()::text")


@dataclass(slots=True)
class Pending:
    """What a function wants to happen once its transaction has committed."""

    topics: list[str] = field(default_factory=list)
    calls: list[Callable[[], None]] = field(default_factory=list)
    receipt: str | None = None


class CommitUnknown(StoreUnavailable):
    """The answer to a COMMIT was lost: whether the change was kept is not known yet.

    `result` is what the function returned, which counts if the change was kept.
    """

    code = "acceptance_unknown"

    def __init__(self, result: Any, ask: Callable[[], Awaitable[bool]]) -> None:
        super().__init__("The store did not say whether it kept the change.")
        self.result = result
        self._ask = ask

    async def kept(self) -> bool:
        """Whether the change was kept, once its transaction has ended. Raises StoreUnavailable while nobody can tell."""
        return await self._ask()

    def of(self, result: Any) -> CommitUnknown:
        """The same about a part of what was written, which is `result`."""
        part = CommitUnknown(result, self._ask)
        part.__cause__ = self.__cause__
        return part


class Store(ABC):
    """Runs service functions; the only place where anything is committed."""

    dialect: str

    def __init__(self) -> None:
        self.signals = Signals()
        self.list_seconds = LIST_SECONDS
        self._lists = Lists()
        self._refused: tuple[float, str] = (-TROUBLE_SECONDS, "")

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in one durable transaction.

        `fn` may run more than once (a group that died, a serialisation failure) and must change nothing
        but the store. Raises what `fn` raised, or StoreUnavailable; then nothing was kept, unless it is
        CommitUnknown.
        """
        began, outcome = clock.monotonic(), "refused"
        try:
            result = await self._write(fn)
            outcome = "kept"
        except StoreUnavailable as trouble:
            outcome = "failed"
            self._refused = (clock.monotonic(), str(trouble))
            raise
        finally:
            seconds = clock.monotonic() - began
            metrics.STORE_WRITES.observe(seconds, outcome)
            if seconds > SLOW_SECONDS:
                log.warning("slow store", seconds=round(seconds, 3), outcome=outcome)
        return result

    def size(self) -> int | None:
        """Bytes of the store on this machine's disk; None where it is elsewhere."""
        return None

    async def trouble(self) -> str | None:
        """Why the store may not take the next change; None when it takes changes."""
        at, reason = self._refused
        if clock.monotonic() - at < TROUBLE_SECONDS:
            return reason
        try:
            await self.write(_nothing)
        except StoreUnavailable as trouble:
            return str(trouble)
        return None

    @abstractmethod
    async def _write(self, fn: Callable[[Connection], T]) -> T: ...

    @abstractmethod
    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a snapshot; it cannot write."""

    async def browse(self, project_id: str, fn: Callable[[Connection], T]) -> T:
        """As `read`, for what may take long: one of a project at a time, by readers that nothing else waits for.

        Raises ListTooSlow when it has no turn within `list_seconds`, or is not done so long after.
        """
        async with self._lists.turn(project_id, self.list_seconds):
            return await self._browse(fn)

    @abstractmethod
    async def _browse(self, fn: Callable[[Connection], T]) -> T: ...

    @abstractmethod
    async def close(self) -> None:
        """Finish what was handed in and let go of the files and connections."""

    def settle(self, pending: Pending) -> None:
        """Carry out what waited for the commit; on the event loop."""
        for topic in pending.topics:
            self.signals.deliver(topic)
        for call in pending.calls:
            try:
                call()
            except Exception as error:  # noqa: BLE001  # it is committed: write must not say otherwise
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "A call that waited for a commit failed.", "exception": error}
                )


def _nothing(db: Connection) -> None:
    db.execute(text("SELECT 1"))


def after_commit(db: Connection, call: Callable[[], None]) -> None:
    """Have `call` run on the event loop when, and only when, the caller's transaction has committed."""
    db.info["pending"].calls.append(call)


def receipt(db: Connection) -> None:
    """Have the store remember this transaction, so that its end can be asked for if the answer to COMMIT is lost."""
    if db.dialect.name == "postgresql":
        keep_receipt(db, db.execute(_RECEIPT).scalar_one())


def keep_receipt(db: Connection, transaction_id: str) -> None:
    """The same, where a statement of the caller's has told the transaction's id anyway."""
    db.info["pending"].receipt = transaction_id


class TransactionRefused(PolypostError):
    """A service function tried to end the transaction it runs in; only the store does that."""

    code = "transaction_refused"


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TransactionRefused


def close_doors(db: Connection) -> None:
    """Take commit, rollback and begin away from the connection that functions get."""
    if not db.in_transaction():
        # The first statement would begin one by itself, through the very door that closes here.
        db.begin()
    for name in ("commit", "rollback", "begin", "begin_nested"):
        setattr(db, name, _refuse)

"""What stands around the pipeline in tests and can be made to fail: a store, a web server for media, a network's door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.util import await_only

from polypost.errors import StoreUnavailable
from polypost.platforms.base import Attempt, MediaKind, MediaRef, Post, Proof, Reconciled
from polypost.platforms.twitter.connector import TwitterConnector
from polypost.storage import CommitUnknown, Store
from polypost.storage.hot import DRIVER

T = TypeVar("T")
PATIENCE = 30.0
_BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until_blocked(store: Store, other: asyncio.Task[Any]) -> None:
    """Wait until somebody waits for a lock, or `other` is done although it should not be."""
    async with asyncio.timeout(PATIENCE):
        while not other.done():
            if await store.read(lambda db: db.execute(_BLOCKED).scalar_one()):
                return
            await asyncio.sleep(0.01)


class Stop:
    """A place in a transaction on PostgreSQL: whoever comes there waits, with all locks, until the test says go on."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._on = asyncio.Event()

    def wait(self) -> None:
        """Come to this place; called in the function that runs in the transaction."""
        self._reached.set()
        await_only(self._on.wait())

    async def reached(self) -> None:
        """Wait until somebody has come here."""
        async with asyncio.timeout(PATIENCE):
            await self._reached.wait()

    def go_on(self) -> None:
        """Let go on whoever waits here."""
        self._on.set()


@dataclass
class Watched:
    """What a store's driver has for a connection, with somebody who hears of each statement before it is run."""

    driver: Any
    note: Callable[[str, Any], None]

    def execute(self, sql: str, values: Any) -> Any:
        self.note(sql, values)
        return self.driver.execute(sql, values)

    def executemany(self, sql: str, values: Any) -> Any:
        self.note(sql, values)
        return self.driver.executemany(sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)


class Shaky(Store):
    """A store that can be made to stall or to fail: a slow or full disk under the one inside.

    While `flows` is clear nothing is written. With `stalls_after`, it stops to flow once something was put into the
    table of that name, before the writer hears of it. With `fails_at`, statements with this in them fail,
    `failures` times. With `stops_at`, the first transaction that comes to such a statement waits before it at `stop`.
    With `loses_after`, the answer to the COMMIT of the first transaction that put something into that table is lost.
    `writes` and `reads` count; `statements` are those of writes.
    """

    def __init__(self, inner: Store) -> None:
        super().__init__()
        self.inner = inner
        self.signals = inner.signals
        self.dialect = inner.dialect
        self.flows = asyncio.Event()
        self.flows.set()
        self.stalls_after = ""
        self.fails_at = ""
        self.failures = 0
        self.stops_at = ""
        self.stop = Stop()
        self.loses_after = ""
        self.writes = self.reads = 0
        self.statements: list[str] = []

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        await self.flows.wait()
        self.writes += 1
        inserted: list[str] = []
        lost: list[str] = []

        def watched(db: Connection) -> T:
            event.listen(db, "before_cursor_execute", heard)
            driver = db.info[DRIVER]
            db.info[DRIVER] = Watched(driver, note)
            try:
                return fn(db)
            finally:
                event.remove(db, "before_cursor_execute", heard)
                db.info[DRIVER] = driver

        def heard(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
            note(statement)

        def note(statement: str, _values: Any = None) -> None:
            self.statements.append(statement)
            if self.stalls_after and f"INSERT INTO {self.stalls_after} " in statement:
                inserted.append(statement)
            if self.loses_after and f"INSERT INTO {self.loses_after} " in statement:
                lost.append(statement)
            if self.failures and self.fails_at in statement:
                self.failures -= 1
                raise StoreUnavailable("The disk is full.")
            if self.stops_at and self.stops_at in statement:
                self.stops_at = ""
                self.stop.wait()

        result = await self.inner.write(watched)
        if lost:
            self.loses_after = ""
            raise CommitUnknown(result, _nobody_knows)
        if inserted:
            self.stalls_after = ""
            self.flows.clear()
            await self.flows.wait()
        return result

    async def read(self, fn: Callable[[Connection], T]) -> T:
        self.reads += 1
        return await self.inner.read(fn)

    async def _browse(self, fn: Callable[[Connection], T]) -> T:
        return await self.inner._browse(fn)

    async def close(self) -> None:
        await self.inner.close()


async def _nobody_knows() -> bool:
    raise StoreUnavailable("The store is gone.")


@dataclass
class Call:
    """What a network was asked for a target, "prepare", "post" or "look", and what it answers."""

    what: str
    target_id: str
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def says(self, answer: Any) -> None:
        """Answer the call, an exception by raising it."""
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class ByHand(TwitterConnector):
    """A network in memory that the test answers by hand: one step, one commit call, and looks.

    `asked` holds every call; `next` waits for the next one that has not been waited for.
    """

    def __init__(self) -> None:
        self.asked: list[Call] = []
        self._waiting: asyncio.Queue[Call] = asyncio.Queue()

    def only(self, _platform: str) -> ByHand:
        """The connector of every network."""
        return self

    async def publish(self, run: Any, post: Post) -> Proof:
        await run.step("prepare", lambda: self._ask("prepare", post))
        proof: Proof = await run.commit("post", lambda: self._ask("post", post), handles={"text": post.text})
        return proof

    async def reconcile(self, run: Any, post: Post, attempt: Attempt) -> Reconciled:
        seen: Reconciled = await self._ask("look", post)
        return seen

    async def _ask(self, what: str, post: Post) -> Any:
        call = Call(what, post.target_id)
        self.asked.append(call)
        self._waiting.put_nowait(call)
        return await call.answer

    async def next(self, what: str) -> Call:
        """The next call; it has to ask for that."""
        async with asyncio.timeout(PATIENCE):
            call = await self._waiting.get()
        assert call.what == what
        return call


class Shelf:
    """A web server for media of the tests' own, on loopback; what is not on the shelf is a 404.

    It answers nothing while `flows` is not set; the next `stumbles` requests get a 503.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.stumbles = 0
        self.flows = asyncio.Event()
        self.flows.set()
        self._server: asyncio.Server | None = None
        self.address = ""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def put(self, name: str, data: bytes, kind: MediaKind) -> MediaRef:
        self.files[name] = data
        return MediaRef(kind, f"http://{self.address}/{name}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = self.files.get(head.split()[1].decode().lstrip("/"))
        await self.flows.wait()
        status, body = ("200 OK", found) if found is not None else ("404 Not Found", b"")
        if self.stumbles:
            self.stumbles -= 1
            status, body = "503 Service Unavailable", b""
        answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(answer.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


class Gate:
    """Stands before a network: lets calls through, turns them away unanswered, or is not there at all."""

    def __init__(self) -> None:
        self.behind = ""
        self.open = True
        self.turned_away = 0
        self._server: asyncio.Server | None = None
        self._port = 0
        self._passing: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def build(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def take_down(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in self._passing:
                task.cancel()
            await asyncio.gather(*self._passing, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        try:
            if self.open:
                await self._pass(reader, writer)
            else:
                self.turned_away += 1
                await reader.readuntil(b"\r\n\r\n")
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.behind.rpartition("/")[2].partition(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        try:
            await _first(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            inner_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _first(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

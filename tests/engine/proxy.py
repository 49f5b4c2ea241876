"""Between Polypost and PostgreSQL: sees every statement and ends connections exactly where it is told.

It reads the frontend/backend protocol 3.0 as far as it must: https://www.postgresql.org/docs/current/protocol-message-formats.html
(read 2026-11-26). Without TLS, and for clients that wait for an answer before they ask again, as asyncpg does.
"""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
_GONE = (OSError, asyncio.IncompleteReadError)
_WORD = re.compile(r"\s*(\w+)")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|TABLE)\s+\"?(?:ONLY\s+)?([\w.]+)", re.IGNORECASE)
_CALL = re.compile(r"\b(\w+)\s*\(")
ANY = "any statement"
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class Cut:
    """Where and how connections end: at the n-th passage of a statement through a door."""

    door: str
    statement: str
    passage: int
    # "before": it never reaches the store. "after": it is carried out, and its answer lost.
    # "all": every connection of every door ends before it. With `closed_seconds` nobody is let in for a while.
    kind: str
    closed_seconds: float = 0.0
    # Whether the store says 57P01 before it goes, as one that is shut down does, or nothing.
    farewell: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.statement} #{self.passage} of {self.door}"


@dataclass(eq=False)
class _Link:
    """One connection and what is known of it."""

    door: str
    client: asyncio.StreamWriter
    store: asyncio.StreamWriter
    statements: dict[bytes, str] = field(default_factory=dict)
    portals: dict[bytes, str] = field(default_factory=dict)
    transaction: list[str] = field(default_factory=list)
    # Set when the answer to what was just sent is the last thing that the store does for this connection.
    doomed: Cut | None = None

    def end(self, *, farewell: bool = False) -> None:
        """Both sides at once; what the store was about to do is rolled back by it."""
        if farewell:
            self.client.write(_error("57P01", "terminating connection due to administrator command"))
            self.client.close()
        else:
            self.client.transport.abort()
        self.store.transport.abort()

    def executes(self, kind: bytes, body: bytes) -> tuple[str, ...]:
        """The names of the statement that this message carries out; none when it carries out none."""
        if kind == b"P":
            name, sql, _ = body.split(b"\0", 2)
            self.statements[name] = sql.decode()
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            self.portals[portal] = self.statements[name]
        elif kind == b"E":
            return self._named(self.portals[body.split(b"\0", 1)[0]])
        elif kind == b"Q":
            return self._named(body[:-1].decode())
        return ()

    def _named(self, sql: str) -> tuple[str, ...]:
        """Verb and table; an end of a transaction is named by what was written in it, by each of it."""
        verb = _WORD.match(sql)
        name = verb.group(1).upper() if verb else "nothing"
        if name == "BEGIN":
            self.transaction = []
        elif name in {"COMMIT", "ROLLBACK"}:
            written = [each for each in self.transaction if each.startswith(WRITES)]
            return tuple(f"{name} of {each}" for each in written or self.transaction[:1] or ["nothing"])
        else:
            what = _TABLE.search(sql) or _CALL.search(sql)
            name = f"{name} {what.group(1)}" if what else name
            if name not in self.transaction:
                self.transaction.append(name)
        return (name,)


class Proxy:
    """Doors on loopback, each an address of the same store; served by a thread of its own."""

    def __init__(self, url: str, *doors: str) -> None:
        self._url = urlsplit(url)
        self._names = doors
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._seen: Counter[tuple[str, str]] = Counter()
        # By one name each, in order.
        self._places: dict[tuple[str, str], None] = {}
        self._cut: Cut | None = None
        self._met = False
        self._open_at = 0.0

    def open(self) -> None:
        """Listen."""
        self._thread.start()
        self._call(self._listen())

    def close(self) -> None:
        """End every connection, and listen no more."""
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, door: str) -> str:
        """The store's address through a door."""
        user = self._url.netloc.rpartition("@")[0].rstrip(":") or "postgres"
        return f"postgresql://{user}@127.0.0.1:{self._ports[door]}{self._url.path}?sslmode=disable"

    def arm(self, cut: Cut | None) -> None:
        """Count from now on, and cut there once; None only counts."""
        self._call(self._arm(cut))

    def disarm(self) -> bool:
        """Cut no more; whether the place was met since it was armed."""
        return self._call(self._disarm())

    def seen(self) -> Counter[tuple[str, str]]:
        """(door, statement) and how often it passed since `arm`, in order of first passages."""
        return self._call(self._copy())

    def cut_all(self, closed_seconds: float, *, farewell: bool = False) -> None:
        """End every connection now, and let nobody in for so long."""
        self._call(self._end_all(closed_seconds, farewell=farewell))

    def _call(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(story, self._loop).result(30)

    async def _listen(self) -> None:
        for name in self._names:
            server = await asyncio.start_server(
                lambda reader, writer, name=name: self._enter(name, reader, writer), "127.0.0.1", 0
            )
            self._servers.append(server)
            self._ports[name] = server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        await self._end_all(0)
        await asyncio.gather(*self._tasks)

    async def _arm(self, cut: Cut | None) -> None:
        self._seen.clear()
        self._places.clear()
        self._cut, self._met = cut, False

    async def _disarm(self) -> bool:
        self._cut = None
        return self._met

    async def _copy(self) -> Counter[tuple[str, str]]:
        return Counter({place: self._seen[place] for place in self._places})

    async def _end_all(self, closed_seconds: float, *, farewell: bool = False) -> None:
        self._open_at = self._loop.time() + closed_seconds
        for link in list(self._links):
            link.end(farewell=farewell)

    async def _enter(self, door: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            hello = await self._hello(reader, writer)
            if self._loop.time() < self._open_at:
                writer.write(_error("57P03", "the database system is starting up"))
                return
            from_store, to_store = await self._dial()
            try:
                to_store.write(hello)
                if struct.unpack("!I", hello[4:8])[0] != CANCEL:
                    await self._carry(_Link(door, writer, to_store), reader, from_store)
            finally:
                to_store.close()
        except _GONE:
            return
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _hello(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        while True:
            length = await reader.readexactly(4)
            rest = await reader.readexactly(struct.unpack("!I", length)[0] - 4)
            if struct.unpack("!I", rest[:4])[0] not in {SSL, GSS}:
                return length + rest
            writer.write(b"N")

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = parse_qs(self._url.query).get("host", [""])[0]
        port = self._url.port or 5432
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(folder or self._url.hostname, port)

    async def _carry(
        self, link: _Link, from_client: asyncio.StreamReader, from_store: asyncio.StreamReader
    ) -> None:
        self._links.add(link)
        try:
            ways = {
                asyncio.ensure_future(self._forth(link, from_client)),
                asyncio.ensure_future(self._back(link, from_store)),
            }
            done, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()
            for ended in await asyncio.gather(*done, *rest, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, _GONE):
                    raise ended
        finally:
            self._links.discard(link)

    async def _forth(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            names = link.executes(head[:1], body)
            if names and await self._pass(link, names):
                return
            link.store.write(head + body)
            await link.store.drain()

    async def _pass(self, link: _Link, names: tuple[str, ...]) -> bool:
        """Note the statement; whether the connection ended before it."""
        self._places[link.door, names[0]] = None
        for name in (*names, ANY):
            self._seen[link.door, name] += 1
        cut = self._cut
        if cut is None or cut.door != link.door or cut.statement not in {*names, ANY}:
            return False
        if self._seen[cut.door, cut.statement] != cut.passage:
            return False
        self._cut, self._met = None, True
        if cut.kind == "after":
            link.doomed = cut
        elif cut.kind == "all":
            await self._end_all(cut.closed_seconds, farewell=cut.farewell)
        else:
            link.end(farewell=cut.farewell)
        return link.doomed is None

    async def _back(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(65536):
            if link.doomed is not None:
                await _until_ready(chunk, reader)
                link.end()
                if link.doomed.closed_seconds:
                    await self._end_all(link.doomed.closed_seconds)
                return
            link.client.write(chunk)
            await link.client.drain()


async def _until_ready(first: bytes, reader: asyncio.StreamReader) -> None:
    """Read on to ReadyForQuery: then the statement has been carried out. `first` begins with a message."""
    held = first
    while True:
        while len(held) >= 5 and len(held) > (length := struct.unpack("!I", held[1:5])[0]):
            if held[:1] == b"Z":
                return
            held = held[1 + length :]
        more = await reader.read(65536)
        if not more:
            return
        held += more


def _error(code: str, message: str) -> bytes:
    """An ErrorResponse that ends the connection."""
    fields = b"".join(
        mark + text.encode() + b"\0"
        for mark, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", message))
    )
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"

"""The floor: bare ASGI, the raw driver, one INSERT of 300 bytes and one durable commit a request, no group commit."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import uvicorn

ROW = b"x" * 300
ANSWER = b'{"success":true}'


class SqliteFloor:
    """One INSERT and one commit with `synchronous=FULL`."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, body BLOB)")

    async def store(self) -> None:
        """Store one row durably."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("INSERT INTO floor (body) VALUES (?)", (ROW,))
        self._db.execute("COMMIT")


class PostgresFloor:
    """The same through asyncpg, on a small pool."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Any = None
        self._opening = asyncio.Lock()
        asyncio.run(self._make_table())

    async def _make_table(self) -> None:
        import asyncpg

        connection = await asyncpg.connect(self._url)
        await connection.execute("CREATE TABLE IF NOT EXISTS floor (id BIGSERIAL PRIMARY KEY, body BYTEA)")
        await connection.close()

    async def store(self) -> None:
        """Store one row durably."""
        if self._pool is None:
            async with self._opening:
                await self._open()
        await self._pool.execute("INSERT INTO floor (body) VALUES ($1)", ROW)

    async def _open(self) -> None:
        import asyncpg

        if self._pool is None:
            self._pool = await asyncpg.create_pool(self._url, min_size=10, max_size=10)


def application(floor: SqliteFloor | PostgresFloor) -> Any:
    """Read the body, store, answer."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            continue
        await floor.store()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    return app


def main() -> None:
    """`python -m bench.floor PORT PATH_OR_URL`."""
    port, place = int(sys.argv[1]), sys.argv[2]
    floor = PostgresFloor(place) if place.startswith("postgres") else SqliteFloor(place)
    print(f"{os.getpid()} {Path(place).name}", flush=True)
    uvicorn.run(
        application(floor),
        port=port,
        http="httptools",
        loop="uvloop",
        access_log=False,
        log_level="warning",
        lifespan="off",
    )


if __name__ == "__main__":
    main()

"""The sandbox's one durable file: every simulated network keeps its state in these tables.

Plain sqlite3 on the event loop's thread: a statement takes tens of microseconds, and one process owns the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, overload

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    number INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL, username TEXT NOT NULL,
    name TEXT NOT NULL, data TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (platform, id), UNIQUE (platform, username)) STRICT;
CREATE TABLE IF NOT EXISTS registered_apps (
    platform TEXT NOT NULL, client_id TEXT NOT NULL, secret_hash TEXT, redirects TEXT NOT NULL,
    PRIMARY KEY (platform, client_id)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS codes (
    platform TEXT NOT NULL, code TEXT NOT NULL, account_id TEXT NOT NULL, client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL, challenge TEXT, method TEXT, expires REAL NOT NULL, used REAL,
    PRIMARY KEY (platform, code)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    platform TEXT NOT NULL, value TEXT NOT NULL, kind TEXT NOT NULL, account_id TEXT NOT NULL,
    client_id TEXT NOT NULL, scopes TEXT NOT NULL, family TEXT NOT NULL, secret TEXT, data TEXT NOT NULL,
    issued REAL NOT NULL, expires REAL, used REAL, revoked REAL,
    PRIMARY KEY (platform, value)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_family ON tokens (platform, family);
CREATE INDEX IF NOT EXISTS tokens_account ON tokens (platform, account_id, client_id);
CREATE TABLE IF NOT EXISTS posts (
    seq INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL, account_id TEXT NOT NULL,
    created REAL NOT NULL, text TEXT NOT NULL, fingerprint TEXT NOT NULL, media TEXT NOT NULL,
    permalink TEXT NOT NULL, parent TEXT, thread TEXT, deleted REAL, raw TEXT NOT NULL,
    UNIQUE (platform, id)) STRICT;
CREATE INDEX IF NOT EXISTS posts_account ON posts (platform, account_id, seq);
CREATE INDEX IF NOT EXISTS posts_fingerprint ON posts (platform, account_id, fingerprint);
CREATE INDEX IF NOT EXISTS posts_thread ON posts (platform, thread);
CREATE INDEX IF NOT EXISTS posts_parent ON posts (platform, parent) WHERE parent IS NOT NULL;
CREATE TABLE IF NOT EXISTS documents (
    platform TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, account_id TEXT, body TEXT NOT NULL,
    created REAL NOT NULL, expires REAL,
    PRIMARY KEY (platform, kind, id)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_account ON documents (platform, kind, account_id);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, platform TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS requests_platform ON requests (platform, seq);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, account_id TEXT, fault TEXT NOT NULL,
    times INTEGER, percent REAL, seconds REAL, hits INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS lasting_faults (
    platform TEXT NOT NULL, fault TEXT NOT NULL, owner TEXT NOT NULL, rule INTEGER NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (platform, fault, owner)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS buckets (
    platform TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, used INTEGER NOT NULL, reset REAL NOT NULL,
    PRIMARY KEY (platform, name, owner)) STRICT, WITHOUT ROWID;
"""
CONTENT = ("codes", "posts", "requests", "faults", "lasting_faults", "buckets")
ACCOUNTS = ("accounts", "tokens")
DEMO_TOKENS = "demo_tokens"


class Store:
    """`sandbox.db` and the `blobs` folder beside it; survives `kill -9` between any two statements."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.blob_folder = folder / "blobs"
        self.blob_folder.mkdir(exist_ok=True)
        # Without an isolation level each statement commits by itself, which `transaction` suspends.
        self._db = sqlite3.connect(folder / "sandbox.db", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # NORMAL keeps everything through a killed process; only a power cut may lose the last moments.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;"
        )
        self._db.executescript(SCHEMA)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement; outside `transaction` it is durable on return."""
        return self._db.execute(sql, values)

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Every row."""
        return self._db.execute(sql, values).fetchall()

    def changed(self, sql: str, *values: Any) -> sqlite3.Row:
        """The row that a statement with RETURNING has written."""
        row: sqlite3.Row = self._db.execute(sql, values).fetchone()
        return row

    def number(self, sql: str, *values: Any) -> int:
        """The one number that a statement counts."""
        return int(self._db.execute(sql, values).fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together or not at all; never `await` inside. Nests by joining."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def setting(self, name: str, default: Any = None) -> Any:
        """A JSON value kept under a name: ports, the clock's offset, switches."""
        row = self.one("SELECT value FROM settings WHERE name = ?", name)
        return default if row is None else json.loads(row["value"])

    def set_setting(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        self.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, json.dumps(value))

    def clear(self, *, accounts: bool) -> None:
        """Forget posts, uploads, codes, requests, faults and rate windows; accounts and tokens only when asked."""
        with self.transaction():
            for table in CONTENT + (ACCOUNTS if accounts else ()):
                self.execute(f"DELETE FROM {table}")  # noqa: S608  # names from the tuples above
            if accounts:
                self.execute("DELETE FROM documents")
            else:
                self.execute("DELETE FROM documents WHERE kind != ?", DEMO_TOKENS)
        # The files go last, so that no row ever names one that is gone.
        for path in self.blob_folder.iterdir():
            path.unlink()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Share:
    """The part of a store that belongs to one network."""

    def __init__(self, store: Store, platform: str) -> None:
        self._store = store
        self._platform = platform


def seconds_of(instant: datetime | None) -> float | None:
    """An instant as the tables hold it: seconds since 1970, or None."""
    return None if instant is None else instant.timestamp()


@overload
def instant_of(seconds: float) -> datetime: ...
@overload
def instant_of(seconds: None) -> None: ...
def instant_of(seconds: float | None) -> datetime | None:
    """The aware UTC instant behind a table's number, or None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

"""What a store was asked to do, read from outside: CPU and statements of PostgreSQL, commits of both."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

from bench.load import cpu_seconds

_FRAME_HEADER = 24
_WAL_HEADER = 32
_LOGGED = re.compile(r" <(\w+)> LOG:  (?:statement|execute [^:]*): (\w+)")
_ENDS = {"BEGIN", "COMMIT", "ROLLBACK"}


class Ledger:
    """Reads of one store: `mark` before the work that is counted, `since` after it. This one knows nothing.

    `sample` is how many posts are counted: many, so that what happens by the clock weighs little.
    """

    sample = 20

    def cpu_mark(self) -> dict[int, float]:
        """CPU seconds of each process that works for the store alone."""
        return {}

    def cpu_since(self, mark: dict[int, float]) -> float:
        """What these processes spent since; one that ended meanwhile is not in it."""
        return sum(spent - mark.get(pid, 0.0) for pid, spent in self.cpu_mark().items())

    def mark(self) -> Any:
        """Where counting begins."""
        return None

    def since(self, mark: Any) -> dict[str, int]:
        """What was counted, by name."""
        return {}


def ledger(database_url: str | None, sqlite: Path) -> Ledger:
    """The one for a store. Of a PostgreSQL server that the environment names neither log nor processes are ours."""
    if database_url is None:
        return SqliteLedger(sqlite)
    return Ledger() if "POLYPOST_TEST_DATABASE_URL" in os.environ else PostgresLedger(database_url)


class SqliteLedger(Ledger):
    """Commits, counted in the write-ahead log; statements and CPU are the server's own.

    A sample makes less than the 1,000 pages after which SQLite may begin the log anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> None:
        """Empty the log; raises RuntimeError when readers keep it for 10 s."""
        database = sqlite3.connect(self._path)
        try:
            end = time.monotonic() + 10
            while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > end:
                    raise RuntimeError(f"The log of {self._path} could not be emptied.")
        finally:
            database.close()

    def since(self, mark: None) -> dict[str, int]:
        """Commits in the log."""
        log = self._path.with_name(f"{self._path.name}-wal").read_bytes()
        frame = int.from_bytes(log[8:12], "big") + _FRAME_HEADER
        heads = [log[start : start + _FRAME_HEADER] for start in range(_WAL_HEADER, len(log), frame)]
        # The last frame of a commit states the size of the file, all others zero.
        return {"commits": sum(head[4:8] != bytes(4) for head in heads)}


class PostgresLedger(Ledger):
    """Statements and COMMITs by the server's own log, CPU by its backends for this database."""

    sample = 100

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = url.partition("?")[0].rpartition("/")[2]

    def _ask(self, *statements: str) -> list[Any]:
        import asyncpg

        async def main() -> list[Any]:
            connection = await asyncpg.connect(self._url)
            try:
                return [await connection.fetch(statement) for statement in statements]
            finally:
                await connection.close()

        return asyncio.run(main())

    def cpu_mark(self) -> dict[int, float]:
        """CPU seconds of each backend of this database."""
        (rows,) = self._ask(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {row["pid"]: cpu_seconds([row["pid"]]) for row in rows}

    def mark(self) -> tuple[Path, int]:
        """Have everything logged from here on; the log, and where it ends now."""
        ((folder,), *_) = self._ask(
            "SHOW data_directory",
            "ALTER SYSTEM SET log_line_prefix = '%m [%p] <%d> '",
            "ALTER SYSTEM SET log_statement = 'all'",
            "SELECT pg_reload_conf()",
        )
        # Backends read the settings when the signal has come and they are between two statements.
        time.sleep(0.5)
        log = Path(folder["data_directory"]) / "log"
        return log, log.stat().st_size

    def since(self, mark: tuple[Path, int]) -> dict[str, int]:
        """Statements besides BEGIN and COMMIT, and COMMITs; nothing is logged any more."""
        path, start = mark
        with path.open("rb") as log:
            log.seek(start)
            text = log.read().decode(errors="replace")
        self._ask(
            "ALTER SYSTEM RESET log_line_prefix",
            "ALTER SYSTEM RESET log_statement",
            "SELECT pg_reload_conf()",
        )
        words = [word.upper() for database, word in _LOGGED.findall(text) if database == self._database]
        return {"statements": sum(word not in _ENDS for word in words), "commits": words.count("COMMIT")}

"""The schema's revision: looked up by plain SQL, raised by Alembic, which is imported only for that.

The store has the old schema or the new one, never something between (RELIABILITY P16): all steps of an
upgrade and the new revision are one transaction on both stores.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polypost import clock
from polypost.errors import PolypostError, StoreUnavailable
from polypost.observability import failpoints

# Every revision this Polypost knows, oldest first; the scripts beside this file say what each one does.
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
)
HEAD = REVISIONS[-1]
# The last revision of 0.1.0: later ones of 0.1 only add, so that a binary of before can go on.
BASELINE = "0023"
SCRIPTS = Path(__file__).parent / "migrations"
DATABASE = "polypost.db"
# Two processes that upgrade one database take turns; the number is "poly" in ASCII.
_TURN = 0x706F6C79
_VERSION = "SELECT version_num FROM alembic_version"
_ABLE = "SELECT head, revision FROM able"
_SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"

# Not structlog's: commands say it too, and not among what they answer.
log = logging.getLogger("polypost.storage")


class SchemaMismatch(PolypostError):
    """The store's schema and this Polypost do not belong together."""

    code = "schema_mismatch"


class UpgradeFailed(PolypostError):
    """The schema could not be raised; the store is as it was."""

    code = "upgrade_failed"


def check(data: Path, database_url: str | None = None) -> None:
    """Raise SchemaMismatch, with what to do, unless this Polypost can go on with the store's schema."""
    found, able = _look(data, database_url)
    if _goes_on(found, able):
        return
    refuse_newer(found)
    if found != HEAD:
        raise SchemaMismatch(
            f"The store has schema {found or 'none'}, this Polypost needs {HEAD}.",
            next_step="Run `polypost migrate`.",
        )


def upgrade(data: Path, database_url: str | None = None, *, to: str = HEAD) -> bool:
    """Bring the store to the schema of this Polypost, or an earlier one; returns whether there was anything to do.

    A newer one stays as it is where it names this Polypost as able to go on with it. Before an SQLite file with content changes, a copy of it is made beside it: `polypost.db.before-<revision>`.
    Raises SchemaMismatch for a schema that is newer than this Polypost, UpgradeFailed when nothing was changed.
    """
    found, able = _look(data, database_url)
    if _goes_on(found, able):
        return False
    refuse_newer(found)
    if found == to:
        return False
    from sqlalchemy.exc import DBAPIError

    try:
        if database_url:
            asyncio.run(_upgrade_postgres(database_url, to))
        else:
            _keep_copy(data / DATABASE)
            _upgrade_sqlite(data / DATABASE, to)
    except DBAPIError as error:
        raise UpgradeFailed(
            f"The upgrade to schema {to} failed and changed nothing: {error.orig}.",
            next_step="Remove the cause and run it again.",
        ) from error
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that an upgrade goes through; one that only adds leaves the schema one that older binaries can use."""

    revision: str
    summary: str
    adds_only: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade would do. `seconds` is how long it took on a copy of an SQLite store of `size` bytes."""

    found: str | None
    steps: Sequence[Step]
    embedded: bool
    size: int = 0
    seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "found": self.found,
            "head": HEAD,
            "steps": [asdict(each) for each in self.steps],
            "addsOnly": all(each.adds_only for each in self.steps),
            "bytes": self.size,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
        }

    def text(self) -> str:
        """For people."""
        if not self.steps:
            return f"The store has schema {self.found}; there is nothing to do."
        lines = [f"The store has schema {self.found or 'none'}, this Polypost has {HEAD}."]
        lines += [
            f"  {each.revision}  {each.summary}{'' if each.adds_only else ' Changes what is there.'}"
            for each in self.steps
        ]
        if self.seconds is not None:
            lines.append(
                f"Tried on a copy of its {self.size / 1e6:.1f} MB: {self.seconds:.1f} s. So long the server stands still "
                "when the new one starts, and twice the file's size has to be free."
            )
        elif self.embedded and self.size:
            lines.append("There is no room on the disk to try it on a copy, nor to do it.")
        elif not self.embedded:
            lines.append("Servers and workers may run meanwhile." if self.as_dict()["addsOnly"] else _STOP)
        return "\n".join(lines)


_STOP = "Stop all servers and workers before, and start them with this Polypost afterwards."


def plan(data: Path, database_url: str | None = None) -> Plan:
    """What `upgrade` would do; on SQLite it is done to a copy, to see how long it takes.

    Raises SchemaMismatch, UpgradeFailed, StoreUnavailable.
    """
    found, able = _look(data, database_url)
    embedded = database_url is None
    if _goes_on(found, able):
        return Plan(found, (), embedded)
    refuse_newer(found)
    steps = tuple(step for step in _steps() if found is None or step.revision > found)
    path = data / DATABASE
    if not steps or not embedded or not path.exists():
        return Plan(found, steps, embedded)
    size = path.stat().st_size
    if shutil.disk_usage(data).free < 2 * size:
        return Plan(found, steps, embedded, size)
    return Plan(found, steps, embedded, size, _rehearse(path))


def revision(data: Path, database_url: str | None = None) -> str | None:
    """The revision of the store's schema; None for an empty store. Raises StoreUnavailable when it cannot be read."""
    return _look(data, database_url)[0]


def _look(data: Path, database_url: str | None) -> tuple[str | None, frozenset[str]]:
    """The revision of the store's schema, and those that it names as able to go on with it."""
    if database_url:
        return asyncio.run(_postgres_revision(database_url))
    path = data / DATABASE
    return _sqlite_revision(path) if path.exists() else (None, frozenset())


def _goes_on(found: str | None, able: frozenset[str]) -> bool:
    """Whether the store's schema is a newer one that names this Polypost."""
    newer = found is not None and found not in REVISIONS and HEAD in able
    if newer:
        log.warning("The store has schema %s, newer than %s; this Polypost can go on with it.", found, HEAD)
    return newer


def refuse_newer(found: str | None) -> None:
    """Raise SchemaMismatch for a revision that this Polypost does not know."""
    if found is not None and found not in REVISIONS:
        raise SchemaMismatch(
            f"The store has schema {found}, which is newer than this Polypost (schema {HEAD}).",
            next_step="Install the Polypost that wrote it, or a later one; an older one cannot use it.",
        )


def _sqlite_revision(path: Path) -> tuple[str | None, frozenset[str]]:
    with _open(path) as db:
        there = {name for (name,) in db.execute(_SQLITE_TABLES)}
        row = db.execute(_VERSION).fetchone() if "alembic_version" in there else None
        able = db.execute(_ABLE).fetchall() if "able" in there else ()
    found = None if row is None else str(row[0])
    return found, _for(found, able)


def _for(found: str | None, able: Iterable[Any]) -> frozenset[str]:
    """Those that are named for this very schema, not for one before."""
    return frozenset(revision for head, revision in able if head == found)


async def _postgres_revision(url: str) -> tuple[str | None, frozenset[str]]:
    import asyncpg

    from polypost.storage.postgres import address

    try:
        connection: Any = await asyncpg.connect(address(url), timeout=10, command_timeout=30)
        try:
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None, frozenset()
            found: str | None = await connection.fetchval(_VERSION)
            there = await connection.fetchval("SELECT to_regclass('able')") is not None
            return found, _for(found, await connection.fetch(_ABLE) if there else ())
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as trouble:
        raise StoreUnavailable(
            "The database cannot be reached.",
            next_step="Look at POLYPOST_DATABASE_URL and the database's log.",
        ) from trouble


def _upgrade_sqlite(path: Path, to: str) -> None:
    from polypost.storage.sqlite import connect

    path.parent.mkdir(parents=True, exist_ok=True)
    engine = connect(path)
    try:
        with engine.connect() as db:
            # Python's sqlite3 would not put DDL into a transaction by itself.
            db.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                _run_scripts(db, to)
            except BaseException:
                db.exec_driver_sql("ROLLBACK")
                raise
            db.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


async def _upgrade_postgres(url: str, to: str) -> None:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from polypost.storage.postgres import address

    async def connect() -> Any:
        return await asyncpg.connect(address(url))

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
            await connection.run_sync(_run_scripts, to)
    finally:
        await engine.dispose()


def _run_scripts(db: Any, to: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = db
    command.upgrade(config, to)
    if to >= BASELINE:
        _name_able(db, to)
    failpoints.hit("P16")


def _name_able(db: Any, head: str) -> None:
    """Write down which binaries can go on: those of a revision after which everything only added."""
    able = []
    for step in reversed([each for each in _steps() if each.revision <= head]):
        if not step.adds_only or step.revision == REVISIONS[0]:
            break
        able.append(REVISIONS[REVISIONS.index(step.revision) - 1])
    db.exec_driver_sql("DELETE FROM able")
    for name in able:
        db.exec_driver_sql(f"INSERT INTO able (head, revision) VALUES ('{head}', '{name}')")  # noqa: S608  # our own


def _steps() -> list[Step]:
    """Every revision, oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [
        Step(each.revision, (each.doc or "").split("\n")[0], getattr(each.module, "adds_only", False))
        for each in reversed([*scripts])
    ]


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _rehearse(path: Path) -> float:
    """Upgrade a copy, and remove it; how many seconds that took. Raises UpgradeFailed."""
    from sqlalchemy.exc import DBAPIError

    trial = path.with_name(f"{path.name}.trial")
    began = clock.monotonic()
    try:
        _copy(path, trial)
        _upgrade_sqlite(trial, HEAD)
        return clock.monotonic() - began
    except DBAPIError as error:
        raise UpgradeFailed(
            f"The upgrade to schema {HEAD} fails on a copy of the store: {error.orig}.",
            next_step="Stay with the Polypost that runs, and report it.",
        ) from error
    finally:
        for each in path.parent.glob(f"{trial.name}*"):
            each.unlink()


def _keep_copy(path: Path) -> None:
    """Copy the file as it stands, the write-ahead log included, whole or not at all."""
    if not path.exists():
        return
    with _open(path) as source:
        if not source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return
    half = path.with_name(f"{path.name}.copying")
    _copy(path, half)
    shutil.copymode(path, half)
    half.replace(path.with_name(f"{path.name}.before-{HEAD}"))


def _copy(path: Path, to: Path) -> None:
    to.unlink(missing_ok=True)
    with _open(path) as source, _open(to) as target:
        source.backup(target)


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as trouble:
        raise StoreUnavailable(f"The store at {path} cannot be read: {trouble}.") from trouble

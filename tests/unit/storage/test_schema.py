"""The schema: what the scripts make is what the rooms declare, and an upgrade happens whole or not at all."""

from __future__ import annotations

import asyncio
import importlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

import polypost
from polypost.storage import metadata, open_store, schema

CATALOG = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2",
    "postgresql": """
        SELECT table_name, column_name, ordinal_position::text, data_type, character_maximum_length::text,
               is_nullable, column_default
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT tablename, indexname, '', indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT conrelid::regclass::text, conname, '', pg_get_constraintdef(oid), '', '', ''
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3, 4
    """,
}


def import_every_table() -> None:
    """Every module of the package that declares a table in the common metadata."""
    package = Path(polypost.__file__).parent
    for path in package.rglob("*.py"):
        if "migrations" not in path.parts and "Table(\n" in path.read_text():
            module = path.relative_to(package.parent).with_suffix("")
            importlib.import_module(".".join(module.parts))


def read(data: Path, url: str | None, fn: Callable[[Connection], Any], *, writing: bool = False) -> Any:
    async def main() -> Any:
        store = open_store(data, url)
        try:
            return await (store.write(fn) if writing else store.read(fn))
        finally:
            await store.close()

    return asyncio.run(main())


def execute(*statements: str) -> Callable[[Connection], None]:
    def run(db: Connection) -> None:
        for statement in statements:
            db.execute(text(statement))

    return run


def catalog(db: Connection) -> list[tuple[Any, ...]]:
    rows = db.execute(text(CATALOG[db.dialect.name]))
    # SQLite quotes the name of a table that a migration has made anew, and writes a column that one has added on no line
    # of its own.
    return [
        tuple(" ".join(str(value).replace('"', "").split()) for value in row)
        for row in rows
        if "alembic_version" not in str(row)
    ]


def tables(db: Connection) -> set[str]:
    return set(inspect(db).get_table_names())


def test_the_scripts_make_what_the_rooms_declare(store_url: str | None, tmp_path: Path) -> None:
    import_every_table()

    def differences(db: Connection) -> list[Any]:
        context = MigrationContext.configure(db, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))

    assert schema.upgrade(tmp_path, store_url)
    assert read(tmp_path, store_url, differences) == []
    assert read(tmp_path, store_url, tables) == {*metadata.tables, "alembic_version"}


def test_the_scripts_make_it_to_the_letter(fresh_database: str, tmp_path: Path) -> None:
    import_every_table()
    schema.upgrade(tmp_path / "migrated")
    read(tmp_path / "declared", None, metadata.create_all, writing=True)
    assert read(tmp_path / "migrated", None, catalog) == read(tmp_path / "declared", None, catalog)
    schema.upgrade(tmp_path, fresh_database)
    migrated = read(tmp_path, fresh_database, catalog)
    read(tmp_path, fresh_database, metadata.drop_all, writing=True)
    read(tmp_path, fresh_database, metadata.create_all, writing=True)
    assert migrated == read(tmp_path, fresh_database, catalog)


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    newest_first = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(newest_first)) == schema.REVISIONS
    assert scripts.get_heads() == [schema.HEAD]


def up_to(revision: str) -> Callable[[Connection], None]:
    def run(db: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(schema.SCRIPTS))
        config.attributes["connection"] = db
        command.upgrade(config, revision)

    return run


def test_what_is_stored_survives_the_allowance(store_url: str | None, tmp_path: Path) -> None:
    read(tmp_path, store_url, up_to("0002"), writing=True)
    stored = (
        "INSERT INTO projects VALUES ('prj_1', 'Ours', 5, 0, NULL, 1)",
        "INSERT INTO api_keys VALUES ('key_1', 'prj_1', 'first', 'pp', 'h', '[]', NULL, NULL, NULL, 1)",
        "INSERT INTO ledger VALUES ('t_1', 1, 'reserve', 'prj_1', 2, 'twitter', 'int_1', 1)",
    )
    read(tmp_path, store_url, execute(*stored), writing=True)
    assert schema.upgrade(tmp_path, store_url)

    def rows(db: Connection) -> list[list[Any]]:
        return [
            list(db.execute(text(f"SELECT * FROM {name}")).one())
            for name in ("projects", "api_keys", "ledger")
        ]

    assert read(tmp_path, store_url, rows) == [
        ["prj_1", "Ours", 5, 0, None, 1, None],
        ["key_1", "prj_1", "first", "pp", "h", "[]", None, None, None, 1, None, None],
        ["t_1", 1, "reserve", "prj_1", 2, "twitter", "int_1", 1, None, None],
    ]


def test_projects_of_one_name_are_told_apart(store_url: str | None, tmp_path: Path) -> None:
    read(tmp_path, store_url, up_to("0014"), writing=True)
    stored = [
        f"INSERT INTO projects VALUES ('prj_{number}', '{name}', 5, 0, NULL, {at}, NULL)"
        for number, (name, at) in enumerate([("Ours", 2), ("Ours", 1), ("Theirs", 3), ("Ours", 2)])
    ]
    read(tmp_path, store_url, execute(*stored), writing=True)
    assert schema.upgrade(tmp_path, store_url)
    named = "SELECT name FROM projects ORDER BY id"
    assert read(tmp_path, store_url, lambda db: db.execute(text(named)).scalars().all()) == [
        "Ours (prj_0)",
        "Ours",
        "Theirs",
        "Ours (prj_3)",
    ]


def test_what_was_spent_is_summed_up(store_url: str | None, tmp_path: Path) -> None:
    read(tmp_path, store_url, up_to("0010"), writing=True)
    december = 1_796_083_200_000_000
    november = december - 1
    entry = (
        "INSERT INTO ledger (target_id, generation, kind, project_id, amount, platform, integration_id, at)"
    )
    stored = [
        f"{entry} VALUES ('t_{number}', 1, '{kind}', 'prj_1', 2, 'twitter', 'int_1', {at})"
        for number, (kind, at) in enumerate(
            [("settle", november), ("charge", november), ("settle", december), ("reserve", december)]
        )
    ]
    read(tmp_path, store_url, execute(*stored), writing=True)
    assert schema.upgrade(tmp_path, store_url)
    assert read(tmp_path, store_url, lambda db: db.execute(text("SELECT * FROM usage ORDER BY 2")).all()) == [
        ("prj_1", 202611, "int_1", "twitter", 4),
        ("prj_1", 202612, "int_1", "twitter", 2),
    ]


def test_a_second_upgrade_does_nothing(store_url: str | None, tmp_path: Path) -> None:
    assert schema.revision(tmp_path, store_url) is None
    assert schema.upgrade(tmp_path, store_url)
    assert schema.revision(tmp_path, store_url) == schema.HEAD
    schema.check(tmp_path, store_url)
    assert not schema.upgrade(tmp_path, store_url)
    assert not list(tmp_path.glob("*before*"))


def test_an_old_schema_is_refused_with_the_way_out(store_url: str | None, tmp_path: Path) -> None:
    with pytest.raises(schema.SchemaMismatch) as refused:
        schema.check(tmp_path, store_url)
    assert "polypost migrate" in refused.value.message


def test_a_newer_schema_stops_an_older_binary(store_url: str | None, tmp_path: Path) -> None:
    schema.upgrade(tmp_path, store_url)
    newer = execute("UPDATE alembic_version SET version_num = '9999'")
    read(tmp_path, store_url, newer, writing=True)
    for start in (schema.check, schema.upgrade):
        with pytest.raises(schema.SchemaMismatch, match="9999, which is newer than this Polypost"):
            start(tmp_path, store_url)
    assert schema.revision(tmp_path, store_url) == "9999"


def test_an_upgrade_that_fails_changes_nothing(store_url: str | None, tmp_path: Path) -> None:
    # The last table of the script is there already, so the script fails after it made all others.
    foreign = execute("CREATE TABLE workers (id INTEGER)", "INSERT INTO workers VALUES (7)")
    read(tmp_path, store_url, foreign, writing=True)
    with pytest.raises(schema.UpgradeFailed, match=r"changed nothing: .*workers.* already exists"):
        schema.upgrade(tmp_path, store_url)
    assert read(tmp_path, store_url, tables) == {"workers"}
    read(tmp_path, store_url, execute("DROP TABLE workers"), writing=True)
    assert schema.upgrade(tmp_path, store_url)


KILLED = """
import sys
from pathlib import Path
from polypost.observability import failpoints
from polypost.storage import schema

data = Path(sys.argv[1])
failpoints.arm("P16", data)
schema.upgrade(data, sys.argv[2] or None)
"""


def test_p16_an_upgrade_that_is_killed_leaves_the_old_schema(store_url: str | None, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path, store_url or ""], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert schema.revision(tmp_path, store_url) is None
    assert read(tmp_path, store_url, tables) == set()
    assert schema.upgrade(tmp_path, store_url)


def test_a_file_with_content_is_copied_before_it_changes(tmp_path: Path) -> None:
    before = execute("CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('kept')")
    read(tmp_path, None, before, writing=True)
    schema.upgrade(tmp_path)
    copy = tmp_path / f"polypost.db.before-{schema.HEAD}"
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT text FROM notes").fetchall() == [("kept",)]
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("notes",)]


def test_two_upgrades_at_a_time_take_turns(fresh_database: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        turns = [pool.submit(schema.upgrade, tmp_path, fresh_database) for _ in range(2)]
        assert any(turn.result() for turn in turns)
    schema.check(tmp_path, fresh_database)


LIGHT = """
import sys
from pathlib import Path
from polypost.storage import schema

schema.upgrade(Path(sys.argv[1]))
schema.check(Path(sys.argv[1]))
sys.exit("alembic" in sys.modules)
"""


def test_a_store_that_is_up_to_date_does_not_load_alembic(tmp_path: Path) -> None:
    schema.upgrade(tmp_path)
    assert subprocess.run([sys.executable, "-c", LIGHT, tmp_path], check=False).returncode == 0

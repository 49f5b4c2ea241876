"""Going on with another release's schema, and what an upgrade would do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from tests.unit.storage.test_schema import execute, read, up_to

from polypost.storage import schema


def scripts() -> list[Any]:
    """All revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(schema.SCRIPTS))
    return [*ScriptDirectory.from_config(config).walk_revisions()][::-1]


def adds_only(script: Any) -> bool:
    return getattr(script.module, "adds_only", False)


ADDING = [script.revision for script in scripts() if adds_only(script)]


def shape(db: Connection) -> dict[str, Any]:
    """Tables with their columns, as (name, type, whether a row has to give it) and indexes, as (name, columns, unique)."""
    seen = inspect(db)
    return {
        table: (
            {
                (column["name"], str(column["type"]), not column["nullable"] and column["default"] is None)
                for column in seen.get_columns(table)
            },
            {
                (index["name"], tuple(index["column_names"]), bool(index["unique"]))
                for index in seen.get_indexes(table)
            }
            | {
                (each["name"], tuple(each["column_names"]), True)
                for each in seen.get_unique_constraints(table)
            },
        )
        for table in seen.get_table_names()
    }


@pytest.mark.parametrize("revision", ADDING)
def test_a_revision_that_says_so_only_adds(revision: str, tmp_path: Path) -> None:
    before_it = schema.REVISIONS[schema.REVISIONS.index(revision) - 1]
    read(tmp_path, None, up_to(before_it), writing=True)
    before = read(tmp_path, None, shape)
    read(tmp_path, None, up_to(revision), writing=True)
    after = read(tmp_path, None, shape)
    for table, (columns, indexes) in before.items():
        assert columns <= after[table][0]
        assert indexes <= after[table][1]
        assert [name for name, _, needed in after[table][0] - columns if needed] == []
        assert [name for name, _, unique in after[table][1] - indexes if unique] == []


def test_within_the_minor_version_all_do() -> None:
    later = [each for each in scripts() if each.revision > schema.BASELINE]
    assert [each.revision for each in later if not adds_only(each)] == []


def test_a_newer_schema_that_names_this_binary_is_taken(store_url: str | None, tmp_path: Path) -> None:
    schema.upgrade(tmp_path, store_url)
    newer = execute(
        "UPDATE alembic_version SET version_num = '9999'",
        f"INSERT INTO able (head, revision) VALUES ('9999', '{schema.HEAD}')",
        "ALTER TABLE posts ADD COLUMN mood TEXT",
    )
    read(tmp_path, store_url, newer, writing=True)
    schema.check(tmp_path, store_url)
    assert not schema.upgrade(tmp_path, store_url)
    assert schema.plan(tmp_path, store_url).steps == ()
    read(tmp_path, store_url, execute(f"DELETE FROM able WHERE revision = '{schema.HEAD}'"), writing=True)
    for start in (schema.check, schema.upgrade, schema.plan):
        with pytest.raises(schema.SchemaMismatch, match="9999, which is newer than this Polypost"):
            start(tmp_path, store_url)


def test_who_can_go_on_is_written_with_the_schema(store_url: str | None, tmp_path: Path) -> None:
    schema.upgrade(tmp_path, store_url)

    def named(db: Connection) -> set[str]:
        return set(
            db.execute(text("SELECT revision FROM able WHERE head = :head"), {"head": schema.HEAD}).scalars()
        )

    expected = set()
    for script in reversed(scripts()):
        if not adds_only(script):
            break
        expected.add(script.down_revision)
    assert read(tmp_path, store_url, named) == expected


def test_a_plan_is_tried_on_a_copy(tmp_path: Path) -> None:
    read(tmp_path, None, up_to("0020"), writing=True)
    read(tmp_path, None, execute("INSERT INTO servers VALUES ('here', 1, 1)"), writing=True)
    planned = schema.plan(tmp_path)
    assert [step.revision for step in planned.steps] == [each for each in schema.REVISIONS if each > "0020"]
    assert planned.seconds is not None
    assert " s. So long the server stands still" in planned.text()
    assert {path.name for path in tmp_path.iterdir()} <= {"polypost.db", "polypost.db-wal", "polypost.db-shm"}
    assert schema.revision(tmp_path) == "0020"
    assert schema.upgrade(tmp_path)
    assert schema.plan(tmp_path).steps == ()


def test_a_plan_that_fails_says_so(tmp_path: Path) -> None:
    read(tmp_path, None, up_to("0020"), writing=True)
    read(tmp_path, None, execute("CREATE TABLE lives (id TEXT)"), writing=True)
    with pytest.raises(schema.UpgradeFailed, match="on a copy"):
        schema.plan(tmp_path)
    assert schema.revision(tmp_path) == "0020"


def test_a_plan_on_postgresql_says_who_may_run(fresh_database: str, tmp_path: Path) -> None:
    read(tmp_path, fresh_database, up_to("0020"), writing=True)
    planned = schema.plan(tmp_path, fresh_database)
    assert planned.as_dict()["seconds"] is None
    assert "may run meanwhile" in planned.text()


def test_the_copy_of_before_is_the_way_back(tmp_path: Path) -> None:
    read(tmp_path, None, up_to("0020"), writing=True)
    schema.upgrade(tmp_path)
    for path in tmp_path.glob("polypost.db*"):
        if "before" not in path.name:
            path.unlink()
    shutil.move(tmp_path / f"polypost.db.before-{schema.HEAD}", tmp_path / "polypost.db")
    with closing(sqlite3.connect(tmp_path / "polypost.db")) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    assert schema.revision(tmp_path) == "0020"

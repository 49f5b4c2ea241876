"""A backup is whole or not there, and is put back only where it does no harm."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from polypost.cli import backups
from polypost.cli.backups import BackupUnusable
from polypost.settings import Settings
from polypost.storage import schema
from polypost.storage.backup import StoreNotEmpty


def no_word(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty store, a key, a finished upload and one that grows."""
    data = tmp_path_factory.mktemp("data")
    schema.upgrade(data)
    (data / "master.key").write_text("secret\n")
    (data / "uploads").mkdir()
    (data / "uploads" / "file").write_bytes(b"film")
    (data / "uploads" / "growing.part").write_bytes(b"fi")
    return data


@pytest.fixture
def settings(migrated: Path) -> Settings:
    return Settings(data=migrated)


def taken(settings: Settings, into: Path, *, media: bool = True, master_key: bool = False) -> backups.Backup:
    return backups.take(settings, into, media=media, master_key=master_key, step=no_word)[0]


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_is_in_it(settings: Settings, tmp_path: Path) -> None:
    plain = taken(settings, tmp_path)
    assert names(plain.folder) == {"backup.json", "polypost.db", "uploads/file"}
    assert plain.folder.stat().st_mode & 0o077 == 0
    whole = taken(settings, tmp_path, media=False, master_key=True)
    assert names(whole.folder) == {"backup.json", "polypost.db", "master.key"}
    assert backups.find(tmp_path).folder == whole.folder
    assert backups.find(plain.folder).folder == plain.folder
    assert backups.prune(tmp_path, 1) == [plain.folder.name]
    assert [path.name for path in tmp_path.iterdir()] == [whole.folder.name]


def test_it_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    schema.upgrade(data)
    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(data / "polypost.db", isolation_level=None)) as db:
            number = 0
            while not ended.is_set():
                number += 1
                db.execute("BEGIN IMMEDIATE")
                for table, columns in (("servers", "name, signs, seen_at"), ("lives", "id, cause, began_at")):
                    db.execute(f"INSERT INTO {table} ({columns}) VALUES (?, 1, 1)", (f"{number}",))
                db.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = taken(Settings(data=data), tmp_path / "backups")
    finally:
        ended.set()
        writer.join()
    tables = made.about["tables"]
    assert tables["servers"] == tables["lives"]


def test_a_damaged_one_is_refused_before_anything_is_written(settings: Settings, tmp_path: Path) -> None:
    made = taken(settings, tmp_path / "backups")
    target = Settings(data=tmp_path / "new")
    target.data.mkdir()
    (made.folder / "uploads" / "file").write_bytes(b"Film")
    with pytest.raises(BackupUnusable, match="uploads/file in the backup is not what it was"):
        backups.put_back(target, made)
    (made.folder / "uploads" / "file").unlink()
    with pytest.raises(BackupUnusable, match="lacks uploads/file"):
        backups.put_back(target, made)
    assert names(target.data) <= {"lock"}
    about = {**made.about, "format": 99}
    (made.folder / "backup.json").write_text(json.dumps(about))
    with pytest.raises(BackupUnusable, match="format 99"):
        backups.find(made.folder)
    with pytest.raises(BackupUnusable, match="no backup"):
        backups.find(tmp_path / "nowhere")


def test_it_is_put_back_only_where_there_is_no_store(settings: Settings, tmp_path: Path) -> None:
    made = taken(settings, tmp_path, master_key=True)
    with pytest.raises(StoreNotEmpty, match="only where there is no store"):
        backups.put_back(settings, made)
    newer = backups.Backup(made.folder, {**made.about, "schema": "9999"})
    with pytest.raises(schema.SchemaMismatch):
        backups.put_back(Settings(data=tmp_path), newer)
    with pytest.raises(BackupUnusable, match="backup of sqlite"):
        backups.put_back(Settings(data=tmp_path, database_url="postgresql://localhost/none"), made)
    data = tmp_path / "new"
    data.mkdir()
    backups.put_back(Settings(data=data), made)
    assert names(data) == {"lock", "master.key", "polypost.db", "uploads/file"}
    assert (data / "master.key").read_text() == "secret\n"


def test_one_that_fails_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    keyless = Settings(data=settings.data, master_key_file=tmp_path / "missing")
    with pytest.raises(BackupUnusable, match="no master key"):
        taken(keyless, tmp_path / "backups", master_key=True)
    assert list((tmp_path / "backups").iterdir()) == []

"""A backup is a folder: the store of one moment, uploads and master key as asked, and a list of it all with checksums."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from polypost import __version__, clock
from polypost.configured import host_of
from polypost.doctor import Finding, report
from polypost.errors import PolypostError
from polypost.integrations.master import FILE as KEY_FILE
from polypost.settings import Settings
from polypost.storage import backup as stores
from polypost.storage import lives, new_id, open_store, schema
from polypost.storage.lock import DataLock
from polypost.storage.metadata import microseconds

LIST = "backup.json"
FORMAT = 1
UPLOADS = "uploads"
PARTIAL = ".partial"
# A larger copy is not asked for all rules: that reads everything.
DOCTOR_BYTES = 256 * 2**20


class BackupUnusable(PolypostError):
    """What is to be put back is no backup, is not whole, or does not go with this server."""

    code = "backup_unusable"


@dataclass(frozen=True, slots=True)
class Backup:
    """A folder with its list."""

    folder: Path
    about: dict[str, Any]

    @property
    def taken_at(self) -> datetime:
        """From when on it knows nothing of what went out."""
        return clock.parse_stamp(self.about["takenAt"])


def take(
    settings: Settings, into: Path, *, media: bool, master_key: bool, step: Callable[[str], None]
) -> tuple[Backup, list[Finding] | None]:
    """Make a backup in a new folder of `into`, whole or not at all, beside whoever uses the store.

    Also what does not hold in it; None where that was not looked for. Raises SchemaMismatch, StoreUnavailable,
    CopyDamaged, BackupUnusable, OSError.
    """
    schema.check(settings.data, settings.database_url)
    now = clock.now()
    name = f"{now:%Y%m%dT%H%M%S.%f}"[:-3] + "Z"
    half = into / f"{name}{PARTIAL}"
    half.mkdir(parents=True, mode=0o700)
    try:
        step("Copying the store.")
        if settings.database_url is None:
            tables, wrong = _sqlite(settings, half, step)
        else:
            tables, wrong = asyncio.run(stores.copy_postgres(settings.database_url, half)), None
        missing = _uploads(settings, half, step) if media else None
        if master_key:
            _keep_key(settings, half)
        files = {path.relative_to(half).as_posix(): _sum(path) for path in _files(half)}
        about = {
            "format": FORMAT,
            "polypost": __version__,
            "store": "sqlite" if settings.database_url is None else "postgresql",
            "schema": schema.revision(settings.data, settings.database_url),
            "takenAt": clock.iso(now),
            "host": host_of(settings),
            "tables": tables,
            "media": media,
            "masterKey": master_key,
            "files": files,
        } | ({"goneMeanwhile": missing} if missing else {})
        _write(half / LIST, json.dumps(about, indent=1))
        half.replace(into / name)
        stores.sync(into)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return Backup(into / name, about), wrong


def prune(into: Path, keep: int) -> list[str]:
    """Remove all backups of a folder but the newest `keep`; the names of those that went."""
    found = sorted(path.parent for path in into.glob(f"*/{LIST}") if not path.parent.name.endswith(PARTIAL))
    gone = found[:-keep]
    for folder in gone:
        # Without its list it is no backup any more, whatever happens before it is gone.
        (folder / LIST).unlink()
        shutil.rmtree(folder)
    return [folder.name for folder in gone]


def find(folder: Path) -> Backup:
    """The backup in a folder, or the newest of those in it. Raises BackupUnusable."""
    if not (folder / LIST).is_file():
        folder = max((path.parent for path in folder.glob(f"*/{LIST}")), default=folder)
    try:
        about = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise BackupUnusable(
            f"There is no backup in {folder}.", next_step="Name a folder that `polypost backup` made."
        ) from missing
    except ValueError as broken:
        raise BackupUnusable(f"{folder / LIST} cannot be read.") from broken
    if about.get("format") != FORMAT:
        raise BackupUnusable(
            f"This backup is of format {about.get('format')}, this Polypost reads {FORMAT}.",
            next_step="Restore it with the Polypost that made it.",
        )
    return Backup(folder, about)


def verify(found: Backup) -> None:
    """Raise BackupUnusable unless every file is there and is what it was."""
    there = {path.relative_to(found.folder).as_posix() for path in _files(found.folder)} - {LIST}
    if missing := set(found.about["files"]) - there:
        raise BackupUnusable(f"The backup lacks {min(missing)}.", next_step="Restore another one.")
    for name, about in found.about["files"].items():
        if _sum(found.folder / name) != about:
            raise BackupUnusable(
                f"{name} in the backup is not what it was when it was made.", next_step="Restore another one."
            )


def put_back(settings: Settings, found: Backup) -> None:
    """Make the store of the settings out of a backup; it is held from then on.

    Raises BackupUnusable, StoreNotEmpty, DataLocked, SchemaMismatch, StoreUnavailable.
    """
    store = "sqlite" if settings.database_url is None else "postgresql"
    if found.about["store"] != store:
        raise BackupUnusable(
            f"This is a backup of {found.about['store']}, and the settings name a store on {store}.",
            next_step="Set or unset POLYPOST_DATABASE_URL.",
        )
    schema.refuse_newer(found.about["schema"])
    verify(found)
    lock = DataLock(settings.data)
    try:
        if settings.database_url is None:
            stores.refuse_sqlite(settings.data)
            _bring_files(settings, found)
            stores.restore_sqlite(found.folder, settings.data, lambda db, path: _mark(db, path, found))
        else:
            asyncio.run(stores.refuse_postgres(settings.database_url, found.about["schema"]))
            schema.upgrade(settings.data, settings.database_url, to=found.about["schema"])
            _bring_files(settings, found)
            values = _life(found, None)
            asyncio.run(
                stores.restore_postgres(
                    found.folder,
                    settings.database_url,
                    found.about["tables"],
                    values,
                    host=found.about["host"],
                    here=host_of(settings),
                )
            )
            schema.upgrade(settings.data, settings.database_url)
            from polypost.engine.pgqueuer import install

            asyncio.run(install(settings.database_url))
    finally:
        lock.release()


def has_key(settings: Settings) -> bool:
    """Whether the settings or the data folder name a master key."""
    elsewhere = settings.master_key is not None or settings.master_key_file is not None
    return elsewhere or (settings.data / KEY_FILE).exists()


def _sqlite(
    settings: Settings, half: Path, step: Callable[[str], None]
) -> tuple[dict[str, Any], list[Finding] | None]:
    tables = stores.copy_sqlite(settings.data, half)
    wrong = None
    if (half / schema.DATABASE).stat().st_size <= DOCTOR_BYTES:
        step("Checking every invariant of the copy.")
        wrong = asyncio.run(_doctor(half))
    stores.settle_sqlite(half / schema.DATABASE)
    return tables, wrong


async def _doctor(folder: Path) -> list[Finding]:
    store = open_store(folder, patient=True)
    try:
        return (await report(store)).findings
    finally:
        await store.close()


def _uploads(settings: Settings, half: Path, step: Callable[[str], None]) -> int:
    """Copy the finished uploads; how many went while they were being copied."""
    step("Copying uploads.")
    (half / UPLOADS).mkdir()
    gone = 0
    source = settings.data / UPLOADS
    for path in sorted(source.iterdir()) if source.is_dir() else ():
        if path.suffix == ".part" or not path.is_file():
            continue
        try:
            shutil.copy2(path, half / UPLOADS / path.name)
        except FileNotFoundError:
            gone += 1
    return gone


def _keep_key(settings: Settings, half: Path) -> None:
    key = settings.master_key
    if key is None:
        path = settings.master_key_file or settings.data / KEY_FILE
        key = path.read_text(encoding="ascii") if path.exists() else None
    if key is None:
        raise BackupUnusable("There is no master key to be kept.", next_step="Leave --master-key out.")
    _write(half / KEY_FILE, key.strip() + "\n")


def _bring_files(settings: Settings, found: Backup) -> None:
    """Uploads, and the master key where there is none: one that is there stays."""
    source = found.folder / UPLOADS
    if source.is_dir():
        target = settings.data / UPLOADS
        target.mkdir(exist_ok=True)
        for path in source.iterdir():
            shutil.copy2(path, target / path.name)
    key = found.folder / KEY_FILE
    if key.is_file() and not has_key(settings):
        _write(settings.data / KEY_FILE, key.read_text(encoding="ascii"))


def _mark(db: Any, path: Path, found: Backup) -> None:
    values = _life(found, lives.place_of(path))
    names, places = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO lives ({names}) VALUES ({places})", tuple(values.values()))  # noqa: S608  # our own names


def _life(found: Backup, place: lives.Place | None) -> dict[str, Any]:
    """The row of the life that begins with a restored store."""
    return {
        "id": new_id("life"),
        "cause": "restored",
        "began_at": microseconds(clock.now()),
        "copied_at": microseconds(found.taken_at),
        **(place._asdict() if place else {}),
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _sum(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write(path: Path, text: str) -> None:
    """A file for us alone, on the disk."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

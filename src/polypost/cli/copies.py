"""`polypost backup` and `polypost restore`: copies of a store, and what becomes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from polypost import clock
from polypost.access import people
from polypost.bulk import older as bulk
from polypost.cli.options import Data, Json, settings_of
from polypost.cli.output import Printer
from polypost.engine import workers
from polypost.errors import PolypostError
from polypost.planning import older as planning
from polypost.posts import older as posts
from polypost.settings import Settings
from polypost.storage import Store, lives, open_store, schema
from polypost.storage.lives import Answer
from polypost.storage.lock import DataLock

SILENCE_SECONDS = 30.0


class StoreInUse(PolypostError):
    """What is asked for is only possible while nobody works on the store."""

    code = "store_in_use"


def backup(
    folder: Annotated[Path, typer.Argument(help="Folder in which the backup gets a folder of its own.")],
    media: Annotated[bool, typer.Option(help="Copy uploads too.")] = True,
    master_key: Annotated[
        bool,
        typer.Option("--master-key", help="Put the master key into it: whoever has both reads all tokens."),
    ] = False,
    keep: Annotated[
        int | None, typer.Option(help="Remove all backups in the folder but this many, newest first.", min=1)
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Copy the store as it is at one moment, while servers run, and check the copy."""
    from polypost.cli import backups

    printer = Printer(json)
    made, wrong = backups.take(
        settings_of(data), folder, media=media, master_key=master_key, step=printer.progress
    )
    gone = backups.prune(folder, keep) if keep is not None else []
    rows = sum(table["rows"] for table in made.about["tables"].values())
    size = sum(file["bytes"] for file in made.about["files"].values())
    lines = [f"{made.folder}: {rows} rows, {len(made.about['files'])} files, {size / 1e6:.1f} MB; checked."]
    lines += [finding.text() for finding in wrong or ()]
    if not master_key:
        lines.append(
            "The master key is not in it. Keep it elsewhere: without it no token in the backup can be read."
        )
    told = {
        "folder": str(made.folder),
        "takenAt": made.about["takenAt"],
        "rows": rows,
        "bytes": size,
        "media": media,
        "masterKey": master_key,
        "findings": None if wrong is None else [finding.as_dict() for finding in wrong],
        "removed": gone,
    }
    printer.show(told, "\n".join(lines))


def restore(
    folder: Annotated[
        Path | None, typer.Argument(help="A backup, or a folder of backups of which the newest is taken.")
    ] = None,
    confirm: Annotated[
        Answer | None,
        typer.Option(
            help="Release a held store: `moved` when no other server has used it since the copy was made, `older` when "
            "posts may have gone out since."
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a store out of a backup; it is held until --confirm says what became of the original."""
    if folder is None and confirm is None:
        raise typer.BadParameter("Name a backup, or give --confirm.")
    printer, settings = Printer(json), settings_of(data)
    told: dict[str, Any] = {}
    lines = []
    if folder is not None:
        from polypost.cli import backups

        found = backups.find(folder)
        backups.put_back(settings, found)
        key = backups.has_key(settings)
        told = {"restored": str(found.folder), "takenAt": found.about["takenAt"], "masterKey": key}
        lines.append(f"The store is that of {found.about['takenAt']} ({found.folder}).")
        if not key:
            lines.append(
                f"The master key is not there. Put master.key into {settings.data}, or set POLYPOST_MASTER_KEY: without it "
                "the server does not start where accounts are connected."
            )
        if confirm is None:
            lines.append(
                "It is held: a server that starts on it sends nothing before `polypost restore --confirm moved` or "
                "`polypost restore --confirm older`."
            )
    if confirm is not None:
        answered = asyncio.run(_answer(settings, confirm))
        told |= answered
        lines.append(_said(confirm, answered))
    printer.show(told, "\n".join(lines))


async def _answer(settings: Settings, word: Answer) -> dict[str, Any]:
    """Say what became of the original, in one transaction with what follows from it. Raises StoreInUse."""
    fit = schema.upgrade if settings.database_url is None else schema.check
    await asyncio.to_thread(fit, settings.data, settings.database_url)
    store = open_store(settings.data, settings.database_url, patient=True)
    lock = None
    try:
        life = await store.read(lives.current)
        if life is None or not life.held:
            # Nobody has noticed a copy: an older one may have been put into the same file.
            lock = await _alone(settings, store)
        return await store.write(lambda db: _written(db, settings, word))
    finally:
        if lock is not None:
            lock.release()
        await store.close()


async def _alone(settings: Settings, store: Store) -> DataLock | None:
    if settings.database_url is None:
        return DataLock(settings.data)
    if await store.read(workers.silence) < SILENCE_SECONDS:
        raise StoreInUse(
            "Servers or workers use this store, and it is not held.",
            next_step="Stop them, wait half a minute, and run it again.",
        )
    return None


def _written(db: Connection, settings: Settings, word: Answer) -> dict[str, Any]:
    now = clock.now()
    life = lives.current(db)
    held = life is not None and life.held
    if life is None or not held:
        place = lives.place_of(settings.data / schema.DATABASE) if settings.database_url is None else None
        life = lives.begin(db, "copied", now, place=place)
    done = {"targets": 0, "schedules": 0, "uploads": 0}
    if word == "older":
        done = {
            "targets": posts.doubt(db, now),
            "schedules": planning.pass_over(db, now),
            "uploads": bulk.stop(db, now),
        }
    lives.answer(db, life, word, now)
    people.note(db, "store_confirmed", answer=word, done=done)
    return {"confirmed": word, "held": held, **done}


def _said(word: Answer, told: dict[str, Any]) -> str:
    if word == "moved":
        return "The store goes on where it was: what is overdue goes out."
    return (
        f"{told['targets']} targets were due and not done: each is looked for on its account before anything is sent. "
        f"{told['schedules']} schedules go on from now, {told['uploads']} bulk uploads were ended."
    )

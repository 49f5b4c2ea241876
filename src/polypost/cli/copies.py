"""`polypost backup` and `polypost restore`: copies of a store, and what becomes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from polypost.cli.lazily import lazily
from polypost.cli.options import Data, Json, settings_of
from polypost.cli.output import Printer

if TYPE_CHECKING:
    from polypost.cli import backups, confirming
else:
    backups = lazily("polypost.cli.backups")
    confirming = lazily("polypost.cli.confirming")


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
        Literal["moved", "older"] | None,
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
        answered = asyncio.run(confirming.answer(settings, confirm))
        told |= answered
        lines.append(confirming.said(confirm, answered))
    printer.show(told, "\n".join(lines))

"""Commands for what is kept: the master key exchanged, a project taken out as a file or for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polypost.cli.lazily import lazily
from polypost.cli.options import Data, Json, settings_of
from polypost.cli.output import Printer

if TYPE_CHECKING:
    from polypost.cli import admin
else:
    admin = lazily("polypost.cli.admin")


def rotate_master(
    finish: Annotated[
        bool, typer.Option("--finish", help="Take the older key away, a day after the change.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="With --finish: at once; addresses that it signed stop working.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Wrap the keys of all projects with a new master key, while servers and workers run."""
    if now and not finish:
        raise typer.BadParameter("--now goes with --finish.")
    done = asyncio.run(admin.rotate_master(settings_of(data), finish=finish, now=now))
    said = f"{done['wrapped']} keys of projects were wrapped anew."
    if done["until"]:
        said += (
            f"\nBoth master keys stay known until {done['until']}; then run "
            "`polypost keys rotate-master --finish`."
        )
    elif done["masterKeys"] > 1:
        said += "\nA day after the change take the older key out of POLYPOST_MASTER_KEY in every process."
    elif finish:
        said += "\nThere is one master key."
    Printer(json).show(done, said)


def export_project(
    name: str,
    into: Annotated[Path, typer.Argument(metavar="FILE", help="The ZIP file that is written.")],
    files: Annotated[bool, typer.Option(help="With the uploads that are on this machine.")] = True,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write all that is stored of a project into one file, without tokens, keys and secrets."""
    done = asyncio.run(admin.export(settings_of(data), name, into, files=files))
    said = f"{done['rows']} rows and {done['files']} uploads of {done['project']} are in {done['file']}."
    if done["elsewhere"]:
        said += f"\n{done['elsewhere']} uploads are not: they are on another machine or in S3."
    Printer(json).show(done, said)


def erase_project(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Delete a project with everything in it; what is out on the networks stays there."""
    done = asyncio.run(admin.erase(settings_of(data), name, sure=yes))
    if yes:
        said = f"{done['rows']} rows of {done['project']} are gone; its files go within ten minutes while a server runs."
    else:
        said = f"This deletes {done['project']} with its posts, accounts, keys and ledger. To do it: the same with --yes."
    Printer(json).show(done, said)

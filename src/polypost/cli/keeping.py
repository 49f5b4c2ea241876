"""Commands for what is kept: the master key exchanged, a project taken out as a file or for good."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from polypost import clock
from polypost.access import people
from polypost.cli.admin import named, opened
from polypost.cli.commands import Data, Json, keys, projects, settings_of
from polypost.cli.output import Printer
from polypost.integrations import load_master_keys, rotation
from polypost.integrations.vault import has_secrets
from polypost.settings import Settings


@keys.command("rotate-master")
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
    done = asyncio.run(_rotated(settings_of(data), finish=finish, now=now))
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


@projects.command("export")
def export_project(
    name: str,
    into: Annotated[Path, typer.Argument(metavar="FILE", help="The ZIP file that is written.")],
    files: Annotated[bool, typer.Option(help="With the uploads that are on this machine.")] = True,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write all that is stored of a project into one file, without tokens, keys and secrets."""
    done = asyncio.run(_exported(settings_of(data), name, into, files=files))
    said = f"{done['rows']} rows and {done['files']} uploads of {done['project']} are in {done['file']}."
    if done["elsewhere"]:
        said += f"\n{done['elsewhere']} uploads are not: they are on another machine or in S3."
    Printer(json).show(done, said)


@projects.command("erase")
def erase_project(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Delete a project with everything in it; what is out on the networks stays there."""
    done = asyncio.run(_erased(settings_of(data), name, sure=yes))
    if yes:
        said = f"{done['rows']} rows of {done['project']} are gone; its files go within ten minutes while a server runs."
    else:
        said = f"This deletes {done['project']} with its posts, accounts, keys and ledger. To do it: the same with --yes."
    Printer(json).show(done, said)


async def _exported(settings: Settings, name: str, into: Path, *, files: bool) -> dict[str, Any]:
    from polypost import portability

    async with opened(settings, patient=True) as store:
        project = await store.read(lambda db: named(db, name))
        folder = settings.data / "uploads" if files else None
        done = await portability.export(store, project.id, into, folder=folder)
        await store.write(lambda db: people.note(db, "project_exported", project_id=project.id))
    return {"project": project.name, "file": str(into), **asdict(done)}


async def _erased(settings: Settings, name: str, *, sure: bool) -> dict[str, Any]:
    from polypost import portability

    async with opened(settings, patient=True) as store:
        project = await store.read(lambda db: named(db, name))
        if not sure:
            return {"project": project.name, "erased": False}
        erased = await portability.erase(store, project.id, over=clock.now() - settings.kept.media)
    return {"project": project.name, "rows": erased, "erased": True}


async def _rotated(settings: Settings, *, finish: bool, now: bool) -> dict[str, Any]:
    async with opened(settings) as store:
        secrets = await store.read(has_secrets)
        masters = load_master_keys(settings, embedded=settings.database_url is None, has_secrets=secrets)
        if finish:
            done = await rotation.finish(store, masters, now=now)
        else:
            done = await rotation.begin(store, masters)
        what = "master_key_retired" if finish else "master_key_rotated"
        await store.write(lambda db: people.note(db, what, keys=done.wrapped))
    return {
        "wrapped": done.wrapped,
        "masterKeys": done.keys,
        "until": clock.iso(done.until) if done.until else None,
    }

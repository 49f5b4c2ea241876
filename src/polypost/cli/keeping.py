"""Commands for what is kept: the master key exchanged."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from polypost import clock
from polypost.access import people
from polypost.cli.admin import opened
from polypost.cli.commands import Data, Json, keys, settings_of
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

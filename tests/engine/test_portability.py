"""A project taken out: as a file without anything secret, or for good and nothing of another one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from polypost import access, clock, portability
from polypost.access import people
from polypost.access.tables import projects
from polypost.integrations import apps
from polypost.integrations.tables import integrations
from polypost.portability import StillPublishing
from polypost.portability.exporting import SECRET_COLUMNS, SECRET_TABLES
from polypost.portability.rows import OF_THE_SERVER, of_project, tables
from polypost.storage import metadata
from tests.engine.room import Room
from tests.engine.year import filled
from tests.unit.storage.test_schema import import_every_table

SECRET_WORDS = ("hash", "secret", "token", "verifier", "wrapped", "password")


def test_every_table_is_of_a_project_or_named() -> None:
    import_every_table()
    ours = {table.name for table in tables()}
    assert ours | OF_THE_SERVER | {"projects"} == {table.name for table in metadata.sorted_tables}
    # These two belong to a project by what they refer to.
    assert {table.name for table in tables() if "project_id" not in table.c} == {"lanes", "oauth_tokens"}


def test_no_secret_has_a_place_in_an_export() -> None:
    import_every_table()
    open_ = {"token_version"}
    for table in tables():
        for column in table.c:
            suspect = any(word in column.name for word in SECRET_WORDS) and column.name not in open_
            hidden = table.name in SECRET_TABLES or column.name in SECRET_COLUMNS.get(table.name, ())
            assert hidden or not suspect, f"{table.name}.{column.name}"


async def held(room: Room, project_id: str) -> dict[str, int]:
    """How many rows of a project each table has."""

    def count(db: Connection) -> dict[str, int]:
        found = {
            table.name: len(db.execute(select(table).where(of_project(table, project_id))).all())
            for table in tables()
        }
        return {name: number for name, number in found.items() if number}

    return await room.store.read(count)


async def furnish(room: Room) -> list[str]:
    """Posts, files and keys in the room's project; texts that must not leave the server."""
    await filled(room)

    def more(db: Connection) -> list[str]:
        _, secret = access.create_key(db, room.project.id, name="key")
        apps.create(
            db,
            room.vault,
            room.project.id,
            platform="twitter",
            name="App",
            client_id="id",
            client_secret="hush",
        )
        people.invite(db, "invite", project_id=room.project.id, role="editor")
        sealed = db.execute(select(integrations.c.access_token, integrations.c.refresh_token)).all()
        return [secret, "hush", *(text for row in sealed for text in row if text)]

    return await room.store.write(more)


def test_an_export_is_whole_and_has_no_secret(tell: Any, tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        secrets = await furnish(room)
        into = tmp_path / f"{room.store.dialect}.zip"
        done = await portability.export(room.store, room.project.id, into, folder=room.folder / "uploads")
        assert into.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in into.parent.iterdir() if path.suffix == ".part"] == []
        there = await held(room, room.project.id)
        with zipfile.ZipFile(into) as archive:
            assert archive.testzip() is None
            texts = {name: archive.read(name) for name in archive.namelist()}
        rows = {
            name.removesuffix(".jsonl"): [json.loads(line) for line in text.splitlines()]
            for name, text in texts.items()
            if name.endswith(".jsonl")
        }
        expected = {name: count for name, count in there.items() if name not in SECRET_TABLES}
        assert {name: len(found) for name, found in rows.items() if found} == expected
        assert done.rows == sum(expected.values())
        assert json.loads(texts["project.json"])["project"]["name"] == room.project.name
        assert (done.files, done.elsewhere) == (2, 0)
        assert {name.rpartition("/")[2] for name in texts if name.startswith("files/")} == {
            "shown.png",
            "unused.png",
        }
        whole = b"".join(texts.values())
        for secret in secrets:
            assert secret.encode() not in whole
        assert b'"v1.dk_' not in whole

    tell(story)


def test_erasing_takes_one_project_and_no_other(tell: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("polypost.portability.rows.STEP", 3)

    async def story(room: Room) -> None:
        other = room.project
        await room.start()
        theirs = await room.post("theirs")
        await room.settle(theirs)
        before = await held(room, other.id)
        room.project = await room.store.write(lambda db: access.create_project(db, "Leaving"))
        room.accounts = {platform: await room.connect(platform) for platform in ("twitter", "instagram")}
        await furnish(room)
        waits = [await room.post(f"waits {number}", after=86400.0) for number in range(7)]
        leaving = room.project.id
        await portability.erase(room.store, leaving, over=clock.now(), settle=0)
        assert set(await held(room, leaving)) <= {"media_files", "uploads"}
        await room.media.clean(clock.now())
        assert await held(room, other.id) == before
        left = await room.store.read(lambda db: db.execute(select(projects.c.id)).scalars().all())
        assert list(left) == [other.id]
        # Nothing of it goes out any more.
        clock.advance(2 * 86400)
        await room.start()
        await room.wake_up()
        room.project = other
        out = await room.post("afterwards", accounts={"twitter": (await held_account(room))})
        await room.settle(out)
        assert len([post for post in await room.visible() if post["text"].startswith("waits")]) == 0
        assert len(waits) == 7
        await room.healthy()

    tell(story)


async def held_account(room: Room) -> str:
    """An account of the room's project on X."""
    mine = (integrations.c.project_id == room.project.id, integrations.c.platform == "twitter")
    query = select(integrations.c.id).where(*mine).limit(1)
    return str(await room.store.read(lambda db: db.execute(query).scalar_one()))


def test_what_is_on_its_way_is_waited_for(tell_once: Any) -> None:
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("slow", seconds=30)
        going = await room.post("going")
        await room.until_state(going, "committing")
        with pytest.raises(StillPublishing):
            await portability.erase(room.store, room.project.id, over=clock.now(), settle=0)
        project = await room.store.read(lambda db: access.get_project(db, room.project.id))
        assert project.disabled_at is not None
        assert await room.status(going) == "publishing"

    tell_once(story)

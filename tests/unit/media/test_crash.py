"""What dead, slow and vanished processes leave behind (RELIABILITY P6, P17)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta

from sqlalchemy import insert, select, update

from polypost import clock
from polypost.media import PullAddresses, Signer, StoredFile, records
from polypost.media.records import Item
from polypost.media.tables import media_files
from polypost.platforms.base import MediaRef

RECIPE = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
FETCH_AND_DIE = """
import asyncio, sys
from pathlib import Path
from polypost.media import Library
from polypost.observability import failpoints
from polypost.outbound import Fetcher, Guard
from polypost.platforms.base import MediaRef
from polypost.storage import open_store

data, store_url, folder, address, url, owner = sys.argv[1:]

async def main():
    store = open_store(Path(data), store_url or None)
    library = Library(store, Fetcher(Guard([address])), Path(folder), owner=owner, host="here")
    failpoints.arm("P6", Path(data))
    await library.open("prj", "post", [MediaRef("image", url)])

asyncio.run(main())
"""


FIT_AND_DIE = (
    FETCH_AND_DIE.replace('"P6"', '"P22"')
    .replace(
        'await library.open("prj", "post", [MediaRef("image", url)])',
        'await library.fitted("prj", "post", MediaRef("image", url), RECIPE)',
    )
    .replace("async def main", f"RECIPE = {RECIPE!r}\n\nasync def main")
)


async def rows(store):
    return await store.read(lambda db: db.execute(select(media_files)).all())


async def end_leases(store):
    await store.write(lambda db: db.execute(update(media_files).values(lease_until=clock.now())))


async def fetch_and_die(room, url, *, tmp_path, store_url, owner, story=FETCH_AND_DIE):
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        story,
        *(str(tmp_path / "data"), store_url or "", str(room.folder), room.server.address, url, owner),
    )
    assert await child.wait() == -signal.SIGKILL


def test_p6_a_killed_fetch_is_cleared_away_and_done_again(with_store, store_url, tmp_path, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            await fetch_and_die(room, url, tmp_path=tmp_path, store_url=store_url, owner="one")
            (row,) = await rows(store)
            assert row.state == "fetching"
            assert room.on_disk() == [f"{row.path}.part"]

            library = await room.library("one")
            await library.recover()
            assert room.on_disk() == []
            assert isinstance((await library.open("prj", "post", [MediaRef("image", url)]))[url], StoredFile)
            assert room.server.asked["/a.png"] == 2

    with_store(story)


def test_p6_another_process_takes_over_when_the_lease_has_ended(with_store, store_url, tmp_path, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            await fetch_and_die(room, url, tmp_path=tmp_path, store_url=store_url, owner="one")
            left = room.on_disk()
            library = await room.library("two")
            await library.recover()
            assert room.on_disk() == left, "the claim may be alive, so its file stays"
            await end_leases(store)
            assert isinstance((await library.open("prj", "post", [MediaRef("image", url)]))[url], StoredFile)
            await library.recover()
            assert room.on_disk() == [row.path for row in await rows(store)]

    with_store(story)


def test_p17_a_fetch_that_lost_its_claim_records_nothing(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            gate = asyncio.Event()
            url = room.server.put("/a.png", png, gate=gate)
            slow, quick = await room.library("slow"), await room.library("quick")
            late = asyncio.create_task(slow.open("prj", "post", [MediaRef("image", url)]))
            await room.server.arrived.wait()
            await end_leases(store)
            room.server.files["/a.png"].gate = None
            found = await quick.open("prj", "post", [MediaRef("image", url)])
            gate.set()
            assert await late == found
            assert isinstance(found[url], StoredFile)
            assert room.on_disk() == [found[url].path.name]
            assert room.server.asked["/a.png"] == 2

    with_store(story)


def test_a_long_fetch_keeps_its_claim_alive(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            gate = asyncio.Event()
            url = room.server.put("/a.png", png, gate=gate)
            library = await room.library(lease=timedelta(seconds=0.3))
            fetching = asyncio.create_task(library.open("prj", "post", [MediaRef("image", url)]))
            await room.server.arrived.wait()
            seen = {(await rows(store))[0].lease_until}
            while len(seen) < 3:
                await asyncio.sleep(0.02)
                seen.add((await rows(store))[0].lease_until)
            gate.set()
            assert isinstance((await fetching)[url], StoredFile)
            assert room.server.asked["/a.png"] == 1

    with_store(story)


def test_a_vanished_or_shortened_file_is_fetched_again(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            library = await room.library()
            for fetches in (2, 3):
                file = (await library.open("prj", "post", [MediaRef("image", url)]))[url]
                if fetches == 2:
                    file.path.unlink()
                else:
                    os.truncate(file.path, 10)
                again = (await library.open("prj", "post", [MediaRef("image", url)]))[url]
                assert await again.read(0, len(png)) == png
                assert room.server.asked["/a.png"] == fetches
            await library.recover()
            assert room.on_disk() == [again.path.name]

    with_store(story)


def test_cleaning_takes_old_strays_and_spares_young_ones(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            library = await room.library()
            kept = (await library.open("prj", "post", [MediaRef("image", url)]))[url]
            week_ago = (clock.now() - timedelta(days=7, hours=1)).timestamp()
            for name in ("old", "older.part", "young"):
                (room.folder / name).write_bytes(b"x")
            for path in (kept.path, room.folder / "old", room.folder / "older.part"):
                os.utime(path, (week_ago, week_ago))
            await library.clean(clock.now())
            assert room.on_disk() == sorted([kept.path.name, "young"])

    with_store(story)


def test_cleaning_works_through_more_than_one_batch(with_store, rooms):
    async def story(store):
        async with rooms(store) as room:
            library = await room.library()
            gone = clock.now() - timedelta(days=8)

            def row(number, host, delete_at):
                return {
                    "id": f"med_{host}{number}",
                    "project_id": "prj",
                    "post_id": f"post{number}",
                    "url": "http://example.com/a",
                    "host": host,
                    "type": "image",
                    "state": "ready",
                    "path": f"file_{host}{number}",
                    "lease_owner": "one",
                    "lease_until": gone,
                    "created_at": gone,
                    "delete_at": delete_at,
                }

            many = [row(number, "here", gone) for number in range(2 * records.BATCH + 1)]
            others = [row(1, "gone for good", gone), row(2, "another", clock.now() - timedelta(days=1))]
            await store.write(lambda db: db.execute(insert(media_files), many + others))
            await library.clean(clock.now())
            assert [left.host for left in await rows(store)] == ["another"]

    with_store(story)


def test_a_claim_is_kept_alive_and_only_by_its_holder(with_store):
    async def story(store):
        item = Item("prj", "post", "http://example.com/a", "here")
        mine = await store.write(lambda db: records.claim(db, item, "image", "one"))
        assert mine.mine
        assert not (await store.write(lambda db: records.claim(db, item, "image", "two"))).mine
        assert await store.write(lambda db: records.prolong(db, mine))
        await end_leases(store)
        theirs = await store.write(lambda db: records.claim(db, item, "image", "two"))
        assert theirs.mine
        assert not await store.write(lambda db: records.prolong(db, mine))
        assert not await store.write(lambda db: records.failed(db, mine, code="x", message="x"))
        await store.write(lambda db: records.release(db, mine))
        assert not (await store.write(lambda db: records.claim(db, item, "image", "three"))).mine

    with_store(story)


def test_p22_a_copy_that_was_being_made_goes_and_is_made_again(with_store, store_url, tmp_path, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            await fetch_and_die(
                room, url, tmp_path=tmp_path, store_url=store_url, owner="one", story=FIT_AND_DIE
            )
            half = {row.url: row for row in await rows(store)}
            (copy,) = [row for name, row in half.items() if name != url]
            assert (half[url].state, copy.state) == ("ready", "fetching")
            assert f"{copy.path}.part" in room.on_disk()

            addresses = PullAddresses(Signer(lambda: [b"secret"]), None, "http://127.0.0.1:1")
            library = await room.library("one", addresses=addresses)
            await library.recover()
            assert room.on_disk() == [half[url].path]
            ref = MediaRef("image", url)
            made = await asyncio.gather(*(library.fitted("prj", "post", ref, RECIPE) for _ in range(3)))
            assert {file.facts.mime for file in made} == {"image/jpeg"}
            assert len({file.path for file in made}) == 1
            again = await library.fitted("prj", "post", ref, RECIPE)
            assert again.path == made[0].path
            assert room.server.asked["/a.png"] == 1
            # What is lent is found by its row, and made anew where it is not on this machine any more.
            (row,) = [each for each in await rows(store) if each.url != url]
            await asyncio.to_thread(made[0].path.unlink)
            token = addresses.own(row.id, made[0].facts, nearby=True).split("/")[-2]
            assert (await library.lent(token)).facts.mime == "image/jpeg"
            assert (await library.lent(token)).path.exists()

    with_store(story)

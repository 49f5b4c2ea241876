"""How long uploads stay, what a crash leaves of them, and who may send how much."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from polypost import clock, errors, media
from polypost.media import Library, Signer, StoredFile, Uploads, records
from polypost.media.receiver import Part
from polypost.media.tables import upload_holds, uploads
from polypost.outbound import Fetcher, Guard
from polypost.outbound.fetch import Bounds
from polypost.platforms.base import MediaRef
from polypost.storage import Store

BASE = "http://127.0.0.1:9"
DAY = timedelta(hours=24)
SIGNER = Signer(lambda: [b"s" * 32])


async def pieces(*bodies: bytes) -> AsyncIterator[bytes]:
    for body in bodies:
        yield body


@dataclass
class Room:
    """Uploads over an open store, with the calls that tests make of them."""

    store: Store
    folder: Path
    uploads: Uploads

    async def asked(self, **more: Any) -> Any:
        how = {"base": BASE, "filename": "a.png", "mime": "image/png", "length": None}
        return await self.uploads.offer("prj", **(how | more))

    async def row(self, offer: Any) -> Any:
        return await self.uploads.find(offer.upload_url.rpartition("/")[2])

    async def put(self, offer: Any, *bodies: bytes) -> Any:
        return await self.uploads.put(await self.row(offer), pieces(*bodies))

    async def append(self, offer: Any, offset: int, *bodies: bytes) -> int:
        return await self.uploads.append(await self.row(offer), Part(offset), pieces(*bodies))

    async def here(self, offer: Any, **more: Any) -> bool:
        upload_id, name = urlsplit(offer.public_url).path.split("/")[-2:]
        return await self.uploads.readable(upload_id, name) is not None

    async def hold(self, post: str, *offers: Any, instead: bool = False) -> None:
        urls = [offer.public_url for offer in offers]
        await self.store.write(lambda db: media.hold(db, "prj", post, urls, instead=instead))

    async def expire(self, *posts: str) -> None:
        await self.store.write(lambda db: media.expire(db, posts))

    async def rows(self) -> Any:
        return await self.store.read(lambda db: db.execute(select(uploads)).all())

    def on_disk(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def opened(store: Store, folder: Path, **how: Any) -> Room:
    made = Uploads(store, folder, **({"host": "here", "signer": SIGNER} | how))
    return Room(store, folder, made)


@pytest.fixture
def on(tmp_path: Path) -> Any:
    """`on(store)`: uploads in a folder of their own; the same folder for every call."""
    return lambda store, **how: opened(store, tmp_path / "uploads", **how)


def test_an_unused_upload_goes_after_a_day(with_store, on, png):
    async def story(store):
        room = on(store)
        empty, full, half = await room.asked(), await room.asked(), await room.asked(length=len(png))
        await room.put(full, png)
        await room.append(half, 0, png[:20])
        await room.uploads.clean(clock.now() + DAY)
        assert len(await room.rows()) == 3
        await room.uploads.clean(clock.now() + DAY + timedelta(hours=2))
        assert await room.rows() == []
        assert room.on_disk() == []
        for gone in (empty, full, half):
            with pytest.raises(errors.Gone):
                await room.put(gone, png)

    with_store(story)


def test_a_file_stays_while_a_post_may_need_it_and_a_day_longer(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        await room.put(offer, png)
        await room.hold("post_1", offer)
        await room.hold("post_2", offer)
        far = clock.now() + timedelta(days=365)
        await room.uploads.clean(far)
        assert await room.here(offer)
        await room.expire("post_1")
        await room.uploads.clean(far)
        assert await room.here(offer), "another post still needs it"
        await room.expire("post_2", "post_3")
        await room.uploads.clean(clock.now() + timedelta(hours=23))
        assert await room.here(offer)
        await room.uploads.clean(clock.now() + DAY + timedelta(hours=2))
        assert not await room.here(offer)
        assert room.on_disk() == []
        shown = await store.read(lambda db: media.described(db, "prj", ["post_1", "post_2"]))
        assert shown[("post_1", offer.public_url)] == media.Described("a.png", len(png), "image/png")

    with_store(story)


def test_a_retry_keeps_what_is_still_here(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        await room.put(offer, png)
        await room.hold("post_1", offer)
        await room.expire("post_1")
        await store.write(lambda db: media.again(db, "prj", "post_1"))
        await room.uploads.clean(clock.now() + timedelta(days=30))
        assert await room.here(offer)

    with_store(story)


def test_a_post_that_is_edited_or_deleted_needs_it_no_more(with_store, on, png):
    async def story(store):
        room = on(store)
        first, second = await room.asked(), await room.asked()
        for offer in (first, second):
            await room.put(offer, png)
        await room.hold("post_1", first)
        await room.hold("post_1", second, instead=True)
        await room.uploads.clean(clock.now() + timedelta(days=3))
        assert [await room.here(first), await room.here(second)] == [False, True]
        await store.write(lambda db: media.drop(db, "prj", "post_1"))
        await room.uploads.clean(clock.now() + timedelta(days=3))
        assert await room.rows() == []
        assert await store.read(lambda db: db.execute(select(upload_holds)).all()) == []

    with_store(story)


def test_the_last_post_that_shows_a_file_takes_its_name_along(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        await room.put(offer, png)
        await room.hold("post_1", offer)
        await room.expire("post_1")
        await room.uploads.clean(clock.now() + timedelta(days=3))
        assert [row.state for row in await room.rows()] == ["gone"]
        await store.write(lambda db: media.drop(db, "prj", "post_1"))
        await room.uploads.clean(clock.now() + timedelta(days=3))
        assert await room.rows() == []

    with_store(story)


def test_a_removal_that_was_interrupted_is_done_again(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        await room.put(offer, png)
        later = clock.now() + timedelta(days=2)
        marked = await store.write(lambda db: media_due(db, later))
        assert len(marked) == 1
        assert not await room.here(offer)
        await room.uploads.clean(later)
        assert len(room.on_disk()) == 1, "somebody may still be at it"
        await room.uploads.clean(later + timedelta(hours=2))
        assert (room.on_disk(), await room.rows()) == ([], [])

    def media_due(db, now):
        from polypost.media import upload_rows as rows

        return rows.due(db, ["here"], now)

    with_store(story)


def test_a_start_finds_files_without_rows_and_rows_without_files(with_store, on, png):
    async def story(store):
        room = on(store)
        kept, lost, half = await room.asked(), await room.asked(), await room.asked(length=len(png))
        for offer in (kept, lost):
            await room.put(offer, png)
        await room.append(half, 0, png[:50])
        gone = (await room.row(lost)).path
        (room.folder / gone).unlink()
        os.truncate(room.folder / f"{(await room.row(half)).part}.part", 30)
        for name in ("stray", "stray.part"):
            (room.folder / name).write_bytes(b"x")
        again = on(store)
        await again.uploads.recover()
        assert [await again.here(offer) for offer in (kept, lost)] == [True, False]
        assert (await again.row(half)).offset == 30
        assert await again.append(half, 30, png[30:]) == len(png)
        assert len(again.on_disk()) == 2

    with_store(story)


def test_a_death_between_the_whole_file_and_its_row_costs_only_the_last_piece(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked(length=len(png))
        await room.append(offer, 0, png[:50])
        part = room.folder / f"{(await room.row(offer)).part}.part"
        part.write_bytes(png)
        part.rename(part.with_suffix(""))
        await room.uploads.recover()
        assert (await room.row(offer)).offset == 50
        assert await room.append(offer, 50, png[50:]) == len(png)
        assert await room.here(offer)
        assert len(room.on_disk()) == 1

    with_store(story)


class Failing:
    """A store that cannot keep anything while `broken` is set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.broken = False

    async def read(self, call: Any) -> Any:
        return await self._store.read(call)

    async def write(self, call: Any) -> Any:
        if self.broken:
            raise errors.StoreUnavailable
        return await self._store.write(call)


def test_a_store_that_fails_at_the_end_costs_only_the_last_piece(with_store, on, png):
    async def story(store):
        failing = Failing(store)
        room = on(failing)
        whole, parts = await room.asked(), await room.asked(length=len(png))
        await room.append(parts, 0, png[:50])
        failing.broken = True
        with pytest.raises(errors.StoreUnavailable):
            await room.append(parts, 50, png[50:])
        with pytest.raises(errors.StoreUnavailable):
            await room.put(whole, png)
        failing.broken = False
        assert len(room.on_disk()) == 1
        assert await room.append(parts, 50, png[50:]) == len(png)
        await room.put(whole, png)
        assert [await room.here(offer) for offer in (whole, parts)] == [True, True]

    with_store(story)


def test_a_start_beside_a_running_process_spares_what_grows_there(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        gate = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield png[:10]
            await gate.wait()
            yield png[10:]

        sending = asyncio.create_task(room.uploads.put(await room.row(offer), slow()))
        while not room.on_disk():
            await asyncio.sleep(0.01)
        await on(store).uploads.recover()
        gate.set()
        assert (await sending).sha256 == hashlib.sha256(png).hexdigest()
        assert await room.here(offer)

    with_store(story)


def test_another_process_cannot_add_to_a_file_that_grows(with_store, on, png):
    async def story(store):
        room, other = on(store), on(store)
        offer = await room.asked(length=len(png))
        assert await room.append(offer, 0, png[:10]) == 10
        gate, began = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            began.set()
            await gate.wait()
            yield png[10:]

        sending = asyncio.create_task(room.uploads.append(await room.row(offer), Part(10), slow()))
        await began.wait()
        with pytest.raises(errors.Locked):
            await other.append(offer, 10, png[10:])
        gate.set()
        assert await sending == len(png)

    with_store(story)


@pytest.mark.parametrize("way", ["put", "append"])
def test_a_drip_is_cut_off(with_store, on, png, way):
    async def story(store):
        bounds = Bounds(window=0.05, floor=16_000.0)
        room = on(store, bounds=bounds)
        offer = await room.asked(length=len(png))

        async def drip() -> AsyncIterator[bytes]:
            for byte in png:
                yield bytes([byte])
                await asyncio.sleep(0.02)

        row = await room.row(offer)
        sending = room.uploads.put(row, drip()) if way == "put" else room.uploads.append(row, Part(0), drip())
        with pytest.raises(errors.RequestTimeout) as late:
            await sending
        assert late.value.code == "upload_too_slow"
        if way == "put":
            assert room.on_disk() == []
        else:
            here = (await room.row(offer)).offset
            assert 0 < here < len(png)
            assert await room.append(offer, here, png[here:]) == len(png)

    with_store(story)


def test_a_long_upload_that_keeps_up_is_not_cut_off(with_store, on, png):
    async def story(store):
        room = on(store, bounds=Bounds(window=0.2, floor=100.0))
        offer = await room.asked()

        async def steady() -> AsyncIterator[bytes]:
            for start in range(0, len(png), 10):
                yield png[start : start + 10]
                await asyncio.sleep(0.03)

        await room.uploads.put(await room.row(offer), steady())
        assert await room.here(offer)

    with_store(story)


def test_the_quota_counts_what_is_here_and_what_is_coming(with_store, on, png):
    async def story(store):
        room = on(store, quota=len(png) + 30)
        first, second, third = [await room.asked() for _ in range(3)]
        gate, began = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield png[:40]
            began.set()
            await gate.wait()
            yield png[40:]

        sending = asyncio.create_task(room.uploads.put(await room.row(first), slow()))
        await began.wait()
        with pytest.raises(errors.ServiceUnavailable) as full:
            await room.put(second, png)
        assert full.value.code == "media_no_space"
        gate.set()
        await sending
        with pytest.raises(errors.ServiceUnavailable):
            await room.put(third, png)
        assert len(room.on_disk()) == 1
        await room.uploads.clean(clock.now() + timedelta(days=2))
        fourth = await room.asked()
        await room.put(fourth, png)

    with_store(story)


def test_a_full_disk_takes_nothing(with_store, on, png):
    async def story(store):
        room = on(store, reserve=1 << 60)
        offer = await room.asked()
        with pytest.raises(errors.ServiceUnavailable) as full:
            await room.put(offer, png)
        assert full.value.code == "media_no_space"
        assert room.on_disk() == []

    with_store(story)


def test_an_upload_url_ends_after_a_day(with_store, on, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        row = await room.row(offer)
        clock.advance(24 * 3600 - 5)
        assert (await room.row(offer)).id == row.id
        clock.advance(6)
        with pytest.raises(errors.Gone):
            await room.row(offer)

    with_store(story)


def library(room: Room, folder: Path, host: str = "here") -> tuple[Library, Fetcher]:
    fetcher = Fetcher(Guard())
    return Library(room.store, fetcher, folder, owner="one", host=host, uploads=room.uploads), fetcher


def test_posts_get_the_file_without_a_fetch(with_store, on, tmp_path, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        kept, fetcher = library(room, tmp_path / "media")
        ref = MediaRef("image", offer.public_url)
        early = (await kept.open("prj", "post_1", [ref]))[ref.url]
        assert early.code == "upload_incomplete"
        await store.write(lambda db: db.execute(update(media_files).values(lease_until=clock.now())))
        await room.put(offer, png)
        file = (await kept.open("prj", "post_1", [ref]))[ref.url]
        assert isinstance(file, StoredFile)
        assert await file.read(0, 1 << 20) == png
        assert file.path.stat().st_ino == room.uploads.place(await room.row(offer)).stat().st_ino
        other = MediaRef("image", offer.public_url.replace("127.0.0.1", "127.0.0.2"))
        assert (await kept.open("prj", "post_1", [other]))[other.url].code == "address_refused"
        await room.uploads.clean(clock.now() + timedelta(days=3))
        assert await file.read(0, 1 << 20) == png, "what is being published has its own name for it"
        late = (await kept.open("prj", "post_2", [ref]))[ref.url]
        # The row is forgotten, so its address is one like any other.
        assert late.code == "address_refused"
        await kept.close()
        await fetcher.aclose()

    media_files = records.media_files
    with_store(story)


def test_a_file_that_is_not_kept_any_more_says_so(with_store, on, tmp_path, png):
    async def story(store):
        room = on(store)
        offer = await room.asked()
        await room.put(offer, png)
        await room.hold("post_1", offer)
        await room.expire("post_1")
        await room.uploads.clean(clock.now() + timedelta(days=3))
        kept, fetcher = library(room, tmp_path / "media")
        ref = MediaRef("image", offer.public_url)
        late = (await kept.open("prj", "post_1", [ref]))[ref.url]
        assert late.code == "upload_gone"
        assert "not kept any more" in late.message
        await kept.close()
        await fetcher.aclose()

    with_store(story)


def test_a_file_on_another_machine_is_waited_for(with_store, tmp_path, png):
    """Two machines, one store: the other one says where the trouble is, and does not fail the post for good."""

    async def story(store):
        here = opened(store, tmp_path / "here")
        there = opened(store, tmp_path / "there", host="there")
        offer = await here.asked()
        await here.put(offer, png)
        kept, fetcher = library(there, tmp_path / "media", host="there")
        ref = MediaRef("image", offer.public_url)
        got = (await kept.open("prj", "post_1", [ref]))[ref.url]
        assert isinstance(got, errors.Unavailable)
        assert got.code == "upload_elsewhere"
        assert "POLYPOST_S3_URL" in got.message
        with pytest.raises(errors.ServiceUnavailable):
            await there.here(offer)
        half = await here.asked(length=len(png))
        await here.append(half, 0, png[:10])
        with pytest.raises(errors.ServiceUnavailable):
            await there.append(half, 10, png[10:])
        await there.uploads.clean(clock.now() + timedelta(days=3))
        assert len(await here.rows()) == 2, "each machine removes its own files"
        await kept.close()
        await fetcher.aclose()

    with_store(story)

"""Media is fetched once, whoever asks; what cannot be had gets one verdict for all (RELIABILITY O5–O9)."""

from __future__ import annotations

import asyncio
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests import media

from polypost import clock
from polypost.errors import AddressRefused, FetchFailed, Unavailable
from polypost.media import NameUnknown, StoredFile
from polypost.media.tables import media_files
from polypost.platforms.base import MediaRef

MB = 1024 * 1024


def image(url: str) -> MediaRef:
    return MediaRef("image", url)


async def rows(store):
    return await store.read(lambda db: db.execute(select(media_files)).all())


async def pass_time(store):
    """End every lease and every verdict, as waiting would."""
    await store.write(lambda db: db.execute(update(media_files).values(lease_until=clock.now())))


def test_a_file_comes_with_its_facts_and_is_read_in_pieces(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            ref = MediaRef("image", url, thumbnail="http://example.com/t.png")
            library = await room.library()
            file = (await library.open("prj", "post", [ref], nearby=True))[url]
            assert isinstance(file, StoredFile)
            assert (file.facts.kind, file.facts.width, file.facts.height) == ("image", 40, 30)
            assert file.size == len(png)
            assert file.public_url == url
            assert (file.ref.facts, file.ref.thumbnail) == (file.facts, ref.thumbnail)
            assert await file.read(3, 5) == png[3:8]
            assert await file.read(len(png), 10) == b""
            assert [piece async for piece in file.stream(10, chunk=50)] == [
                png[start : start + 50] for start in range(10, len(png), 50)
            ]
            (row,) = await rows(store)
            assert (row.state, row.size, row.project_id, row.post_id) == ("ready", len(png), "prj", "post")
            assert room.on_disk() == [row.path]

    with_store(story)


def test_ten_targets_at_once_are_one_fetch(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            library = await room.library()
            found = await asyncio.gather(*(library.open("prj", "post", [image(url)]) for _ in range(10)))
            again = await library.open("prj", "post", [image(url), image(url)])
            assert {answer[url] for answer in [*found, again]} == {found[0][url]}
            assert room.server.asked["/a.png"] == 1
            await library.open("prj", "other post", [image(url)])
            assert room.server.asked["/a.png"] == 2

    with_store(story)


def test_two_processes_are_one_fetch(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            gate = asyncio.Event()
            url = room.server.put("/a.png", png, gate=gate)
            bad = room.server.put("/bad.png", b"nothing known")
            first, second = await room.library("one"), await room.library("two")
            one = asyncio.create_task(first.open("prj", "post", [image(url), image(bad)]))
            await room.server.arrived.wait()
            two = asyncio.create_task(second.open("prj", "post", [image(url), image(bad)]))
            gate.set()
            here, there = await one, await two
            assert here[url] == there[url]
            assert isinstance(here[url], StoredFile)
            assert str(here[bad]) == str(there[bad])
            assert room.server.asked == {"/a.png": 1, "/bad.png": 1}

    with_store(story)


def test_another_host_fetches_for_itself(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            for host in ("here", "there", "here"):
                library = await room.library(host=host)
                assert isinstance((await library.open("prj", "post", [image(url)]))[url], StoredFile)
            assert room.server.asked["/a.png"] == 2

    with_store(story)


def test_one_answer_holds_files_and_verdicts(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            good = room.server.put("/a.png", png)
            absent = f"http://{room.server.address}/absent.png"
            library = await room.library()
            found = await library.open("prj", "post", [image(good), image(absent)])
            assert isinstance(found[good], StoredFile)
            assert isinstance(found[absent], FetchFailed)
            assert found[absent].code == "media_unreachable"
            assert "Image URL is not publicly accessible" in found[absent].message
            assert "private browser window" in found[absent].message

    with_store(story)


def test_a_verdict_stands_for_a_while_and_a_retry_fetches_again(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", b"not yet a picture")
            first, second = await room.library("one"), await room.library("two")
            verdicts = [
                (await library.open("prj", "post", [image(url)]))[url] for library in (first, first, second)
            ]
            assert {(type(error), error.code, error.message) for error in verdicts} == {
                (FetchFailed, "media_unsupported", verdicts[0].message)
            }
            assert room.server.asked["/a.png"] == 1
            room.server.put("/a.png", png)
            await pass_time(store)
            assert isinstance((await first.open("prj", "post", [image(url)]))[url], StoredFile)

    with_store(story)


def test_a_host_that_stumbles_gets_no_verdict_and_is_asked_again(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png, status=503)
            library = await room.library()
            error = (await library.open("prj", "post", [image(url)]))[url]
            assert isinstance(error, Unavailable)
            assert not isinstance(error, NameUnknown)
            assert (error.code, error.message) == (
                "media_unreachable",
                "Image could not be fetched this time.",
            )
            assert await rows(store) == []
            room.server.put("/a.png", png)
            assert isinstance((await library.open("prj", "post", [image(url)]))[url], StoredFile)

    with_store(story)


def test_a_body_that_breaks_off_leaves_nothing(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png, cut=20)
            library = await room.library()
            error = (await library.open("prj", "post", [MediaRef("video", url)]))[url]
            assert isinstance(error, Unavailable)
            assert error.message == "Video could not be fetched this time."
            assert room.on_disk() == []

    with_store(story)


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Sign in</title>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x03\x04" + bytes(60),
        b"",
    ],
    ids=["html", "svg", "zip", "empty"],
)
def test_bytes_decide_what_a_file_is(with_store, rooms, body):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", body, content_type="image/png")
            library = await room.library()
            error = (await library.open("prj", "post", [image(url)]))[url]
            assert isinstance(error, FetchFailed)
            assert error.code == "media_unsupported"
            assert "Image is not of a supported type." in error.message
            assert "Link to the file itself" in error.message
            assert room.on_disk() == []

    with_store(story)


def test_refused_addresses_are_named_and_unfit_text_never_becomes_a_row(with_store, rooms):
    async def story(store):
        async with rooms(store) as room:
            library = await room.library()
            private = "http://10.0.0.1/a.png"
            unfit = ["http://example.com/" + "a" * 5000, "http://example.com/\0", "http://exämple.com/"]
            found = await library.open("prj", "post", [image(url) for url in [private, *unfit]])
            again = await library.open("prj", "post", [image(private)])
            for error in [*found.values(), *again.values()]:
                assert isinstance(error, AddressRefused)
                assert error.message.startswith("Image URL does not lead to a public web address.")
            assert [row.url for row in await rows(store)] == [private]

    with_store(story)


def test_the_cap_of_the_real_kind_holds_whatever_was_declared(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png + bytes(100 * MB))
            library = await room.library()
            for post, kind in (("p1", "image"), ("p2", "video")):
                error = (await library.open("prj", post, [MediaRef(kind, url)]))[url]
                assert isinstance(error, FetchFailed)
                assert error.code == "media_too_large"
                assert "Image is too large, at most 100 MB" in error.message
            assert room.on_disk() == []

    with_store(story)


def test_a_full_disk_is_the_servers_trouble_and_asks_nobody(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            full = await room.library(reserve=10**18)
            error = (await full.open("prj", "post", [image(url)]))[url]
            assert isinstance(error, Unavailable)
            assert "not enough disk space" in error.message
            assert room.server.asked["/a.png"] == 0
            roomy = await room.library("two")
            assert isinstance((await roomy.open("prj", "post", [image(url)]))[url], StoredFile)

    with_store(story)


def test_one_target_that_gives_up_does_not_end_the_fetch_of_the_other(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            gate = asyncio.Event()
            url = room.server.put("/a.png", png, gate=gate)
            library = await room.library()
            leaver = asyncio.create_task(library.open("prj", "post", [image(url)]))
            await room.server.arrived.wait()
            stayer = asyncio.create_task(library.open("prj", "post", [image(url)]))
            leaver.cancel()
            await asyncio.wait([leaver])
            gate.set()
            assert leaver.cancelled()
            assert isinstance((await stayer)[url], StoredFile)
            assert room.server.asked["/a.png"] == 1

    with_store(story)


def test_closing_gives_the_claims_back(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            gate = asyncio.Event()
            url = room.server.put("/a.png", png, gate=gate)
            library = await room.library()
            asking = asyncio.create_task(library.open("prj", "post", [image(url)]))
            await room.server.arrived.wait()
            await library.close()
            await asyncio.wait([asking])
            assert await rows(store) == []
            assert room.on_disk() == []
            gate.set()
            next_one = await room.library("two")
            assert isinstance((await next_one.open("prj", "post", [image(url)]))[url], StoredFile)

    with_store(story)


def test_fifty_megabytes_pass_through_little_memory(with_store, rooms):
    def pieces():
        yield b"%PDF-1.7\n"
        for number in range(50):
            yield bytes([number]) * MB

    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.pdf", b"")
            served = room.server.files["/a.pdf"]
            served.body, served.length = pieces(), 9 + 50 * MB
            library = await room.library()
            # Whatever is loaded or built at first use is not the stream's.
            await library.open("prj", "warm up", [image("http://10.0.0.1/")])
            tracemalloc.start()
            try:
                file = (await library.open("prj", "post", [MediaRef("document", url)]))[url]
                total = 0
                async for piece in file.stream():
                    total += len(piece)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert total == file.size == 9 + 50 * MB
            assert peak < 8 * MB

    with_store(story)


def test_files_go_a_day_after_the_post_ended(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            library = await room.library()
            await library.open("prj", "ended", [image(url)])
            await library.open("prj", "again", [image(url)])
            await library.open("prj", "open", [image(url)])
            await library.expire(["ended", "again"])
            await library.clean(clock.now() + timedelta(hours=23))
            assert len(room.on_disk()) == 3
            await library.open("prj", "again", [image(url)])
            await library.clean(clock.now() + timedelta(hours=25))
            assert {row.post_id for row in await rows(store)} == {"again", "open"}
            assert room.on_disk() == sorted(row.path for row in await rows(store))
            await library.clean(clock.now() + timedelta(days=8))
            assert await rows(store) == []
            assert room.on_disk() == []

    with_store(story)


def test_what_is_too_large_for_one_network_is_fetched_for_another(with_store, rooms):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.mp4", media.mp4(seconds=1))
            ref, library = MediaRef("video", url), await room.library()
            both = await asyncio.gather(
                library.open("prj", "p1", [ref], most=1_000), library.open("prj", "p1", [ref], most=MB)
            )
            assert [isinstance(found[url], StoredFile) for found in both] == [False, True]
            refused = (await library.open("prj", "p2", [ref], most=1_000))[url]
            assert refused.code == "media_too_large"
            other = await room.library("two")
            assert isinstance((await other.open("prj", "p2", [ref], most=MB))[url], StoredFile)

    with_store(story)

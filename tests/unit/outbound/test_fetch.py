"""Users' files: bounds, cut and packed bodies, and nothing left behind (O5, O7)."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from pathlib import Path

import pytest
from tests.unit.outbound.fetching import fetch, plain
from tests.unit.outbound.servers import Behaviour, Listen, Talk

from polypost.errors import FetchFailed, StoreUnavailable
from polypost.outbound import Fetched, Fetcher, FetchStumbled, Guard
from polypost.outbound.fetch import Bounds

pytestmark = pytest.mark.anyio

QUICK = Bounds(connect=0.5, first_byte=0.2, total=0.5, slow_total=5.0, floor=1000.0, window=0.2)


async def chunked(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await talk.send(b"4\r\n\xff\xd8 p\r\n", b"4\r\nhoto\r\n", b"0\r\n\r\n")


async def until_closed(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.0 200 OK\r\n\r\n\xff\xd8 photo")


async def identity(talk: Talk) -> None:
    await talk.read()
    await talk.answer(b"\xff\xd8 photo", "Content-Encoding: identity")


@pytest.mark.parametrize("behaviour", [plain, chunked, until_closed, identity])
async def test_a_file_is_streamed_to_disk(listen: Listen, tmp_path: Path, behaviour: Behaviour) -> None:
    server = await listen(behaviour)

    fetched = await fetch(server, tmp_path / "file")

    assert fetched == Fetched(8, f"{server.origin}/photo.jpg")
    assert (tmp_path / "file").read_bytes() == b"\xff\xd8 photo"


async def test_the_request_carries_nothing_of_ours(
    listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = await listen(plain), await listen(plain)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.origin)

    await fetch(server, tmp_path / "file", "/a%20b?c=d#part")

    (request,) = server.requests
    assert request.line == "GET /a%20b?c=d HTTP/1.1"
    assert request.headers["accept-encoding"] == "identity"
    assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert proxy.connections == 0


def saying(raw: bytes) -> Behaviour:
    """Read the request, say `raw`, close."""

    async def behave(talk: Talk) -> None:
        await talk.read()
        await talk.send(raw)

    return behave


def holding(raw: bytes) -> Behaviour:
    """Read the request, say `raw`, then nothing more."""

    async def behave(talk: Talk) -> None:
        await talk.read()
        await talk.send(raw)
        await talk.hang()

    return behave


async def reset(talk: Talk) -> None:
    await talk.read()
    talk.reset()


async def reset_in_the_body(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.sleep(0.05)
    talk.reset()


async def drip_head(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await talk.send(b"X-More: 1\r\n")
        await asyncio.sleep(0.02)


async def drip_body(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    while True:
        await talk.send(b"x")
        await asyncio.sleep(0.02)


async def late_head(talk: Talk) -> None:
    await talk.read()
    await asyncio.sleep(0.4)
    await talk.answer(b"file")


async def burst_then_drip(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 560\r\n\r\n" + b"x" * 500)
    for _ in range(60):
        await talk.send(b"x")
        await asyncio.sleep(0.02)


async def crumbs(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.send(b"1\r\nx\r\n" * 1000)


TROUBLE = "The media could not be fetched this time. Try again later."
VERDICT = (
    "The media could not be fetched. "
    "Check that the URL is public and answers with the file itself, without a login."
)


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        reset_in_the_body,
        drip_head,
        drip_body,
        late_head,
        burst_then_drip,
        saying(b""),
        saying(b"\x00\x01\x02\x03"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Le"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhalf"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nhalfx"),
        saying(b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n"),
        holding(b""),
        holding(b"HTTP/1.1 200 OK\r\n"),
        holding(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        holding(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        holding(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        *(
            saying(f"HTTP/1.1 {status} X\r\nContent-Length: 4\r\n\r\nfile".encode())
            for status in (201, 203, 206, 300, 400, 429, 500, 503)
        ),
        saying(b"HTTP/1.1 204 No Content\r\n\r\n"),
        saying(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("slow_ok", [False, True])
async def test_a_fetch_that_stumbles_leaves_no_file_and_tells_nothing_of_the_other_side(
    listen: Listen, tmp_path: Path, behaviour: Behaviour, *, slow_ok: bool
) -> None:
    server = await listen(behaviour)

    with pytest.raises(FetchStumbled) as caught:
        await fetch(server, tmp_path / "file", bounds=QUICK, slow_ok=slow_ok)

    assert (caught.value.message, caught.value.nameless) == (TROUBLE, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "behaviour",
    [
        *(
            saying(f"HTTP/1.1 {status} X\r\nContent-Length: 4\r\n\r\nfile".encode())
            for status in (401, 403, 404, 410)
        ),
        *(
            saying(
                f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 24\r\n\r\n".encode()
                + gzip.compress(b"file")
            )
            for coding in ("gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x")
        ),
    ],
)
@pytest.mark.parametrize("slow_ok", [False, True])
async def test_a_verdict_on_the_file_leaves_nothing_and_tells_nothing_of_the_other_side(
    listen: Listen, tmp_path: Path, behaviour: Behaviour, *, slow_ok: bool
) -> None:
    server = await listen(behaviour)

    with pytest.raises(FetchFailed) as caught:
        await fetch(server, tmp_path / "file", bounds=QUICK, slow_ok=slow_ok)

    assert not isinstance(caught.value, FetchStumbled)
    assert (caught.value.code, caught.value.message) == ("media_unreachable", VERDICT)
    assert list(tmp_path.iterdir()) == []


async def test_a_body_in_crumbs_is_given_up(listen: Listen, tmp_path: Path) -> None:
    server = await listen(crumbs)

    with pytest.raises(FetchFailed) as caught:
        await fetch(server, tmp_path / "file", max_bytes=10_000_000)

    assert caught.value.code == "media_unreachable"
    assert list(tmp_path.iterdir()) == []


async def test_nobody_listening_and_a_silent_handshake_are_failed_fetches(
    listen: Listen, tmp_path: Path, unused_port: int
) -> None:
    silent = await listen(Talk.hang)
    fetcher = Fetcher(Guard([f"127.0.0.1:{unused_port}", silent.place]), bounds=QUICK)

    for url in (f"http://127.0.0.1:{unused_port}/", f"https://{silent.place}/"):
        with pytest.raises(FetchFailed):
            await fetcher.fetch(url, tmp_path / "file", max_bytes=100)

    await fetcher.aclose()
    assert list(tmp_path.iterdir()) == []


async def announced(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
    await talk.hang()


async def one_more(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await talk.send(b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")


async def unannounced(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.send(b"200\r\n" + b"x" * 512 + b"\r\n")


@pytest.mark.parametrize("behaviour", [announced, one_more, unannounced])
async def test_a_file_that_is_too_large_is_given_up_as_soon_as_that_is_known(
    listen: Listen, tmp_path: Path, behaviour: Behaviour
) -> None:
    server = await listen(behaviour)

    with pytest.raises(FetchFailed) as caught:
        await fetch(server, tmp_path / "file")

    assert caught.value.code == "media_too_large"
    assert caught.value.message == "The media is too large. Use a smaller file."
    assert list(tmp_path.iterdir()) == []


async def test_a_file_of_exactly_the_largest_size_is_taken(listen: Listen, tmp_path: Path) -> None:
    async def full(talk: Talk) -> None:
        await talk.read()
        await talk.answer(b"x" * 1000)

    server = await listen(full)

    assert (await fetch(server, tmp_path / "file")).size == 1000


async def test_a_slow_file_may_take_longer_than_a_quick_one_while_enough_arrives(
    listen: Listen, tmp_path: Path
) -> None:
    async def steady(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
        for _ in range(40):
            await talk.send(b"x" * 100)
            await asyncio.sleep(0.02)

    server = await listen(steady)

    bounds = Bounds(total=0.3, slow_total=30.0, floor=100.0, window=1.0)
    with pytest.raises(FetchFailed):
        await fetch(server, tmp_path / "quick", max_bytes=4000, bounds=bounds)
    fetched = await fetch(server, tmp_path / "slow", max_bytes=4000, bounds=bounds, slow_ok=True)

    assert fetched.size == 4000
    assert not (tmp_path / "quick").exists()


async def test_a_pause_is_forgiven_within_the_window_that_follows_enough_bytes(
    listen: Listen, tmp_path: Path
) -> None:
    resume = asyncio.Event()

    async def burst(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900)
        await resume.wait()
        await talk.send(b"x" * 100)

    server = await listen(burst)
    asyncio.get_running_loop().call_later(1.2, resume.set)
    bounds = Bounds(total=30.0, floor=800.0, window=1.0)

    assert (await fetch(server, tmp_path / "file", bounds=bounds)).size == 1000


async def test_a_large_file_needs_little_memory(listen: Listen, tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    block = b"x" * 65536

    async def large(talk: Talk) -> None:
        await talk.read()
        await talk.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // len(block)):
            await talk.send(block)

    server = await listen(large)
    tracemalloc.start()
    try:
        fetched = await fetch(server, tmp_path / "file", max_bytes=size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert fetched.size == (tmp_path / "file").stat().st_size == size
    assert peak < 6 * 1024 * 1024


async def test_a_cancelled_fetch_leaves_no_file(listen: Listen, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def half(talk: Talk) -> None:
        await talk.read()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        begun.set()
        await talk.hang()

    server = await listen(half)
    call = asyncio.create_task(fetch(server, tmp_path / "file"))
    await begun.wait()
    while not (tmp_path / "file").exists():
        await asyncio.sleep(0.01)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_cannot_be_written_is_not_the_urls_fault(listen: Listen, tmp_path: Path) -> None:
    server = await listen(plain)

    with pytest.raises(StoreUnavailable) as caught:
        await fetch(server, tmp_path / "missing" / "file")

    assert "free space" in caught.value.message


async def test_fetches_side_by_side_do_not_disturb_each_other(listen: Listen, tmp_path: Path) -> None:
    async def echo(talk: Talk) -> None:
        request = await talk.read()
        await talk.answer(request.line.split()[1].encode() * 50)

    server, hanging = await listen(echo), await listen(holding(b"HTTP/1.1 200 OK\r\n"))
    fetcher = Fetcher(Guard([server.place, hanging.place]), bounds=Bounds(first_byte=1.0))

    outcomes = await asyncio.gather(
        *(fetcher.fetch(f"{server.origin}/{n}", tmp_path / f"{n}", max_bytes=1000) for n in range(20)),
        *(fetcher.fetch(f"{hanging.origin}/{n}", tmp_path / f"h{n}", max_bytes=1000) for n in range(20)),
        return_exceptions=True,
    )

    await fetcher.aclose()
    assert all(isinstance(outcome, Fetched) for outcome in outcomes[:20])
    assert all(isinstance(outcome, FetchFailed) for outcome in outcomes[20:])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(str(n) for n in range(20))
    assert (tmp_path / "7").read_bytes() == b"/7" * 50

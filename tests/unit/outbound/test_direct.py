"""Connections straight to a host: both ways at any size, under TLS too, and no more in memory than is asked for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpcore2
import pytest
from tests.unit.outbound.servers import Listen, Talk

from polypost.outbound import Networks
from polypost.outbound.direct import DirectBackend

pytestmark = pytest.mark.anyio

BLOCK = bytes(range(256)) * 256
MEGABYTES = 3
MOST = 64 * 2**20


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def echo(talk: Talk) -> None:
    while True:
        await talk.answer((await talk.read()).body)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_megabytes_go_out_and_come_back(
    listen: Listen, certificate: ssl.SSLContext, *, secure: bool
) -> None:
    server = await listen(echo, tls=certificate if secure else None)
    networks = Networks({"twitter": server.origin})
    client = networks.client("twitter")

    async def body() -> AsyncIterator[bytes]:
        for _ in range(MEGABYTES * 16):
            yield BLOCK

    for _ in range(2):
        response = await client.request("POST", "https://api.network.example/", content=body())
        assert response.content == BLOCK * MEGABYTES * 16

    await networks.aclose()
    assert server.connections == 1


async def test_what_nobody_reads_stays_with_the_sender(listen: Listen) -> None:
    sent = 0
    stuck = asyncio.Event()

    async def pour(talk: Talk) -> None:
        nonlocal sent
        while sent < MOST:
            talk.writer.write(BLOCK)
            try:
                await asyncio.wait_for(talk.writer.drain(), 0.5)
            except TimeoutError:
                break
            sent += len(BLOCK)
        stuck.set()
        await talk.hang()

    server = await listen(pour)
    stream = await DirectBackend().connect_tcp("127.0.0.1", server.port)

    await asyncio.wait_for(stuck.wait(), 30)
    read = 0
    while read < sent:
        read += len(await stream.read(65536))

    await stream.aclose()
    assert sent < MOST


async def _write_for_ever(stream: httpcore2.AsyncNetworkStream) -> None:
    while True:
        await stream.write(BLOCK, timeout=0.2)


async def test_a_write_waits_for_a_reader_and_ends_with_the_connection(listen: Listen) -> None:
    waiting, going = asyncio.Event(), asyncio.Event()

    async def deaf(talk: Talk) -> None:
        waiting.set()
        await going.wait()
        talk.reset()

    server = await listen(deaf)
    stream = await DirectBackend().connect_tcp("127.0.0.1", server.port)
    await waiting.wait()

    with pytest.raises(httpcore2.WriteTimeout):
        await _write_for_ever(stream)
    writing = asyncio.create_task(stream.write(BLOCK))
    await asyncio.sleep(0)
    going.set()
    with pytest.raises(httpcore2.WriteError):
        await writing
    with pytest.raises(httpcore2.ReadError):
        await stream.read(1)
    assert stream.get_extra_info("is_readable")
    await stream.aclose()


async def test_a_silent_host_is_waited_for_as_long_as_was_asked(listen: Listen) -> None:
    server = await listen(Talk.hang)
    stream = await DirectBackend().connect_tcp("127.0.0.1", server.port)

    with pytest.raises(httpcore2.ReadTimeout):
        await stream.read(1, timeout=0.05)

    assert not stream.get_extra_info("is_readable")
    await stream.aclose()


async def test_a_connection_that_has_ended_is_not_waited_for_under_tls(listen: Listen) -> None:
    async def reset(talk: Talk) -> None:
        talk.reset()

    server = await listen(reset)
    stream = await DirectBackend().connect_tcp("127.0.0.1", server.port)
    with pytest.raises(httpcore2.ReadError):
        await stream.read(1)

    with pytest.raises(httpcore2.ConnectError):
        await stream.start_tls(ssl.create_default_context(), "media.example.com", timeout=5)

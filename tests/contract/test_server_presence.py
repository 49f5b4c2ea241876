"""The server knows which clients are there, keeps its pipelines in order and ends well; both event loops."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from polypost.api.http.server import server
from polypost.errors import PolypostError
from tests.contract.raw import (
    CLOSE,
    PATIENCE,
    Start,
    answers,
    everything,
    get,
    one_answer,
    post,
    reset,
    servers,
)

start = servers


# Pipelines, versions, expectations


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    requests = [get("/size"), post("/size", b"abc"), post("/size", b"x" * 70_000), get("/size", CLOSE)]
    assert start().ask(b"".join(requests)) == [(200, b"0"), (200, b"3"), (200, b"70000"), (200, b"0")]


def test_a_whole_answer_is_one_write(start: Start) -> None:
    client = start().connect(get("/size"))
    assert one_answer(client) == (200, b"0")
    # tcpi_data_segs_in of Linux's tcp_info
    told = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    assert struct.unpack_from("I", told, 152) == (1,)


@pytest.mark.parametrize("size", [1, 2, 61])
def test_requests_may_come_in_pieces_of_any_size(start: Start, size: int) -> None:
    chunked = "\r\n".join(
        ["POST /size HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "3", "abc", "0", "", ""]
    )
    data = get("/size") + post("/size", b"abcd") + chunked.encode() + get("/size", CLOSE)
    client = start().connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for begin in range(0, len(data), size):
        client.sendall(data[begin : begin + size])
    assert answers(everything(client)) == [(200, b"0"), (200, b"4"), (200, b"3"), (200, b"0")]


def test_nothing_behind_a_closing_request_runs(start: Start) -> None:
    web = start()
    assert web.ask(get("/size", CLOSE) + get("/hold")) == [(200, b"0")]
    assert web.stage.entered.empty()


def test_http_1_0_is_answered_and_closed(start: Start) -> None:
    assert start().ask(b"GET /size HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == [(200, b"0")]


@pytest.mark.parametrize("split", [1, 8, 60, 118])
def test_an_offered_upgrade_is_declined_and_the_connection_goes_on(start: Start, split: int) -> None:
    data = post("/size", b"abc", "Connection: upgrade", "Upgrade: h2c") + get("/size")
    client = start().connect(data[:split])
    client.sendall(data[split:])
    client.shutdown(socket.SHUT_WR)
    assert answers(everything(client)) == [(200, b"3"), (200, b"0")]


def test_100_continue_is_sent_when_the_body_is_wanted(start: Start) -> None:
    client = start().connect(post("/size", b"", "Expect: 100-continue").replace(b": 0", b": 3"))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"abc")
    assert one_answer(client) == (200, b"3")


def test_an_answer_instead_of_100_continue_closes(start: Start) -> None:
    sent = post("/size", b"", "Expect: 100-continue").replace(b": 0", b": 600000")
    [(status, said)] = start().ask(sent)
    assert (status, json.loads(said)["code"]) == (413, "payload_too_large")


# Gone clients


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("sent", [get("/disconnect"), post("/disconnect", b"abc")])
def test_a_waiting_request_hears_that_its_client_left(
    start: Start, leave: Callable[[socket.socket], None], sent: bytes
) -> None:
    web = start()
    client = web.connect(sent)
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    assert web.stage.seen.get(timeout=PATIENCE) is True


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("path", ["/disconnect", "/hold"])
def test_a_request_with_another_behind_it_hears_that_its_client_left(
    start: Start, leave: Callable[[socket.socket], None], path: str
) -> None:
    web = start()
    client = web.connect(get(f"{path}?1") + get(f"{path}?2"))
    assert web.stage.entered.get(timeout=PATIENCE) == "1"
    leave(client)
    if path == "/hold":
        web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")
    web.stop()
    web.thread.join(PATIENCE)
    assert web.stage.entered.empty()


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("sent", [get("/hold"), b"GET /hold HTTP/1.0\r\n\r\n", get("/hold", CLOSE)])
def test_asking_finds_a_client_that_has_just_left(
    start: Start, leave: Callable[[socket.socket], None], sent: bytes
) -> None:
    web = start()
    client = web.connect(sent)
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_asking_knows_more_than_the_loop_has_read(
    start: Start, leave: Callable[[socket.socket], None]
) -> None:
    web = start()
    client = web.connect(get("/blocked"))
    web.stage.entered.get(timeout=PATIENCE)
    leave(client)
    web.stage.orders.put("look")
    assert web.stage.seen.get(timeout=PATIENCE) is True


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_client_that_only_stopped_sending_gets_its_answer(start: Start, version: bytes) -> None:
    web = start()
    client = web.connect(b"GET /hold?half HTTP/%s\r\nHost: a\r\n\r\n" % version)
    client.shutdown(socket.SHUT_WR)
    web.stage.entered.get(timeout=PATIENCE)
    for _ in range(12):
        web.stage.orders.put("gone?")
        assert web.stage.seen.get(timeout=PATIENCE) is False
    web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held half")]


def test_a_client_that_stopped_sending_gets_all_its_answers(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold?1") + get("/size") + get("/hold?2"))
    client.shutdown(socket.SHUT_WR)
    for _ in range(2):
        web.stage.entered.get(timeout=PATIENCE)
        web.stage.orders.put("gone?")
        assert web.stage.seen.get(timeout=PATIENCE) is False
        web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held 1"), (200, b"0"), (200, b"held 2")]


def test_a_client_that_stopped_sending_and_then_left_is_gone(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold"))
    web.stage.entered.get(timeout=PATIENCE)
    client.shutdown(socket.SHUT_WR)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is False
    # Everything is read, so that the close sends no packet of its own.
    assert b"HTTP/1.1 ".startswith(client.recv(65536))
    client.close()
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is True
    web.stage.orders.put("answer")


def test_a_client_that_waits_is_not_gone(start: Start) -> None:
    web = start()
    client = web.connect(get("/hold"))
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("gone?")
    assert web.stage.seen.get(timeout=PATIENCE) is False
    web.stage.orders.put("answer")
    assert one_answer(client) == (200, b"held ")


# The server's own life


def test_stopping_lets_a_running_request_end_and_closes_the_idle(start: Start) -> None:
    web = start()
    idle, client = web.connect(get("/size")), web.connect(get("/hold?x"))
    one_answer(idle)
    web.stage.entered.get(timeout=PATIENCE)
    web.stop()
    assert everything(idle) == b""
    web.stage.orders.put("answer")
    assert answers(everything(client)) == [(200, b"held x")]
    assert web.stage.seen.get(timeout=PATIENCE) == "closed"
    with pytest.raises(ConnectionRefusedError):
        web.connect()


def test_a_request_that_outlasts_the_shutdown_gets_no_answer(start: Start) -> None:
    web = start(shutdown_seconds=0.3)
    client = web.connect(get("/disconnect"))
    web.stage.entered.get(timeout=PATIENCE)
    web.stop()
    assert everything(client) == b""
    web.thread.join(PATIENCE)
    assert not web.thread.is_alive()


def test_several_servers_in_one_process(start: Start) -> None:
    webs = [start(connections_per_address=1) for _ in range(3)]
    assert len({web.server.port for web in webs}) == 3
    assert [one_answer(web.connect(get("/size"))) for web in webs] == [(200, b"0")] * 3


def test_a_taken_port_and_an_application_that_fails_are_errors(start: Start) -> None:
    web = start()

    @asynccontextmanager
    async def broken(app: FastAPI) -> Any:
        raise RuntimeError("no store")
        yield

    async def story() -> None:
        with pytest.raises(OSError, match="in use"):
            await server(web.stage.app, host="127.0.0.1", port=web.server.port).serve()
        with pytest.raises(PolypostError, match="did not start"):
            await server(FastAPI(lifespan=broken), host="127.0.0.1", port=0).serve()

    asyncio.run(story())


def test_connections_are_forgotten_when_they_end(start: Start) -> None:
    web = start()
    for _ in range(3):
        assert web.ask(get("/size", CLOSE)) == [(200, b"0")]
    web.stop()
    web.thread.join(PATIENCE)
    assert web.open_connections() == 0
    assert not web.server.config.addresses

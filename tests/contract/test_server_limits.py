"""The server against clients that are slow, greedy or wrong; raw sockets on loopback, both event loops."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from tests.contract.raw import (
    CLOSE,
    PATIENCE,
    Start,
    answers,
    everything,
    get,
    one_answer,
    post,
    refused,
    servers,
)

start = servers


# Slow clients


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"G", b"GET /size HTTP/1.1\r\nHost: local"])
def test_headers_that_do_not_come_are_answered_408(start: Start, sent: bytes) -> None:
    [answer] = start(head_seconds=0.2).ask(sent)
    refused(answer, 408, "headers_timeout")


def test_headers_that_trickle_get_no_more_time(start: Start) -> None:
    client = start(head_seconds=0.3).connect(b"GET /size HTTP/1.1\r\n")
    client.settimeout(0.05)
    received = b""
    for _ in range(200):
        try:
            client.sendall(b"a: b\r\n")
            received += client.recv(65536)
            break
        except TimeoutError:
            continue
    client.settimeout(PATIENCE)
    [answer] = answers(received + everything(client))
    refused(answer, 408, "headers_timeout")


def test_slow_headers_of_a_second_request_on_a_connection(start: Start) -> None:
    client = start(head_seconds=0.2).connect(get("/size"))
    assert one_answer(client) == (200, b"0")
    client.sendall(b"GET /size HT")
    [answer] = answers(everything(client))
    refused(answer, 408, "headers_timeout")


def test_late_headers_behind_a_running_request_wait_for_its_answer(start: Start) -> None:
    web = start(head_seconds=0.2)
    client = web.connect(get("/hold?1"))
    web.stage.entered.get(timeout=PATIENCE)
    client.sendall(b"GET /size")
    client.settimeout(0.4)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE)
    web.stage.orders.put("answer")
    first, second = answers(everything(client))
    assert first == (200, b"held 1")
    refused(second, 408, "headers_timeout")


def test_a_body_that_does_not_come_is_answered_408_and_frees_the_request(start: Start) -> None:
    web = start(body_seconds=0.2)
    client = web.connect(post("/deaf", b"")[:-4].replace(b": 0", b": 5") + b"\r\n\r\nab")
    [answer] = answers(everything(client))
    refused(answer, 408, "body_timeout")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_a_body_that_trickles_gets_no_more_time(start: Start) -> None:
    web = start(body_seconds=0.3)
    client = web.connect(b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.settimeout(0.05)
    received = b""
    for _ in range(200):
        try:
            client.sendall(b"1\r\na\r\n")
            received += client.recv(65536)
            break
        except TimeoutError:
            continue
    client.settimeout(PATIENCE)
    [answer] = answers(received + everything(client))
    refused(answer, 408, "body_timeout")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_a_long_body_that_keeps_up_the_rate_passes(start: Start) -> None:
    web = start(body_seconds=0.1, body_rate=100)
    client = web.connect(b"POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n")
    quiet = threading.Event()
    for _ in range(3):
        client.sendall(b"x" * 1000)
        quiet.wait(0.15)
    assert one_answer(client) == (200, b"3000")


def test_a_client_that_does_not_read_its_answer_is_dropped(start: Start) -> None:
    web = start(answer_seconds=0.2)
    web.connect(get("/endless"))
    assert web.stage.seen.get(timeout=PATIENCE) == "stopped"


def test_an_answer_before_the_body_reaches_a_client_that_still_sends(start: Start) -> None:
    web = start()
    client = web.connect(
        b"POST /refuse HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
    )
    client.sendall(b"x" * 299_999)
    assert answers(everything(client)) == [(413, b"no")]


def test_the_rest_of_a_refused_body_does_not_keep_the_connection(start: Start) -> None:
    client = start(body_seconds=0.2).connect(
        b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"
    )
    assert answers(everything(client)) == [(413, b"no")]


def test_a_connection_goes_on_after_the_rest_of_a_refused_body(start: Start) -> None:
    client = start(keep_alive=0.3).connect(b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nx")
    assert one_answer(client) == (413, b"no")
    client.sendall(b"yz" + get("/size"))
    assert one_answer(client) == (200, b"0")
    assert everything(client) == b""


@pytest.mark.parametrize("before", [b"", get("/size")])
def test_an_idle_connection_is_closed_without_an_answer(start: Start, before: bytes) -> None:
    web = start(keep_alive=0.2, head_seconds=PATIENCE)
    client = web.connect(before + get("/size"))
    assert [status for status, _ in answers(everything(client))] == [200] * (2 if before else 1)


# Greedy clients


@pytest.mark.parametrize("pieces", [1, 50])
@pytest.mark.parametrize("whole", [True, False])
def test_huge_headers_are_answered_431(start: Start, *, pieces: int, whole: bool) -> None:
    each = 100_000 // pieces
    lines = "".join(f"x-{place}: {'a' * each}\r\n" for place in range(pieces))
    data = f"GET /size HTTP/1.1\r\nHost: a\r\n{lines}".encode()
    [answer] = start().ask(data + b"\r\n" if whole else data[:-2])
    refused(answer, 431, "headers_too_large")


def test_headers_up_to_the_limit_pass(start: Start) -> None:
    client = start().connect(get("/size", f"x-long: {'a' * 63_000}"))
    assert one_answer(client) == (200, b"0")


def test_too_many_headers_are_answered_431(start: Start) -> None:
    [answer] = start().ask(get("/size", *["a: b"] * 300))
    refused(answer, 431, "headers_too_large")


def test_a_huge_client_still_gets_its_refusal(start: Start) -> None:
    client = start(linger=0.5).connect()
    sender = threading.Thread(target=_send_all, args=(client, get("/size", f"a: {'b' * 3_000_000}")))
    sender.start()
    [answer] = answers(everything(client))
    sender.join(PATIENCE)
    refused(answer, 431, "headers_too_large")


def _send_all(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        return


def test_a_huge_url_is_answered_414(start: Start) -> None:
    [answer] = start().ask(get("/size?" + "a" * 16_001))
    refused(answer, 414, "url_too_long")


def test_a_url_up_to_the_limit_passes(start: Start) -> None:
    assert one_answer(start().connect(get("/size?" + "a" * 15_900))) == (200, b"0")


def test_the_connection_after_the_200th_of_an_address_is_refused(start: Start) -> None:
    web = start()
    held = [web.connect(get("/size")) for _ in range(200)]
    assert {one_answer(client) for client in held} == {(200, b"0")}
    [answer] = answers(everything(web.connect()))
    refused(answer, 503, "too_many_connections")
    for client in held[:2]:
        client.sendall(get("/size", CLOSE))
        assert answers(everything(client)) == [(200, b"0")]
    assert one_answer(web.connect(get("/size"))) == (200, b"0")


def test_a_chunked_body_over_the_limit_of_the_api_is_answered_413(start: Start) -> None:
    client = start().connect(b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (50_000, b"x" * 50_000)
    for _ in range(11):
        client.sendall(chunk)
    status, said = one_answer(client)
    assert (status, json.loads(said)["code"]) == (413, "payload_too_large")


def test_endless_trailers_are_refused(start: Start) -> None:
    head = b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    [answer] = start().ask(head + b"x: y\r\n" * 300)
    refused(answer, 431, "headers_too_large")


def test_a_pipeline_has_an_end(start: Start) -> None:
    web = start(pipelined=4)
    client = web.connect(get("/hold?first") + get("/size") * 20)
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("answer")
    got = answers(everything(client))
    assert got[:-1] == [(200, b"held first"), *[(200, b"0")] * 4]
    refused(got[-1], 503, "pipeline_full")


# Wrong clients


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"\x00" * 100,
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_400(start: Start, sent: bytes) -> None:
    [answer] = start().ask(sent)
    refused(answer, 400, "malformed_request")


def test_a_body_that_breaks_is_answered_400_and_frees_the_request(start: Start) -> None:
    web = start()
    client = web.connect(b"POST /deaf HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    web.stage.entered.get(timeout=PATIENCE)
    client.sendall(b"zz\r\n")
    [answer] = answers(everything(client))
    refused(answer, 400, "malformed_request")
    assert web.stage.seen.get(timeout=PATIENCE) == "cut"


def test_garbage_behind_a_request_does_not_spoil_its_answer(start: Start) -> None:
    first, second = start().ask(get("/size") + b"\x00\x01\x02")
    assert first == (200, b"0")
    refused(second, 400, "malformed_request")


def test_a_broken_body_behind_a_request_does_not_spoil_its_answer(start: Start) -> None:
    web = start()
    broken = b"POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    client = web.connect(get("/hold?1") + broken)
    web.stage.entered.get(timeout=PATIENCE)
    web.stage.orders.put("answer")
    first, second = answers(everything(client))
    assert first == (200, b"held 1")
    refused(second, 400, "malformed_request")


@pytest.mark.parametrize("sent", [b"GET /size HTT", post("/deaf", b"abc")[:-1]])
def test_a_request_that_ends_too_early_is_answered_400(start: Start, sent: bytes) -> None:
    client = start().connect(sent)
    client.shutdown(socket.SHUT_WR)
    [answer] = answers(everything(client))
    refused(answer, 400, "request_cut")


def test_connecting_and_leaving_is_not_answered(start: Start) -> None:
    client = start().connect()
    client.shutdown(socket.SHUT_WR)
    assert everything(client) == b""


def test_trailers_do_not_become_headers(start: Start) -> None:
    head = b"POST /headers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = start().connect(head)
    client.sendall(b"1\r\na\r\n0\r\nX-Access-Key: other\r\n\r\n")
    assert json.loads(one_answer(client)[1]) == ["host", "transfer-encoding"]

"""The one call that publishes: sent once, and a lost answer told from a call that never left (S6)."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
from tests.unit.outbound.servers import Behaviour, Listen, Server, Talk

from polypost.errors import NoAnswer, NotSent, OutboundError
from polypost.outbound import Networks

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: whether an idle connection still lives is asked of the socket below them."""
    return "asyncio", {"use_uvloop": request.param}


URL = "https://api.network.example/2/tweets"


async def outcome(networks: Networks, *, deadline: float = 5.0, sent: list[str] | None = None) -> str:
    """What became of one commit call: a status, or the name of the error."""
    client = networks.client(
        "twitter",
        commit_deadline=deadline,
        on_commit_sent=lambda: sent.append("sent") if sent is not None else None,
    )
    try:
        response = await client.commit("POST", URL, json={"text": "hello"})
    except OutboundError as error:
        return type(error).__name__
    return str(response.status_code)


def networks_at(server: Server) -> Networks:
    return Networks({"twitter": server.origin})


async def reset_before_reading(talk: Talk) -> None:
    talk.reset()


async def reset_after_reading(talk: Talk) -> None:
    await talk.read()
    talk.reset()


async def close_after_reading(talk: Talk) -> None:
    await talk.read()


async def no_answer(talk: Talk) -> None:
    await talk.read()
    await talk.hang()


async def half_a_head(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 201 Created\r\nContent-Le")


async def cut_body(talk: Talk) -> None:
    await talk.read()
    await talk.send(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id":')


async def cut_chunks(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


async def stalled_body(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")
    await talk.hang()


async def dripping_body(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await talk.send(b" ")
        await asyncio.sleep(0.02)


async def not_http(talk: Talk) -> None:
    await talk.read()
    await talk.send(b"220 mail.example ESMTP\r\n")


async def too_large(talk: Talk) -> None:
    await talk.read()
    await talk.answer(b"x" * (4 * 1024 * 1024 + 1))


async def unpacks_too_large(talk: Talk) -> None:
    await talk.read()
    await talk.answer(gzip.compress(b"x" * (32 * 1024 * 1024)), "Content-Encoding: gzip")


async def badly_packed(talk: Talk) -> None:
    await talk.read()
    await talk.answer(b"this is no gzip", "Content-Encoding: gzip")


@pytest.mark.parametrize(
    "behaviour",
    [
        reset_after_reading,
        close_after_reading,
        no_answer,
        half_a_head,
        cut_body,
        cut_chunks,
        stalled_body,
        dripping_body,
        not_http,
        too_large,
        unpacks_too_large,
        badly_packed,
    ],
)
async def test_a_lost_answer_is_no_answer_and_the_request_arrived_once(
    listen: Listen, behaviour: Behaviour
) -> None:
    server = await listen(behaviour)
    networks = networks_at(server)
    sent: list[str] = []

    # Long enough for a busy machine to connect and send within it.
    assert await outcome(networks, deadline=2.0, sent=sent) == "NoAnswer"

    await networks.aclose()
    assert len(server.requests) == 1
    assert server.connections == 1
    assert sent == ["sent"]


async def test_a_connection_reset_before_it_was_read_may_have_carried_the_request(listen: Listen) -> None:
    server = await listen(reset_before_reading)
    networks = networks_at(server)

    assert await outcome(networks) == "NoAnswer"

    await networks.aclose()
    assert server.connections == 1
    assert server.requests == []


async def test_a_refused_connection_is_not_sent(unused_port: int) -> None:
    networks = Networks({"twitter": f"http://127.0.0.1:{unused_port}"})
    sent: list[str] = []

    assert await outcome(networks, sent=sent) == "NotSent"

    await networks.aclose()
    assert sent == []


@pytest.mark.parametrize("name", ["nowhere.invalid", "two..dots.invalid", f"{'long' * 20}.invalid"])
async def test_a_name_without_address_is_not_sent(name: str) -> None:
    networks = Networks({"twitter": f"http://{name}"})

    assert await outcome(networks) == "NotSent"

    await networks.aclose()


async def test_a_certificate_that_is_not_trusted_is_not_sent(
    listen: Listen, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    server = await listen(close_after_reading, tls=certificate)
    networks = networks_at(server)

    assert await outcome(networks) == "NotSent"

    await networks.aclose()
    assert server.requests == []


async def test_a_handshake_that_never_ends_is_not_sent(listen: Listen) -> None:
    server = await listen(Talk.hang)
    networks = Networks({"twitter": f"https://{server.place}"})

    assert await outcome(networks, deadline=0.3) == "NotSent"

    await networks.aclose()


async def test_a_request_that_cannot_be_written_down_is_not_sent(listen: Listen) -> None:
    server = await listen(close_after_reading)
    networks = networks_at(server)

    with pytest.raises(NotSent):
        await networks.client("twitter").commit("POST", URL, headers={"Authorization": "Bearer a\r\nb"})

    await networks.aclose()
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://files.example/x", "https://", "https://a.example:port/"]
)
async def test_an_address_that_is_none_is_not_sent(url: str) -> None:
    with pytest.raises(NotSent):
        await Networks().client("twitter").commit("POST", url)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200 OK", ()),
        ("307 Temporary Redirect", ("Location: /again",)),
        ("308 Permanent Redirect", ("Location: /again",)),
        ("401 Unauthorized", ('WWW-Authenticate: Basic realm="x"',)),
        ("408 Request Timeout", ("Connection: close",)),
        ("425 Too Early", ()),
        ("429 Too Many Requests", ("Retry-After: 0",)),
        ("500 Internal Server Error", ()),
        ("503 Service Unavailable", ("Retry-After: 0",)),
    ],
)
async def test_every_status_is_an_answer_and_none_is_asked_for_twice(
    listen: Listen, status: str, headers: tuple[str, ...]
) -> None:
    async def answers(talk: Talk) -> None:
        while True:
            await talk.read()
            await talk.answer(b"{}", *headers, status=status)

    server = await listen(answers)
    networks = networks_at(server)

    assert await outcome(networks) == status[:3]

    await networks.aclose()
    assert len(server.requests) == 1


async def answer_all(talk: Talk) -> None:
    while True:
        await talk.read()
        await talk.answer()


async def answer_one(talk: Talk) -> None:
    await talk.read()
    await talk.answer()


async def answer_one_and_lose_the_next(talk: Talk) -> None:
    await answer_one(talk)
    await talk.read()
    talk.reset()


async def test_an_open_idle_connection_is_used_again(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = networks_at(server)

    await networks.client("twitter").request("GET", URL)
    assert await outcome(networks) == "200"

    await networks.aclose()
    assert server.connections == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("reset", [False, True])
async def test_an_idle_connection_that_was_closed_is_replaced_before_anything_is_sent(
    listen: Listen, *, reset: bool
) -> None:
    gone = asyncio.Event()

    async def leave(talk: Talk) -> None:
        await answer_one(talk)
        if reset:
            talk.reset()
        else:
            talk.writer.close()
            await talk.writer.wait_closed()
        gone.set()

    server = await listen(leave)
    networks = networks_at(server)

    await networks.client("twitter").request("GET", URL)
    await gone.wait()
    assert await outcome(networks) == "200"

    await networks.aclose()
    assert server.connections == 2
    assert [request.line for request in server.requests] == [
        "GET /2/tweets HTTP/1.1",
        "POST /2/tweets HTTP/1.1",
    ]


async def test_an_idle_connection_with_unasked_bytes_is_not_used(listen: Listen) -> None:
    answered, spoken = asyncio.Event(), asyncio.Event()

    async def chatty(talk: Talk) -> None:
        await answer_one(talk)
        await answered.wait()
        await talk.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        spoken.set()
        await answer_one(talk)

    server = await listen(chatty)
    networks = networks_at(server)

    await networks.client("twitter").request("GET", URL)
    answered.set()
    await spoken.wait()
    assert await outcome(networks) == "200"

    await networks.aclose()
    assert server.connections == 2
    assert len(server.requests) == 2


async def test_a_connection_lost_after_reuse_is_not_replaced_by_a_second_try(listen: Listen) -> None:
    server = await listen(answer_one_and_lose_the_next)
    networks = networks_at(server)

    await networks.client("twitter").request("GET", URL)
    assert await outcome(networks) == "NoAnswer"

    await networks.aclose()
    assert server.connections == 1
    assert [request.line for request in server.requests].count("POST /2/tweets HTTP/1.1") == 1


async def test_after_a_lost_answer_the_next_call_starts_on_a_clean_connection(listen: Listen) -> None:
    async def late(talk: Talk) -> None:
        await talk.read()
        if len(talk.server.requests) > 1:
            await talk.answer(b'{"mine": true}')
            return
        await asyncio.sleep(0.3)
        await talk.answer(b'{"mine": false}')
        await talk.hang()

    server = await listen(late)
    networks = networks_at(server)

    assert await outcome(networks, deadline=0.1) == "NoAnswer"
    response = await networks.client("twitter").commit("POST", URL)

    await networks.aclose()
    assert response.json() == {"mine": True}
    assert server.connections == 2


async def test_many_at_once_each_arrive_once(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = networks_at(server)
    client = networks.client("twitter")

    await asyncio.gather(*(client.commit("POST", URL, json={"n": n}) for n in range(60)))

    await networks.aclose()
    assert sorted(request.body for request in server.requests) == sorted(
        f'{{"n":{n}}}'.encode() for n in range(60)
    )


async def test_sent_is_told_after_the_last_byte_and_before_the_answer(listen: Listen) -> None:
    order: list[str] = []
    told = asyncio.Event()

    async def wait_for_the_word(talk: Talk) -> None:
        await talk.read()
        await told.wait()
        order.append("answer")
        await talk.answer()

    async def body() -> AsyncIterator[bytes]:
        for piece in (b"first", b"last"):
            order.append(piece.decode())
            yield piece

    def on_sent() -> None:
        order.append("sent")
        told.set()

    server = await listen(wait_for_the_word)
    networks = networks_at(server)
    client = networks.client("twitter", on_commit_sent=on_sent)

    await client.commit("POST", URL, content=body())

    await networks.aclose()
    assert order == ["first", "last", "sent", "answer"]
    assert server.requests[0].body == b"firstlast"


async def test_sent_is_told_when_the_system_has_the_whole_request() -> None:
    whole: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[socket.socket] = []

        def on_sent() -> None:
            # This process does nothing more until the other side has all of it: as if it were killed here.
            connection = listener.accept()[0]
            connection.settimeout(2)
            accepted.append(connection)
            received = b""
            while not received.endswith(b"the end"):
                received += connection.recv(65536)
            whole.append(True)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        networks = Networks({"twitter": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        client = networks.client("twitter", on_commit_sent=on_sent)
        await client.commit("POST", URL, content=b"the end")
        await networks.aclose()
        accepted[0].close()

    assert whole == [True]


async def test_sent_is_told_for_commits_only(listen: Listen) -> None:
    server = await listen(answer_all)
    networks = networks_at(server)
    sent: list[str] = []
    client = networks.client("twitter", on_commit_sent=lambda: sent.append("sent"))

    await client.request("POST", URL)
    assert sent == []
    await client.commit("POST", URL)

    await networks.aclose()
    assert sent == ["sent"]


async def test_a_body_that_breaks_off_is_not_taken_for_unsent(listen: Listen) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise OSError("the file is gone")

    server = await listen(close_after_reading)
    networks = networks_at(server)

    with pytest.raises(NoAnswer):
        await networks.client("twitter").commit("POST", URL, content=broken())

    await networks.aclose()
    assert server.requests == []


async def test_a_cancelled_commit_leaves_no_connection_behind(listen: Listen) -> None:
    server = await listen(no_answer)
    networks = networks_at(server)
    told = asyncio.Event()
    client = networks.client("twitter", on_commit_sent=told.set)
    call = asyncio.create_task(client.commit("POST", URL))
    await told.wait()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    await networks.aclose()
    assert server.connections == 1


@pytest.mark.parametrize("pooled", [False, True], ids=["a new connection", "an idle one"])
async def test_a_call_that_is_called_off_at_the_last_instant_sends_no_byte(
    listen: Listen, pooled: bool
) -> None:
    reached: list[str] = []

    async def whoever(talk: Talk) -> None:
        while True:
            reached.append((await talk.read()).line)
            await talk.answer()

    def call_off() -> None:
        raise NotSent("Too late.")

    server = await listen(whoever)
    networks = networks_at(server)
    client = networks.client("twitter", on_commit_sending=call_off)
    if pooled:
        await client.request("GET", URL)
    with pytest.raises(NotSent, match="Too late"):
        await client.commit("POST", URL, json={"text": "hello"})
    # Calls that may be repeated are not held up.
    assert (await client.request("GET", URL)).status_code == 200
    assert [line for line in reached if line.startswith("POST")] == []
    await networks.aclose()

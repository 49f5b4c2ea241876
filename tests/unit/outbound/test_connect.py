"""What happens between a checked URL and an open connection: one look-up, every answer judged, the peer checked (O2)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from tests.unit.outbound.servers import Listen, Server, Talk

from polypost.errors import AddressRefused, FetchFailed
from polypost.outbound import Fetcher, Guard
from polypost.outbound.backend import GuardedBackend
from polypost.outbound.fetch import Bounds
from polypost.outbound.lookups import Resolver

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.215.14"
PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]


class Line(httpcore2.AsyncNetworkStream):
    """A connection that claims to lead to `peer`."""

    def __init__(self, peer: tuple[str, int]) -> None:
        self.peer = peer
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True

    def get_extra_info(self, info: str) -> Any:
        return self.peer if info == "server_addr" else None


class Outside(httpcore2.AsyncNetworkBackend):
    """Stands where the internet begins and writes down who is called; `dead` addresses refuse."""

    def __init__(self, *, peer: tuple[str, int] | None = None, dead: Sequence[str] = ()) -> None:
        self.called: list[str] = []
        self.lines: list[Line] = []
        self.peer = peer
        self.dead = dead

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> Line:
        self.called.append(host)
        if host in self.dead:
            raise httpcore2.ConnectError
        self.lines.append(Line(self.peer or (host, port)))
        return self.lines[-1]


class Names:
    """A resolver that gives each of its answers once, then the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("beside", [(), (PUBLIC,), ("2606:4700:4700::1111", PUBLIC)])
async def test_one_private_answer_refuses_the_name(address: str, beside: tuple[str, ...]) -> None:
    outside = Outside()
    for answers in ([address, *beside], [*beside, address]):
        backend = GuardedBackend(Guard(), Names(answers), outside)
        with pytest.raises(AddressRefused):
            await backend.connect_tcp("media.example.com", 443)

    assert outside.called == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700:4700::1111", "::ffff:93.184.215.14"])
async def test_a_public_answer_is_called_by_its_address(address: str) -> None:
    outside, names = Outside(), Names([address])

    await GuardedBackend(Guard(), names, outside).connect_tcp("media.example.com", 443)

    assert len(outside.called) == 1
    assert names.asked == ["media.example.com"]


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 80),
        ("[::1]", 80),
        ("::1", 443),
        ("localhost", 80),
        ("metadata.google.internal", 80),
        ("2130706433", 80),
        ("media.example.com", 22),
    ],
)
async def test_a_host_is_judged_again_at_the_last_moment(host: str, port: int) -> None:
    outside, names = Outside(), Names([PUBLIC])

    with pytest.raises(AddressRefused):
        await GuardedBackend(Guard(), names, outside).connect_tcp(host, port)

    assert (outside.called, names.asked) == ([], [])


async def test_a_connection_that_led_elsewhere_is_closed_unused() -> None:
    for peer in (("127.0.0.1", 443), ("93.184.215.15", 443), ("::1", 443), (PUBLIC, 80)):
        outside = Outside(peer=peer)
        with pytest.raises(AddressRefused):
            await GuardedBackend(Guard(), Names([PUBLIC]), outside).connect_tcp("media.example.com", 443)
        assert [line.closed for line in outside.lines] == [True]


async def test_checked_addresses_are_tried_in_turn_and_not_for_ever() -> None:
    six, others = "2606:4700:4700::1111", ["93.184.215.15", "93.184.215.16", "93.184.215.17"]

    outside, names = Outside(dead=[six]), Names([six, PUBLIC, six, PUBLIC])
    await GuardedBackend(Guard(), names, outside).connect_tcp("media.example.com", 443)
    assert outside.called == [six, PUBLIC]

    outside, names = Outside(dead=[PUBLIC, *others]), Names([PUBLIC, *others])
    with pytest.raises(httpcore2.ConnectError):
        await GuardedBackend(Guard(), names, outside).connect_tcp("media.example.com", 443)
    assert outside.called == [PUBLIC, *others[:2]]
    assert len(names.asked) == 1


async def test_a_name_without_answers_or_without_server_cannot_be_connected() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    for names in (Names([]), nobody):
        with pytest.raises(httpcore2.ConnectError):
            await GuardedBackend(Guard(), names, Outside()).connect_tcp("media.example.com", 443)


async def test_a_name_server_that_is_silent_ends_with_the_deadline() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(httpcore2.ConnectTimeout):
        await GuardedBackend(Guard(), silent, Outside()).connect_tcp("media.example.com", 443, timeout=0.05)


async def test_a_range_lets_names_in_but_not_out() -> None:
    guard = Guard(["10.0.0.0/8:9000"])

    outside = Outside()
    await GuardedBackend(guard, Names(["10.1.2.3"]), outside).connect_tcp("minio.example.com", 9000)
    assert outside.called == ["10.1.2.3"]

    for answers in (["11.1.2.3"], [PUBLIC], ["127.0.0.1"], ["10.1.2.3", "127.0.0.1"]):
        outside = Outside()
        with pytest.raises(AddressRefused):
            await GuardedBackend(guard, Names(answers), outside).connect_tcp("minio.example.com", 9000)
        assert outside.called == []


async def test_the_system_resolver_answers_with_plain_addresses() -> None:
    addresses = await Resolver()("localhost", 80)

    assert set(addresses) <= {"127.0.0.1", "::1"}
    assert addresses


async def serve_file(talk: Talk) -> None:
    request = await talk.read()
    assert request.headers["host"].partition(":")[0] == "media.example.com"
    await talk.answer(b"file")


async def two_at_one_port(listen: Listen, first: Any) -> tuple[Server, Server]:
    """A server at 127.0.0.2 and a canary at 127.0.0.1, on the same port."""
    canary = await listen(Talk.answer)
    return await listen(first, host="127.0.0.2", port=canary.port), canary


async def test_a_name_that_changes_its_address_after_the_check_is_not_followed(
    listen: Listen, tmp_path: Path
) -> None:
    async def back_to_the_same_name(talk: Talk) -> None:
        await talk.read()
        await talk.answer(b"", f"Location: http://media.example.com:{talk.server.port}/2", status="302 Found")

    server, canary = await two_at_one_port(listen, back_to_the_same_name)
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    fetcher = Fetcher(Guard([f"127.0.0.2/32:{server.port}"]), resolve=names)

    with pytest.raises(AddressRefused):
        await fetcher.fetch(f"http://media.example.com:{server.port}/", tmp_path / "file", max_bytes=100)

    await fetcher.aclose()
    assert len(names.asked) == 2
    assert len(server.requests) == 1
    assert canary.connections == 0


async def test_the_address_that_was_checked_is_the_one_that_is_called(listen: Listen, tmp_path: Path) -> None:
    server, canary = await two_at_one_port(listen, serve_file)
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    fetcher = Fetcher(Guard([f"127.0.0.2/32:{server.port}"]), resolve=names)

    await fetcher.fetch(f"http://media.example.com:{server.port}/", tmp_path / "file", max_bytes=100)
    with pytest.raises(AddressRefused):
        await fetcher.fetch(f"http://media.example.com:{server.port}/", tmp_path / "file2", max_bytes=100)

    await fetcher.aclose()
    assert len(names.asked) == 2
    assert len(server.requests) == 1
    assert canary.connections == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"])
async def test_a_name_that_leads_to_the_canary_is_not_followed(
    listen: Listen, tmp_path: Path, address: str
) -> None:
    canary = await listen(Talk.answer)
    fetcher = Fetcher(Guard([f"203.0.113.0/24:{canary.port}"]), resolve=Names([address]))

    with pytest.raises(AddressRefused):
        await fetcher.fetch(f"http://media.example.com:{canary.port}/", tmp_path / "file", max_bytes=100)

    await fetcher.aclose()
    assert canary.connections == 0


async def test_a_dead_name_server_is_a_failed_fetch(tmp_path: Path) -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    fetcher = Fetcher(Guard(), resolve=silent, bounds=Bounds(connect=0.05))

    with pytest.raises(FetchFailed):
        await fetcher.fetch("https://media.example.com/", tmp_path / "file", max_bytes=100)

    await fetcher.aclose()

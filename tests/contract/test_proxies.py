"""Behind proxies: whose request it is, in whose bucket it counts, and how many connections a proxy may have."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from starlette.datastructures import Headers

from polypost.access.limits import FAILURES_PER_MINUTE
from polypost.entrance.proxies import Proxies
from polypost.errors import NotConfigured
from tests.contract.raw import Start, answers, everything, get, one_answer, refused, servers
from tests.contract.tenant import Tenant
from tests.contract.test_errors import bare
from tests.processes import World

start = servers
PEER = "10.0.0.1"
PROXIES = Proxies(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.200"])


def client(*headers: tuple[str, str], peer: str = PEER) -> str:
    return PROXIES.client(peer, Headers(raw=[(name.encode(), said.encode()) for name, said in headers]))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("198.51.100.7", "198.51.100.7"),
        # What stands to the left is what the client wrote itself.
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7, 192.0.2.200, 10.9.9.9", "198.51.100.7"),
        ("nonsense, 198.51.100.7", "198.51.100.7"),
        ("10.5.5.5, 10.6.6.6", "10.5.5.5"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("2001:db8:2::9", "2001:db8:2::9"),
        ("[2001:db8:2::9]:4711, [2001:db8:1::1]", "2001:db8:2::9"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        *(
            (wrong, PEER)
            for wrong in ("", ",", "unknown", "198.51.100.7,", "198.51.100.7:x", "198.51.100.300")
        ),
        *(
            (wrong, PEER)
            for wrong in ("fe80::1%eth0", "[::1", "1.1.1.1, _hidden, 10.2.2.2", "198.51.100.7 ;")
        ),
    ],
)
def test_the_list_is_read_from_the_right_past_trusted_proxies(said: str, found: str) -> None:
    assert client(("x-forwarded-for", said)) == found
    assert client(("x-forwarded-for", said), peer="198.51.100.99") == "198.51.100.99"
    assert client(("x-forwarded-for", said), peer=f"::ffff:{PEER}") in {found, f"::ffff:{PEER}"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ('For="198.51.100.7:4711";proto=https;by=10.0.0.1, for=10.3.3.3', "198.51.100.7"),
        ('for="[::1]:1234"', "::1"),
        ('for="[2001:db8:2::9]"', "2001:db8:2::9"),
        ('for=1.1.1.1;x="a, for=2.2.2.2", for=198.51.100.7', "198.51.100.7"),
        *(
            (wrong, PEER)
            for wrong in ("for=_hidden", 'for="_hidden:_port"', "for=unknown", "proto=https", "for")
        ),
        # A quote that the client left open swallows what the proxy added; nobody else's address comes of it.
        ('for=1.1.1.1;x=", for=198.51.100.7', PEER),
        ('for=1.1.1.1;x=", for="[2001:db8:2::9]"', PEER),
        ("for=198.51.100.7;", PEER),
    ],
)
def test_the_standard_header_is_read_in_the_same_way(said: str, found: str) -> None:
    assert client(("forwarded", said)) == found


def test_several_lines_are_one_list_and_two_headers_have_to_agree() -> None:
    lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.7")]
    assert client(*lines) == "198.51.100.7"
    assert client(*lines, ("forwarded", "for=198.51.100.7")) == "198.51.100.7"
    assert client(*lines, ("forwarded", "for=203.0.113.9")) == PEER
    assert Proxies().client(PEER, Headers({"x-forwarded-for": "198.51.100.7"})) == PEER


@pytest.mark.parametrize("entry", ["proxy.example.com", "10.0.0.1/8", "10.0.0.1:80", "*"])
def test_what_is_no_address_or_range_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(NotConfigured, match="neither an address nor a range"):
        Proxies([entry])


def test_a_trusted_proxy_may_have_any_number_of_connections(start: Start) -> None:
    for trusted in ((), ("127.0.0.0/8",)):
        web = start(connections_per_address=3, proxies=Proxies(trusted))
        held = [web.connect(get("/size")) for _ in range(3)]
        assert {one_answer(client) for client in held} == {(200, b"0")}
        if trusted:
            assert one_answer(web.connect(get("/size"))) == (200, b"0")
        else:
            [answer] = answers(everything(web.connect()))
            refused(answer, 503, "too_many_connections")


def test_how_many_connections_an_address_may_have_is_a_setting(tmp_path: Path) -> None:
    world = World(tmp_path, env={"POLYPOST_CONNECTIONS_PER_ADDRESS": "10"})
    world.start()
    try:
        # Nobody else comes from there, and each of them keeps its connection.
        codes = []
        with ExitStack() as kept:
            for _ in range(11):
                mine = httpx2.HTTPTransport(local_address="127.0.0.9")
                client = kept.enter_context(httpx2.Client(base_url=world.url, transport=mine))
                codes.append(client.get("/v1/health").status_code)
        assert codes == [200] * 10 + [503]
    finally:
        world.stop()


@pytest.mark.parametrize("key", [{}, {"x-access-key": "guess"}])
def test_one_client_of_a_proxy_uses_up_its_own_bucket_alone(local: Tenant, key: dict[str, str]) -> None:
    transport = httpx2.HTTPTransport(local_address="127.0.0.8")
    mine = {"x-forwarded-for": "198.51.100.7" if key else "198.51.100.8"}
    with bare(local.world, transport=transport) as client:
        for _ in range(2 * FAILURES_PER_MINUTE):
            last = client.get("/v1/usage", headers=key | mine)
            if last.status_code == 429:
                break
            assert last.status_code == 401
        assert last.status_code == 429
        # Another client of the proxy, and the right key of this very one.
        assert client.get("/v1/usage", headers=key | {"x-forwarded-for": "203.0.113.9"}).status_code == 401
        assert client.get("/v1/usage", headers={"x-access-key": local.key} | mine).status_code == 200

"""The rules of one address: which URLs a user may name, and which addresses are public (O1, O3, O8)."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.outbound.hostile import HOSTILE, spelled
from tests.unit.outbound.servers import Listen, Talk

from polypost.errors import AddressRefused, NotConfigured
from polypost.outbound import Fetcher, Guard, advice
from polypost.outbound.guard import is_public

CANARY = 47011


def guard_with_open_port(port: int) -> Guard:
    """A guard that minds no request to `port`, so that nothing but the host can be the reason to refuse."""
    return Guard([f"203.0.113.0/24:{port}"])


def test_there_are_enough_forms() -> None:
    assert len(set(HOSTILE)) >= 120


@pytest.mark.parametrize("form", HOSTILE)
def test_a_hostile_url_is_refused_by_its_text(form: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        guard_with_open_port(CANARY).check_url(spelled(form, CANARY))

    assert caught.value.message == "The URL does not lead to a public web address."


@pytest.mark.anyio
async def test_no_hostile_url_makes_a_connection_or_asks_a_resolver(listen: Listen, tmp_path: Path) -> None:
    asked: list[str] = []

    async def to_the_canary(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    canary = await listen(Talk.answer)
    guard = guard_with_open_port(canary.port)
    for policy in (guard, Guard()):
        fetcher = Fetcher(policy, resolve=to_the_canary)
        for form in HOSTILE:
            with pytest.raises(AddressRefused):
                await fetcher.fetch(spelled(form, canary.port), tmp_path / "file", max_bytes=100)
        await fetcher.aclose()

    assert canary.connections == 0
    assert asked == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/",
        "HTTPS://Example.COM/Path?q=1#part",
        "https://example.com:443/a",
        "http://example.com:80/a",
        "http://example.com:443/a",
        "https://cdn-1.media.example.co.uk/a%20b/c;d,e?f=g&h=[i]{j}|k",
        "https://xn--mnchen-3ya.example/",
        "https://example.xn--p1ai/",
        "https://a1.b2.c3d/",
        "https://1.example.com/",
        "https://example.com?x=http://127.0.0.1/",
        "https://example.com/@user/photo.jpg",
        "https://example.com#x@y",
        "https://8.8.8.8/x.jpg",
        "https://1.1.1.1:443/",
        "https://172.32.0.1/",
        "https://[2606:4700:4700::1111]/",
        "https://[2606:4700:4700::1111]:443/",
        "https://[::ffff:8.8.8.8]/",
        "https://notinternal.example/",
        "https://thelocal.example/",
        "https://" + "a" * 63 + ".example.com/",
        "https://example.com/" + "a" * 2028,
    ],
)
def test_a_public_url_passes(url: str) -> None:
    Guard().check_url(url)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/x.jpg"),
        ("10.0.0.0/8:9000", "http://10.1.2.3:9000/x.jpg"),
        ("10.0.0.0/8:9000", "http://[::ffff:10.1.2.3]:9000/x.jpg"),
        ("10.0.0.0/8:9000", "http://minio.example.com:9000/x.jpg"),
        ("media.example.internal:80", "http://media.example.internal/x.jpg"),
        ("Media.Example.Internal:443", "https://media.example.internal/x.jpg"),
        ("minio:9000", "http://minio:9000/x.jpg"),
        ("minio:9000", "http://MINIO:9000/x.jpg"),
        ("localhost:8080", "http://localhost:8080/x.jpg"),
        ("[::1]:8080", "http://[::1]:8080/x.jpg"),
        ("[fd00::/8]:9000", "http://[fd12::7]:9000/x.jpg"),
        ("media.example.com:8443", "https://media.example.com:8443/x.jpg"),
        (" 127.0.0.1:8080 ", "http://127.0.0.1:8080/x.jpg"),
    ],
)
def test_what_an_operator_allows_passes(allow: str, url: str) -> None:
    Guard([allow]).check_url(url)
    with pytest.raises(AddressRefused):
        Guard(["192.168.77.0/24:1", "other.example:2"]).check_url(url)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
        ("127.0.0.1:8080", "http://127.0.0.1/"),
        ("127.0.0.1:8080", "http://127.0.0.2:8080/"),
        ("127.0.0.1:8080", "http://localhost:8080/"),
        ("127.0.0.1:8080", "http://127.1:8080/"),
        ("127.0.0.1:8080", "http://2130706433:8080/"),
        ("127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080/"),
        ("127.0.0.1:8080", "http://media.example.com:8080/"),
        ("127.0.0.1:8080", "http://user@127.0.0.1:8080/"),
        ("127.0.0.1:8080", "ftp://127.0.0.1:8080/"),
        ("10.0.0.0/8:9000", "http://11.0.0.1:9000/"),
        ("10.0.0.0/8:9000", "http://10.0.0.1:9001/"),
        ("10.0.0.0/8:9000", "http://10.1:9000/"),
        ("10.0.0.0/8:9000", "http://minio.internal:9000/"),
        ("10.0.0.0/8:9000", "http://minio:9000/"),
        ("10.0.0.0/8:9000", "http://8.8.8.8:9000/"),
        ("media.example.com:8443", "https://other.example.com:8443/"),
        ("media.example.com:8443", "https://media.example.com.evil.example:8443/"),
        ("localhost:80", "http://127.0.0.1/"),
    ],
)
def test_what_an_operator_allows_opens_nothing_else(allow: str, url: str) -> None:
    with pytest.raises(AddressRefused):
        Guard([allow]).check_url(url)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:",
        ":80",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:http",
        "http://127.0.0.1:80",
        "10.0.0.1/8:9000",
        "10.0.0.0/33:9000",
        "example.com/24:80",
        "::1:80",
        "[::1]",
        "[fd00::1/8]:80",
    ],
)
def test_an_allowed_address_that_is_none_is_told_to_the_operator(entry: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        Guard([entry])

    assert "10.0.0.0/8:9000" in caught.value.message


NOT_PUBLIC = {
    "0.0.0.0": 8,
    "10.0.0.0": 8,
    "100.64.0.0": 10,
    "127.0.0.0": 8,
    "169.254.0.0": 16,
    "172.16.0.0": 12,
    "192.0.0.0": 24,
    "192.0.2.0": 24,
    "192.88.99.0": 24,
    "192.168.0.0": 16,
    "198.18.0.0": 15,
    "198.51.100.0": 24,
    "203.0.113.0": 24,
    "224.0.0.0": 3,
    "168.63.129.16": 32,
}


@pytest.mark.parametrize(("first", "bits"), NOT_PUBLIC.items())
def test_each_range_is_refused_from_its_first_to_its_last_address(first: str, bits: int) -> None:
    start = int(ipaddress.IPv4Address(first))
    last = start + 2 ** (32 - bits) - 1

    assert not is_public(ipaddress.IPv4Address(start))
    assert not is_public(ipaddress.IPv4Address(last))
    assert not is_public(ipaddress.IPv6Address(f"::ffff:{first}"))
    if last + 1 < 2**32:
        assert is_public(ipaddress.IPv4Address(last + 1))
    if start:
        assert is_public(ipaddress.IPv4Address(start - 1))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_public_only_where_the_standard_library_agrees(
    address: ipaddress.IPv4Address,
) -> None:
    number = int(address)
    ours = not any(
        number >> (32 - bits) == int(ipaddress.IPv4Address(first)) >> (32 - bits)
        for first, bits in NOT_PUBLIC.items()
    )

    assert is_public(address) == ours
    assert is_public(ipaddress.IPv6Address(f"::ffff:{address}")) == ours
    if ours:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_public_only_in_the_unicast_block(address: ipaddress.IPv6Address) -> None:
    assume(address.ipv4_mapped is None)

    if is_public(address):
        assert int(address) >> 125 == 0b001
        assert address.is_global
        assert address.sixtofour is None
        assert address.teredo is None


@given(st.integers(0, 2**32 - 1), st.data())
def test_no_number_that_the_c_library_takes_for_an_address_passes(number: int, data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, 4))
    rest_bits = 8 * (5 - parts)
    values = [(number >> (32 - 8 * (i + 1))) & 255 for i in range(parts - 1)] + [number & (2**rest_bits - 1)]
    forms = [data.draw(st.sampled_from(["{}", "0{:o}", "0x{:x}", "0X{:X}", "000{:o}"])) for _ in values]
    host = ".".join(form.format(value) for form, value in zip(forms, values, strict=True))
    assert socket.inet_aton(host)
    assume(host != str(ipaddress.IPv4Address(number)))

    with pytest.raises(AddressRefused):
        Guard().check_url(f"http://{host}/")


url_text = st.one_of(
    st.text(max_size=60).map(lambda text: f"http://{text}"),
    st.text(alphabet="htps:/.@\\[]#?%0123456789abcdefx-_ \t", max_size=60),
    st.lists(
        st.sampled_from(
            [
                *"@:\\#?/. \t",
                "http://",
                "https://",
                "example.com",
                "a-b.example",
                "127.0.0.1",
                "8.8.8.8",
                "[::1]",
                "80",
            ]
        ),
        max_size=9,
    ).map("".join),
)


@given(url_text)
def test_what_passes_means_the_same_place_to_other_parsers(url: str) -> None:
    guard = Guard()
    with suppress(AddressRefused):
        target = guard.target(url)
        other = urlsplit(url)

        assert other.hostname == target.host
        assert (other.port or {"http": 80, "https": 443}[other.scheme]) == target.port
        assert other.scheme == target.scheme
        with suppress(httpx2.InvalidURL):
            ours = httpx2.URL(url)
            assert ours.raw_host.decode().lower() == target.host
            assert (ours.port or {"http": 80, "https": 443}[ours.scheme]) == target.port
            assert (ours.scheme, ours.userinfo) == (target.scheme, b"")
        assert other.username is None
        assert url.isascii()
        assert url.isprintable()


OWN = ("http://localhost:3000/a.jpg", "http://127.0.0.1:9/", "https://127.1.2.3:8443/", "http://[::1]:3000/")


@pytest.mark.parametrize("url", OWN)
def test_the_machine_itself_passes_only_where_that_is_allowed(url: str) -> None:
    Guard(loopback=True).check_url(url)
    with pytest.raises(AddressRefused):
        Guard().check_url(url)


@pytest.mark.parametrize(
    "host", ["printer.example.com", "localhost.example.com", "10.0.0.1", "169.254.169.254"]
)
def test_nobody_else_passes_for_the_machine_itself(host: str) -> None:
    guard = Guard(loopback=True)
    with pytest.raises(AddressRefused):
        guard.check_url(f"http://{host}:3000/")
    assert not guard.accepts(host, 80, ipaddress.IPv4Address("127.0.0.1"))
    assert not guard.accepts("localhost", 3000, ipaddress.IPv4Address("10.0.0.1"))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("./a.jpg", "POST /v1/media/upload"),
        ("/home/me/a.jpg", "POST /v1/media/upload"),
        ("file:///a.jpg", "POST /v1/media/upload"),
        ("a.jpg", "POST /v1/media/upload"),
        ("http://10.0.0.1/a.jpg", "add 10.0.0.1:80 to POLYPOST_ALLOW_ADDRESSES"),
        ("https://[FD00::1]/a.jpg", "add [fd00::1]:443 to POLYPOST_ALLOW_ADDRESSES"),
        ("//example.com/a.jpg", "Begin it with https://."),
        ("example.com/a.jpg", "Begin it with https://."),
        ("https://example.com/a b.jpg", "percent-encoded"),
        ("https://me:secret@example.com/a.jpg", "user name"),
        ("s3://bucket/a.jpg", "Give a public http or https address."),
    ],
)
def test_who_is_refused_is_told_what_to_do(url: str, says: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check_url(url)
    assert says in advice(url, file=True)
    assert "upload" not in advice(url, file=False)

"""Where a user's URL may lead: the rules of one address (RELIABILITY O1, O3, O8)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from polypost.errors import AddressRefused, NotConfigured

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Range = ipaddress.IPv4Network | ipaddress.IPv6Network

URL_CHARACTERS = 2048
# The spellings by which a machine calls itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = frozenset({80, 443})

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<v6>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
    # Without ASCII, ignoring case would let the Kelvin sign pass for a k.
    re.IGNORECASE | re.ASCII,
)
_OCTET = r"(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_QUAD = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
# A last label that begins with a letter is never taken for a number by a resolver of the C library.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PRIVATE_SUFFIXES = (".internal", ".local", ".localhost", ".svc", ".arpa")

# The module's own `is_global` calls several of these public: translation prefixes, multicast, 6to4
# relays and one cloud's host service among them.
_PRIVATE_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# A path, a bare name, or the content itself.
_FILE = re.compile(
    r"(?:file|data|blob):.*|\.{0,2}/(?!/).*|~.*|[a-z]:.*|.*\\.*|[^/:]+\.[a-z0-9]{2,5}", re.I | re.S
)
_WITHOUT_SCHEME = re.compile(r"(?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+[/:].*", re.I)
_ALLOWED = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class Target:
    """The place a URL names: lower-case host without brackets, and port."""

    scheme: str
    host: str
    port: int


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet; mapped IPv4 is judged as IPv4."""
    plain = unmapped(address)
    if isinstance(plain, ipaddress.IPv4Address):
        return not any(plain in private for private in _PRIVATE_V4)
    return plain in _PUBLIC_V6 and not any(plain in private for private in _PRIVATE_V6)


def unmapped(address: Address) -> Address:
    """The IPv4 address inside ::ffff:0:0/96, or the address itself."""
    return getattr(address, "ipv4_mapped", None) or address


def literal(host: str) -> Address | None:
    """The address that a host spells out in canonical form, or None for a name."""
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            return None
    return ipaddress.IPv4Address(host) if _QUAD.fullmatch(host) else None


def looks_public(url: str) -> bool:
    """Whether the text of a web address could lead somewhere on the public internet, by whatever port; asks nobody."""
    found = _URL.fullmatch(url) if len(url) <= URL_CHARACTERS else None
    if found is None:
        return False
    host = (found["v6"] or found["name"]).lower()
    address = literal(host)
    if address is not None:
        return is_public(address)
    return bool(_NAME.fullmatch(host)) and not host.endswith(_PRIVATE_SUFFIXES)


def advice(url: str, *, file: bool) -> str:
    """What to do about a URL that is refused, told from its text alone; with `file`, where an upload would do instead."""
    if file and _FILE.fullmatch(url):
        return "This is a file: send it with POST /v1/media/upload and give the publicUrl of the answer."
    found = _URL.fullmatch(url) if len(url) <= URL_CHARACTERS else None
    if found is not None:
        port = found["port"] or {"http": 80, "https": 443}[found["scheme"].lower()]
        host = f"[{found['v6']}]" if found["v6"] else found["name"]
        first = "Send the file with POST /v1/media/upload, or let" if file else "Let"
        return f"{first} the server's operator add {host.lower()}:{port} to POLYPOST_ALLOW_ADDRESSES."
    if _WITHOUT_SCHEME.fullmatch(url):
        return "Begin it with https://."
    if url.lower().startswith(("http:", "https:")):
        return "Write spaces and what is not ASCII percent-encoded, and leave out user name and password."
    return "Give a public http or https address."


class Guard:
    """Decides where users' URLs may lead. Public addresses on ports 80 and 443, and what `allow` names.

    An entry of `allow` is an exact `host:port` (only that spelling of the host passes) or a
    `range:port` (any name that leads into the range passes); IPv6 stands in brackets.
    Raises NotConfigured for an entry that is neither. With `loopback`, the machine's own addresses and `localhost` pass
    on every port.
    """

    def __init__(self, allow: Iterable[str] = (), *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._hosts: set[tuple[str, int]] = set()
        self._ranges: list[tuple[_Range, int]] = []
        self._ports = _PORTS
        for entry in allow:
            self.allow(entry)

    def allow(self, entry: str) -> None:
        """Let URLs lead to one more address or range from now on. Raises NotConfigured."""
        found = _ALLOWED.fullmatch(entry.strip())
        host = (found["v6"] or found["host"]).lower() if found else ""
        port = int(found["port"]) if found else 0
        if not host or port > 65535:
            raise _bad_entry(entry)
        if "/" not in host:
            self._hosts.add((host, port))
            return
        try:
            self._ranges.append((ipaddress.ip_network(host), port))
        except ValueError as error:
            raise _bad_entry(entry) from error
        self._ports |= {port}

    def check_url(self, url: str) -> None:
        """Refuse a URL whose text alone shows that it leads nowhere public; asks no resolver.

        Raises AddressRefused, always with the same text.
        """
        self.target(url)

    def target(self, url: str) -> Target:
        """The place that a URL names, after `check_url`'s rules."""
        found = _URL.fullmatch(url) if len(url) <= URL_CHARACTERS else None
        if found is None:
            raise AddressRefused
        scheme = found["scheme"].lower()
        host = (found["v6"] or found["name"]).lower()
        port = int(found["port"]) if found["port"] else 443 if scheme == "https" else 80
        self.check_host(host, port)
        return Target(scheme, host, port)

    def check_host(self, host: str, port: int) -> None:
        """Refuse a host and port that no answer of a resolver could make acceptable.

        Raises AddressRefused.
        """
        if self.names(host, port):
            return
        address = literal(host)
        if address is not None:
            if not self.accepts(host, port, address):
                raise AddressRefused
        elif port not in self._ports or not _NAME.fullmatch(host) or host.endswith(_PRIVATE_SUFFIXES):
            raise AddressRefused

    def names(self, host: str, port: int) -> bool:
        """Whether the operator named this place: the host to the letter, or a range that holds the address it spells."""
        address = literal(host)
        if (host, port) in self._hosts or self._is_own(host, address):
            return True
        return address is not None and self._in_a_range(address, port)

    def accepts(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection for `host:port` may go to `address`."""
        if (host, port) in self._hosts or (port in _PORTS and is_public(address)):
            return True
        # A name that only leads to this machine is nobody's word for it.
        return self._is_own(host, address) or self._in_a_range(address, port)

    def _is_own(self, host: str, address: Address | None) -> bool:
        if not self._loopback:
            return False
        spelled = literal(host)
        named = host == "localhost" if spelled is None else unmapped(spelled).is_loopback
        return named and (address is None or unmapped(address).is_loopback)

    def _in_a_range(self, address: Address, port: int) -> bool:
        plain = unmapped(address)
        return any(port == allowed and plain in network for network, allowed in self._ranges)


def _bad_entry(entry: str) -> NotConfigured:
    return NotConfigured(
        f"The allowed address {entry!r} is neither host:port nor range:port.",
        next_step="Write it as 127.0.0.1:9000, 10.0.0.0/8:9000 or [fd00::1]:9000.",
    )

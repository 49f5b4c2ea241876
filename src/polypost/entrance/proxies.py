"""Whose request it is behind proxies that the operator trusts: `X-Forwarded-For` and `Forwarded`, read from the right."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from starlette.datastructures import Headers

from polypost.errors import NotConfigured
from polypost.outbound.guard import Address, unmapped

_PORT = r"(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?"
_NODE = re.compile(rf"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]{_PORT}|(?P<v4>[0-9.]+){_PORT}|(?P<bare>[0-9A-Fa-f:.]+))")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # the RFC's word
_PAIR = re.compile(rf'\s*({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")\s*(;|,|$)')


class Proxies:
    """The proxies whose word is taken: addresses and ranges. Raises NotConfigured for what is neither."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._ranges = [_range(entry) for entry in trusted]

    def trusts(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        parsed = _address(address)
        return parsed is not None and any(parsed in each for each in self._ranges)

    def client(self, peer: str, headers: Headers) -> str:
        """The address that a request came from, as far as trusted proxies tell; else the peer's own.

        Anything that is not understood is the peer's, and so are two headers that say different things: a proxy that
        writes one of them hands the other on as its client wrote it.
        """
        if not self._ranges or not self.trusts(peer):
            return peer
        said = {
            self._last(read(",".join(headers.getlist(name))))
            for name, read in (("x-forwarded-for", _listed), ("forwarded", _elements))
            if name in headers
        }
        found = said.pop() if len(said) == 1 else None
        return found or peer

    def _last(self, hops: list[str] | None) -> str | None:
        """From the right, the first address that is no trusted proxy; the leftmost where all are."""
        address = None
        for hop in reversed(hops or ()):
            node = _NODE.fullmatch(hop)
            address = _address(node["v6"] or node["v4"] or node["bare"]) if node else None
            if address is None:
                return None
            if not self.trusts(str(address)):
                break
        return str(address) if address else None


def _listed(value: str) -> list[str]:
    return [hop.strip() for hop in value.split(",")]


def _elements(value: str) -> list[str] | None:
    """The `for` of each element of a `Forwarded` header (RFC 7239); None for a header that breaks its grammar."""
    hops, hop, at, end = [], "", 0, ","
    while at < len(value):
        pair = _PAIR.match(value, at)
        if pair is None:
            return None
        name, said, end = pair.groups()
        if name.lower() == "for":
            hop = said.strip('"')
        if end != ";":
            hops.append(hop)
            hop = ""
        at = pair.end()
    return hops if end != ";" else None


def _address(text: str) -> Address | None:
    try:
        return unmapped(ipaddress.ip_address(text))
    except ValueError:
        return None


def _range(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError as error:
        raise NotConfigured(
            f"The trusted proxy {entry!r} is neither an address nor a range.",
            next_step="Write POLYPOST_TRUSTED_PROXIES as 10.0.0.1, 10.0.0.0/8 or fd00::/8, by comma.",
        ) from error

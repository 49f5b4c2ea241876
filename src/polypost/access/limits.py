"""How often a key and an address may call, in memory: one number for each, whatever the rate.

A bucket holds one minute's worth and fills evenly. It is kept as the instant at which it will be full
again, so that time alone refills it.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from polypost import clock
from polypost.errors import TooManyRequests

# Keys have 160 random bits: this is about work, not about guessing, and tools that test an API send wrong keys.
FAILURES_PER_MINUTE = 600
CAPACITY = 20_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a bucket: `limit` and `remaining` in requests, `reset` in whole seconds until it is full."""

    limit: int
    remaining: int
    reset: int


class _Buckets:
    """Token buckets of one rate, by name; the least recently used go when there are too many."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float], capacity: int) -> None:
        self._limit = per_minute
        self._gap = 60.0 / per_minute
        self._monotonic = monotonic
        self._capacity = capacity
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str) -> Allowance:
        """Take one token. Raises TooManyRequests, and takes none, when there is none."""
        now = self._monotonic()
        full_at = max(self._full_at.get(name, now), now) + self._gap
        missing = full_at - now - self._limit * self._gap
        # Sums of gaps are off by a few ulps; a thousandth of a token is far more than that.
        if missing > self._gap / 1000:
            self._full_at.move_to_end(name)
            wait = math.ceil(missing)
            raise TooManyRequests(
                f"More than {self._limit} requests in a minute.",
                next_step=f"Wait {wait} s before the next.",
                headers={"Retry-After": str(wait)},
            )
        self._full_at[name] = full_at
        self._full_at.move_to_end(name)
        if len(self._full_at) > self._capacity:
            self._full_at.popitem(last=False)
        left = self._limit - math.ceil((full_at - now) / self._gap - 0.001)
        return Allowance(self._limit, max(left, 0), math.ceil(full_at - now))


class Throttle:
    """The limits of one process. Rates are per minute; `monotonic` gives seconds.

    Authenticate, then call `address` and `key` with the key's id; `failure` for a key that was refused, and for none.
    Those have a bucket of their own, so a right key from the same address keeps working (K2).
    """

    def __init__(
        self,
        *,
        key_per_minute: int,
        address_per_minute: int,
        failures_per_minute: int = FAILURES_PER_MINUTE,
        monotonic: Callable[[], float] = clock.monotonic,
        capacity: int = CAPACITY,
    ) -> None:
        self._keys = _Buckets(key_per_minute, monotonic, capacity)
        self._addresses = _Buckets(address_per_minute, monotonic, capacity)
        self._failures = _Buckets(failures_per_minute, monotonic, capacity)

    def address(self, address: str) -> Allowance:
        """Count an address's request with a right key. Raises TooManyRequests with Retry-After."""
        return self._addresses.take(_network(address))

    def key(self, key_id: str) -> Allowance:
        """Count a request of an authenticated key. Raises TooManyRequests with Retry-After."""
        return self._keys.take(key_id)

    def failure(self, address: str) -> None:
        """Count a refused key, or none. Raises TooManyRequests, to be answered instead of 401, when there were many."""
        self._failures.take(_network(address))


class SigningIn:
    """How often a password may be tried in this process: for one name, and from one address."""

    def __init__(
        self,
        *,
        name_per_minute: int = 10,
        address_per_minute: int = 30,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._names = _Buckets(name_per_minute, monotonic, CAPACITY)
        self._addresses = _Buckets(address_per_minute, monotonic, CAPACITY)

    def attempt(self, address: str, name: str) -> None:
        """Count a try. Raises TooManyRequests with Retry-After."""
        self._addresses.take(_network(address))
        self._names.take(name.strip().casefold()[:200])


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    """The name an address is counted under: whoever has one IPv6 address has the 2^64 beside it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False).network_address)

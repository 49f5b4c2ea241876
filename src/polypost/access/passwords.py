"""Passwords: argon2id with what OWASP names as the least that is sound (19 MiB, two passes; read 2026-11-28)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from polypost.errors import InvalidRequest, Problem, TooManyRequests

LEAST, MOST = 10, 1000
_MEMORY_KIB, _PASSES, _BYTES = 19_456, 2, 32
# Each takes some 40 ms and 19 MiB: so many at a time, however many are asked for.
_TURNS = asyncio.Semaphore(2)
_MOST_WAITING = 50
_waiting = 0


def checked(password: str) -> str:
    """The password, as long as it has to be. Raises InvalidRequest."""
    if LEAST <= len(password) <= MOST:
        return password
    says = f"A password has {LEAST} to {MOST} characters."
    raise InvalidRequest([Problem("password", says, "Choose a longer one.", "bad_password")])


async def encoded(password: str) -> str:
    """What is kept of a password. Raises TooManyRequests."""
    async with _turn():
        return await asyncio.to_thread(_encoded, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password of which this is kept; as slow where there is none, so that names are not told apart.

    Raises TooManyRequests.
    """
    if len(password) > MOST:
        return False
    async with _turn():
        return await asyncio.to_thread(_matches, password, kept)


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    global _waiting  # noqa: PLW0603  # one queue for the process, as the memory is the process's
    if _waiting >= _MOST_WAITING:
        raise TooManyRequests(
            "Many people are signing in right now.",
            next_step="Try again in a few seconds.",
            headers={"Retry-After": "3"},
        )
    _waiting += 1
    try:
        async with _TURNS:
            yield
    finally:
        _waiting -= 1


def _encoded(password: str) -> str:
    return _derived().derive_phc_encoded(_bytes(password))


def _matches(password: str, kept: str | None) -> bool:
    try:
        Argon2id.verify_phc_encoded(_bytes(password), kept or _of_nobody())
    except InvalidKey:
        return False
    return kept is not None


@cache
def _of_nobody() -> str:
    return _encoded(secrets.token_urlsafe())


def _derived() -> Argon2id:
    return Argon2id(
        salt=secrets.token_bytes(16), length=_BYTES, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB
    )


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

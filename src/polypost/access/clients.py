"""Programs that ask people for access: by a document of their own that says who they are, or registered here."""

from __future__ import annotations

import asyncio
import ipaddress
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import from_json
from sqlalchemy import Connection, delete, func, insert, select

from polypost import clock
from polypost.access.tables import oauth_clients, oauth_grants
from polypost.errors import AddressRefused, FetchFailed, InvalidRequest, Problem, TooManyRequests
from polypost.outbound import Fetcher
from polypost.storage import Store, new_id

DOCUMENT_BYTES, NAME, MOST_URIS, URI = 10_000, 100, 20, 2000
# So long a document is not asked for again, and one that registered and was given nothing is kept.
FRESH, KEPT = 300.0, timedelta(days=1)
MOST_CLIENTS, MOST_KNOWN = 1000, 500
# Schemes by which a browser would run or show what comes with them.
_NEVER = frozenset({"javascript", "data", "file", "vbscript", "blob", "about", "ws", "wss", "ftp"})


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks: its id, the name that it gives itself, and where people may be sent back to."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]

    def takes(self, uri: str) -> bool:
        """Whether people may be sent there: exactly, but for the port of an address on their own machine."""
        return any(
            uri == own or (is_loopback(own) and _portless(uri) == _portless(own))
            for own in self.redirect_uris
        )


class Clients:
    """Finds programs; one instance a process."""

    def __init__(self, store: Store, fetcher: Fetcher) -> None:
        self._store = store
        self._fetcher = fetcher
        self._known: dict[str, tuple[Client, float]] = {}

    async def find(self, client_id: str) -> Client | None:
        """The program with this id; None where there is none. Raises InvalidRequest for a document that is none."""
        if not client_id.startswith(("https://", "http://")):
            return await self._store.read(lambda db: _registered(db, client_id))
        known = self._known.get(client_id)
        if known is not None and clock.monotonic() - known[1] < FRESH:
            return known[0]
        found = await self._fetched(client_id)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[client_id] = (found, clock.monotonic())
        return found

    async def _fetched(self, url: str) -> Client:
        _require_document(url)
        folder = await asyncio.to_thread(tempfile.TemporaryDirectory)
        try:
            place = Path(folder.name) / "client.json"
            fetched = await self._fetcher.fetch(url, place, max_bytes=DOCUMENT_BYTES)
            said = from_json(await asyncio.to_thread(place.read_bytes))
        except (AddressRefused, FetchFailed, ValueError) as error:
            raise _unusable("cannot be had, or is no JSON") from error
        finally:
            await asyncio.to_thread(folder.cleanup)
        if fetched.url != url:
            raise _unusable("leads somewhere else")
        if not isinstance(said, dict) or said.get("client_id") != url:
            raise _unusable("does not name itself as client_id")
        return Client(url, _name(said, urlsplit(url).hostname or ""), _uris(said.get("redirect_uris")))


def register(db: Connection, said: dict[str, Any]) -> Client:
    """Keep a program that registers itself. Raises InvalidRequest, and TooManyRequests where very many have."""
    uris = _uris(said.get("redirect_uris"))
    if db.execute(select(func.count()).select_from(oauth_clients)).scalar_one() >= MOST_CLIENTS:
        raise TooManyRequests(
            "Too many programs have registered lately.",
            next_step="Try again tomorrow, or use a client id metadata document.",
            headers={"Retry-After": "3600"},
        )
    client = Client(new_id("oac"), _name(said, "Unnamed"), uris)
    db.execute(
        insert(oauth_clients).values(
            id=client.id, name=client.name, redirect_uris=list(uris), created_at=clock.now()
        )
    )
    return client


def clean(db: Connection, now: datetime) -> None:
    """Forget programs that registered and were given nothing."""
    used = select(oauth_grants.c.client_id)
    old = oauth_clients.c.created_at < now - KEPT
    db.execute(delete(oauth_clients).where(old, oauth_clients.c.id.not_in(used)))


def is_loopback(uri: str) -> bool:
    """Whether an address is one of the person's own machine."""
    parts = urlsplit(uri)
    if parts.scheme != "http":
        return False
    try:
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _registered(db: Connection, client_id: str) -> Client | None:
    row = db.execute(select(oauth_clients).where(oauth_clients.c.id == client_id)).one_or_none()
    return None if row is None else Client(row.id, row.name, tuple(row.redirect_uris))


def _require_document(url: str) -> None:
    parts = urlsplit(url)
    good = (parts.scheme == "https" or is_loopback(url)) and len(parts.path) > 1
    if not good or parts.fragment or "@" in parts.netloc or len(url) > URI or "/." in parts.path:
        raise _unusable("is no https address with a path")


def _unusable(said: str) -> InvalidRequest:
    hint = "Give the https address of a client id metadata document."
    return InvalidRequest([Problem("client_id", said, hint, "bad_client")])


def _uris(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_URIS or not all(map(_is_uri, value)):
        hint = (
            "Give https addresses, http ones of the person's own machine, or a scheme of the program's own."
        )
        raise InvalidRequest([Problem("redirect_uris", "cannot be used", hint, "bad_redirect")])
    return tuple(value)


def _is_uri(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > URI or not (value.isascii() and value.isprintable()):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    if parts.fragment or " " in value or "\\" in value or parts.scheme in _NEVER or "@" in parts.netloc:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.hostname) and (parts.scheme == "https" or is_loopback(value))
    return bool(parts.scheme) and ("." in parts.scheme or "://" in value)


def _name(said: dict[str, Any], otherwise: str) -> str:
    name = said.get("client_name")
    kept = (
        "".join(each for each in name if each.isprintable())[:NAME].strip() if isinstance(name, str) else ""
    )
    return kept or otherwise


def _portless(uri: str) -> Sequence[str | None]:
    parts = urlsplit(uri)
    return (parts.scheme, parts.hostname, parts.path, parts.query)

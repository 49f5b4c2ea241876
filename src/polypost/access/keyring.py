"""From a secret to its project: one look-up a second for each key in use, however many requests come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, update

from polypost import clock
from polypost.access.keys import digest, well_formed
from polypost.access.service import Principal, project_of
from polypost.access.tables import api_keys, projects
from polypost.errors import Forbidden, StoreUnavailable, Unauthorized
from polypost.storage import Store

FRESH_SECONDS = 1.0
TOUCH_SECONDS = 60.0
CAPACITY = 10_000

_BY_HASH = (
    select(
        projects,
        api_keys.c.id.label("key_id"),
        api_keys.c.scopes,
        api_keys.c.profiles,
        api_keys.c.expires_at,
        api_keys.c.revoked_at,
    )
    .join_from(api_keys, projects, api_keys.c.project_id == projects.c.id)
    .where(api_keys.c.hash == bindparam("hash"))
)
_TOUCH = (
    update(api_keys)
    .where(
        api_keys.c.id == bindparam("key"),
        api_keys.c.project_id == bindparam("project"),
        or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < bindparam("before")),
    )
    .values(last_used_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store said about a hash at `read_at` (monotonic seconds)."""

    principal: Principal
    expires_at: datetime | None
    revoked: bool
    read_at: float


class Keyring:
    """Authenticates API keys; one instance a process, on one event loop."""

    def __init__(self, store: Store, *, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._flights: dict[str, asyncio.Task[_Known | None]] = {}
        self._touched: dict[str, float] = {}
        self._touches: set[asyncio.Task[None]] = set()

    async def authenticate(self, secret: str) -> Principal:
        """Who holds this key.

        Raises Unauthorized for a key that is malformed, unknown, revoked or expired, in the same words;
        Forbidden for a disabled project.
        """
        hashed = digest(secret)
        # Only well-formed keys are ever known.
        if hashed not in self._known and not well_formed(secret):
            raise _unauthorized()
        known = await self._look_up(hashed)
        if known is None or known.revoked or (known.expires_at and known.expires_at <= clock.now()):
            raise _unauthorized()
        if known.principal.project.disabled_at is not None:
            raise Forbidden(
                "This project is disabled.",
                code="project_disabled",
                next_step="Ask the operator of this server to enable it.",
            )
        self._touch(known.principal)
        return known.principal

    async def aclose(self) -> None:
        """Wait for the last-used times that are still being written."""
        await asyncio.gather(*self._touches, *self._flights.values(), return_exceptions=True)

    async def _look_up(self, hashed: str) -> _Known | None:
        known = self._known.get(hashed)
        if known is not None and self._monotonic() - known.read_at < FRESH_SECONDS:
            return known
        flight = self._flights.get(hashed)
        if flight is None:
            flight = self._flights[hashed] = asyncio.create_task(self._read(hashed))
            flight.add_done_callback(lambda _: self._flights.pop(hashed, None))
        # One caller's going away must not take the answer from the others.
        return await asyncio.shield(flight)

    async def _read(self, hashed: str) -> _Known | None:
        # Counted from before the look: what is revoked after it is still refused within a second.
        read_at = self._monotonic()
        row = await self._store.read(lambda db: db.execute(_BY_HASH, {"hash": hashed}).one_or_none())
        if row is None:
            # Unknown keys are not remembered, or strangers could fill the memory.
            self._known.pop(hashed, None)
            return None
        principal = Principal(project_of(row), row.key_id, tuple(row.scopes), tuple(row.profiles or ()))
        if len(self._known) >= CAPACITY:
            self._known.clear()
        known = _Known(principal, row.expires_at, row.revoked_at is not None, read_at)
        self._known[hashed] = known
        return known

    def _touch(self, principal: Principal) -> None:
        now = self._monotonic()
        if now - self._touched.get(principal.key_id, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return
        if len(self._touched) >= CAPACITY:
            self._touched.clear()
        self._touched[principal.key_id] = now
        task = asyncio.create_task(self._write_touch(principal))
        self._touches.add(task)
        task.add_done_callback(self._touches.discard)

    async def _write_touch(self, principal: Principal) -> None:
        at = clock.now()
        values = {
            "key": principal.key_id,
            "project": principal.project.id,
            "at": at,
            "before": at - timedelta(seconds=TOUCH_SECONDS),
        }

        def write(db: Connection) -> None:
            db.execute(_TOUCH, values)

        # A courtesy to whoever looks for unused keys: a store in trouble has more important work.
        with contextlib.suppress(StoreUnavailable):
            await self._store.write(write)


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "The API key is not valid.", next_step="Send a key of your project in the x-access-key header."
    )

"""What readiness asks: each check says whether it is well, and its numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from polypost import clock
from polypost.engine import Engine
from polypost.errors import StoreUnavailable
from polypost.platforms.registry import ending
from polypost.posts import waits
from polypost.storage import Store

Checks = Mapping[str, Callable[[], Awaitable[dict[str, Any]]]]


def checks(store: Store, engine: Engine, resting: Callable[[], Iterable[str]]) -> Checks:
    """The checks of a server, by name; `resting` names the networks, and servers of them, at which nobody answers."""
    return {
        "store": partial(_store, store),
        "worker": partial(_worker, engine),
        "load": partial(_load, store, engine),
        "time": partial(_time, engine),
        "networks": partial(_networks, resting),
    }


async def _store(store: Store) -> dict[str, Any]:
    reason = await store.trouble()
    return {"ok": True} if reason is None else {"ok": False, "reason": reason}


async def _worker(engine: Engine) -> dict[str, Any]:
    if engine.rests is not None:
        return {"ok": False, "held": True, "reason": engine.rests}
    silence = await engine.silence()
    if silence > 30:
        return {"ok": False, "reason": "No worker has been heard for 30 seconds. Start `polypost worker`."}
    return {"ok": True, "lastHeardSeconds": round(silence, 1)}


async def _load(store: Store, engine: Engine) -> dict[str, Any]:
    """Good whatever it says: numbers only, for this address is open to all."""
    try:
        due, since = await store.read(lambda db: waits.overdue(db, clock.now()))
    except StoreUnavailable:
        # The store's own entry says so.
        return {"ok": True, **engine.numbers()}
    return {"ok": True, **engine.numbers(), "overdue": due, "overdueSeconds": round(since, 1)}


async def _networks(resting: Callable[[], Iterable[str]]) -> dict[str, Any]:
    """Good whatever it says: a version that ends soon is a warning, one that is down a fact, and other networks go on."""
    told: dict[str, Any] = {"ok": True}
    if warnings := ending(clock.now().date()):
        told["warnings"] = warnings
    # A server that a user named is nobody else's business.
    if silent := [place for place in resting() if " " not in place]:
        told["notAnswering"] = silent
    return told


async def _time(engine: Engine) -> dict[str, Any]:
    trouble = engine.clock_trouble()
    told: dict[str, Any] = {"now": clock.iso(clock.now()), "tzdata": clock.tzdata_version()}
    return {"ok": True, **told} if trouble is None else {"ok": False, "reason": trouble, **told}

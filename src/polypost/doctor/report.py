"""What `polypost doctor` tells of a store."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from polypost import clock
from polypost.doctor.findings import RULES, Finding, findings
from polypost.engine.clock_sync import ClockSync
from polypost.posts import waits
from polypost.posts.waits import Waiting
from polypost.storage import Invariant, Store


@dataclass(frozen=True, slots=True)
class Report:
    """What does not hold, and what waits for what: that breaks no rule."""

    findings: list[Finding]
    waiting: list[Waiting]


async def report(store: Store, checking: Callable[[str], None] | None = None) -> Report:
    """What does not hold, and what waits; judged by the database's clock where processes share one.

    Each rule looks at one moment of the store, beside whoever writes; `checking` hears of it before.
    """
    wrong = [] if store.dialect == "sqlite" else await _clock(store)
    for rule in RULES:
        if checking is not None:
            checking(f"{rule.id}: {rule.message}")
        wrong += await store.read(partial(_broken, [rule]))
    return Report(wrong, await store.read(lambda db: waits.by_project(db, clock.now())))


def _broken(rules: Sequence[Invariant], db: Connection) -> list[Finding]:
    return findings(db, clock.now(), rules)


async def _clock(store: Store) -> list[Finding]:
    """Set this process's clock by the database's; a finding when it was off."""
    await ClockSync(store).look()
    off = -clock.corrected()
    if not off:
        return []
    where = "ahead of" if off > 0 else "behind"
    said = (
        f"this machine's clock is {abs(off):.1f} s {where} the database's; set both right, for example by NTP. "
        "Polypost corrects it, and beyond a minute its processes here carry out no posts"
    )
    return [Finding("T7", said, (socket.gethostname(),))]

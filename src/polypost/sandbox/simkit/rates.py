"""Rate buckets: fixed windows that begin with the first call, per user or per app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from polypost import clock
from polypost.sandbox.simkit.store import Share, instant_of

ENFORCED = "limits_enforced"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The state of one window after a call; `ok` is False when the call was one too many."""

    limit: int
    remaining: int
    reset: datetime
    ok: bool


class Buckets(Share):
    """The rate buckets of one network; nothing is counted while limits are not enforced."""

    @property
    def enforced(self) -> bool:
        """Whether rate and daily limits hold now."""
        return bool(self._store.setting(ENFORCED, default=True))

    def take(self, name: str, owner: str, *, limit: int, window: timedelta, cost: int = 1) -> Bucket:
        """Count a call of `owner` (a user or app id) against bucket `name`; a refused call is not counted."""
        now = clock.now()
        if not self.enforced:
            return Bucket(limit, limit, now + window, ok=True)
        current = self._row(name, owner)
        used, reset = current if current and current[1] > now else (0, now + window)
        if used + cost > limit:
            return Bucket(limit, 0, reset, ok=False)
        self._store.execute(
            "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)",
            self._platform, name, owner, used + cost, reset.timestamp(),
        )  # fmt: skip
        return Bucket(limit, limit - used - cost, reset, ok=True)

    def look(self, name: str, owner: str, *, limit: int, window: timedelta) -> Bucket:
        """The bucket without counting."""
        now = clock.now()
        current = self._row(name, owner) if self.enforced else None
        used, reset = current if current and current[1] > now else (0, now + window)
        return Bucket(limit, max(0, limit - used), reset, ok=used < limit)

    def _row(self, name: str, owner: str) -> tuple[int, datetime] | None:
        row = self._store.one(
            "SELECT used, reset FROM buckets WHERE platform = ? AND name = ? AND owner = ?",
            self._platform, name, owner,
        )  # fmt: skip
        return None if row is None else (int(row["used"]), instant_of(row["reset"]))

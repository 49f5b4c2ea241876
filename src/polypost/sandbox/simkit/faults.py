"""Trouble on demand: which calls of a network go wrong, and how.

Only the publishing call: `reset_before` (connection reset, nothing stored), `error_before`, `duplicate` (refused as
such), `lost_answer` (stored, connection closed without a byte), `error_after` (stored, 5xx). Any call: `slow` (the
answer comes `seconds` later), `token_dead` (the authorisation that the call came with is revoked for good). Any call
that an access token comes with: `token_expired` (refused as if it had ended; what renews it works), `rate_limited`,
which then holds for the account until `seconds` have passed. Any GET of these: `read_error` (5xx), `read_limited` (as `rate_limited`). Where they apply: `listing_lag` (lists leave out what
is younger than `seconds`), `processing` (media take `seconds` longer).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.simkit.store import Store, instant_of

FAULTS = (
    "slow", "reset_before", "lost_answer", "error_before", "error_after", "rate_limited", "duplicate",
    "listing_lag", "token_dead", "token_expired", "read_error", "read_limited", "processing",
)  # fmt: skip
DEFAULT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. `times` left (None: until removed), `percent` of the calls it could hit, `hits` so far."""

    id: int
    platform: str
    fault: str
    account_id: str | None = None
    times: int | None = None
    percent: float | None = None
    seconds: float | None = None
    hits: int = 0

    @property
    def length(self) -> float:
        """Its seconds, or five."""
        return DEFAULT_SECONDS if self.seconds is None else self.seconds

    def as_dict(self) -> dict[str, Any]:
        """The rule as the control surface shows it."""
        return {
            "id": self.id,
            "platform": self.platform,
            "accountId": self.account_id,
            "fault": self.fault,
            "times": self.times,
            "percent": self.percent,
            "seconds": self.seconds,
            "hits": self.hits,
        }


class Faults:
    """Every network's rules. Kept in memory for speed and in the store so that a restart forgets none."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: list[Fault] = []
        self._lasting: dict[tuple[str, str, str], tuple[int, datetime]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the rules anew."""
        self._lasting = {
            (row["platform"], row["fault"], row["owner"]): (row["rule"], instant_of(row["until"]))
            for row in self._store.all("SELECT * FROM lasting_faults")
        }
        self._rules = [Fault(**dict(row)) for row in self._store.all("SELECT * FROM faults ORDER BY id")]

    def add(
        self,
        platform: str,
        fault: str,
        *,
        account_id: str | None = None,
        times: int | None = None,
        percent: float | None = None,
        seconds: float | None = None,
        own: tuple[str, ...] = (),
    ) -> Fault:
        """A new rule; older ones are asked first. `own` are the network's further faults.

        Raises ValueError for an unknown fault or a number out of range.
        """
        if fault not in (*FAULTS, *own):
            raise ValueError(f"There is no fault {fault!r} here; there are {', '.join((*FAULTS, *own))}.")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1.")
        if percent is not None and not 0 <= percent <= 100:
            raise ValueError("percent must be between 0 and 100.")
        if seconds is not None and seconds < 0:
            raise ValueError("seconds must not be negative.")
        cursor = self._store.execute(
            "INSERT INTO faults (platform, account_id, fault, times, percent, seconds) VALUES (?, ?, ?, ?, ?, ?)",
            platform, account_id, fault, times, percent, seconds,
        )  # fmt: skip
        rule = Fault(cursor.lastrowid or 0, platform, fault, account_id, times, percent, seconds)
        self._rules.append(rule)
        return rule

    def all(self) -> list[Fault]:
        """The rules that may still hit."""
        return [rule for rule in self._rules if rule.times != 0]

    def remove(self, fault_id: int | None = None, *, platform: str | None = None) -> int:
        """Remove one rule, one network's rules, or all; answers how many."""
        gone = [r for r in self._rules if fault_id in (None, r.id) and platform in (None, r.platform)]
        for rule in gone:
            self._store.execute("DELETE FROM faults WHERE id = ?", rule.id)
            self._store.execute("DELETE FROM lasting_faults WHERE rule = ?", rule.id)
            self._rules.remove(rule)
            self._lasting = {key: (by, until) for key, (by, until) in self._lasting.items() if by != rule.id}
        return len(gone)

    def last(self, rule: Fault, owner: str) -> None:
        """Have what a rule has struck hold for `owner`, an account or one kind of its calls, as long as the rule says."""
        until = clock.now() + timedelta(seconds=rule.length)
        self._lasting[rule.platform, rule.fault, owner] = (rule.id, until)
        self._store.execute(
            "INSERT OR REPLACE INTO lasting_faults VALUES (?, ?, ?, ?, ?)",
            rule.platform, rule.fault, owner, rule.id, until.timestamp(),
        )  # fmt: skip

    def left(self, platform: str, fault: str, owner: str) -> float:
        """The seconds for which it still holds for `owner`; 0.0 when it does not."""
        _, until = self._lasting.get((platform, fault, owner), (0, None))
        return 0.0 if until is None else max(0.0, (until - clock.now()).total_seconds())

    def hit(self, platform: str, fault: str, account_id: str | None) -> Fault | None:
        """The first rule that hits this call, counted down; None when the call goes through."""
        for index, rule in enumerate(self._rules):
            if rule.fault != fault or rule.platform != platform or rule.times == 0:
                continue
            if rule.account_id not in (None, account_id):
                continue
            if rule.percent is not None and random.random() * 100 >= rule.percent:  # noqa: S311  # not a secret
                continue
            left = None if rule.times is None else rule.times - 1
            self._rules[index] = replace(rule, times=left, hits=rule.hits + 1)
            self._store.execute("UPDATE faults SET times = ?, hits = hits + 1 WHERE id = ?", left, rule.id)
            return self._rules[index]
        return None

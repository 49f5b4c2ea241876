"""From wall times to instants: when a recurring post goes out, whatever the clocks of its zone do. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from polypost import clock
from polypost.planning.rules import Rule

# A rule that does not match within this time is one that never does, for us.
LOOK = timedelta(days=3660)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a schedule or queue: the wall time, the instant it means, and a note when the clocks were set then."""

    local: datetime
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that begins at the wall time `start` in `zone`."""

    rule: Rule
    start: datetime
    zone: str

    def after(self, instant: datetime, *, until: datetime | None = None) -> Iterator[Occurrence]:
        """The occurrences strictly after `instant`, in order, as far as `until` and never further than `LOOK`."""
        pending: Occurrence | None = None
        for found in self._resolved(instant, until):
            # A day that a zone skipped moves onto the next one; of two at one instant, the real one stays.
            if pending is not None and pending.at < found.at:
                yield pending
            pending = found
        if pending is not None:
            yield pending

    def _resolved(self, instant: datetime, until: datetime | None) -> Iterator[Occurrence]:
        rules = zoneinfo.ZoneInfo(self.zone)
        # A wall clock is never more than a day away from UTC; a jump may add another.
        first = max(instant.astimezone(rules).replace(tzinfo=None) - 2 * _DAY, self.start)
        last = first + LOOK
        if until is not None:
            last = min(last, until.astimezone(rules).replace(tzinfo=None) + 2 * _DAY)
        for day in self.rule.dates(self.start.date(), first.date(), last.date()):
            local = datetime.combine(day, self.start.time())
            found = clock.resolve_local(local, self.zone)
            if self._is_over(local, found.instant) or (until is not None and found.instant > until):
                return
            if found.instant > instant:
                yield Occurrence(local, found.instant, found.note)

    def _is_over(self, local: datetime, at: datetime) -> bool:
        end = self.rule.until
        if end is None:
            return False
        return at > end.replace(tzinfo=UTC) if self.rule.until_utc else local > end

"""The allowances of a day: uploads, searches and units for everything else, per project, until midnight in California."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.limits import COSTS, limit
from polypost.sandbox.simkit import Network, Refused

# Google resets quotas at midnight Pacific time (Quota costs).
PACIFIC = ZoneInfo("America/Los_Angeles")


class Quota:
    """Counts calls by project; a call that is refused for another reason has been counted all the same."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def units(self, project: str, what: str) -> None:
        """Count a call. Raises Refused (403) when the day's units do not suffice."""
        if not self._take("units", project, limit("units_per_day"), COSTS[what]):
            raise Refused(errors.quota_exceeded())

    def upload(self, project: str) -> None:
        """Count a videos.insert. Raises Refused (429) when the day's uploads are used up."""
        if not self._take("video_inserts", project, limit("video_inserts_per_day"), 1):
            raise Refused(errors.uploads_per_day())

    def search(self, project: str) -> None:
        """Count a search.list. Raises Refused (403)."""
        if not self._take("searches", project, limit("searches_per_day"), 1):
            raise Refused(errors.quota_exceeded())

    def _take(self, name: str, project: str, most: int, cost: int) -> bool:
        left = until_midnight(clock.now())
        return self._net.buckets.take(name, project, limit=most, window=left, cost=cost).ok


def until_midnight(now: datetime) -> timedelta:
    """How long the day lasts in California."""
    here = now.astimezone(PACIFIC)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), time(), PACIFIC)
    # Aware arithmetic within one zone ignores its shifts, so the difference is taken in UTC.
    return tomorrow.astimezone(now.tzinfo) - now

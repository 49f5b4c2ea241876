"""Looking for a pin whose answer was lost: the pins of its board since the attempt, compared by what they say.

Pinterest gives no key of our own back, so a match is the same title, text, link and kind of media (R1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from polypost.errors import RateLimited, Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.kit.answers import member, utc
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, or_cannot_tell, unclaimed
from polypost.platforms.pinterest.api import pages, permalink

_MOST_PAGES = 8


@or_cannot_tell(Rejected, RateLimited, Unavailable)
async def look(run: Run, attempt: Attempt) -> Reconciled:
    """Read the board's pins and pick the one that is nearest to the attempt and nobody else's."""
    since = (attempt.started_at - CLOCK_SLACK).replace(microsecond=0)
    handles = attempt.handles
    matches: dict[str, datetime] = {}
    read = 0
    async for page in pages(run, f"/boards/{handles['board']}/pins", most=_MOST_PAGES):
        read += 1
        matches |= {str(pin["id"]): created for pin in page if (created := _is(pin, handles, since))}
        if over(page, since):
            break
    else:
        if read == _MOST_PAGES and not matches:
            return CannotTell("The board has too many pins to look through.")
    free = await unclaimed(run, matches)
    if not free:
        return Absent()
    nearest = min(free, key=lambda number: abs(matches[number] - attempt.started_at))
    return Found(Proof(nearest, permalink(nearest)))


def over(page: Sequence[Mapping[str, Any]], since: datetime) -> bool:
    """Whether what follows can only be older: that holds for a page from newest to oldest, which is not documented."""
    created = [utc(pin.get("created_at")) for pin in page]
    known = [when for when in created if when is not None]
    return bool(known) and known == sorted(known, reverse=True) and len(set(known)) > 1 and known[-1] < since


def _is(pin: Mapping[str, Any], handles: Mapping[str, Any], since: datetime) -> datetime | None:
    """When the pin was made, if it is the one that was sent."""
    # Pinterest writes UTC without saying so.
    created = utc(pin.get("created_at"))
    if created is None or created < since or pin.get("is_owner") is False or not pin.get("id"):
        return None
    if member(pin, "media").get("media_type") not in {None, handles["kind"]}:
        return None
    same = all(essence(pin.get(name)) == essence(handles[name]) for name in ("title", "description"))
    return created if same and _bare(pin.get("link")) == _bare(handles["link"]) else None


def _bare(link: Any) -> str:
    return essence(link).rstrip("/")

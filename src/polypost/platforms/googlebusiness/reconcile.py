"""Looking for a post whose answer was lost: the posts of the location since the attempt, compared by what they say.

Google gives no key of our own back, so a match is the same topic, text, button, event and number of media (R1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from polypost.errors import RateLimited, Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.googlebusiness.api import is_post, pages, posts_of
from polypost.platforms.googlebusiness.spec import SPEC
from polypost.platforms.googlebusiness.status import address
from polypost.platforms.kit.answers import member, utc
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, or_cannot_tell, unclaimed

_MOST_PAGES = 20
_DATE, _TIME = ("year", "month", "day"), ("hours", "minutes", "seconds", "nanos")
_PARTS = {"startDate": _DATE, "startTime": _TIME, "endDate": _DATE, "endTime": _TIME}


def handles(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a post will be known by: compared with what the location's list holds."""
    return {"post": _essence(body)}


@or_cannot_tell(Rejected, RateLimited, Unavailable)
async def look(run: Run, attempt: Attempt) -> Reconciled:
    """Read the location's posts and pick the one that is nearest to the attempt and nobody else's."""
    since = (attempt.started_at - CLOCK_SLACK).replace(microsecond=0)
    matches: dict[str, tuple[datetime, str | None]] = {}
    read, size = 0, str(SPEC.limit("posts_page_size_max"))
    # The order of the list is not documented, so it is read to its end.
    async for page in pages(run, posts_of(run.account.id), "localPosts", most=_MOST_PAGES, pageSize=size):
        read += 1
        for post in page:
            created = utc(post.get("createTime"))
            same = created is not None and created >= since and _essence(post) == attempt.handles["post"]
            if created is not None and same and is_post(post.get("name")):
                matches[str(post["name"])] = (created, address(post))
        full = len(page) > 0
    free = await unclaimed(run, matches)
    if not free:
        if read == _MOST_PAGES and full:
            return CannotTell("The location has too many posts to look through.")
        return Absent()
    nearest = min(free, key=lambda name: abs(matches[name][0] - attempt.started_at))
    return Found(Proof(nearest, matches[nearest][1] or run.account.profile_url))


def _essence(post: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a post itself; zeros that answers leave out are zeros, and media are only counted."""
    button, event = member(post, "callToAction"), member(post, "event")
    schedule = member(event, "schedule")
    times = {name: [member(schedule, name).get(part, 0) for part in parts] for name, parts in _PARTS.items()}
    media = post.get("media")
    return {
        "topic": post.get("topicType"),
        "summary": essence(post.get("summary")),
        "action": essence(button.get("actionType")),
        "url": essence(button.get("url")).rstrip("/"),
        "title": essence(event.get("title")),
        "schedule": times,
        "coupon": essence(member(post, "offer").get("couponCode")),
        "media": len(media) if isinstance(media, list) else 0,
    }

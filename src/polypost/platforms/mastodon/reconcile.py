"""Looking for a post whose answer was lost: own posts since the attempt, compared by what was written (R1).

The list narrows them down by time, app, parent and number of media; what was written comes from `/source`, because the
list has HTML alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.kit.answers import utc
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, or_cannot_tell, unclaimed
from polypost.platforms.mastodon.api import call, send, server_of, web_address

_PAGE = 40
_MOST_PAGES = 10
# Each is read by a call of its own, of which a token has 300 in five minutes.
_MOST_READ = 40


@or_cannot_tell(Rejected, Unavailable)
async def look(run: Run, attempt: Attempt) -> Reconciled:
    """Read the account's posts since the attempt and pick the oldest that is it and nobody else's."""
    since = (attempt.started_at - CLOCK_SLACK).replace(microsecond=0)
    likely: dict[str, Mapping[str, Any]] = {}
    below: str | None = None
    for _ in range(_MOST_PAGES):
        page = await _page(run, below)
        if page is None:
            return CannotTell("The server did not list the account's posts.")
        likely |= {str(post["id"]): post for post in page if _may_be(post, run, attempt, since)}
        if len(page) < _PAGE or created(page[-1]) < since:
            break
        below = str(page[-1].get("id"))
    else:
        return CannotTell("The account has too many posts since then to look through.")
    free = sorted(await unclaimed(run, likely), key=lambda each: created(likely[each]))
    if len(free) > _MOST_READ:
        return CannotTell("The account has too many posts like this one to read them all.")
    for number in free:
        source = await call(run, "GET", f"/api/v1/statuses/{number}/source")
        if written(source.get("spoiler_text"), source.get("text")) == written(
            attempt.handles.get("spoiler"), attempt.handles.get("text")
        ):
            return Found(Proof(number, page_of(likely[number])))
    return Absent()


async def _page(run: Run, below: str | None) -> list[Mapping[str, Any]] | None:
    params = {"limit": str(_PAGE), "exclude_reblogs": "true", **({"max_id": below} if below else {})}
    number = run.account.id.removesuffix(f"@{server_of(run)}")
    answer = await send(run, "GET", f"/api/v1/accounts/{number}/statuses", params=params)
    try:
        body = answer.json()
    except ValueError:
        return None
    return [each for each in body if isinstance(each, Mapping)] if isinstance(body, list) else None


def _may_be(post: Mapping[str, Any], run: Run, attempt: Attempt, since: datetime) -> bool:
    handles = attempt.handles
    app, ours = post.get("application"), run.extra.get("application")
    # The app is shown for one's own posts; where it is missing it tells nothing.
    other_app = isinstance(app, Mapping) and isinstance(ours, str) and app.get("name") != ours
    return (
        bool(post.get("id"))
        and not other_app
        and created(post) >= since
        and post.get("in_reply_to_id") == handles.get("reply_to")
        and len(list(_media(post))) == handles.get("media", 0)
        and bool(post.get("poll")) == bool(handles.get("poll"))
    )


def _media(post: Mapping[str, Any]) -> Iterator[Any]:
    attached = post.get("media_attachments")
    return iter(attached if isinstance(attached, list) else ())


def created(post: Mapping[str, Any]) -> datetime:
    """When a post was made; long ago where that cannot be read."""
    return utc(post.get("created_at")) or datetime(1970, 1, 1, tzinfo=UTC)


def written(spoiler: Any, text: Any) -> str:
    """What a reader sees, as compared: servers trim, recombine, and make a warning without text the text."""
    parts = [each for each in (spoiler, text) if isinstance(each, str)]
    return essence(" ".join(parts))


def page_of(status: Mapping[str, Any]) -> str | None:
    """The address of a post on the web."""
    return web_address(status.get("url")) or web_address(status.get("uri"))

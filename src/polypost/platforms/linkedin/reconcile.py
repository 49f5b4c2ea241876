"""Looking for a post whose answer was lost: the one that a refusal named, then the account's own since the attempt.

LinkedIn gives no key of our own back, so a match is the same author, text and number of media (RELIABILITY R1). URNs
in refusals are looked at before they are believed: some name posts that nobody can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from httpx2 import Response

from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled, Run
from polypost.platforms.kit.answers import member, objects, parsed, whole
from polypost.platforms.kit.matching import CLOCK_SLACK, essence, unclaimed
from polypost.platforms.linkedin.api import ask, encoded, permalink
from polypost.platforms.linkedin.errors import POST_URN, ErrorBody, error_for
from polypost.platforms.linkedin.text import plain

_PAGE = 100
_MOST_PAGES = 10


async def look(run: Run, attempt: Attempt) -> Reconciled:
    """The named post if it is ours, else the oldest of the account's posts that is it and nobody else's."""
    since = attempt.started_at - CLOCK_SLACK
    named = await _named(run, attempt, since)
    if named is not None:
        return Found(Proof(named, permalink(named)))
    matches: dict[str, int] = {}
    for page in range(_MOST_PAGES):
        records = await _page(run, page * _PAGE)
        if isinstance(records, CannotTell):
            return records
        ours = (record for record in records if _is(run, record, attempt, since))
        matches |= {record["id"]: _created(record) for record in ours}
        # Whatever is listed after one that was last changed before the attempt was made before it, too.
        if len(records) < _PAGE or whole(records[-1].get("lastModifiedAt")) < _stamp(since):
            break
    else:
        return CannotTell("The account has too many posts since then to look through.")
    free = await unclaimed(run, matches)
    oldest = min(free, key=lambda urn: (matches[urn], urn), default="")
    return Found(Proof(oldest, permalink(oldest))) if oldest else Absent()


async def _named(run: Run, attempt: Attempt, since: datetime) -> str | None:
    """The post that the refusal named, when it is there, is ours, and belongs to no other target."""
    found = POST_URN.search(attempt.refusal)
    if found is None:
        return None
    answer = await _ask(run, f"/rest/posts/{encoded(found[0])}")
    record = parsed(answer) if answer.is_success else {}
    if not _is(run, record, attempt, since) or await run.linked([found[0], str(record["id"])]):
        return None
    return str(record["id"])


async def _page(run: Run, start: int) -> list[Mapping[str, Any]] | CannotTell:
    """Posts of the account, the last changed first."""
    params = {
        "q": "author",
        "author": run.account.id,
        "start": str(start),
        "count": str(_PAGE),
        "sortBy": "LAST_MODIFIED",
    }
    answer = await _ask(run, "/rest/posts", verb="FINDER", params=params)
    elements = parsed(answer).get("elements") if answer.is_success else None
    if not isinstance(elements, list):
        return CannotTell(f"LinkedIn did not list the account's posts. {ErrorBody.of(answer)}")
    return objects(elements)


async def _ask(run: Run, path: str, **request: Any) -> Response:
    """A read. Raises TokenExpired and RateLimited, which a new token or time can cure; other refusals are answers."""
    answer = await ask(run, "GET", path, **request)
    if answer.status_code in {401, 429}:
        raise error_for(answer, run.now())
    return answer


def _is(run: Run, record: Mapping[str, Any], attempt: Attempt, since: datetime) -> bool:
    urn, written = record.get("id"), record.get("commentary")
    ours = isinstance(urn, str) and POST_URN.fullmatch(urn) and record.get("author") == run.account.id
    if not ours or _created(record) < _stamp(since):
        return False
    text = plain(written) if isinstance(written, str) else ""
    handles = attempt.handles
    same_text = essence(text) == essence(str(handles.get("text", "")))
    return same_text and sum(1 for _ in _media(record)) == handles.get("media", 0)


def _media(record: Mapping[str, Any]) -> Iterator[Any]:
    content = member(record, "content")
    several = content.get("multiImage")
    if isinstance(several, Mapping):
        yield from several.get("images") or ()
    elif content.get("media"):
        yield content["media"]


def _created(record: Mapping[str, Any]) -> int:
    return whole(record.get("publishedAt")) or whole(record.get("createdAt"))


def _stamp(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp() * 1000)

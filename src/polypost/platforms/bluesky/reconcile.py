"""Looking for a post whose key is not known, because it was due at another time when it went out."""

from __future__ import annotations

from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Reconciled, Run
from polypost.platforms.bluesky import writing
from polypost.platforms.bluesky.errors import error_for
from polypost.platforms.bluesky.record import earliest_key
from polypost.platforms.bluesky.xrpc import POST, ask, home, place_of
from polypost.platforms.kit.answers import member, objects, parsed, text, utc
from polypost.platforms.kit.matching import CLOCK_SLACK, TOO_MANY, essence, unclaimed

_PAGE, _MOST_PAGES = 100, 10


async def by_text(run: Run, attempt: Attempt) -> Reconciled:
    """The oldest record since the attempt that says the same and is nobody else's yet (R1)."""
    wanted, since = essence(attempt.handles["text"]), attempt.started_at - CLOCK_SLACK
    if not wanted:
        # Without a text there is nothing to be known by but the key.
        return Absent()
    found: list[str] = []
    first, cursor = earliest_key(since), ""
    for _ in range(_MOST_PAGES):
        params = {"repo": run.account.id, "collection": POST, "limit": str(_PAGE)}
        more = {"cursor": cursor} if cursor else {}
        answer = await ask(run.http, home(run.extra), "com.atproto.repo.listRecords", params | more)
        body = parsed(answer)
        if not answer.is_success or not isinstance(body.get("records"), list):
            raise error_for(answer, run.now())
        records = objects(body["records"])
        for record in records:
            value, made = member(record, "value"), utc(member(record, "value").get("createdAt"))
            if made is not None and made >= since and essence(value.get("text")) == wanted:
                found.append(str(record.get("uri")))
        cursor = text(body.get("cursor")) or ""
        # Newest keys first, and a key tells when its post was due or made.
        if not cursor or not records or place_of(str(records[-1].get("uri")))[1] < first:
            break
    else:
        return CannotTell(TOO_MANY)
    free = await unclaimed(run, found)
    return Found(writing.proof_of(run, place_of(free[-1])[1])) if free else Absent()

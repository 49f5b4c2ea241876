"""How Bluesky counts what a post brought: posts by their addresses, and the account's feed.

`likeCount`, `replyCount`, `repostCount` and `bookmarkCount`; nobody counts how often a post was seen. Lexicons
app.bsky.feed.getPosts, getAuthorFeed and defs of 20 August 2026, read 2026-11-24. Both are open to everybody, so that
no token is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.bluesky.errors import error_for
from polypost.platforms.bluesky.spec import APP_VIEW
from polypost.platforms.bluesky.xrpc import POST, ask, permalink, place_of
from polypost.platforms.kit.answers import count, member, objects, parsed, text, utc, word

_BATCH, _PAGE, _MOST_PAGES = 25, 100, 20
_URI = re.compile(rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/{re.escape(POST)}/[A-Za-z0-9._~:-]{{1,512}}")

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for Bluesky."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's posts, 25 at a time; strangers' posts are left out."""
        uris = list(dict.fromkeys(proof.id for proof in proofs if _is_own(session, proof.id)))
        figures: dict[str, Metrics] = {}
        for start in range(0, len(uris), _BATCH):
            params = {"uris": uris[start : start + _BATCH]}
            shown, _ = await _read(session, "app.bsky.feed.getPosts", params, "posts")
            figures |= {str(post.get("uri")): _metrics(post) for post in shown if post.get("uri") in uris}
        return figures

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts without its replies and reposts, among the newest 2,000 entries of its feed."""
        params = {
            "actor": session.account.id,
            "limit": str(_PAGE),
            "filter": "posts_no_replies",
        }
        found: list[Measured] = []
        for _ in range(_MOST_PAGES):
            feed, cursor = await _read(session, "app.bsky.feed.getAuthorFeed", params, "feed")
            listed = [each for entry in feed if (each := _entry(session, entry))]
            found += [each for each in listed if since <= _at(each) <= until]
            past = bool(listed) and _at(listed[-1]) < since
            if len(found) >= most or past or not cursor:
                break
            params["cursor"] = cursor
        return found[:most]


async def _read(
    session: Session, name: str, params: Mapping[str, Any], called: str
) -> tuple[list[Found], str]:
    """The list under `called` and what asks for more of it, "" at the end."""
    answer = await ask(session.http, APP_VIEW, name, params)
    body = parsed(answer) if answer.is_success else {}
    listed, cursor = body.get(called), body.get("cursor")
    if not isinstance(listed, list):
        raise error_for(answer, session.now())
    return objects(listed), text(cursor) or ""


def _is_own(session: Session, uri: Any) -> bool:
    named = _URI.fullmatch(uri) if isinstance(uri, str) else None
    return named is not None and named[1] == session.account.id


def _entry(session: Session, entry: Found) -> Measured | None:
    """A post of the feed; what stands there for a reason, as a repost does, was made by somebody or at another time."""
    post = entry.get("post")
    if "reason" in entry or not isinstance(post, Mapping) or not _is_own(session, post.get("uri")):
        return None
    uri, record = str(post["uri"]), member(post, "record")
    # Whoever writes a record chooses its time, which counts as far as it is not later than the app saw it.
    times = [each for each in (utc(record.get("createdAt")), utc(post.get("indexedAt"))) if each]
    url = permalink(*place_of(uri))
    return Measured(Proof(uri, url), word(record.get("text")), min(times, default=None), _metrics(post))


def _metrics(post: Found) -> Metrics:
    return Metrics(
        likes=count(post, "likeCount"),
        comments=count(post, "replyCount"),
        shares=count(post, "repostCount"),
        saves=count(post, "bookmarkCount"),
    )


def _at(post: Measured) -> datetime:
    """When a post was made; long ago where that cannot be read."""
    return post.published_at or datetime(1970, 1, 1, tzinfo=UTC)

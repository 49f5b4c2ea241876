"""How Reddit counts what a post brought: things by their full names, and the account's submissions.

`ups` (blurred by Reddit on purpose), `num_comments`, `num_crossposts`, and `view_count`, which is null as a rule; nobody
counts how often a post was seen. Reddit API documentation, `/api/info`, and answers that open clients keep; read
2026-11-24. Needs the scopes `read` and, for the list, `history`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from polypost.errors import ReconnectRequired, TokenExpired, Unavailable
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count, member, paragraphs
from polypost.platforms.reddit.api import get
from polypost.platforms.reddit.reconcile import created, listed, proof_of

_BATCH, _MOST_PAGES = 100, 10
_ID = re.compile(r"[0-9a-z]{1,13}", re.ASCII)
_DELETED = "deleted"

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for Reddit."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's posts, 100 at a time; strangers' and deleted posts are left out."""
        ids = list(dict.fromkeys(proof.id for proof in proofs if _ID.fullmatch(proof.id)))
        figures: dict[str, Metrics] = {}
        for start in range(0, len(ids), _BATCH):
            names = ",".join(f"t3_{each}" for each in ids[start : start + _BATCH])
            for post in await _info(session, names):
                if _is_own(session, post):
                    figures[str(post["id"])] = _metrics(post)
        return figures

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts among its newest 1,000, which is all that Reddit lists."""
        if not session.account.username:
            raise Unavailable("The account's name is not known, so its posts cannot be listed.")
        found: list[Measured] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            try:
                posts, after = await listed(session, after)
            except ReconnectRequired as refused:
                raise _named(refused, "history") from refused
            times = [created(post) for post in posts]
            found += [
                _measured(post)
                for post, at in zip(posts, times, strict=True)
                if _is_own(session, post) and int(since.timestamp()) <= at <= until.timestamp()
            ]
            if len(found) >= most or after is None or (times and times[-1] < int(since.timestamp())):
                break
        return found[:most]


async def _info(session: Session, names: str) -> list[Found]:
    try:
        body = await get(session, "/api/info", id=names)
    except ReconnectRequired as refused:
        raise _named(refused, "read") from refused
    children = member(body, "data").get("children")
    if not isinstance(children, list):
        raise Unavailable("Reddit did not list the posts.")
    return [thing for child in children if (thing := member(child, "data")).get("id")]


def _named(refused: ReconnectRequired, scope: str) -> ReconnectRequired:
    """The refusal with the scope's name, which Reddit keeps to itself; a token that has ended stays what it is."""
    if isinstance(refused, TokenExpired):
        return refused
    return ReconnectRequired(f"{refused.message} It lacks the scope {scope}.", reason=refused.reason)


def _is_own(session: Session, post: Found) -> bool:
    # The author of a deleted post is hidden, the account's number may still be shown.
    gone = post.get("removed_by_category") == _DELETED or post.get("author") == "[deleted]"
    return not gone and post.get("author_fullname") == f"t2_{session.account.id}"


def _metrics(post: Found) -> Metrics:
    return Metrics(
        likes=count(post, "ups"),
        comments=count(post, "num_comments"),
        shares=count(post, "num_crossposts"),
        views=count(post, "view_count"),
    )


def _measured(post: Found) -> Measured:
    text = paragraphs(post.get("title"), post.get("selftext"))
    return Measured(proof_of(post), text, datetime.fromtimestamp(created(post), UTC), _metrics(post))

"""How a Mastodon server counts what a post brought: posts by their ids, and the account's own list.

`favourites_count`, `reblogs_count` and `replies_count` of the status; what happens on servers that do not tell this one
is missing in them, and nobody counts how often a post was seen. Mastodon documentation, Status entity, read 2026-11-24.
Servers since 4.3 give 20 posts at once and refuse more (statuses_controller.rb of 4.5, read 2026-11-25).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from polypost.errors import Unavailable
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof, Session
from polypost.platforms.kit.answers import count
from polypost.platforms.mastodon.api import call, send, server_of
from polypost.platforms.mastodon.errors import Missing
from polypost.platforms.mastodon.reconcile import created, page_of
from polypost.platforms.mastodon.server import api_version

_BATCH, _PAGE, _MOST_PAGES = 20, 40, 25
# The first version of the API with several posts in one call, that of Mastodon 4.3.
_SEVERAL_SINCE = 2
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Found = Mapping[str, Any]


class PostMetrics:
    """`MetricsSource` for Mastodon."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of the account's posts, 20 at a time where the server can; strangers' posts are left out."""
        ids = list(dict.fromkeys(proof.id for proof in proofs if _ID.fullmatch(proof.id)))
        if (api_version(session.account) or 0) >= _SEVERAL_SINCE:
            batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
            found = [post for batch in batches for post in await _several(session, batch)]
        else:
            found = [post for number in ids if (post := await _one(session, number))]
        return {str(post["id"]): _metrics(post) for post in found if _is_own(session, post)}

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts without its replies and boosts, among its newest 1,000."""
        params = {"limit": str(_PAGE), "exclude_reblogs": "true", "exclude_replies": "true"}
        path = f"/api/v1/accounts/{_number(session)}/statuses"
        found: list[Measured] = []
        for _ in range(_MOST_PAGES):
            page = _statuses(await send(session, "GET", path, params=params))
            # Answers to oneself are the later parts of threads, which the server lists all the same.
            own = [each for each in page if _is_own(session, each) and each.get("in_reply_to_id") is None]
            found += [_measured(each) for each in own if since <= created(each) <= until]
            if len(found) >= most or not page or created(page[-1]) < since:
                break
            params["max_id"] = str(page[-1].get("id"))
        return found[:most]


async def _several(session: Session, ids: Sequence[str]) -> list[Found]:
    return _statuses(await send(session, "GET", "/api/v1/statuses", params={"id[]": list(ids)}))


async def _one(session: Session, number: str) -> Found | None:
    try:
        return await call(session, "GET", f"/api/v1/statuses/{number}")
    except Missing:
        return None


def _statuses(answer: Any) -> list[Found]:
    try:
        body = answer.json()
    except ValueError as unreadable:
        raise Unavailable("The server answered with something that is not JSON.") from unreadable
    if not isinstance(body, list):
        raise Unavailable("The server did not list the posts.")
    return [each for each in body if isinstance(each, Mapping) and each.get("id")]


def _number(session: Session) -> str:
    """The account's id on its server."""
    return session.account.id.removesuffix(f"@{server_of(session)}")


def _is_own(session: Session, status: Found) -> bool:
    author = status.get("account")
    own = isinstance(author, Mapping) and str(author.get("id")) == _number(session)
    return own and bool(status.get("id")) and status.get("reblog") is None


def _metrics(status: Found) -> Metrics:
    return Metrics(
        likes=count(status, "favourites_count"),
        comments=count(status, "replies_count"),
        shares=count(status, "reblogs_count"),
    )


def _measured(status: Found) -> Measured:
    content = status.get("content")
    text = _plain(content) if isinstance(content, str) else ""
    return Measured(
        Proof(str(status["id"]), page_of(status)), text or None, created(status), _metrics(status)
    )


class _Reader(HTMLParser):
    """What a reader sees of a post's HTML: its text, with paragraphs and lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag == "p" and self.parts:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _plain(content: str) -> str:
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return "".join(reader.parts).strip()

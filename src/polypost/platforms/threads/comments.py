"""Replies to an account's posts, and its replies to others'.

Meta for Developers, Threads API: Retrieve and Respond to Replies; Meta's Postman collection; read 2026-11-24. Reading
needs threads_read_replies, writing threads_content_publish. A comment is a post of its own: prepared, then published.
Others' replies can be hidden, never deleted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from polypost.errors import NotThere, Rejected, Unavailable
from polypost.platforms.abilities import Comment, Person, Slice
from polypost.platforms.base import Session
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.families.meta.graph import identity, listed, next_cursor
from polypost.platforms.families.meta.insights import side_by_side
from polypost.platforms.families.meta.posts import speaking_of
from polypost.platforms.kit.answers import instant, text
from polypost.platforms.threads.graph import Graph
from polypost.platforms.threads.graph_errors import NotReady
from polypost.platforms.threads.spec import SPEC
from polypost.platforms.threads.text import threads_length

_ID = re.compile(r"\d{1,40}", re.ASCII)
_FIELDS = "id,text,timestamp,username,hide_status,has_replies"
_SHOWN = frozenset({"NOT_HUSHED", "UNHUSHED"})
# How often and after how many seconds one asks again for what Threads does not find or has not finished yet.
TRIES, PAUSE = 4, 2.0


class ThreadsComments:
    """What the connector can do with replies."""

    async def comments(
        self, session: Session, post_id: str, *, limit: int, after: str | None
    ) -> Slice[Comment]:
        """Replies to a post with the first replies to each, newest first. Raises NotThere."""
        graph = Graph(session)
        more = {} if after is None else {"after": after}
        with _speaking_of("post", "threads_read_replies"):
            body = await graph.get(
                f"{_whole(post_id)}/replies", fields=_FIELDS, reverse="true", limit=str(limit), **more
            )

        async def whole(row: Mapping[str, Any]) -> Comment:
            answers = await _answers(graph, row) if row.get("has_replies") is True else []
            return replace(_comment(row), replies=answers)

        return Slice(await side_by_side(listed(body), whole), next_cursor(body))

    async def comment(
        self, session: Session, text: str, *, post_id: str | None, comment_id: str | None
    ) -> str:
        """Reply. Raises NotThere."""
        if threads_length(text) > (most := SPEC.limit("text_characters")):
            raise Rejected(f"A reply on Threads has at most {most} characters.", code="too_long")
        graph, about = Graph(session), _whole(comment_id or post_id or "")
        with _speaking_of("comment" if comment_id else "post", "threads_content_publish"):
            container = await _prepared(graph, about, text)
            return await _published(graph, container)


async def _answers(graph: Graph, row: Mapping[str, Any]) -> list[Comment]:
    try:
        # A conversation is read from its beginning, as the other networks show it.
        body = await graph.get(f"{_whole(identity(row) or '')}/replies", fields=_FIELDS, reverse="false")
    except Gone:
        # Taken back since the list was made, and its replies with it.
        return []
    return [_comment(each) for each in listed(body)]


async def _prepared(graph: Graph, about: str, text: str) -> str:
    """The container of a reply, which nobody sees. Raises Gone when there is nothing to reply to."""
    account = graph.session.account.id
    fields = {"media_type": "TEXT", "text": text, "reply_to_id": about}
    for left in reversed(range(TRIES)):
        try:
            made = identity(await graph.post(f"{account}/threads", fields))
        except Gone:
            # A post that is just out cannot be replied to at once; one that cannot be read either is not there.
            await graph.get(about, fields="id")
            if not left:
                raise
        else:
            if made is None:
                raise Unavailable("Threads answered without naming what it prepared.")
            return made
        await asyncio.sleep(PAUSE)
    raise AssertionError("the last try returns or raises")


async def _published(graph: Graph, container: str) -> str:
    """The id of the reply; asked once more only where Threads says that it was too soon."""
    for left in reversed(range(TRIES)):
        try:
            return await graph.publish(container)
        except NotReady as early:
            if not left:
                raise Unavailable(f"{early} Nothing was published.") from early
        await asyncio.sleep(PAUSE)
    raise AssertionError("the last try returns or raises")


def _speaking_of(what: str, permission: str) -> AbstractContextManager[None]:
    others = "and for posts of others with threads_manage_replies (POLYPOST_THREADS_SCOPES)."
    return speaking_of("Threads", what, f"Connect the account again with {permission}, {others}")


def _whole(node: str) -> str:
    """An id that may stand in an address. Raises NotThere for what cannot be one."""
    if not _ID.fullmatch(node):
        raise NotThere("Ids on Threads are numbers.")
    return node


def _comment(row: Mapping[str, Any]) -> Comment:
    name, status = text(row.get("username")), text(row.get("hide_status"))
    return Comment(
        id=identity(row) or "",
        text=text(row.get("text")),
        # Threads tells the name of whoever replied, and no id.
        author=Person(None, username=name) if name else None,
        at=instant(row.get("timestamp")),
        hidden=None if status is None else status not in _SHOWN,
    )

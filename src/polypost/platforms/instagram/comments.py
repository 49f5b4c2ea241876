"""Comments under an account's media.

Meta for Developers, Instagram Platform: Comment Moderation, IG Media Comments, IG Comment Replies; facebook-business
26.0.3; read 2026-11-24. All of it needs instagram_business_manage_comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polypost.errors import NotThere
from polypost.platforms.abilities import Comment, Slice
from polypost.platforms.base import Session
from polypost.platforms.families.meta.graph import listed, next_cursor
from polypost.platforms.families.meta.posts import remove_comment
from polypost.platforms.instagram import reading
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.reading import speaking_of
from polypost.platforms.kit.answers import text

PERMISSION = "instagram_business_manage_comments"
_ID = re.compile(r"\d{1,40}", re.ASCII)
_SHOWN = "id,text,timestamp,username,from,like_count"
_FIELDS = f"{_SHOWN},hidden,replies{{{_SHOWN}}}"


class InstagramComments:
    """What the connector can do with comments."""

    async def comments(
        self, session: Session, post_id: str, *, limit: int, after: str | None
    ) -> Slice[Comment]:
        """Comments on a medium with the answers to each, newest first, at most 50 at once. Raises NotThere."""
        more = {} if after is None else {"after": after}
        with speaking_of("post", PERMISSION):
            body = await Graph(session).get(
                f"{_whole(post_id)}/comments", fields=_FIELDS, limit=str(limit), **more
            )
        return Slice([_comment(row) for row in listed(body)], next_cursor(body))

    async def comment(
        self, session: Session, text: str, *, post_id: str | None, comment_id: str | None
    ) -> str:
        """Write under a medium, or answer a comment; an answer to an answer stands beside it. Raises NotThere."""
        edge = f"{_whole(comment_id)}/replies" if comment_id else f"{_whole(post_id or '')}/comments"
        with speaking_of("comment" if comment_id else "post", PERMISSION):
            # Nothing but the message: with `fields` the answer is an error although the comment is made.
            return await Graph(session).publish(edge, {"message": text})

    async def remove_comment(self, session: Session, comment_id: str) -> None:
        """Delete a comment with the answers to it. Raises NotThere."""
        refused = "Instagram does not let this account delete the comment."
        with speaking_of("comment", PERMISSION):
            # The call that deletes takes media too; of all objects only comments have a text.
            await remove_comment(Graph(session), _whole(comment_id), "text", refused)

    async def hide_comment(self, session: Session, comment_id: str, *, hidden: bool) -> None:
        """Hide a comment, or show it again; its writer still sees it. Raises NotThere."""
        with speaking_of("comment", PERMISSION):
            await Graph(session).post(_whole(comment_id), {"hide": "true" if hidden else "false"})


def _whole(node: str) -> str:
    """An id that may stand in an address. Raises NotThere for what cannot be one."""
    if not _ID.fullmatch(node):
        raise NotThere("Ids of posts and comments on Instagram are numbers.")
    return node


def _comment(row: Mapping[str, Any], *, deep: bool = True) -> Comment:
    likes, hidden = row.get("like_count"), row.get("hidden")
    answers = [_comment(each, deep=False) for each in listed(row.get("replies"))]
    return Comment(
        id=str(row.get("id", "")),
        text=text(row.get("text")),
        author=reading.person(row.get("from"), row.get("username")),
        at=reading.instant(row.get("timestamp")),
        likes=likes if isinstance(likes, int) else None,
        hidden=hidden if isinstance(hidden, bool) else None,
        replies=answers if deep else None,
    )

"""Comments under a Page's posts, spoken as the Page.

Meta for Developers, Graph API: Object Comments and Comment; facebook-business 26.0.3; read 2026-11-24. Reading what
others wrote needs pages_read_user_content, writing and deleting pages_manage_engagement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from polypost.errors import NotThere, OutcomeUnknown, Rejected
from polypost.platforms.abilities import Comment, Person, Slice
from polypost.platforms.base import Session
from polypost.platforms.facebook.graph import Graph
from polypost.platforms.facebook.graph_errors import Nowhere
from polypost.platforms.facebook.spec import SPEC
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.families.meta.graph import listed, next_cursor
from polypost.platforms.families.meta.posts import remove_comment, speaking_of
from polypost.platforms.kit.answers import instant, text

_ID = re.compile(r"\d{1,40}(?:_\d{1,40})?", re.ASCII)
_SHOWN = "id,message,created_time,from,like_count"
_FIELDS = f"{_SHOWN},is_hidden,comments.limit(50){{{_SHOWN}}}"


class FacebookComments:
    """What the connector can do with comments."""

    async def comments(
        self, session: Session, post_id: str, *, limit: int, after: str | None
    ) -> Slice[Comment]:
        """Comments on a post with the first fifty answers to each, oldest first. Raises NotThere."""
        more = {} if after is None else {"after": after}
        with _speaking_of("post", "pages_read_user_content"):
            body = await Graph(session).get(
                f"{_whole(post_id)}/comments",
                fields=_FIELDS,
                filter="toplevel",
                order="chronological",
                limit=str(limit),
                **more,
            )
        return Slice([_comment(row) for row in listed(body)], next_cursor(body))

    async def comment(
        self, session: Session, text: str, *, post_id: str | None, comment_id: str | None
    ) -> str:
        """Write as the Page. Raises NotThere."""
        if len(text) > (most := SPEC.limit("comment_characters")):
            raise Rejected(f"A comment on Facebook has at most {most:,} characters.", code="too_long")
        about = comment_id or post_id or ""
        with _speaking_of("comment" if comment_id else "post", "pages_manage_engagement"):
            body = await Graph(session).publish(f"{_whole(about)}/comments", {"message": text})
        made = body.get("id")
        if not isinstance(made, str) or not made:
            raise OutcomeUnknown("Facebook took the comment without naming it.")
        return made

    async def remove_comment(self, session: Session, comment_id: str) -> None:
        """Delete a comment with the answers to it. Raises NotThere."""
        refused = "Facebook does not let the Page delete this comment."
        with _speaking_of("comment", "pages_manage_engagement"):
            # The call that deletes takes any object's id; only comments have this field.
            await remove_comment(Graph(session), _whole(comment_id), "can_remove", refused)


def _speaking_of(what: str, permission: str) -> AbstractContextManager[None]:
    again = (
        f"Connect the Page again with {permission}, which the app has to ask for (POLYPOST_FACEBOOK_SCOPES)."
    )
    return speaking_of("Facebook", what, again, who="Page", gone=(Gone, Nowhere))


def _whole(node: str) -> str:
    """An id that may stand in an address. Raises NotThere for what cannot be one."""
    if not _ID.fullmatch(node):
        raise NotThere("Ids on Facebook are numbers, or two with an underscore between them.")
    return node


def _comment(row: Mapping[str, Any], *, deep: bool = True) -> Comment:
    answers = [_comment(each, deep=False) for each in listed(row.get("comments"))]
    hidden = row.get("is_hidden")
    return Comment(
        id=str(row.get("id", "")),
        text=text(row.get("message")),
        author=_person(row.get("from")),
        at=instant(row.get("created_time")),
        likes=row["like_count"] if isinstance(row.get("like_count"), int) else None,
        hidden=hidden if isinstance(hidden, bool) else None,
        replies=answers if deep else None,
    )


def _person(said: Any) -> Person | None:
    if not isinstance(said, Mapping):
        return None
    return Person(text(said.get("id")), name=text(said.get("name")))

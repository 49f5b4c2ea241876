"""`/v1/comments`: what people say under the posts of connected accounts, and what the accounts say there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.submitter import submitter
from polypost.api.openapi.documented import Shape, documented
from polypost.api.routes.conversation import PersonShape, person, written
from polypost.entrance import conversations
from polypost.entrance.conversations import AccountId, CommentBody, CommentPlatform, Cursor, NetworkId
from polypost.entrance.services import services
from polypost.intake import bodies
from polypost.intake.bodies import Closed
from polypost.platforms.abilities import Comment


class CommentsQuery(BaseModel):
    """`GET /v1/comments`: the cursor style of paging."""

    platform: CommentPlatform
    accountId: AccountId
    postId: NetworkId
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    after: Cursor | None = None


class CommentQuery(BaseModel):
    """`DELETE /v1/comments/{commentId}`."""

    platform: CommentPlatform
    accountId: AccountId


class HideBody(Closed):
    """`PATCH /v1/comments/{commentId}`."""

    platform: CommentPlatform
    accountId: AccountId
    hidden: bool


class ReplyShape(Shape):
    """An answer to a comment."""

    id: str
    text: str | None
    author: PersonShape
    timestamp: datetime | None
    likeCount: int | None


class CommentShape(ReplyShape):
    """A comment; `replies` is absent where the network was not asked for them."""

    hidden: bool | None
    replies: list[ReplyShape] = Field(default_factory=list)


class CommentsAnswer(Shape):
    """A part of the comments under a post."""

    success: bool
    comments: list[CommentShape]
    nextCursor: str | None


class CommentMade(Shape):
    """The id of a new comment."""

    success: bool
    commentId: str


class CommentDone(Shape):
    """A comment was deleted, hidden or shown."""

    success: bool


router = APIRouter(prefix="/v1/comments")


@router.get("")
@documented(CommentsAnswer, errors=(404, 502))
async def list_comments(request: Request, query: Annotated[CommentsQuery, Query()]) -> Response:
    """Comments under a post with their first answers, in the network's order."""
    who = await principal(request, "read")
    found = await services(request).commenting.read(
        who.project.id,
        query.platform,
        query.accountId,
        query.postId,
        limit=query.limit,
        after=query.after,
    )
    shown = [_comment(each) for each in found.items]
    return answers.ok({"success": True, "comments": shown, "nextCursor": found.after})


@router.post("")
@documented(CommentMade, body=CommentBody, errors=(404, 422, 502), takes=("Idempotency-Key",))
async def write(request: Request) -> Response:
    """Comment on a post, or answer a comment; sent once."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    return written(await conversations.comment(services(request), submitter(request, who), raw), "commentId")


@router.delete("/{comment_id}")
@documented(CommentDone, errors=(404, 502))
async def delete(request: Request, comment_id: str, query: Annotated[CommentQuery, Query()]) -> Response:
    """Delete a comment, with the answers to it."""
    who = await principal(request, "publish")
    await services(request).commenting.remove(who.project.id, query.platform, query.accountId, comment_id)
    return answers.ok({"success": True})


@router.patch("/{comment_id}")
@documented(CommentDone, body=HideBody, errors=(404, 502))
async def hide(request: Request, comment_id: str) -> Response:
    """Hide a comment from the public, or show it again."""
    who = await principal(request, "publish")
    body = bodies.read(HideBody, await json_object(request))
    await services(request).commenting.hide(
        who.project.id, body.platform, body.accountId, comment_id, hidden=body.hidden
    )
    return answers.ok({"success": True})


def _reply(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "text": comment.text,
        "author": person(comment.author),
        "timestamp": answers.stamp(comment.at),
        "likeCount": comment.likes,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    body = _reply(comment) | {"hidden": comment.hidden}
    if comment.replies is not None:
        body["replies"] = [_reply(each) for each in comment.replies]
    return body

"""What both the API and the dashboard take for comments and messages, and how words are handed in: once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from polypost.conversations import sent
from polypost.conversations.sender import Sent
from polypost.conversations.sent import Asked
from polypost.entrance.services import Services
from polypost.errors import InvalidRequest, Problem
from polypost.intake import Submitter, bodies
from polypost.intake.bodies import Closed, Content, Text

CommentPlatform = Literal["facebook", "instagram", "threads"]
MessagePlatform = Literal["instagram"]
AccountId = Annotated[Text, Field(min_length=1, max_length=100)]
NetworkId = Annotated[Text, Field(min_length=1, max_length=1000)]
Cursor = Annotated[Text, Field(min_length=1, max_length=4000)]
Words = Annotated[Content, Field(min_length=1)]
_COMMENT = "POST /v1/comments"
_MESSAGE = "POST /v1/messages"


class CommentBody(Closed):
    """`POST /v1/comments`: under a post, or in answer to a comment."""

    platform: CommentPlatform
    accountId: AccountId
    text: Words
    postId: NetworkId | None = None
    commentId: NetworkId | None = None


class MessageBody(Closed):
    """`POST /v1/messages`."""

    platform: MessagePlatform
    accountId: AccountId
    recipientId: NetworkId
    text: Words


async def comment(rooms: Services, submitter: Submitter, raw: dict[str, Any]) -> Sent:
    """Write a comment, once. Raises what `Commenting.write` raises, InvalidRequest for a body that is none."""
    body = bodies.read(CommentBody, raw)
    if body.postId is None and body.commentId is None:
        hint = "Give the network's id of the post, or of the comment to answer in commentId."
        raise InvalidRequest([Problem("postId", "is required unless commentId is given", hint, "missing")])
    return await _speak(
        rooms,
        submitter,
        _COMMENT,
        raw,
        lambda asked: rooms.commenting.write(
            asked,
            body.platform,
            body.accountId,
            body.text,
            post_id=body.postId,
            comment_id=body.commentId,
        ),
    )


async def message(rooms: Services, submitter: Submitter, raw: dict[str, Any]) -> Sent:
    """Send a private message, once. Raises what `Messaging.write` raises, InvalidRequest for a body that is none."""
    body = bodies.read(MessageBody, raw)
    return await _speak(
        rooms,
        submitter,
        _MESSAGE,
        raw,
        lambda asked: rooms.messaging.write(
            asked, body.platform, body.accountId, body.recipientId, body.text
        ),
    )


async def _speak(
    rooms: Services,
    submitter: Submitter,
    operation: str,
    raw: dict[str, Any],
    write: Callable[[Asked], Awaitable[Sent]],
) -> Sent:
    """What `write` sends; where the client has gone meanwhile, an equal body is answered from it."""
    submitted = submitter.submits(operation, operation, raw)
    project_id = submitted.project.id
    asked = Asked(project_id=project_id, operation=operation, server=rooms.posts.server, **submitted.asked)
    with await rooms.intake.once.in_flight.enter(submitted):
        written = await write(asked)
        if submitted.key is None and await submitter.gone():
            await rooms.store.write(lambda db: sent.mark_undelivered(db, project_id, written.id))
        return written

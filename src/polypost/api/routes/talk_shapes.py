"""Queries, bodies and answers of comments and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from polypost.api.openapi.described import Shape
from polypost.intake.bodies import Closed, Content, Text

CommentPlatform = Literal["facebook", "instagram", "threads"]
MessagePlatform = Literal["instagram"]
AccountId = Annotated[Text, Field(min_length=1, max_length=100)]
NetworkId = Annotated[Text, Field(min_length=1, max_length=1000)]
Cursor = Annotated[Text, Field(min_length=1, max_length=4000)]
Words = Annotated[Content, Field(min_length=1)]


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


class CommentBody(Closed):
    """`POST /v1/comments`: under a post, or in answer to a comment."""

    platform: CommentPlatform
    accountId: AccountId
    text: Words
    postId: NetworkId | None = None
    commentId: NetworkId | None = None


class HideBody(Closed):
    """`PATCH /v1/comments/{commentId}`."""

    platform: CommentPlatform
    accountId: AccountId
    hidden: bool


class ConversationsQuery(BaseModel):
    """`GET /v1/messages`."""

    platform: MessagePlatform
    accountId: AccountId
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: Cursor | None = None


class MessagesQuery(ConversationsQuery):
    """`GET /v1/messages/{conversationId}`."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25


class MessageBody(Closed):
    """`POST /v1/messages`."""

    platform: MessagePlatform
    accountId: AccountId
    recipientId: NetworkId
    text: Words


class PersonShape(Shape):
    """Who wrote something."""

    id: str | None
    name: str | None


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


class MessageShape(Shape):
    """One message."""

    model_config = Shape.model_config | {"populate_by_name": True}

    id: str
    text: str | None
    sender: Annotated[PersonShape, Field(alias="from")]
    timestamp: datetime | None


class ParticipantShape(PersonShape):
    """Who takes part in a conversation; the picture's address is temporary."""

    username: str | None
    profilePictureUrl: str | None


class ConversationShape(Shape):
    """A conversation with its newest message."""

    id: str
    participants: list[ParticipantShape]
    lastMessage: MessageShape | None
    updatedTime: datetime | None


class ConversationsAnswer(Shape):
    """A part of an account's conversations; `selfId` is the account among their participants."""

    success: bool
    selfId: str
    selfUsername: str | None
    conversations: list[ConversationShape]
    nextCursor: str | None


class MessagesAnswer(Shape):
    """A part of a conversation, the newest message first."""

    success: bool
    messages: list[MessageShape]
    nextCursor: str | None


class MessageMade(Shape):
    """The id of a message that was sent."""

    success: bool
    messageId: str

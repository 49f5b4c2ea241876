"""`/v1/messages`: private messages of connected accounts."""

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
from polypost.entrance.conversations import AccountId, Cursor, MessageBody, MessagePlatform
from polypost.entrance.services import services
from polypost.platforms.abilities import Conversation, Message, Person


class ConversationsQuery(BaseModel):
    """`GET /v1/messages`."""

    platform: MessagePlatform
    accountId: AccountId
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: Cursor | None = None


class MessagesQuery(ConversationsQuery):
    """`GET /v1/messages/{conversationId}`."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25


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


router = APIRouter(prefix="/v1/messages")


@router.get("")
@documented(ConversationsAnswer, errors=(404, 502))
async def list_conversations(request: Request, query: Annotated[ConversationsQuery, Query()]) -> Response:
    """The account's conversations, those that were used last first."""
    who = await principal(request, "read")
    inbox = await services(request).messaging.inbox(
        who.project.id, query.platform, query.accountId, limit=query.limit, after=query.after
    )
    return answers.ok(
        {
            "success": True,
            "selfId": inbox.self_id,
            "selfUsername": inbox.self_username,
            "conversations": [_conversation(each) for each in inbox.conversations.items],
            "nextCursor": inbox.conversations.after,
        }
    )


@router.post("")
@documented(MessageMade, body=MessageBody, errors=(404, 422, 502), takes=("Idempotency-Key",))
async def send(request: Request) -> Response:
    """Send a message; sent once."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    return written(await conversations.message(services(request), submitter(request, who), raw), "messageId")


@router.get("/{conversation_id}")
@documented(MessagesAnswer, errors=(404, 502))
async def list_messages(
    request: Request, conversation_id: str, query: Annotated[MessagesQuery, Query()]
) -> Response:
    """A conversation's messages, the newest first."""
    who = await principal(request, "read")
    found = await services(request).messaging.read(
        who.project.id,
        query.platform,
        query.accountId,
        conversation_id,
        limit=query.limit,
        after=query.after,
    )
    shown = [_message(each) for each in found.items]
    return answers.ok({"success": True, "messages": shown, "nextCursor": found.after})


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "text": message.text,
        "from": person(message.sender),
        "timestamp": answers.stamp(message.at),
    }


def _participant(found: Person) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "username": found.username,
        "profilePictureUrl": found.image_url,
    }


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "participants": [_participant(each) for each in conversation.participants],
        "lastMessage": None if conversation.last is None else _message(conversation.last),
        "updatedTime": answers.stamp(conversation.updated_at),
    }

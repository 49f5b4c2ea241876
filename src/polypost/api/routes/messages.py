"""`/v1/messages`: private messages of connected accounts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.openapi.described import says
from polypost.api.routes.speaking import person, speak
from polypost.api.routes.talk_shapes import (
    ConversationsAnswer,
    ConversationsQuery,
    MessageBody,
    MessageMade,
    MessagesAnswer,
    MessagesQuery,
)
from polypost.api.services import services
from polypost.intake import bodies
from polypost.platforms.abilities import Conversation, Message, Person

router = APIRouter(prefix="/v1/messages")
SEND = "POST /v1/messages"


@router.get("")
@says(ConversationsAnswer, errors=(404, 502))
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
@says(MessageMade, body=MessageBody, errors=(404, 422, 502), takes=("Idempotency-Key",))
async def send(request: Request) -> Response:
    """Send a message; sent once."""
    who = await principal(request, "publish")
    raw = await json_object(request)
    body = bodies.read(MessageBody, raw)
    messaging = services(request).messaging
    return await speak(
        request,
        who,
        SEND,
        raw,
        lambda asked: messaging.write(asked, body.platform, body.accountId, body.recipientId, body.text),
        "messageId",
    )


@router.get("/{conversation_id}")
@says(MessagesAnswer, errors=(404, 502))
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

"""Private messages of an account.

Meta for Developers, Instagram API with Instagram Login: Conversations API and Messaging API; facebook-business 26.0.3;
read 2026-11-24. All of it needs instagram_business_manage_messages. An account may only answer, within 24 hours of the
person's last message; Instagram tells the text of the 20 newest messages of a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from polypost.errors import NotThere, PlatformError, Rejected
from polypost.platforms.abilities import Conversation, Message, Person, Slice
from polypost.platforms.base import Session
from polypost.platforms.families.meta.graph import listed, next_cursor
from polypost.platforms.families.meta.insights import side_by_side
from polypost.platforms.instagram import reading
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.reading import speaking_of
from polypost.platforms.instagram.spec import SPEC
from polypost.platforms.kit.answers import text

PERMISSION = "instagram_business_manage_messages"
_CONVERSATION = re.compile(r"[A-Za-z0-9_=-]{1,1000}", re.ASCII)
_CURSOR = re.compile(r"[A-Za-z0-9_=-]{1,2000}", re.ASCII)
_PERSON = re.compile(r"\d{1,40}", re.ASCII)
_MESSAGE = "id,message,from,created_time"
_FIELDS = f"id,updated_time,participants,messages.limit(1){{{_MESSAGE}}}"


class InstagramMessages:
    """What the connector can do with messages."""

    async def conversations(self, session: Session, *, limit: int, after: str | None) -> Slice[Conversation]:
        """Conversations with their newest message and, as far as Instagram tells them, names and images."""
        graph = Graph(session)
        more = {} if after is None else {"after": after}
        with speaking_of("inbox", PERMISSION):
            body = await graph.get(
                f"{session.account.id}/conversations",
                platform="instagram",
                fields=_FIELDS,
                limit=str(limit),
                **more,
            )
        found = [_conversation(row) for row in listed(body)]
        known = await _profiles(graph, session, found)
        return Slice(
            [
                replace(each, participants=[known.get(one.id, one) for one in each.participants])
                for each in found
            ],
            next_cursor(body),
        )

    async def messages(
        self, session: Session, conversation_id: str, *, limit: int, after: str | None
    ) -> Slice[Message]:
        """A conversation's messages, newest first. Raises NotThere."""
        if not _CONVERSATION.fullmatch(conversation_id):
            raise NotThere("Instagram has no conversation with this id.")
        part = f"messages.limit({limit})"
        if after is not None:
            # The cursor stands inside an expression, so it may only be made of what cursors are made of.
            if not _CURSOR.fullmatch(after):
                raise Rejected("This is no cursor of Instagram.", code="bad_cursor")
            part += f".after({after})"
        with speaking_of("conversation", PERMISSION):
            body = await Graph(session).get(conversation_id, fields=f"{part}{{{_MESSAGE}}}")
        found = body.get("messages")
        return Slice([_message(row) for row in listed(found)], next_cursor(found))

    async def send_message(self, session: Session, recipient_id: str, text: str) -> str:
        """Answer a person. Raises NotThere for one whom Instagram does not know."""
        if not _PERSON.fullmatch(recipient_id):
            raise NotThere("Instagram knows nobody with this id.")
        most = SPEC.limit("message_bytes")
        if len(text.encode()) > most:
            raise Rejected(f"A message on Instagram has at most {most:,} bytes in UTF-8.", code="too_long")
        with speaking_of("person", PERMISSION):
            return await Graph(session).send_message(
                f"{session.account.id}/messages",
                {"recipient": {"id": recipient_id}, "message": {"text": text}},
            )


async def _profiles(graph: Graph, session: Session, found: list[Conversation]) -> Mapping[str | None, Person]:
    """The participants by id with what their profiles tell, a few asked for at a time."""
    people = {one.id: one for each in found for one in each.participants}

    async def ask(one: Person) -> Person:
        mine = one.id == session.account.id or one.username == session.account.username
        return one if mine or not _PERSON.fullmatch(one.id or "") else await _profile(graph, one)

    return {one.id: one for one in await side_by_side(list(people.values()), ask)}


async def _profile(graph: Graph, one: Person) -> Person:
    try:
        body = await graph.get(one.id or "", fields="name,username,profile_pic")
    except PlatformError:
        # Only of people who wrote to the account, and let it, does Instagram tell more: what is known has to do.
        return one
    return Person(
        one.id,
        name=text(body.get("name")),
        username=text(body.get("username")) or one.username,
        image_url=text(body.get("profile_pic")),
    )


def _conversation(row: Mapping[str, Any]) -> Conversation:
    people = [reading.person(each) for each in listed(row.get("participants"))]
    last = [_message(each) for each in listed(row.get("messages"))]
    return Conversation(
        id=str(row.get("id", "")),
        participants=[one for one in people if one is not None],
        last=last[0] if last else None,
        updated_at=reading.instant(row.get("updated_time")),
    )


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=str(row.get("id", "")),
        text=text(row.get("message")),
        sender=reading.person(row.get("from")),
        at=reading.instant(row.get("created_time")),
    )

"""Private messages: conversations with people who wrote first, and answers to them within a day."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.auth import MESSAGES, Auth, Caller
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.parts import part_of
from polypost.sandbox.simkit import Account, Document, Network, Stranger, exchange, meta
from polypost.sandbox.simkit.fields import Asked, Values, parse, pick
from polypost.sandbox.simkit.meta import stamp

CONVERSATION, MESSAGE, PERSON = "conversation", "message", "person"
# Ids of conversations and messages are long words that begin alike.
PREFIX = "aWdfZAG06"
# Fields that the nodes have (facebook-business 26.0.3, Meta's pages) and that stay empty here.
THREAD_FIELDS = ("can_reply", "folder", "is_owner", "link", "name", "senders", "snippet", "unread_count")
MESSAGE_FIELDS = ("attachments", "is_unsupported", "reactions", "reply_to", "shares", "story", "tags", "to")
PERSON_FIELDS = ("is_business_follow_user", "is_user_follow_business")


class Inbox:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth) -> None:
        self._auth = auth
        self._net = net

    async def conversations(self, request: Request) -> Response:
        """`GET /{ig-id}/conversations`, those that were used last first; `user_id` narrows them to one person."""
        caller = await self._auth.own(request, MESSAGES)
        if caller.params.text("platform").lower() not in {"", "instagram"}:
            raise errors.invalid("Param platform must be instagram")
        person = caller.params.text("user_id")
        found = [
            each
            for each in self._net.documents.of_account(CONVERSATION, caller.account.id)
            if not person or each.body["person"]["id"] == person
        ]
        found.sort(key=lambda each: float(each.body["updated"]), reverse=True)
        asked = parse(caller.params.text("fields") or "updated_time")

        def shown(conversation: Document) -> dict[str, Any]:
            return self._conversation(request, caller, conversation, asked)

        return JSONResponse(part_of(request, caller, found, shown, most=limit("page_size_max")))

    async def messages(self, request: Request) -> Response:
        """`GET /{conversation-id}/messages`, the newest first."""
        caller = await self._auth.enter(request, MESSAGES)
        conversation = self._of(caller, str(request.path_params["id"]))
        if conversation is None:
            raise meta.missing(str(request.path_params["id"]))
        asked = parse(caller.params.text("fields"))
        return JSONResponse(self._messages(request, caller, conversation, asked))

    async def send(self, request: Request) -> Response:
        """`POST /{ig-id}/messages`: an answer to somebody who wrote within the last day."""
        caller = await self._auth.own(request, MESSAGES)
        recipient = _object(caller, "recipient").get("id")
        text = _object(caller, "message").get("text")
        if not isinstance(text, str) or not text.strip():
            raise errors.invalid("The parameter message[text] is required")
        # The limit counts bytes of UTF-8, not characters (Messaging API).
        if len(text.encode()) > limit("message_bytes"):
            raise errors.invalid("Length of param message[text] must be less than or equal to 1000")
        conversation = self._with(caller.account, str(recipient))
        if conversation is None:
            raise errors.refused("nobody")
        self._check_window(conversation)
        async with exchange(request).commit():
            message = self._add(conversation, text, caller.account.id)
        return JSONResponse({"recipient_id": str(recipient), "message_id": message})

    def _check_window(self, conversation: Document) -> None:
        # The window of 24 hours opens with each message of the other side (Messaging API).
        theirs = [each for each in self._of_conversation(conversation) if each.body["theirs"]]
        window = timedelta(hours=limit("message_window_hours"))
        if not theirs or clock.now() - theirs[-1].created > window:
            raise errors.refused("window_closed")

    def node(self, request: Request, caller: Caller, object_id: str, asked: Asked) -> dict[str, Any] | None:
        """A conversation, a message, or a person who wrote; None for other ids. Raises Refused (10)."""
        if (conversation := self._of(caller, object_id)) is not None:
            caller.require(MESSAGES)
            return self._conversation(request, caller, conversation, asked)
        message = self._net.documents.get(MESSAGE, object_id)
        if message is not None and (conversation := self._of(caller, message.account_id or "")) is not None:
            caller.require(MESSAGES)
            return self._message(message, conversation, caller.account, asked)
        conversation = self._with(caller.account, object_id)
        if conversation is None:
            return None
        caller.require(MESSAGES)
        return self._person(conversation.body["person"], asked)

    def _of(self, caller: Caller, conversation_id: str) -> Document | None:
        found = self._net.documents.get(CONVERSATION, conversation_id)
        return found if found is not None and found.account_id == caller.account.id else None

    def _with(self, account: Account, person_id: str) -> Document | None:
        """The account's conversation with a person."""
        return next(
            (
                each
                for each in self._net.documents.of_account(CONVERSATION, account.id)
                if each.body["person"]["id"] == person_id
            ),
            None,
        )

    def _of_conversation(self, conversation: Document) -> list[Document]:
        return self._net.documents.of_account(MESSAGE, conversation.id)

    def _add(self, conversation: Document, text: str, account_id: str, *, theirs: bool = False) -> str:
        message_id = PREFIX + secrets.token_urlsafe(30)
        body = {"text": text, "theirs": theirs, "account": account_id}
        with self._net.store.transaction():
            self._net.documents.put(MESSAGE, message_id, body, account_id=conversation.id)
            self._net.documents.update(CONVERSATION, conversation.id, updated=clock.now().timestamp())
        return message_id

    def message_by(self, who: Stranger, account_id: str, text: str) -> dict[str, Any]:
        """Let a stranger write to an account. Raises LookupError."""
        account = self._net.accounts.get(account_id)
        if account is None:
            raise LookupError(f"Instagram has no account {account_id}.")
        conversation = self._with(account, who.id)
        if conversation is None:
            body = {"person": {"id": who.id, "name": who.name, "username": who.username}, "updated": 0.0}
            conversation = self._net.documents.put(
                CONVERSATION, PREFIX + secrets.token_urlsafe(24), body, account_id=account.id
            )
        message_id = self._add(conversation, text, account.id, theirs=True)
        url = f"{self._net.url}/direct/t/{conversation.id}/"
        return {"id": message_id, "conversationId": conversation.id, "url": url}

    def shown(self, conversation_id: str) -> tuple[Document, list[Document]] | None:
        """A conversation with its messages, oldest first, for the page of it."""
        conversation = self._net.documents.get(CONVERSATION, conversation_id)
        return None if conversation is None else (conversation, self._of_conversation(conversation))

    def _conversation(
        self, request: Request, caller: Caller, conversation: Document, asked: Asked
    ) -> dict[str, Any]:
        account, person = caller.account, conversation.body["person"]
        values: Values = {
            "id": lambda _: conversation.id,
            "updated_time": lambda _: stamp(_at(conversation)),
            "message_count": lambda _: len(self._of_conversation(conversation)),
            "participants": lambda _: {
                "data": [
                    {"username": account.username, "id": account.id},
                    {"username": person["username"], "id": person["id"]},
                ]
            },
            "messages": lambda inner: self._messages(request, caller, conversation, inner),
        }
        return pick(values, asked, "UnifiedThread", known=THREAD_FIELDS)

    def _messages(
        self, request: Request, caller: Caller, conversation: Document, asked: Asked
    ) -> dict[str, Any]:
        found = self._of_conversation(conversation)[::-1]
        told = {each.id for each in found[: limit("messages_told")]}
        wanted = asked if asked.fields else parse("created_time")

        def shown(message: Document) -> dict[str, Any]:
            # Of older ones Instagram tells that they are there, and nothing more.
            few = Asked(
                {"id": Asked(), **({"created_time": Asked()} if "created_time" in wanted.fields else {})}
            )
            named = wanted if message.id in told else few
            return self._message(message, conversation, caller.account, named)

        size, after = asked.modifiers.get("limit"), asked.modifiers.get("after")
        if asked.modifiers:
            size, after = size or "", after or ""
        return part_of(request, caller, found, shown, most=limit("page_size_max"), size=size, after=after)

    def _message(
        self, message: Document, conversation: Document, account: Account, asked: Asked
    ) -> dict[str, Any]:
        person, theirs = conversation.body["person"], message.body["theirs"]
        sender = person if theirs else {"username": account.username, "id": account.id}
        values: Values = {
            "id": lambda _: message.id,
            "created_time": lambda _: stamp(message.created),
            "message": lambda _: message.body["text"],
            "from": lambda _: {"username": sender["username"], "id": sender["id"]},
        }
        return pick(values, asked, "Message", known=MESSAGE_FIELDS)

    def _person(self, person: dict[str, str], asked: Asked) -> dict[str, Any]:
        values: Values = {
            "id": lambda _: person["id"],
            "name": lambda _: person["name"],
            "username": lambda _: person["username"],
            "profile_pic": lambda _: self._net.avatar_url(person["id"]),
            "follower_count": lambda _: 0,
            "is_verified_user": lambda _: False,
        }
        return pick(values, asked, "IGBusinessScopedID", known=PERSON_FIELDS)


def _at(conversation: Document) -> datetime:
    return datetime.fromtimestamp(conversation.body["updated"], conversation.created.tzinfo)


def _object(caller: Caller, name: str) -> dict[str, Any]:
    """A parameter that is an object: as JSON, or as the text of it in a form. Raises Refused (100)."""
    value = caller.params.values.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise errors.invalid(f"Param {name} must be an object") from error
    if not isinstance(value, dict):
        raise errors.invalid(f"The parameter {name} is required")
    return value

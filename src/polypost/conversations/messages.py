"""Private messages: conversations read, messages sent once."""

from __future__ import annotations

from dataclasses import dataclass

from polypost.conversations.account import ConnectedAccount, ConnectedAccounts
from polypost.conversations.sender import Sender, Sent
from polypost.conversations.sent import Asked
from polypost.errors import InvalidRequest, Problem
from polypost.platforms.abilities import Conversation, Message, Messages, Slice


@dataclass(frozen=True, slots=True)
class Inbox:
    """A part of an account's conversations, and who the account is among their participants."""

    self_id: str
    self_username: str | None
    conversations: Slice[Conversation]


class Messaging:
    """What may be done with messages. Everything raises NotFound, InvalidRequest and UpstreamError."""

    def __init__(self, accounts: ConnectedAccounts, sender: Sender) -> None:
        self._accounts = accounts
        self._sender = sender

    async def inbox(
        self, project_id: str, platform: str, account_id: str, *, limit: int, after: str | None
    ) -> Inbox:
        """A part of the account's conversations, those that were used last first."""
        account, network = await self._open(project_id, platform, account_id)
        found = await account.read(lambda session: network.conversations(session, limit=limit, after=after))
        return Inbox(_self_among(account, found), account.integration.username, found)

    async def read(
        self,
        project_id: str,
        platform: str,
        account_id: str,
        conversation_id: str,
        *,
        limit: int,
        after: str | None,
    ) -> Slice[Message]:
        """A part of a conversation's messages, the newest first."""
        account, network = await self._open(project_id, platform, account_id)
        return await account.read(
            lambda session: network.messages(session, conversation_id, limit=limit, after=after)
        )

    async def write(self, asked: Asked, platform: str, account_id: str, recipient_id: str, text: str) -> Sent:
        """Send a message, once. Raises KeyReused as well."""
        account, network = await self._open(asked.project_id, platform, account_id)
        return await self._sender.send(
            account, asked, lambda session: network.send_message(session, recipient_id, text)
        )

    async def _open(
        self, project_id: str, platform: str, account_id: str
    ) -> tuple[ConnectedAccount, Messages]:
        account = await self._accounts.open(project_id, platform, account_id)
        if not isinstance(account.network, Messages):
            said = f"Messages on {account.name} cannot be reached here"
            raise InvalidRequest([Problem("platform", said, code="not_offered")])
        return account, account.network


def _self_among(account: ConnectedAccount, found: Slice[Conversation]) -> str:
    """The account's id as conversations have it; networks may know an account by another one there."""
    name = account.integration.username
    for conversation in found.items:
        for person in conversation.participants:
            if person.id is not None and name is not None and person.username == name:
                return person.id
    return account.integration.platform_user_id

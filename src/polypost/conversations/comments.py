"""Comments under posts: read, written once, deleted, hidden."""

from __future__ import annotations

from polypost.conversations.account import ConnectedAccount, ConnectedAccounts, answerable
from polypost.conversations.sender import Sender, Sent
from polypost.conversations.sent import Asked
from polypost.errors import (
    InvalidRequest,
    NoAnswer,
    NotThere,
    OutboundError,
    PlatformError,
    Problem,
    Unavailable,
)
from polypost.platforms.abilities import Comment, Comments, HidesComments, RemovesComments, Slice


class Commenting:
    """What may be done with comments. Everything raises NotFound, InvalidRequest and UpstreamError."""

    def __init__(self, accounts: ConnectedAccounts, sender: Sender) -> None:
        self._accounts = accounts
        self._sender = sender

    async def read(
        self, project_id: str, platform: str, account_id: str, post_id: str, *, limit: int, after: str | None
    ) -> Slice[Comment]:
        """A part of the comments under a post, which is named by the network's id."""
        account = await self._accounts.open(project_id, platform, account_id)
        network = account.network
        if not isinstance(network, Comments):
            raise _not_offered(account, "read")
        return await account.read(
            lambda session: network.comments(session, post_id, limit=limit, after=after)
        )

    async def write(
        self,
        asked: Asked,
        platform: str,
        account_id: str,
        text: str,
        *,
        post_id: str | None,
        comment_id: str | None,
    ) -> Sent:
        """Write under a post or in answer to a comment, once. Raises KeyReused as well."""
        account = await self._accounts.open(asked.project_id, platform, account_id)
        network = account.network
        if not isinstance(network, Comments):
            raise _not_offered(account, "written")
        return await self._sender.send(
            account,
            asked,
            lambda session: network.comment(session, text, post_id=post_id, comment_id=comment_id),
        )

    async def remove(self, project_id: str, platform: str, account_id: str, comment_id: str) -> None:
        """Delete a comment. NotFound says that there is none, or none any more."""
        account = await self._accounts.open(project_id, platform, account_id)
        network = account.network
        if not isinstance(network, RemovesComments):
            raise _not_offered(account, "deleted")
        try:
            await account.call(lambda session: network.remove_comment(session, comment_id))
        except (NoAnswer, Unavailable):
            await self._remove_again(account, network, comment_id)
        except (PlatformError, OutboundError) as trouble:
            raise answerable(trouble) from trouble

    async def _remove_again(
        self, account: ConnectedAccount, network: RemovesComments, comment_id: str
    ) -> None:
        """Once more after an unclear answer: what is gone now went with the first try."""
        try:
            await account.call(lambda session: network.remove_comment(session, comment_id))
        except NotThere:
            return
        except (PlatformError, OutboundError) as trouble:
            raise answerable(trouble) from trouble

    async def hide(
        self, project_id: str, platform: str, account_id: str, comment_id: str, *, hidden: bool
    ) -> None:
        """Hide a comment from the public, or show it again."""
        account = await self._accounts.open(project_id, platform, account_id)
        network = account.network
        if not isinstance(network, HidesComments):
            raise _not_offered(account, "hidden")
        await account.read(lambda session: network.hide_comment(session, comment_id, hidden=hidden))


def _not_offered(account: ConnectedAccount, done: str) -> InvalidRequest:
    said = f"Comments on {account.name} cannot be {done} here"
    return InvalidRequest([Problem("platform", said, code="not_offered")])

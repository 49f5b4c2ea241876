"""Asking a connected account's network outside of a run: with a token that lives, and once more when only the token was refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from polypost.errors import ReconnectRequired, TokenExpired
from polypost.integrations import service
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.tokens import TokenSource
from polypost.outbound import Networks
from polypost.outbound.network import COMMIT_SECONDS
from polypost.storage import Store

T = TypeVar("T")


class AccountCalls:
    """Speaks for connected accounts; one instance a process."""

    def __init__(self, store: Store, tokens: TokenSource, networks: Networks) -> None:
        self._store = store
        self._tokens = tokens
        self._networks = networks

    async def ask(
        self,
        account: Integration,
        call: Callable[[AccountSession], Awaitable[T]],
        *,
        commit_seconds: float = COMMIT_SECONDS,
    ) -> T:
        """What `call` makes of a live session. Raises what connectors raise, ReconnectRequired for a dead authorisation.

        A refused token means that the network did nothing, so that a call which writes may be made again, too.
        `commit_seconds` is how long such a call waits for its answer.
        """
        mine = account.project_id, account.id
        http = self._networks.client(account.platform, commit_deadline=commit_seconds)
        session = AccountSession(http, await self._tokens.live(*mine), account.account)
        try:
            return await call(session)
        except TokenExpired:
            session.tokens = await self._tokens.live(*mine, refused=session.token)
            return await call(session)

    async def ask_or_mark(
        self,
        account: Integration,
        call: Callable[[AccountSession], Awaitable[T]],
        *,
        commit_seconds: float = COMMIT_SECONDS,
    ) -> T:
        """The same, after which an account whose authorisation is dead is marked.

        Not for what only some authorisations allow, such as figures: the account may publish all the same.
        """
        try:
            return await self.ask(account, call, commit_seconds=commit_seconds)
        except ReconnectRequired as dead:
            await self._store.write(
                partial(
                    service.mark_reconnect,
                    project_id=account.project_id,
                    integration_id=account.id,
                    reason=dead.reason,
                    detail=dead.message,
                )
            )
            raise

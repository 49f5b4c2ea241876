"""Asking a network on behalf of an account while somebody waits for the answer: boards, settings, figures, comments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from polypost.errors import (
    NotFound,
    OutboundError,
    PlatformError,
    ReconnectRequired,
    UpstreamError,
)
from polypost.integrations import service
from polypost.integrations.account_calls import speak
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.tokens import TokenSource
from polypost.outbound import Networks
from polypost.storage import Store

T = TypeVar("T")
# The official clients give up after 60 seconds, and repeat what they gave up.
SECONDS = 20.0


class Lookup:
    """Opens a live session for an account and asks its network once."""

    def __init__(self, store: Store, tokens: TokenSource, networks: Networks) -> None:
        self._store = store
        self._tokens = tokens
        self._networks = networks

    async def ask(
        self,
        account: Integration,
        call: Callable[[AccountSession], Awaitable[T]],
        *,
        seconds: float = SECONDS,
    ) -> T:
        """What `call` makes of a live session, within `seconds`; made again only when the token was refused.

        Raises UpstreamError with what happened. Its `__cause__` is the connector's own error, for callers to whom
        `Rejected` means something else. An account whose authorisation is dead is marked.
        """
        try:
            async with asyncio.timeout(seconds):
                http = self._networks.client(account.platform)
                return await speak(self._tokens, http, account, call)
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
            raise UpstreamError(dead.message, code=dead.code) from dead
        except (PlatformError, OutboundError) as trouble:
            raise UpstreamError(trouble.message, code=trouble.code) from trouble
        except TimeoutError as slow:
            said = f"The network did not answer within {seconds:g} seconds."
            raise UpstreamError(said, code="no_answer", next_step="Try again.") from slow


def account_of(db: Connection, project_id: str, platform: str, integration_id: str | None) -> Integration:
    """The project's account of a network with this id, or its first connected one. Raises NotFound."""
    if integration_id is not None:
        found = service.find(db, project_id, [integration_id]).get(integration_id)
        if found is not None and found.platform == platform:
            return found
        raise NotFound(
            f"There is no connected {platform} account with this id.", code="integration_not_found"
        )
    _, accounts = service.list_integrations(db, project_id, platforms=[platform], limit=1, sort="asc")
    if not accounts:
        raise NotFound(
            f"No {platform} account is connected.",
            code="integration_not_found",
            next_step=f"Connect one with GET /v1/connect/{platform}.",
        )
    return accounts[0]

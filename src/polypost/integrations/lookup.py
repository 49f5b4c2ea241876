"""Asking a network on behalf of an account while somebody waits for the answer: boards, settings, figures, comments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from polypost.errors import NotFound, OutboundError, PlatformError, UpstreamError
from polypost.integrations import service
from polypost.integrations.account_calls import AccountCalls
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession

T = TypeVar("T")
# The official clients give up after 60 seconds, and repeat what they gave up.
SECONDS = 20.0


class Lookup:
    """Opens a live session for an account and asks its network once."""

    def __init__(self, calls: AccountCalls) -> None:
        self._calls = calls

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
                return await self._calls.ask_or_mark(account, call)
        except (PlatformError, OutboundError) as trouble:
            raise UpstreamError(trouble.message, code=trouble.code) from trouble
        except TimeoutError as slow:
            said = f"The network did not answer within {seconds:g} seconds."
            raise UpstreamError(said, code="no_answer", next_step="Try again.") from slow


def account_of(
    db: Connection,
    project_id: str,
    platform: str,
    integration_id: str | None,
    profile_ids: Sequence[str] = (),
) -> Integration:
    """The project's account of a network with this id, or its first connected one, in one of the profiles where some are named. Raises NotFound."""
    if integration_id is not None:
        found = service.find(db, project_id, [integration_id]).get(integration_id)
        if found is not None and found.platform == platform and service.within(found, profile_ids):
            return found
        raise NotFound(
            f"There is no connected {platform} account with this id.", code="integration_not_found"
        )
    _, accounts = service.list_integrations(
        db, project_id, platforms=[platform], profile_ids=profile_ids, limit=1, sort="asc"
    )
    if not accounts:
        raise NotFound(
            f"No {platform} account is connected.",
            code="integration_not_found",
            next_step=f"Connect one with GET /v1/connect/{platform}.",
        )
    return accounts[0]

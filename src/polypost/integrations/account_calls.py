"""Speaking for an account outside of a run: with a token that lives, and once more with a new one when only the token was refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from polypost.errors import TokenExpired
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.tokens import TokenSource
from polypost.outbound import NetworkClient

T = TypeVar("T")


async def speak(
    tokens: TokenSource,
    http: NetworkClient,
    account: Integration,
    call: Callable[[AccountSession], Awaitable[T]],
) -> T:
    """What `call` makes of a live session. Raises what connectors raise, ReconnectRequired for a dead authorisation.

    A refused token means that the network did nothing, so that a call which writes may be made again, too.
    """
    session = AccountSession(http, await tokens.live(account.project_id, account.id), account.account)
    try:
        return await call(session)
    except TokenExpired:
        session.tokens = await tokens.live(account.project_id, account.id, refused=session.token)
        return await call(session)

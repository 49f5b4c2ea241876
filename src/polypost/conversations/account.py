"""A connected account that speaks with others: its network's answers, and trouble in words for a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from polypost import clock
from polypost.errors import (
    ApiError,
    InvalidRequest,
    NotFound,
    NotThere,
    OutboundError,
    PlatformError,
    Problem,
    RateLimited,
    ReconnectRequired,
    Rejected,
    UpstreamError,
)
from polypost.integrations import AccountCalls, Integration
from polypost.integrations import service as integrations
from polypost.platforms.base import Connector, Session
from polypost.platforms.registry import connector
from polypost.storage import Store

T = TypeVar("T")
# A call that writes has its answer well before the clients' own 60 seconds are over.
COMMIT_SECONDS = 15.0


class ConnectedAccounts:
    """Opens accounts; one instance a process."""

    def __init__(self, store: Store, calls: AccountCalls) -> None:
        self._store = store
        self._calls = calls

    async def open(self, project_id: str, platform: str, account_id: str) -> ConnectedAccount:
        """An account of the project.

        Raises NotFound for an account that is not the project's, InvalidRequest for one of another network.
        """
        integration = await self._store.read(lambda db: integrations.get(db, project_id, account_id))
        network = connector(platform)
        if integration.platform != platform or network is None:
            said = f"is an account of {integration.platform}"
            raise InvalidRequest(
                [Problem("accountId", said, f"Use an account of {platform}.", "wrong_platform")]
            )
        return ConnectedAccount(self._calls, integration, network)


class ConnectedAccount:
    """Speaks for one account. `name` is the network's."""

    def __init__(self, calls: AccountCalls, integration: Integration, network: Connector) -> None:
        self.integration = integration
        self.network = network
        self.name = network.spec.name
        self._calls = calls

    async def call(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        """What `ask` gets of the network. Raises what connectors raise; a dead authorisation is marked."""
        return await self._calls.ask_or_mark(self.integration, ask, commit_seconds=COMMIT_SECONDS)

    async def read(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        """As `call`, for whoever answers a client. Raises ApiError."""
        try:
            return await self.call(ask)
        except (PlatformError, OutboundError) as trouble:
            raise answerable(trouble) from trouble


def answerable(trouble: PlatformError | OutboundError) -> ApiError:
    """The answer to a client whose request a network did not carry out.

    400 where another request is needed or a person has to act, so that no client repeats it in vain; 404 for
    what is not there; 502 where the same request may do later.
    """
    if isinstance(trouble, NotThere):
        return NotFound(trouble.message, code=trouble.code)
    if isinstance(trouble, Rejected | ReconnectRequired):
        return InvalidRequest(message=trouble.message, code=trouble.code)
    headers = {}
    if isinstance(trouble, RateLimited):
        seconds = max(1, round((trouble.until - clock.now()).total_seconds()))
        headers["Retry-After"] = str(seconds)
    return UpstreamError(trouble.message, code=trouble.code, headers=headers)

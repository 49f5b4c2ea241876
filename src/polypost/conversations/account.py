"""A connected account's network on the line: a token that lives, one renewal when it is refused, trouble in words."""

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
from polypost.integrations import Integration, TokenSource, speak
from polypost.integrations import service as integrations
from polypost.outbound import NetworkClient, Networks
from polypost.platforms import registry
from polypost.platforms.base import Connector, Session
from polypost.storage import Store

T = TypeVar("T")
# A call that writes has its answer well before the clients' own 60 seconds are over.
COMMIT_SECONDS = 15.0


class AccountCalls:
    """Opens lines to accounts; one instance a process."""

    def __init__(
        self,
        store: Store,
        *,
        tokens: TokenSource,
        networks: Networks,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._networks = networks
        self._connectors = connectors

    async def open(self, project_id: str, platform: str, account_id: str) -> AccountCall:
        """The line to an account of the project.

        Raises NotFound for an account that is not the project's, InvalidRequest for one of another network.
        """
        integration = await self._store.read(lambda db: integrations.get(db, project_id, account_id))
        network = self._connectors(platform)
        if integration.platform != platform or network is None:
            said = f"is an account of {integration.platform}"
            raise InvalidRequest(
                [Problem("accountId", said, f"Use an account of {platform}.", "wrong_platform")]
            )
        http = self._networks.client(platform, commit_deadline=COMMIT_SECONDS)
        return AccountCall(self._store, self._tokens, integration, network, http)


class AccountCall:
    """Speaks for one account. `name` is the network's."""

    def __init__(
        self,
        store: Store,
        tokens: TokenSource,
        integration: Integration,
        network: Connector,
        http: NetworkClient,
    ) -> None:
        self.integration = integration
        self.network = network
        self.name = network.spec.name
        self._store = store
        self._tokens = tokens
        self._http = http

    async def call(self, ask: Callable[[Session], Awaitable[T]]) -> T:
        """What `ask` gets of the network; asked once more with a new token when only the token was refused.

        Raises what connectors raise; an authorisation that is dead is marked on the account.
        """
        mine = self.integration.project_id, self.integration.id
        try:
            return await speak(self._tokens, self._http, self.integration, ask)
        except ReconnectRequired as dead:
            reason, detail = dead.reason, dead.message
            await self._store.write(lambda db: integrations.mark_reconnect(db, *mine, reason, detail=detail))
            raise

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

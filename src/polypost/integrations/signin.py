"""Connecting an account without a consent page: an app password, or a token that its owner made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from polypost.errors import (
    AddressRefused,
    ApiError,
    InvalidRequest,
    NoAnswer,
    NotSent,
    OutboundError,
    PlatformError,
    Problem,
    RateLimited,
    Rejected,
    TooManyRequests,
    Unauthorized,
    UpstreamError,
)
from polypost.integrations import consents, profiles, selection
from polypost.integrations.selection import Origin
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.vault import Vault
from polypost.outbound import NetworkClient, Networks
from polypost.platforms import registry
from polypost.platforms.base import Connector, OnServers, SignsIn, Tokens
from polypost.storage import Store


class SignIn:
    """Takes what a person typed, asks the network, and stores the account; the password itself is never kept."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        networks: Networks,
        *,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._vault = vault
        self._networks = networks
        self._connectors = connectors

    async def by_password(
        self, project_id: str, platform: str, identifier: str, password: str, *, profile_id: str | None = None
    ) -> Integration:
        """Connect by a name and a password made for apps.

        Raises Unauthorized when the network does not take the pair, UpstreamError when it cannot be asked,
        NotFound for an unknown profile.
        """
        connector = self._connectors(platform)
        if not isinstance(connector, SignsIn):
            raise _other_way(platform)
        await self._store.read(lambda db: profiles.require(db, project_id, profile_id))
        http = self._networks.client(platform)
        async with _asking(connector, project_id):
            tokens = await connector.sign_in(http, identifier, password)
            return await self._add(project_id, connector, http, tokens, profile_id)

    async def by_token(
        self, project_id: str, platform: str, server: str, token: str, *, profile_id: str | None = None
    ) -> Integration:
        """Connect by an access token that the account's owner made on the server. Raises as `by_password`."""
        connector = self._connectors(platform)
        if not isinstance(connector, OnServers):
            raise _other_way(platform)
        await self._store.read(lambda db: profiles.require(db, project_id, profile_id))
        http = self._networks.client(platform)
        async with _asking(connector, project_id):
            host = await connector.find_server(http, server)
            tokens = await connector.adopt(http, host, token)
            return await self._add(project_id, connector, http, tokens, profile_id)

    async def _add(
        self,
        project_id: str,
        connector: Connector,
        http: NetworkClient,
        tokens: Tokens,
        profile_id: str | None,
    ) -> Integration:
        accounts = await connector.identify(AccountSession.of_login(http, tokens))
        if not accounts:
            raise Rejected("This login has no account that can publish.", code="no_account")
        origin = Origin(project_id, connector.spec.id, profile_id=profile_id)
        added = await self._store.write(
            lambda db: selection.connect(db, self._vault, origin, accounts[:1], tokens)
        )
        return added[0]


@asynccontextmanager
async def _asking(connector: Connector, project_id: str) -> AsyncIterator[None]:
    """Ask the network in the block; what it refuses becomes an answer to who is signing in."""
    try:
        yield
        consents.tell(connector.spec.id, "connected", project=project_id)
    except (PlatformError, OutboundError) as error:
        consents.tell(connector.spec.id, "failed", project=project_id, code=error.code, reason=error.message)
        raise _meant(connector.spec.name, error) from error


def _meant(name: str, error: PlatformError | OutboundError) -> ApiError:
    """The answer to a network's refusal."""
    if isinstance(error, Rejected):
        return Unauthorized(error.message, code=error.code)
    if isinstance(error, RateLimited):
        return TooManyRequests(f"{name} asks to wait before the next try.")
    if isinstance(error, (NotSent, NoAnswer)) and not isinstance(error, AddressRefused):
        return UpstreamError(f"{name} did not answer.", next_step="Try again.")
    return UpstreamError(error.message, code=error.code)


def _other_way(platform: str) -> InvalidRequest:
    return InvalidRequest(
        [
            Problem(
                "platform",
                f"Accounts of '{platform[:40]}' are connected in another way.",
                code="unknown_platform",
            )
        ]
    )

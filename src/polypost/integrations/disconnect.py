"""Letting an account go: here at once, and at its network where that has a call for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, select

from polypost.errors import OutboundError, PlatformError
from polypost.integrations import service
from polypost.integrations.apps import Apps
from polypost.integrations.sealed import open_tokens
from polypost.integrations.tables import IntegrationRow, integrations
from polypost.integrations.vault import Vault
from polypost.outbound import Networks
from polypost.platforms import registry
from polypost.platforms.base import App, Connector, Tokens
from polypost.storage import Store, row_of

REVOKE_SECONDS = 10.0
log = structlog.get_logger("polypost.integrations")


class Disconnect:
    """Forgets tokens, then tells the network; what the network says changes nothing here."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        networks: Networks,
        apps: Apps,
        *,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._vault = vault
        self._networks = networks
        self._apps = apps
        self._connectors = connectors

    async def __call__(self, project_id: str, integration_id: str) -> None:
        """Disconnect an account of the project. Raises NotFound."""

        def write(db: Connection) -> tuple[str, App, Tokens] | None:
            mine = (integrations.c.id == integration_id, integrations.c.project_id == project_id)
            row = row_of(db, select(integrations).where(*mine), IntegrationRow)
            held = row is not None and row.access_token is not None
            tokens = open_tokens(db, self._vault, row) if row is not None and held else None
            service.disconnect(db, project_id, integration_id)
            if row is None or tokens is None or _shared(db, project_id, row.grant_id):
                return None
            app = self._apps.find(db, project_id, row.platform, row.app_id)
            return None if app is None else (row.platform, app, tokens)

        ended = await self._store.write(write)
        if ended is not None:
            await self._revoke(*ended)

    async def _revoke(self, platform: str, app: App, tokens: Tokens) -> None:
        network = self._connectors(platform)
        if network is None:
            return
        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                await network.login.revoke(self._networks.client(platform), app, tokens)
        except (PlatformError, OutboundError, TimeoutError) as error:
            log.info("the network did not end the authorisation", platform=platform, error=str(error))


def _shared(db: Connection, project_id: str, grant_id: str | None) -> bool:
    """Whether another account lives of the same login: ending the authorisation would end it there too."""
    if grant_id is None:
        return False
    query = select(integrations.c.id).where(
        integrations.c.project_id == project_id,
        integrations.c.grant_id == grant_id,
        integrations.c.disconnected_at.is_(None),
    )
    return db.execute(query.limit(1)).first() is not None

"""Letting an account go: here at once, and at its network where that has a call for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Row, select

from polypost.errors import OutboundError, PlatformError
from polypost.integrations import service
from polypost.integrations.sealed import open_tokens
from polypost.integrations.tables import integrations
from polypost.integrations.vault import Vault
from polypost.outbound import Networks
from polypost.platforms import registry
from polypost.platforms.base import App, Revokes, Tokens
from polypost.storage import Store

REVOKE_SECONDS = 10.0
log = structlog.get_logger("polypost.integrations")


class Disconnect:
    """Forgets tokens, then tells the network; what the network says changes nothing here."""

    def __init__(
        self, store: Store, vault: Vault, networks: Networks, apps: Callable[[str], App | None]
    ) -> None:
        self._store = store
        self._vault = vault
        self._networks = networks
        self._apps = apps

    async def __call__(self, project_id: str, integration_id: str) -> None:
        """Disconnect an account of the project. Raises NotFound."""

        def write(db: Connection) -> tuple[Row[object] | None, Tokens | None]:
            mine = (integrations.c.id == integration_id, integrations.c.project_id == project_id)
            row = db.execute(select(integrations).where(*mine)).one_or_none()
            held = row is not None and row.access_token is not None
            tokens = open_tokens(db, self._vault, row) if row is not None and held else None
            service.disconnect(db, project_id, integration_id)
            return row, tokens

        row, tokens = await self._store.write(write)
        if row is not None and tokens is not None:
            await self._revoke(row.platform, tokens)

    async def _revoke(self, platform: str, tokens: Tokens) -> None:
        network, app = registry.connector(platform), self._apps(platform)
        if app is None or not isinstance(network, Revokes):
            return
        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                await network.revoke(self._networks.client(platform), app, tokens)
        except (PlatformError, OutboundError, TimeoutError) as error:
            log.info("the network did not end the authorisation", platform=platform, error=str(error))

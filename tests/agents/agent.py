"""A client made only from the official SDK, as agents are."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from sqlalchemy import Connection

from polypost import access
from tests.contract.tenant import Tenant, operator

NEW, BEFORE = "2026-07-28", "2025-11-25"
ERAS = [NEW, BEFORE]


class Said:
    """What a tool said."""

    def __init__(self, result: Any) -> None:
        self.error = bool(result.is_error)
        self.body: dict[str, Any] = result.structured_content
        (text,) = result.content
        # Clients that know no structured content read the same.
        assert json.loads(text.text) == self.body
        assert self.body["happened"]
        assert self.body["next"]
        assert self.body["receipt"]["requestId"].startswith("req_")

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))

    @property
    def paths(self) -> set[str]:
        return {each["path"] for each in self.body.get("problems", ())}


class Agent:
    """Calls tools; `good` expects that it works."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Said:
        return Said(await self.client.call_tool(tool, arguments))

    async def good(self, tool: str, **arguments: Any) -> Said:
        said = await self.call(tool, **arguments)
        assert not said.error, said.body
        return said


@asynccontextmanager
async def agent(url: str, key: str, era: str = NEW, *, header: str = "x-access-key") -> AsyncIterator[Agent]:
    """An agent with a key, that speaks the protocol of an era."""
    value = f"Bearer {key}" if header == "authorization" else key
    async with (
        httpx2.AsyncClient(headers={header: value}, timeout=60, trust_env=False) as http,
        Client(
            streamable_http_client(f"{url}/mcp", http_client=http), mode="legacy" if era == BEFORE else "auto"
        ) as client,
    ):
        assert client.protocol_version == era
        yield Agent(client)


def once() -> str:
    """An idempotency key."""
    return uuid.uuid4().hex


def key_of(tenant: Tenant, *scopes: str) -> str:
    """A further key of a project."""

    def make(db: Connection) -> str:
        return access.create_key(db, tenant.project_id, name="agent", scopes=scopes)[1]

    # Beside the loop in which an agent runs.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(operator, tenant.world, make).result()

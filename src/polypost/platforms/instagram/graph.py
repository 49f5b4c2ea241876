"""Calls to Instagram's Graph API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.platforms.families.meta import graph
from polypost.platforms.instagram.graph_errors import NUMBERS
from polypost.platforms.instagram.spec import GRAPH, VERSION

API = graph.Api(GRAPH, VERSION, NUMBERS)


class Graph(graph.Graph):
    """With an account's token."""

    api = API

    async def publish(self, path: str, fields: Mapping[str, str]) -> str:
        """The publishing call; the new media item's id. Raises OutcomeUnknown unless the answer is clear."""
        return await self.commit_for(path, data=dict(fields))

    async def send_message(self, path: str, message: Mapping[str, Any]) -> str:
        """The call that sends a message; its id. Raises as `publish`."""
        return await self.commit_for(path, "message_id", json=message)

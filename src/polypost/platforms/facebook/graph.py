"""Calls to the Graph API for a Page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.platforms.facebook.graph_errors import NUMBERS
from polypost.platforms.facebook.spec import GRAPH, VERSION
from polypost.platforms.families.meta import graph

API = graph.Api(GRAPH, VERSION, NUMBERS)


class Graph(graph.Graph):
    """With a Page's or a person's token."""

    api = API

    async def publish(self, path: str, fields: Mapping[str, str], *, host: str = GRAPH) -> dict[str, Any]:
        """The publishing call. Raises OutcomeUnknown unless the answer is clear."""
        return await self.commit(path, host=host, data=dict(fields))

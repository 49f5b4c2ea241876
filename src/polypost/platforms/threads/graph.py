"""Calls to the Threads API."""

from __future__ import annotations

from polypost.platforms.families.meta import graph
from polypost.platforms.threads.graph_errors import NUMBERS
from polypost.platforms.threads.spec import GRAPH, VERSION

API = graph.Api(GRAPH, VERSION, NUMBERS)


class Graph(graph.Graph):
    """With an account's token."""

    api = API

    async def publish(self, container: str) -> str:
        """The publishing call; the new post's id. Raises OutcomeUnknown unless the answer is clear."""
        path = f"{self.session.account.id}/threads_publish"
        return await self.commit_for(path, data={"creation_id": container})

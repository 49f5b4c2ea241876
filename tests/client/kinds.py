"""Both clients, called alike: by the name of a method."""

from __future__ import annotations

import asyncio
from typing import Any

from polypost import AsyncClient, Client


class Either:
    """The client with or without asyncio; `either("get_post", id)` is its answer."""

    def __init__(self, kind: str, url: str, key: str | None = "key", **more: Any) -> None:
        self.runner = asyncio.Runner() if kind == "async" else None
        self.client: Any = AsyncClient(url, key, **more) if self.runner else Client(url, key, **more)
        self.called: set[str] = set()

    def __call__(self, name: str, /, *args: Any, **options: Any) -> Any:
        self.called.add(name)
        answer = getattr(self.client, name)(*args, **options)
        return self.runner.run(answer) if self.runner else answer

    def every(self, name: str, *args: Any, **query: Any) -> list[Any]:
        """All entries of a list."""
        self.called.add(name)
        found = self.client.each(getattr(self.client, name), *args, **query)
        if self.runner is None:
            return list(found)

        async def collected() -> list[Any]:
            return [each async for each in found]

        return self.runner.run(collected())

    def close(self) -> None:
        """Close the connections."""
        if self.runner:
            self.runner.run(self.client.aclose())
            self.runner.close()
        else:
            self.client.close()

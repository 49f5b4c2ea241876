"""A sandbox for a test, a client for it, and demo accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from polypost.sandbox import Sandbox, SandboxInfo


@dataclass
class Play:
    """A running sandbox as a test sees it."""

    info: SandboxInfo
    http: httpx2.AsyncClient

    async def control(self, method: str, path: str, **json: Any) -> Any:
        answer = await self.http.request(
            method, f"{self.info.url}/_sandbox/{path}".rstrip("/"), json=json or None
        )
        assert answer.is_success, answer.text
        return answer.json()

    async def accounts(self, platform: str) -> list[dict[str, Any]]:
        return (await self.control("GET", f"accounts?platform={platform}"))["accounts"]

    async def posts(self, platform: str) -> list[dict[str, Any]]:
        return (await self.control("GET", f"posts?platform={platform}"))["posts"]

    async def fault(self, platform: str, fault: str, **more: Any) -> dict[str, Any]:
        return await self.control("POST", "faults", platform=platform, fault=fault, **more)


@asynccontextmanager
async def playing(folder: Path, **options: Any) -> AsyncIterator[Play]:
    sandbox = Sandbox(folder, **options)
    info = await sandbox.start()
    try:
        async with httpx2.AsyncClient(timeout=20, trust_env=False) as http:
            yield Play(info, http)
    finally:
        await sandbox.stop()


def play(folder: Path, story: Callable[[Play], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a story against a sandbox of its own."""

    async def main() -> None:
        async with playing(folder, **options) as running:
            await story(running)

    asyncio.run(main())

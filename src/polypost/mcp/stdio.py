"""The tools of a running server for clients that start a program: standard input and output on one side, HTTP on the other."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from pydantic_core import to_json

from polypost import __version__
from polypost.errors import PolypostError

_AWAY = (MCPError, httpx2.HTTPError)
_ADD, _FILE = "add_media", "filename"


class NotReached(PolypostError):
    """The server cannot be reached, or does not take the key."""

    code = "server_not_reached"


class Bridge:
    """Hands on what a client asks; `files` is the folder from which it may send files by name, none without one."""

    def __init__(self, remote: Client, files: Path | None) -> None:
        self._remote = remote
        self._files = files.resolve() if files is not None else None

    async def list_tools(self, context: ServerRequestContext[Any], asked: Any) -> types.ListToolsResult:
        """The server's tools."""
        return await self._remote.list_tools()

    async def call_tool(
        self, context: ServerRequestContext[Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        """What the server's tool says; a file of the folder is sent along."""
        given = asked.arguments or {}
        file = self._file(given.get(_FILE)) if asked.name == _ADD else None
        if file is None:
            return await self._remote.call_tool(asked.name, given)
        mime = given.get("mimeType") or mimetypes.guess_type(file.name)[0] or ""
        result = await self._remote.call_tool(_ADD, {**given, _FILE: file.name, "mimeType": mime})
        link = (result.structured_content or {}).get("uploadUrl")
        return result if link is None else await self._sent(result, file, mime, str(link))

    def _file(self, name: Any) -> Path | None:
        """The file of the folder that is meant; nothing outside of it, links followed."""
        if self._files is None or not isinstance(name, str) or "\0" in name:
            return None
        place = (self._files / name).resolve()
        return place if place.is_relative_to(self._files) and place.is_file() else None

    async def _sent(
        self, result: types.CallToolResult, file: Path, mime: str, link: str
    ) -> types.CallToolResult:
        # By a client of its own: the link may lead to other storage, which the key is nothing for.
        async with httpx2.AsyncClient(timeout=None, trust_env=False) as http:
            size = (await asyncio.to_thread(file.stat)).st_size
            headers = {"content-type": mime, "content-length": str(size)}
            answer = await http.put(link, content=_pieces(file), headers=headers)
        body = dict(result.structured_content or {})
        for name in ("uploadUrl", "curl", "uploadPage"):
            body.pop(name, None)
        good = answer.status_code == 200
        said = "The file was sent." if good else f"The file was not taken: {answer.json().get('message', '')}"
        body |= {
            "happened": said,
            "next": "Put mediaItem into `mediaItems` of a post." if good else "Tell your user.",
        }
        text = types.TextContent(type="text", text=to_json(body).decode())
        return types.CallToolResult(content=[text], structured_content=body, is_error=not good)


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as source:
        while piece := await asyncio.to_thread(source.read, 1_000_000):
            yield piece


async def bridge(server: str, key: str, files: Path | None) -> None:
    """Serve on standard input and output until it ends. Raises NotReached."""
    headers = {"x-access-key": key}
    try:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=120, trust_env=False) as http,
            Client(streamable_http_client(f"{server.rstrip('/')}/mcp", http_client=http)) as remote,
        ):
            between = Bridge(remote, files)
            local = Server(
                "polypost",
                version=__version__,
                instructions=remote.instructions,
                on_list_tools=between.list_tools,
                on_call_tool=between.call_tool,
            )
            async with stdio_server() as (read, write):
                await local.run(read, write, local.create_initialization_options())
    except (MCPError, httpx2.HTTPError, ExceptionGroup) as trouble:
        found, others = (trouble, None) if not isinstance(trouble, ExceptionGroup) else trouble.split(_AWAY)
        if found is None or others is not None:
            raise
        raise NotReached(
            f"The server at {server} cannot be used: {_first(found)}.",
            next_step="Look whether it runs, and whether POLYPOST_KEY is a key of it.",
        ) from trouble


def _first(trouble: BaseException) -> BaseException:
    while isinstance(trouble, BaseExceptionGroup):
        trouble = trouble.exceptions[0]
    return trouble

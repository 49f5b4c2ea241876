"""`polypost mcp`: the tools of a running server for agents that start a program."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def mcp(
    server: Annotated[
        str,
        typer.Option("--server", envvar="POLYPOST_SERVER", help="Address of the server.", show_envvar=False),
    ] = "http://127.0.0.1:8080",
    key: Annotated[
        str, typer.Option("--key", envvar="POLYPOST_KEY", help="API key (POLYPOST_KEY).", show_envvar=False)
    ] = "",
    files: Annotated[
        Path | None,
        typer.Option("--files", help="Folder from which agents may send files by name; none if left out."),
    ] = None,
) -> None:
    """Speak the Model Context Protocol on standard input and output, for a server that runs."""
    if not key:
        raise typer.BadParameter(
            "There is no key: set POLYPOST_KEY, or make one with `polypost keys create`."
        )
    from polypost.mcp.stdio import bridge

    asyncio.run(bridge(server, key, files))

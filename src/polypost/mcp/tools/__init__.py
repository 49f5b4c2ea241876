"""The tools, in the order in which clients are told of them."""

from __future__ import annotations

from polypost.mcp.tool import Tool
from polypost.mcp.tools import acting, inbox, looking, media, writing

TOOLS: tuple[Tool, ...] = (
    *looking.ABOUT,
    *writing.TOOLS,
    *acting.TOOLS,
    *looking.POSTS,
    *media.TOOLS,
    *inbox.TOOLS,
)

__all__ = ["TOOLS"]

"""The same services as tools for agents, by the Model Context Protocol; the SDK is loaded with the first request to it."""

from __future__ import annotations

from polypost.mcp.door import PATH, Agents

__all__ = ["PATH", "Agents"]

"""The networks that come built in; adding one is one line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from polypost.platforms.base import Connector

BUILT_IN = ("twitter", "instagram", "bluesky")


@cache
def connector(platform: str) -> Connector | None:
    """The connector of `platform`, or None for a network that this server does not have."""
    if platform not in BUILT_IN:
        return None
    found = import_module(f"polypost.platforms.{platform}").CONNECTOR
    assert isinstance(found, Connector)
    return found


def connectors() -> list[Connector]:
    """All connectors, in the order of the built-in list."""
    return [found for platform in BUILT_IN if (found := connector(platform)) is not None]

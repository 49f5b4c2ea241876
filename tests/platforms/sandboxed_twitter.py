"""The sandbox with one of its X accounts, for whole stories."""

from __future__ import annotations

from tests.platforms import sandboxed


class Room(sandboxed.Room):
    platform = "twitter"

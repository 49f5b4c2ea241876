"""Bytes on disk under random names; whole files are never held in memory."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path


class Blobs:
    """The files of all networks in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self) -> str:
        """The name of a new, empty blob."""
        name = secrets.token_hex(16)
        self.path(name).touch()
        return name

    def path(self, blob: str) -> Path:
        """Where its bytes are. Raises ValueError for a name that `new` cannot have given."""
        # Names come out of addresses: any other could lead out of the folder.
        if len(blob) != 32 or not set(blob) <= set("0123456789abcdef"):
            raise ValueError("not the name of a blob")
        return self._folder / blob

    def write(self, blob: str, data: bytes, offset: int = 0) -> None:
        """Put one piece at its place."""
        with self.path(blob).open("r+b") as file:
            file.seek(offset)
            file.write(data)

    async def receive(self, blob: str, chunks: AsyncIterator[bytes], *, offset: int = 0, limit: int) -> int:
        """Stream pieces to disk from `offset` and answer how many bytes came; stops taking after `limit` + 1 piece."""
        taken = 0
        with self.path(blob).open("r+b") as file:
            file.seek(offset)
            async for chunk in chunks:
                file.write(chunk)
                taken += len(chunk)
                if taken > limit:
                    break
        return taken

    def size(self, blob: str) -> int:
        """How many bytes it holds."""
        return self.path(blob).stat().st_size

    def delete(self, blob: str) -> None:
        """Remove the bytes."""
        self.path(blob).unlink(missing_ok=True)

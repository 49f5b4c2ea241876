"""A file that is here: the connectors' `MediaFile`, read in pieces off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from polypost.media import verdicts
from polypost.platforms.base import MediaRef
from polypost.probe import Facts


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One media item with its bytes on this machine; `ref` carries the facts. Holds no file open.

    `pull` is an address from which a network can fetch the same bytes, None where there is none; `notes` are words of
    the decoder about a copy that was made to fit.
    """

    ref: MediaRef
    facts: Facts
    path: Path
    pull: str | None
    notes: Sequence[str] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return self.facts.size

    @property
    def public_url(self) -> str:
        """An address from which a network can pull the bytes (RELIABILITY O9). Raises Rejected where there is none."""
        if self.pull is None:
            raise verdicts.not_public(self.ref.url)
        return self.pull

    @property
    def pullable(self) -> bool:
        """Whether there is such an address."""
        return self.pull is not None

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end.

        Raises Unavailable when the file has gone from the disk: a new look fetches it again.
        """
        try:
            return await asyncio.to_thread(_read, self.path, offset, length)
        except OSError as error:
            raise verdicts.unwritable() from error

    async def stream(self, offset: int = 0, chunk: int = 262_144) -> AsyncIterator[bytes]:
        """All bytes from `offset` in pieces of `chunk`; raises as `read`."""
        while piece := await self.read(offset, chunk):
            offset += len(piece)
            yield piece


def _read(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)

"""The folder that holds the files: finished ones under their name, growing ones with `.part` behind it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from polypost.observability import failpoints

PART = ".part"


class Folder:
    """File work that blocks; call it in a thread."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def place(self, name: str) -> Path:
        """Where a finished file stands."""
        return self.path / name

    def part(self, name: str) -> Path:
        """Where it grows."""
        return self.path / (name + PART)

    def free(self) -> int:
        """Bytes that the disk still takes."""
        return shutil.disk_usage(self.path).free

    def holds(self, name: str, size: int) -> bool:
        """Whether the finished file is there, whole."""
        try:
            return self.place(name).stat().st_size == size
        except FileNotFoundError:
            return False

    def finish(self, name: str) -> str:
        """Make a grown file durable and give it its name; its SHA-256 in hex."""
        part = self.part(name)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            failpoints.hit("P6")
            os.fsync(file.fileno())
        part.replace(self.place(name))
        # Until the folder is on the disk too, a power cut may take the new name away.
        listing = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(listing)
        finally:
            os.close(listing)
        return digest

    def reopen(self, name: str) -> None:
        """Let a finished file be one that grows again; nothing happens where there is none."""
        with suppress(FileNotFoundError):
            self.place(name).replace(self.part(name))

    def remove(self, names: Iterable[str]) -> None:
        """Delete these files, finished or growing; those that are gone already do not matter."""
        for name in names:
            self.place(name).unlink(missing_ok=True)
            self.part(name).unlink(missing_ok=True)

    def names(self, *, before: datetime) -> list[str]:
        """Names of the files here, each once, that were last written at `before` or earlier."""
        found = set()
        for path in self.path.iterdir():
            try:
                if path.is_file() and path.stat().st_mtime <= before.timestamp():
                    found.add(path.name.removesuffix(PART))
            except FileNotFoundError:
                continue  # another process finished or removed it since the listing
        return sorted(found)

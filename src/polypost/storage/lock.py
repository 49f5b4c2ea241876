"""One process owns an embedded data folder; a second one is told so instead of corrupting the order of things."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from polypost.errors import PolypostError


class DataLocked(PolypostError):
    """Another server uses this data folder."""

    code = "data_locked"


class DataLock:
    """Held from construction until `release`, or until the process ends in whatever way.

    The file's time is the owner's last sign of life; `seen_at` is that of the owner before.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            os.close(self._file)
            raise DataLocked(
                f"Another Polypost server uses the data folder {folder}.",
                next_step="Stop it, or give this one a folder of its own with --data.",
            ) from held
        self.seen_at = datetime.fromtimestamp(os.fstat(self._file).st_mtime, UTC)

    def touch(self) -> None:
        """Give a sign of life, which costs no commit."""
        os.utime(self._file)

    def release(self) -> None:
        """Let the folder go."""
        os.close(self._file)

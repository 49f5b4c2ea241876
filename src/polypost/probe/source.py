"""Reading a file that may be hostile: short reads and endless structures end in `Unsupported`."""

from __future__ import annotations

from typing import BinaryIO

from polypost.probe.facts import Unsupported


class Source:
    """Random access to one open file of known size, with a limit on the number of reads.

    Every structure a reader meets costs at least one read, so the limit bounds the work on any file,
    whatever its tables and lengths claim.
    """

    def __init__(self, file: BinaryIO, size: int, *, reads: int = 20_000) -> None:
        self._file = file
        self._left = reads
        self.size = size

    def at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`; raises `Unsupported` when they are not there."""
        found = self.up_to(offset, length)
        if len(found) != length:
            raise Unsupported
        return found

    def up_to(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`, fewer at the end of the file."""
        self._left -= 1
        # A negative length would read the whole file.
        if self._left < 0 or length < 0:
            raise Unsupported
        if not 0 <= offset < self.size:
            return b""
        self._file.seek(offset)
        return self._file.read(length)

    def number(self, offset: int, length: int) -> int:
        """The big-endian unsigned number in `length` bytes at `offset`."""
        return int.from_bytes(self.at(offset, length), "big")

"""The arithmetic of TikTok's chunks (Media Transfer Guide, read 2026-11-24).

The count is rounded down, so the last chunk takes the remainder and is the largest.
"""

from __future__ import annotations

from dataclasses import dataclass

# Five MB by either reading of the word. Small, because the last chunk is the call that publishes, which has
# seconds to come through and not minutes.
SMALLEST = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file of `size` bytes is sent: `count` chunks of `chunk` bytes, the last one with what is left over."""

    size: int
    chunk: int

    @property
    def count(self) -> int:
        """`total_chunk_count`."""
        return self.size // self.chunk

    def piece(self, number: int) -> tuple[int, int]:
        """First and last byte of chunk `number`, counted from 0."""
        first = number * self.chunk
        return first, self.size - 1 if number == self.count - 1 else first + self.chunk - 1

    def content_range(self, number: int) -> str:
        """The Content-Range header of chunk `number`."""
        first, last = self.piece(number)
        return f"bytes {first}-{last}/{self.size}"


def plan(size: int) -> Plan:
    """Equal chunks as small as TikTok takes them: one for a small file, else at least `SMALLEST` each.

    The remainder is shared out, so that the last chunk is hardly larger than the others.
    """
    return Plan(size, size // max(size // SMALLEST, 1))

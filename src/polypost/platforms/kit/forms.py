"""A form with one file in it, as upload addresses take it (RFC 7578)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Form:
    """Text fields and, at its end, a file of `size` bytes that is read in pieces; `part` is the file's field."""

    fields: Mapping[str, str]
    filename: str
    mime: str
    size: int
    part: str = "file"
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def head(self) -> bytes:
        """Everything before the file's bytes."""
        begin = f"--{self.boundary}\r\nContent-Disposition: form-data; name="
        parts = [f'{begin}"{name}"\r\n\r\n{value}\r\n' for name, value in self.fields.items()]
        # The file last: S3 ignores the fields behind it.
        last = f'{begin}"{self.part}"; filename="{self.filename}"\r\nContent-Type: {self.mime}\r\n\r\n'
        return "".join([*parts, last]).encode()

    @property
    def tail(self) -> bytes:
        """Everything after them."""
        return f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def length(self) -> int:
        """The bytes of the whole form."""
        return len(self.head) + self.size + len(self.tail)

    @property
    def headers(self) -> dict[str, str]:
        """Type and length: some front ends take nothing of unknown length."""
        kind = f"multipart/form-data; boundary={self.boundary}"
        return {"Content-Type": kind, "Content-Length": str(self.length)}

    async def around(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The whole form, with the file's bytes in these pieces."""
        yield self.head
        async for piece in pieces:
            yield piece
        yield self.tail

"""The file of an upload, read from where it is needed, and what kind of media it is."""

from __future__ import annotations

import io
import mimetypes
import os
import threading
from pathlib import Path
from typing import BinaryIO, TypeAlias

File: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO"
# Fits through a proxy that takes bodies of 16 MB, and so seldom that the calls do not count.
PIECE = 8 * 1024 * 1024
BLOCK = 256 * 1024
_MORE = {
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".m4v": "video/x-m4v",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".3gp": "video/3gpp",
}


class Source:
    """A file of known size. Raises OSError, and ValueError for what is no media by its name."""

    def __init__(self, file: File, filename: str | None = None, mime_type: str | None = None) -> None:
        self._own = isinstance(file, str | bytes | os.PathLike)
        if isinstance(file, bytes):
            self._open: BinaryIO = io.BytesIO(file)
        elif isinstance(file, str | os.PathLike):
            self._open = Path(file).open("rb")  # noqa: SIM115  # `close` closes it
        else:
            self._open = file
        self._one = threading.Lock()
        try:
            given = filename or (
                str(file) if isinstance(file, str | os.PathLike) else getattr(file, "name", "")
            )
            self.name = Path(str(given)).name
            self.size = self._open.seek(0, io.SEEK_END)
            self.mime = mime_type or mime_of(self.name)
            if not self.size:
                raise ValueError(f"{self.name or 'The file'} is empty.")
        except BaseException:
            self.close()
            raise

    def read(self, offset: int, most: int) -> bytes:
        """At most so many bytes from there."""
        with self._one:
            self._open.seek(offset)
            return self._open.read(most)

    def close(self) -> None:
        """Close what was opened here; a file that was handed in open stays open."""
        if self._own:
            self._open.close()


def mime_of(name: str) -> str:
    """The type by a file's name. Raises ValueError."""
    found = _MORE.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0]
    if not found:
        raise ValueError(
            f"What kind of file is {name or 'this'}? Give filename='….mp4' or mime_type='video/mp4'."
        )
    return found


def kind_of(mime: str) -> str:
    """The `type` of a media item."""
    if mime == "image/gif":
        return "gif"
    return mime.partition("/")[0] if mime.startswith(("image/", "video/")) else "document"

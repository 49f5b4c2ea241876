"""The master keys of a process: the first wraps and signs, and what any of them wrapped or signed is known."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import structlog

from polypost.errors import PolypostError

log = structlog.get_logger("polypost.integrations")
KEY_BYTES = 32
_BETWEEN = re.compile(r"[\s,]+")


class MasterKeyMissing(PolypostError):
    """The server has no usable master key and will not start without one."""

    code = "master_key_missing"


class MasterKeys:
    """One master key, or several while they are exchanged. Used from several threads.

    Those of a `file` are read again whenever it has changed: so another key reaches every process without a restart.
    """

    def __init__(self, keys: Sequence[bytes], file: Path | None = None) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"A master key has {KEY_BYTES} bytes.")
        self.file = file
        self._keys = tuple(keys)
        self._seen: tuple[int, int, int] | None = None

    def all(self) -> tuple[bytes, ...]:
        """Each of 32 bytes; the one that counts is the first."""
        if self.file is not None:
            self._look(self.file)
        return self._keys

    def by_fingerprint(self, wanted: str) -> bytes | None:
        """The key with this fingerprint."""
        return next((key for key in self.all() if fingerprint(key) == wanted), None)

    def _look(self, file: Path) -> None:
        try:
            now = file.stat()
            seen = (now.st_mtime_ns, now.st_ino, now.st_size)
            if seen == self._seen:
                return
            keys = read_keys(file)
        except (OSError, MasterKeyMissing) as trouble:
            log.warning("the master key file cannot be read; what it held before counts", reason=str(trouble))
            return
        # An empty one is being written.
        if keys:
            self._keys, self._seen = keys, seen


def fingerprint(key: bytes) -> str:
    """What tells a master key from others and nothing of it."""
    return hashlib.sha256(b"polypost master key\0" + key).hexdigest()[:16]


def read_keys(file: Path) -> tuple[bytes, ...]:
    """The keys in a file, one a line. Raises MasterKeyMissing, FileNotFoundError."""
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as unreadable:
        raise MasterKeyMissing(
            f"The master key file {file} cannot be read.",
            next_step="Check its owner and its content: base64, one key a line.",
        ) from unreadable
    return decoded(text, f"The master key file {file}")


def decoded(text: str, origin: str) -> tuple[bytes, ...]:
    """The keys in a text, by comma or line; none in an empty one. Raises MasterKeyMissing for one of the wrong form."""
    return tuple(_decoded(each, origin) for each in _BETWEEN.split(text) if each)


def encoded(keys: Sequence[bytes]) -> str:
    """The content of a file with these keys."""
    return "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)


def _decoded(text: str, origin: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyMissing(
            f"{origin} is not the base64 of {KEY_BYTES} bytes.",
            next_step="`openssl rand -base64 32` makes a key; a store that has secrets needs its old one.",
        )
    return key

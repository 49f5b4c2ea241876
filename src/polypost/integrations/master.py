"""Where the master key comes from: a setting, a file, or, on a new embedded store, a file made here (K5)."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from polypost.errors import PolypostError
from polypost.integrations.vault import KEY_BYTES
from polypost.settings import Settings

FILE = "master.key"


class MasterKeyMissing(PolypostError):
    """The server has no usable master key and will not start without one."""

    code = "master_key_missing"


def load_master_key(settings: Settings, *, embedded: bool, has_secrets: bool) -> bytes:
    """The 32 bytes of the master key; on an embedded store without secrets its file is made.

    Raises MasterKeyMissing when there is none, when it has the wrong form, on PostgreSQL as well as while
    encrypted rows exist.
    """
    if settings.master_key is not None:
        return _decoded(settings.master_key, "POLYPOST_MASTER_KEY")
    path = settings.master_key_file or settings.data / FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as unreadable:
        raise MasterKeyMissing(
            f"The master key file {path} cannot be read.",
            next_step="Check its owner and its content: one line of base64.",
        ) from unreadable
    if text:
        return _decoded(text, f"The master key file {path}")
    if has_secrets:
        raise MasterKeyMissing(
            "The store holds encrypted tokens, and the master key that opens them is missing.",
            next_step=f"Set POLYPOST_MASTER_KEY or put the key back to {path}.",
        )
    if not embedded:
        raise MasterKeyMissing(
            "With PostgreSQL the master key must be given, so that all processes have the same.",
            next_step="Set POLYPOST_MASTER_KEY or POLYPOST_MASTER_KEY_FILE; `openssl rand -base64 32` makes one.",
        )
    if settings.master_key_file is not None:
        raise MasterKeyMissing(
            f"The master key file {path} is missing or empty.",
            next_step="Check POLYPOST_MASTER_KEY_FILE, or unset it to have a key made in the data folder.",
        )
    return _make(path)


def _decoded(text: str, origin: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyMissing(
            f"{origin} is not the base64 of {KEY_BYTES} bytes.",
            next_step="`openssl rand -base64 32` makes a key; a store that has secrets needs its old one.",
        )
    return key


def _make(path: Path) -> bytes:
    """A new key in a file of our own, on the disk before anything can be sealed with it."""
    key = os.urandom(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    # An empty file is what a first start leaves that died here; nothing is sealed with it.
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, base64.b64encode(key) + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key

"""Where the master keys come from: a setting, a file, or, on a new embedded store, a file made here (K5)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from polypost.integrations.masters import (
    KEY_BYTES,
    MasterKeyMissing,
    MasterKeys,
    decoded,
    encoded,
    read_keys,
)
from polypost.settings import Settings

FILE = "master.key"


def load_master_keys(settings: Settings, *, embedded: bool, has_secrets: bool) -> MasterKeys:
    """The master keys; on an embedded store without secrets the file is made.

    Raises MasterKeyMissing when there is none, when one has the wrong form, on PostgreSQL as well as while
    encrypted rows exist.
    """
    if settings.master_key is not None:
        return MasterKeys(_some(decoded(settings.master_key, "POLYPOST_MASTER_KEY")))
    path = settings.master_key_file or settings.data / FILE
    try:
        keys = read_keys(path)
    except FileNotFoundError:
        keys = ()
    if keys:
        return MasterKeys(keys, path)
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
    return MasterKeys(_make(path), path)


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Put these keys in the place of what the file holds, whole or not at all; it stays its owner's. Raises OSError."""
    half = path.with_name(f"{path.name}.writing")
    # What a process left that died here holds nothing that counts.
    half.unlink(missing_ok=True)
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if path.exists():
            before = path.stat()
            os.fchown(file, before.st_uid, before.st_gid)
            os.fchmod(file, before.st_mode & 0o777)
        os.write(file, encoded(keys).encode("ascii"))
        os.fsync(file)
    finally:
        os.close(file)
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _some(keys: Sequence[bytes]) -> Sequence[bytes]:
    if not keys:
        raise MasterKeyMissing(
            "POLYPOST_MASTER_KEY is empty.",
            next_step="Unset it, or set it to a key; `openssl rand -base64 32` makes one.",
        )
    return keys


def _make(path: Path) -> Sequence[bytes]:
    """A new key in a file of our own, on the disk before anything can be sealed with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [os.urandom(KEY_BYTES)]
    write_keys(path, keys)
    return keys

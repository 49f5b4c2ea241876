"""Envelope encryption of tokens and secrets (K5): a data key for each project, wrapped by the master key.

A sealed text is `v1.<key id>.<base64url of nonce and ciphertext>`; project, account and field are
authenticated with it, so that it opens nowhere but in its own place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from functools import partial
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Select, bindparam, select, update

from polypost import clock
from polypost.errors import PolypostError
from polypost.integrations.masters import KEY_BYTES, MasterKeys, fingerprint
from polypost.integrations.tables import data_keys
from polypost.storage import after_commit, insert_new, new_id

_NONCE_BYTES = 12
# Data keys that one transaction wraps anew.
STEP = 200

_OF_PROJECT = select(data_keys).where(data_keys.c.project_id == bindparam("project"))


class SealBroken(PolypostError):
    """An encrypted value cannot be opened: it was changed, moved, or belongs to another key."""

    code = "seal_broken"
    next_step = "Restore the store from a backup, or connect the account again."


class MasterKeyWrong(PolypostError):
    """The store's data keys were wrapped with another master key."""

    code = "master_key_wrong"
    next_step = "Start every process with the master key that belongs to this store, and with both while it is exchanged."


class Vault:
    """Seals and opens texts; one instance a process, used from several threads.

    `masters` may be the only one itself. Data keys stay in memory once they were unwrapped.
    """

    def __init__(self, masters: MasterKeys | bytes) -> None:
        self._masters = MasterKeys([masters]) if isinstance(masters, bytes) else masters
        self._keys: dict[tuple[str, str], bytes] = {}
        self._current: dict[str, str] = {}

    def seal(self, db: Connection, project_id: str, account_id: str, field: str, text: str) -> str:
        """Encrypt `text` for one place; makes the project's data key in the caller's transaction if it has none.

        Raises MasterKeyWrong.
        """
        key_id = self._current.get(project_id)
        if key_id is None:
            key_id = self._own_key(db, project_id)
            # Not before the commit: after a rollback nobody could open what the next seal makes.
            after_commit(db, partial(self._current.__setitem__, project_id, key_id))
        place = _place(key_id, project_id, account_id, field)
        return f"v1.{key_id}.{_encrypt(self._keys[project_id, key_id], text.encode(), place)}"

    def open(self, db: Connection, project_id: str, account_id: str, field: str, sealed: str) -> str:
        """Decrypt what was sealed for the same place. Raises SealBroken, MasterKeyWrong."""
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        if version != "v1":
            raise SealBroken
        key = self._keys.get((project_id, key_id)) or self._unwrapped(db, project_id, key_id)
        return _decrypt(key, body, _place(key_id, project_id, account_id, field)).decode()

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """32 bytes for a purpose of their own, of each master key: the same in every process that has it."""
        named = f"polypost {purpose}".encode()
        return tuple(hmac.new(key, named, hashlib.sha256).digest() for key in self._masters.all())

    def rewrap(self, db: Connection) -> int:
        """Wrap some data keys anew that are wrapped with another master key than the first; returns how many.

        It is done when that is 0; sealed texts stay as they are. Raises MasterKeyWrong.
        """
        first = self._masters.all()[0]
        rows = db.execute(_stale(first).order_by(data_keys.c.project_id).limit(STEP).with_for_update()).all()
        for row in rows:
            key = self._unwrap(row.project_id, row.key_id, row.wrapped)
            db.execute(
                update(data_keys)
                .where(data_keys.c.project_id == row.project_id)
                .values(wrapped=_wrap(first, row.project_id, row.key_id, key))
            )
        return len(rows)

    def waiting(self, db: Connection) -> bool:
        """Whether a data key is wrapped with another master key than the first."""
        return db.execute(_stale(self._masters.all()[0]).limit(1)).first() is not None

    def _own_key(self, db: Connection, project_id: str) -> str:
        row = db.execute(_OF_PROJECT, {"project": project_id}).one_or_none()
        if row is None:
            key_id = new_id("dk")
            insert_new(
                db,
                data_keys,
                {
                    "project_id": project_id,
                    "key_id": key_id,
                    "wrapped": _wrap(self._masters.all()[0], project_id, key_id, os.urandom(KEY_BYTES)),
                    "created_at": clock.now(),
                },
            )
            # Another process may have been first: what is stored counts.
            row = db.execute(_OF_PROJECT, {"project": project_id}).one()
        known: str = row.key_id
        self._keys[project_id, known] = self._unwrap(project_id, known, row.wrapped)
        return known

    def _unwrapped(self, db: Connection, project_id: str, key_id: str) -> bytes:
        row = db.execute(_OF_PROJECT, {"project": project_id}).one_or_none()
        if row is None or row.key_id != key_id:
            raise SealBroken
        key = self._keys[project_id, key_id] = self._unwrap(project_id, key_id, row.wrapped)
        return key

    def _unwrap(self, project_id: str, key_id: str, wrapped: str) -> bytes:
        named, _, body = wrapped.partition(".")
        master = self._masters.by_fingerprint(named)
        if master is None:
            raise MasterKeyWrong
        return _decrypt(master, body, _place("data key", project_id, key_id))


def has_secrets(db: Connection) -> bool:
    """Whether the store holds anything that needs the master key."""
    return db.execute(select(data_keys.c.project_id).limit(1)).first() is not None


def _stale(master: bytes) -> Select[Any]:
    return select(data_keys).where(~data_keys.c.wrapped.startswith(f"{fingerprint(master)}."))


def _place(*names: str) -> bytes:
    return json.dumps(names).encode()


def _wrap(master: bytes, project_id: str, key_id: str, key: bytes) -> str:
    return f"{fingerprint(master)}.{_encrypt(master, key, _place('data key', project_id, key_id))}"


def _encrypt(key: bytes, plain: bytes, place: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, plain, place)).decode()


def _decrypt(key: bytes, body: str, place: bytes) -> bytes:
    try:
        raw = base64.b64decode(body, altchars=b"-_", validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place)
    except (binascii.Error, ValueError, InvalidTag) as broken:
        raise SealBroken from broken

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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, select, update

from polypost import clock
from polypost.errors import PolypostError
from polypost.integrations.tables import data_keys
from polypost.storage import after_commit, insert_new, new_id

KEY_BYTES = 32
_NONCE_BYTES = 12

_OF_PROJECT = select(data_keys).where(data_keys.c.project_id == bindparam("project"))


class SealBroken(PolypostError):
    """An encrypted value cannot be opened: it was changed, moved, or belongs to another key."""

    code = "seal_broken"
    next_step = "Restore the store from a backup, or connect the account again."


class MasterKeyWrong(PolypostError):
    """The store's data keys were wrapped with another master key."""

    code = "master_key_wrong"
    next_step = "Start the server with the master key that belongs to this store."


class Vault:
    """Seals and opens texts; one instance a process, used from several threads.

    `master` has 32 bytes. Data keys stay in memory once they were unwrapped.
    """

    def __init__(self, master: bytes) -> None:
        self._master = _checked(master)
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

    def derived(self, purpose: str) -> bytes:
        """32 bytes for a purpose of their own, the same in every process that has the master key."""
        return hmac.new(self._master, f"polypost {purpose}".encode(), hashlib.sha256).digest()

    def rotate(self, db: Connection, new_master: bytes) -> int:
        """Wrap all data keys of the server with `new_master` and use it from then on; returns how many.

        Sealed texts stay as they are. Keys that already have the new wrapping are left alone, so that a
        rotation can be repeated. Raises MasterKeyWrong.
        """
        fresh = _checked(new_master)
        rewrapped = 0
        for row in db.execute(select(data_keys).with_for_update()).all():
            if row.wrapped.startswith(f"{_fingerprint(fresh)}."):
                continue
            key = _unwrap(self._master, row.project_id, row.key_id, row.wrapped)
            db.execute(
                update(data_keys)
                .where(data_keys.c.project_id == row.project_id)
                .values(wrapped=_wrap(fresh, row.project_id, row.key_id, key))
            )
            rewrapped += 1
        after_commit(db, partial(setattr, self, "_master", fresh))
        return rewrapped

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
                    "wrapped": _wrap(self._master, project_id, key_id, os.urandom(KEY_BYTES)),
                    "created_at": clock.now(),
                },
            )
            # Another process may have been first: what is stored counts.
            row = db.execute(_OF_PROJECT, {"project": project_id}).one()
        known: str = row.key_id
        self._keys[project_id, known] = _unwrap(self._master, project_id, known, row.wrapped)
        return known

    def _unwrapped(self, db: Connection, project_id: str, key_id: str) -> bytes:
        row = db.execute(_OF_PROJECT, {"project": project_id}).one_or_none()
        if row is None or row.key_id != key_id:
            raise SealBroken
        key = self._keys[project_id, key_id] = _unwrap(self._master, project_id, key_id, row.wrapped)
        return key


def has_secrets(db: Connection) -> bool:
    """Whether the store holds anything that needs the master key."""
    return db.execute(select(data_keys.c.project_id).limit(1)).first() is not None


def _checked(master: bytes) -> bytes:
    if len(master) != KEY_BYTES:
        raise ValueError(f"A master key has {KEY_BYTES} bytes.")
    return master


def _fingerprint(master: bytes) -> str:
    return hashlib.sha256(b"polypost master key\0" + master).hexdigest()[:16]


def _place(*names: str) -> bytes:
    return json.dumps(names).encode()


def _wrap(master: bytes, project_id: str, key_id: str, key: bytes) -> str:
    return f"{_fingerprint(master)}.{_encrypt(master, key, _place('data key', project_id, key_id))}"


def _unwrap(master: bytes, project_id: str, key_id: str, wrapped: str) -> bytes:
    fingerprint, _, body = wrapped.partition(".")
    if fingerprint != _fingerprint(master):
        raise MasterKeyWrong
    return _decrypt(master, body, _place("data key", project_id, key_id))


def _encrypt(key: bytes, plain: bytes, place: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, plain, place)).decode()


def _decrypt(key: bytes, body: str, place: bytes) -> bytes:
    try:
        raw = base64.b64decode(body, altchars=b"-_", validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place)
    except (binascii.Error, ValueError, InvalidTag) as broken:
        raise SealBroken from broken

"""Content identifiers: DAG-CBOR of a record, SHA-256, CIDv1 in base32. Equal records have equal CIDs, as on the network."""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path
from typing import Any

CBOR, RAW = 0x71, 0x55
_SHA256 = b"\x12\x20"
_LINK_TAG = 42
_MOST_INTEGER = 2**53 - 1
_PIECE = 1024 * 1024


class NotData(Exception):
    """A value that the network's data model does not know: a fraction, a number beyond 53 bits, half a character."""


def record_cid(value: Any) -> str:
    """The CID of a record. Raises NotData."""
    return _cid(CBOR, hashlib.sha256(encode(value)).digest())


def file_cid(path: Path) -> str:
    """The CID of a blob's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return _cid(RAW, digest.digest())


def encode(value: Any) -> bytes:
    """JSON of the network's data model as DAG-CBOR. Raises NotData."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        if abs(value) > _MOST_INTEGER:
            raise NotData("integers have at most 53 bits")
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        data = _utf8(value)
        return _head(3, len(data)) + data
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        return _map(value)
    raise NotData("numbers must be whole")


def _map(value: dict[str, Any]) -> bytes:
    if set(value) == {"$link"}:
        return _link(value["$link"])
    if set(value) == {"$bytes"}:
        data = _decoded(value["$bytes"], base64.b64decode)
        return _head(2, len(data)) + data
    # Shorter keys first, then by bytes: the one order that makes equal maps equal.
    keys = sorted((_utf8(key), key) for key in value)
    keys.sort(key=lambda pair: len(pair[0]))
    body = b"".join(_head(3, len(raw)) + raw + encode(value[key]) for raw, key in keys)
    return _head(5, len(value)) + body


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotData("texts are whole characters") from error


def _link(cid: Any) -> bytes:
    if not isinstance(cid, str) or not cid.startswith("b"):
        raise NotData("a link holds a CID")
    body = cid[1:].upper()
    # DAG-CBOR puts a zero byte before a CID.
    data = b"\x00" + _decoded(body + "=" * (-len(body) % 8), base64.b32decode)
    return _head(6, _LINK_TAG) + _head(2, len(data)) + data


def _decoded(text: Any, decode: Any) -> bytes:
    try:
        return bytes(decode(text + "=" * (-len(text) % 4) if decode is base64.b64decode else text))
    except (TypeError, ValueError) as error:
        raise NotData("bytes and links are encoded text") from error


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([kind << 5 | code]) + struct.pack(form, number)
    raise NotData("too long")


def _cid(codec: int, digest: bytes) -> str:
    raw = bytes([1, codec]) + _SHA256 + digest
    # `b` stands for base32 in lower case (multibase).
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()

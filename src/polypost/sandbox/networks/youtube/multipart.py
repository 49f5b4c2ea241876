"""For Google's own clients: `multipart/related`, a resource and its bytes in one body, with any line ends."""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from polypost.sandbox.networks.youtube import errors

HEAD = 2 * 1024 * 1024
TAIL = 1024
PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Related:
    """What such a body holds; the media's bytes are in the file that `split` has written."""

    resource: Any
    media_type: str


def split(content_type: str, source: Path, target: Path) -> Related:
    """Take a body on disk apart and write its second part to `target`. Raises Refused (400)."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise _malformed()
    mark = re.escape(b"--" + boundary.encode("latin-1", "replace"))
    with source.open("rb") as file:
        head = file.read(HEAD)
    line = mark + rb"[ \t]*\r?\n((?:[^\r\n]+\r?\n)*)\r?\n"
    parts = re.match(rb"\s*" + line + rb"(.*?)\r?\n" + line, head, re.DOTALL)
    if parts is None:
        raise _malformed()
    try:
        resource = json.loads(parts[2])
    except ValueError as error:
        raise errors.bad_request("Invalid JSON payload received.") from error
    _write(source, target, parts.end(), mark)
    about = _headers(parts[3])
    if about.get("content-transfer-encoding", "").lower() == "base64":
        _decode(target)
    return Related(resource, about.get("content-type", "application/octet-stream"))


def _write(source: Path, target: Path, begin: int, mark: bytes) -> None:
    size = source.stat().st_size
    with source.open("rb") as file, target.open("wb") as out:
        # The closing boundary is looked for at the end alone, so that large files are not searched.
        at = max(begin, size - TAIL)
        file.seek(at)
        closing = re.search(rb"\r?\n" + mark + rb"--\s*\Z", file.read())
        if closing is None:
            raise _malformed()
        left = at + closing.start() - begin
        file.seek(begin)
        while left > 0 and (piece := file.read(min(PIECE, left))):
            out.write(piece)
            left -= len(piece)


def _headers(raw: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in raw.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _decode(target: Path) -> None:
    plain = target.with_suffix(".plain")
    try:
        plain.write_bytes(base64.b64decode(target.read_bytes()))
    except binascii.Error as error:
        raise _malformed() from error
    shutil.move(plain, target)


def _malformed() -> Exception:
    return errors.plain(400, "Malformed multipart body.")

"""Upload sessions: how far the bytes are, and the two lines of headers that tell of it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.simkit import Document, Network

SESSION = "upload_session"
_SPAN = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|(\*))/(\d{1,15}|\*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """One upload. `order` is what will be made of the bytes; `result` is the answer once it has been made."""

    id: str
    account_id: str
    project: str
    order: dict[str, Any]
    blob: str
    total: int | None
    received: int
    result: dict[str, Any] | None
    cancelled: bool
    expired: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A Content-Range: from `first` to `last`, both None for a question; `total` None where it is not known yet."""

    first: int | None
    last: int | None
    total: int | None


class Sessions:
    """Every upload session."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def open(self, account_id: str, project: str, order: dict[str, Any], total: int | None) -> Session:
        """A new session without a byte."""
        body = {
            "project": project,
            "order": order,
            "blob": self._net.blobs.new(),
            "total": total,
            "received": 0,
            "result": None,
            "cancelled": False,
        }
        expires = clock.now() + timedelta(days=limit("session_life_days"))
        name = "ABg5-U" + secrets.token_urlsafe(48)
        return _session(self._net.documents.put(SESSION, name, body, account_id=account_id, expires=expires))

    def get(self, name: str) -> Session | None:
        """The session, whatever has become of it."""
        document = self._net.documents.get(SESSION, name)
        return None if document is None else _session(document)

    def change(self, session: Session, **changes: Any) -> None:
        """Set members of the stored session."""
        self._net.documents.update(SESSION, session.id, **changes)

    def forget(self, session: Session) -> None:
        """The session is gone, with its bytes."""
        self._net.documents.delete(SESSION, session.id)
        if session.result is None:
            self._net.blobs.delete(session.blob)


def _session(document: Document) -> Session:
    return Session(document.id, document.account_id or "", expired=document.expired, **document.body)


def span_of(request: Request, session: Session) -> Span:
    """What a request to the session carries: its Content-Range, or the whole file without one. Raises Refused (400)."""
    header = request.headers.get("content-range")
    length = length_of(request)
    if header is None:
        if length is None:
            raise errors.plain(400, "Failed to parse Content-Range header.")
        return Span(0, length - 1, length) if length else Span(None, None, session.total)
    match = _SPAN.fullmatch(header.strip())
    if match is None:
        raise errors.plain(400, "Failed to parse Content-Range header.")
    total = None if match[4] == "*" else int(match[4])
    # `bytes */TOTAL` asks how much is here.
    if match[3]:
        return Span(None, None, total)
    first, last = int(match[1]), int(match[2])
    if last < first or (total is not None and last >= total):
        raise errors.plain(400, "Failed to parse Content-Range header.")
    if length is not None and length != last - first + 1:
        raise errors.plain(400, "Invalid request.  The Content-Length does not fit the Content-Range.")
    return Span(first, last, total)


def length_of(request: Request) -> int | None:
    """The Content-Length, None where the body comes in pieces of unknown number."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def down(size: int) -> int:
    """A number of bytes cut to what YouTube keeps of an unfinished request: whole units of 256 KiB."""
    unit = limit("chunk_unit_bytes")
    return size // unit * unit

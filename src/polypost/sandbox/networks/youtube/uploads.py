"""The upload addresses: sessions that take bytes in pieces and can be asked, and uploads in one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote, urlencode
from weakref import WeakValueDictionary

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.youtube import errors, multipart
from polypost.sandbox.networks.youtube.auth import Auth, Caller
from polypost.sandbox.networks.youtube.intake import Intake
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.sessions import Session, Sessions, Span, down, length_of, span_of
from polypost.sandbox.simkit import BadBody, Dropped, Exchange, Network, Refused, exchange, read_json

# "Resume Incomplete", which HTTP has since named Permanent Redirect.
INCOMPLETE = 308
# The answer to a cancelled upload; believed, not documented.
CLIENT_CLOSED = 499
# Seconds that a request waits for the one before it in the same session.
PATIENCE = 1.0


class Uploads:
    """The handlers of one thing that can be uploaded; `intake` says what is made of the bytes."""

    def __init__(self, net: Network, auth: Auth, sessions: Sessions, intake: Intake) -> None:
        self._auth = auth
        self._net = net
        self._sessions = sessions
        self._intake = intake
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def any(self, request: Request) -> Response:
        """Every method: a request with `upload_id` belongs to a session, another begins an upload."""
        if "upload_id" in request.query_params:
            return await self._to_session(request)
        if request.method not in self._intake.methods:
            raise errors.plain(404, "Not Found")
        caller = self._intake.enter(request)
        order = self._intake.order(request)
        kind = request.query_params.get("uploadType") or request.query_params.get("upload_protocol", "media")
        if kind == "resumable":
            return await self._open(request, caller, order)
        if kind == "multipart":
            return await self._multipart(request, caller, order)
        return await self._simple(request, caller, order)

    async def _open(self, request: Request, caller: Caller, order: dict[str, Any]) -> Response:
        body = await _object(request)
        order = self._intake.complete(caller, order, body) | {"name": request.headers.get("slug", "unknown")}
        text = request.headers.get("x-upload-content-length", "")
        total = int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
        if (total or 0) > self._intake.most:
            raise errors.plain(413, "Request Too Large")
        self._intake.before(request)
        session = self._sessions.open(caller.account.id, caller.project, order, total)
        query = [
            (k, v) for k, v in request.query_params.multi_items() if k not in {"access_token", "key", "alt"}
        ]
        # The host that the client sees, which may be another than ours behind a proxy.
        base = str(request.base_url).rstrip("/")
        address = (
            f"{base}{request.url.path}?{urlencode([*query, ('upload_id', session.id)], quote_via=quote)}"
        )
        return Response(status_code=200, headers={"location": address, "x-guploader-uploadid": session.id})

    async def _multipart(self, request: Request, caller: Caller, order: dict[str, Any]) -> Response:
        whole, blob = self._net.blobs.new(), self._net.blobs.new()
        try:
            await self._net.blobs.receive(whole, request.stream(), limit=self._intake.most + multipart.HEAD)
            paths = self._net.blobs.path(whole), self._net.blobs.path(blob)
            related = multipart.split(request.headers.get("content-type", ""), *paths)
        finally:
            self._net.blobs.delete(whole)
        return await self._at_once(request, caller, order, related.resource, blob)

    async def _simple(self, request: Request, caller: Caller, order: dict[str, Any]) -> Response:
        blob = self._net.blobs.new()
        size = await self._net.blobs.receive(blob, request.stream(), limit=self._intake.most)
        if not size:
            raise errors.refused(400, "mediaBodyRequired", "The request does not include the content.")
        return await self._at_once(request, caller, order, {}, blob)

    async def _at_once(
        self, request: Request, caller: Caller, order: dict[str, Any], body: Any, blob: str
    ) -> Response:
        try:
            order = self._intake.complete(caller, order, body)
            self._intake.before(request)
        except Refused:
            self._net.blobs.delete(blob)
            raise
        order |= {"name": request.headers.get("slug", "unknown")}
        session = self._sessions.open(caller.account.id, caller.project, order, None)
        self._net.blobs.delete(session.blob)
        self._sessions.change(session, blob=blob)
        return await self._finish(request, self._known(session.id), self._net.blobs.size(blob))

    async def _to_session(self, request: Request) -> Response:
        # The address of a session is enough; a token that is shown all the same has to live.
        self._auth.known(request)
        async with self._turn(request.query_params["upload_id"]):
            return await self._in_turn(request, self._known(request.query_params["upload_id"]))

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        """One request of a session at a time, so that a question is answered after the bytes of a call that broke off.

        A call that hangs is not waited for: whoever asks then learns what was stored before it.
        """
        lock = self._turns.setdefault(name, asyncio.Lock())
        mine = False
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                mine = await lock.acquire()
        try:
            yield
        finally:
            if mine:
                lock.release()

    async def _in_turn(self, request: Request, session: Session) -> Response:
        call = exchange(request)
        call.identify(session.account_id)
        if request.method == "DELETE":
            self._sessions.change(session, cancelled=True)
            raise errors.plain(CLIENT_CLOSED, "")
        if request.method == "GET":
            raise errors.plain(405, "Method Not Allowed")
        if call.fault("session_gone"):
            self._sessions.forget(session)
            raise errors.plain(404, "Not Found")
        span = span_of(request, session)
        if session.result is not None:
            # At once: a client that repeats a call whose answer it lost may have no body left to send.
            return JSONResponse(session.result)
        if span.total is not None and session.total not in (None, span.total):
            raise errors.plain(
                400, "Invalid request.  The total size does not fit the one that was announced."
            )
        if span.total is not None:
            self._sessions.change(session, total=span.total)
        if span.first is None or span.last is None:
            if span.total is not None and session.received == span.total:
                return await self._finish(request, session, session.received)
            return incomplete(request, session.received)
        return await self._take(request, self._known(session.id), span.first, span)

    def _known(self, name: str) -> Session:
        session = self._sessions.get(name)
        if session is None or session.expired or session.cancelled:
            raise errors.plain(404, "Not Found")
        return session

    async def _take(self, request: Request, session: Session, first: int, span: Span) -> Response:
        """Bytes of a session. Those that are here already are read over; an end in the middle keeps whole units."""
        last = first + (length_of(request) or 0) - 1 if span.last is None else span.last
        final = session.total is not None and last + 1 == session.total
        size = last - first + 1
        if first > session.received:
            raise errors.plain(503, errors.TOO_FAR.format(first, session.received))
        if not final and size % limit("chunk_unit_bytes"):
            raise errors.plain(400, errors.UNEVEN.format(size))
        # The size that was announced may be missing or wrong, so the bytes are judged as well.
        if last >= self._intake.most:
            raise errors.plain(413, "Request Too Large")
        stop = _breaking(exchange(request), size)
        here, whole = await self._receive(request, session, first, stop if stop is not None else size)
        if stop is not None or not whole:
            return self._cut(request, session, here)
        if final:
            return await self._finish(request, session, here)
        self._sessions.change(session, received=max(here, session.received))
        return incomplete(request, max(here, session.received))

    async def _receive(self, request: Request, session: Session, first: int, most: int) -> tuple[int, bool]:
        """Write at most `most` bytes from `first` on; how many bytes of the file are here, and whether all came."""
        taken, skip = 0, session.received - first
        with self._net.blobs.path(session.blob).open("r+b") as file:
            file.seek(session.received)
            try:
                async for chunk in request.stream():
                    piece = chunk[: most - taken]
                    file.write(piece[max(0, skip - taken) :])
                    taken += len(piece)
                    if taken >= most:
                        break
            except ClientDisconnect:
                return max(session.received, first + taken), False
        return max(session.received, first + taken), taken >= most

    def _cut(self, request: Request, session: Session, here: int) -> Response:
        """The request ended in the middle: what is kept of it, and how the caller learns that."""
        kept = max(session.received, down(here))
        call = exchange(request)
        if "nothing_stored" in call.struck:
            kept = 0
        self._sessions.change(session, received=kept)
        if "chunk_error" in call.struck:
            raise Refused(errors.backend())
        if "partial_chunk" in call.struck or "nothing_stored" in call.struck:
            return incomplete(request, kept)
        raise Dropped(reset="chunk_break" in call.struck)

    async def _finish(self, request: Request, session: Session, size: int) -> Response:
        """All bytes are here: make of them what was ordered. The one place where something becomes visible."""
        with self._net.blobs.path(session.blob).open("r+b") as file:
            file.truncate(size)
        call = exchange(request)
        return JSONResponse(await self._intake.make(call, self._sessions, session, size))


def _breaking(call: Exchange, size: int) -> int | None:
    """After how many bytes a request is to break off by a rule, None for one that goes through."""
    for name in CUTS:
        if call.fault(name):
            return max(1, size // 2)
    return None


CUTS = ("chunk_break", "chunk_error", "partial_chunk", "nothing_stored")


def incomplete(request: Request, received: int) -> Response:
    """308 with what is here; for clients that ask not to see one, 200 with the status in a header."""
    headers: Mapping[str, str] = {"range": f"bytes=0-{received - 1}"} if received else {}
    # Browsers follow a 308 by themselves, so clients in them ask for another answer.
    if request.headers.get("x-guploader-no-308", "").lower() == "yes":
        return Response(status_code=200, headers={**headers, "x-http-status-code-override": "308"})
    return Response(status_code=INCOMPLETE, headers=dict(headers))


async def _object(request: Request) -> Any:
    if length_of(request) == 0:
        return {}
    try:
        return await read_json(request)
    except BadBody as error:
        raise errors.bad_request("Invalid JSON payload received.") from error

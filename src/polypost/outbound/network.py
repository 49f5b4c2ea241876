"""Calls to the networks: one pool for each, every call sent once, a lost answer told from a call that never left."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2

from polypost import __version__, clock
from polypost.errors import NoAnswer, NotConfigured, NotSent
from polypost.observability import traces
from polypost.outbound import calls
from polypost.outbound.backend import GuardedBackend
from polypost.outbound.guard import Guard
from polypost.outbound.lookups import Resolver
from polypost.outbound.redact import Exchange, describe, redact_url, request_excerpt
from polypost.outbound.transport import BROKEN, CONNECT_SECONDS, Progress, Transport

Observer = Callable[[Exchange], None]
Before = Callable[[], Awaitable[None]]

ANSWER_BYTES = 4 * 1024 * 1024
REQUEST_SECONDS = 30.0
COMMIT_SECONDS = 10.0
_HEADERS = {"User-Agent": f"Polypost/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
# Where a page of a network is, up to its path.
_ORIGIN = re.compile(r"^[^:/?#]+://[^/?#]*")

log = logging.getLogger(__name__)


class Networks:
    """The way to every network, one pool of connections each.

    `overrides` maps a platform to an address (`http://127.0.0.1:8300`) that replaces scheme, host
    and port of all its URLs. Raises NotConfigured for an address that has more or less than these.
    The platforms in `guarded` live on servers that users name: every connection of theirs passes `guard`.
    `headers` go with every call that has not its own of that name.
    """

    def __init__(
        self,
        overrides: Mapping[str, str] | None = None,
        *,
        guard: Guard | None = None,
        guarded: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._headers = _HEADERS | dict(headers or {})
        self._overrides = {platform: _origin(platform, url) for platform, url in (overrides or {}).items()}
        self._origins = {
            platform: f"{url.scheme}://{url.netloc.decode()}" for platform, url in self._overrides.items()
        }
        self._transports: dict[str, Transport] = {}
        self._guard = guard or Guard()
        self._guarded = frozenset(guarded)
        self._resolve = Resolver()
        # Why no network may be asked for anything; None when they may.
        self.held: str | None = None

    @property
    def overrides(self) -> Mapping[str, str]:
        """Platforms whose hosts are replaced, each with the address that stands in for them."""
        return {platform: str(origin) for platform, origin in self._overrides.items()}

    def page(self, platform: str, url: str) -> str:
        """A page of the network as a browser finds it: on the address that replaces its hosts, where one does."""
        origin = self._origins.get(platform)
        return url if origin is None else _ORIGIN.sub(origin, url, count=1)

    def client(
        self,
        platform: str,
        *,
        observer: Observer | None = None,
        before: Before | None = None,
        on_commit_sending: Callable[[], None] | None = None,
        on_commit_sent: Callable[[], None] | None = None,
        commit_deadline: float = COMMIT_SECONDS,
        answer_bytes: int = ANSWER_BYTES,
    ) -> NetworkClient:
        """A client of `platform` on its shared pool; making one costs nothing. Answers have `answer_bytes` at most."""
        transport = self._transports.get(platform)
        if transport is None:
            transport = self._transports[platform] = self._transport(platform)
        return NetworkClient(
            platform,
            transport if self.held is None else _Held(self.held),
            origin=self._overrides.get(platform),
            observer=observer,
            before=before,
            on_commit_sending=on_commit_sending,
            on_commit_sent=on_commit_sent,
            commit_deadline=commit_deadline,
            answer_bytes=answer_bytes,
            headers=self._headers,
        )

    def _transport(self, platform: str) -> Transport:
        if platform in self._guarded and platform not in self._overrides:
            return Transport(backend=GuardedBackend(self._guard, self._resolve))
        return Transport()

    async def aclose(self) -> None:
        """Close all connections to all networks."""
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()


class NetworkClient:
    """Speaks to one network. Made by `Networks.client`.

    `observer` gets an Exchange after each call, `before` is awaited before one begins; `commit_deadline` is in seconds.
    """

    def __init__(
        self,
        platform: str,
        transport: Transport,
        *,
        origin: httpx2.URL | None = None,
        observer: Observer | None = None,
        before: Before | None = None,
        on_commit_sending: Callable[[], None] | None = None,
        on_commit_sent: Callable[[], None] | None = None,
        commit_deadline: float = COMMIT_SECONDS,
        answer_bytes: int = ANSWER_BYTES,
        headers: Mapping[str, str] = _HEADERS,
    ) -> None:
        self._headers = headers
        self._answer_bytes = answer_bytes
        self._platform = platform
        self._transport = transport
        self._origin = origin
        self._observer = observer
        self._before = before
        self._on_commit_sending = on_commit_sending
        self._on_commit_sent = on_commit_sent
        self._commit_deadline = commit_deadline

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        content: bytes | str | AsyncIterable[bytes] | None = None,
        timeout: float = REQUEST_SECONDS,  # noqa: ASYNC109  # the deadline is the contract; callers need no scope
    ) -> httpx2.Response:
        """Make a repeatable call and read its whole answer; `timeout` seconds in all.

        Redirects are answers like any other. Raises NotSent when no byte left, NoAnswer when the
        answer was lost, cut or too large.
        """
        request = self._build(
            method, url, params, headers, json=json, data=data, files=files, content=content
        )
        return await self._observed(request, timeout, Progress())

    async def commit(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        content: bytes | str | AsyncIterable[bytes] | None = None,
    ) -> httpx2.Response:
        """Make the one call that publishes: sent once, on one connection, within `commit_deadline` seconds (S6).

        `on_commit_sending` is called at the last instant before the first byte and may raise NotSent, `on_commit_sent`
        when the whole request is out and before the answer is read.
        Raises NotSent when nothing can have happened, NoAnswer when it may have.
        """
        request = self._build(
            method, url, params, headers, json=json, data=data, files=files, content=content
        )
        progress = Progress(self._on_commit_sent, self._on_commit_sending)
        return await self._observed(request, self._commit_deadline, progress)

    def _build(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        **body: Any,
    ) -> httpx2.Request:
        try:
            target = _target(url, self._origin)
        except httpx2.InvalidURL as error:
            # Some addresses come from the network itself, as upload locations do.
            raise NotSent(f"{self._platform} named an address that is none.") from error
        if params:
            target = target.copy_merge_params(params)
        return httpx2.Request(method, target, headers=_with_ours(headers or {}, self._headers), **body)

    async def _observed(self, request: httpx2.Request, seconds: float, progress: Progress) -> httpx2.Response:
        if self._before is not None:
            await self._before()
        sent_at, began = clock.now(), time.monotonic()
        response: httpx2.Response | None = None
        failure = ""
        try:
            with traces.span(request.method, {"server.address": request.url.host}, kind="client"):
                response = await self._exchange(request, seconds, progress)
                traces.tell({"http.response.status_code": response.status_code})
            calls.answered(self._platform, response.status_code, time.monotonic() - began)
        except (NotSent, NoAnswer) as error:
            failure = str(error)
            calls.failed(self._platform, request.url.host, error, time.monotonic() - began)
            raise
        finally:
            if self._observer is not None:
                self._tell(self._observer, request, response, failure, sent_at, time.monotonic() - began)
        return response

    def _tell(
        self,
        observer: Observer,
        request: httpx2.Request,
        response: httpx2.Response | None,
        failure: str,
        sent_at: datetime,
        seconds: float,
    ) -> None:
        try:
            answer = failure
            if response is not None:
                answer = describe(response.content, response.headers.get("content-type", ""), outgoing=False)
            observer(
                Exchange(
                    method=request.method,
                    url=redact_url(str(request.url)),
                    status=response.status_code if response is not None else None,
                    sent_at=sent_at,
                    seconds=seconds,
                    request_excerpt=request_excerpt(request),
                    response_excerpt=answer,
                )
            )
        except Exception:
            # What a network answered must not be lost because a log could not take it down (S7).
            log.exception("An exchange with %s could not be recorded.", self._platform)

    async def _exchange(self, request: httpx2.Request, seconds: float, progress: Progress) -> httpx2.Response:
        try:
            async with asyncio.timeout(seconds):
                answer = await self._transport.send(
                    request, connect=min(CONNECT_SECONDS, seconds), trace=progress
                )
                try:
                    return await self._read(request, answer)
                finally:
                    await answer.aclose()
        except BROKEN as error:
            if progress.nothing_left(error):
                raise NotSent(
                    f"The connection to {self._platform} failed before anything was sent."
                ) from error
            raise NoAnswer(
                f"The request to {self._platform} was sent and no complete answer came back."
            ) from error

    async def _read(self, request: httpx2.Request, answer: httpcore2.Response) -> httpx2.Response:
        pieces = answer.aiter_stream()
        if any(name.lower() == b"content-encoding" for name, _ in answer.headers):
            # Asked for is none; whoever sends one all the same is understood.
            arriving = httpx2.Response(answer.status, headers=answer.headers, stream=_Arriving(answer))
            pieces = arriving.aiter_bytes()
        body = bytearray()
        async for piece in pieces:
            body += piece
            if len(body) > self._answer_bytes:
                megabytes = self._answer_bytes // 2**20
                raise NoAnswer(
                    f"The answer of {self._platform} was larger than {megabytes} MB and was not read."
                )
        # The body is decoded already, piece by piece so that the bound holds for what it unpacks to.
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-encoding"]
        return httpx2.Response(
            answer.status,
            headers=headers,
            content=bytes(body),
            request=request,
            extensions=answer.extensions,
        )


class _Held(Transport):
    """In the place of a pool while no network may be asked for anything."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    async def send(
        self, request: httpx2.Request, *, connect: float = CONNECT_SECONDS, trace: Any = None
    ) -> httpcore2.Response:
        raise NotSent(self._reason)


class _Arriving(httpx2.AsyncByteStream):
    """The pool's unread body in the shape that the decoding response takes."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece


def _with_ours(headers: Mapping[str, str], ours: Mapping[str, str]) -> Mapping[str, str]:
    """A call's headers with those that all calls have, unless it has its own."""
    own = {name.lower() for name in headers}
    return {**{name: value for name, value in ours.items() if name.lower() not in own}, **headers}


@lru_cache
def _target(url: str, origin: httpx2.URL | None) -> httpx2.URL:
    """The address that is called: `url`, on `origin` where one replaces its host. Raises httpx2.InvalidURL.

    Kept, because most calls go to few addresses and reading one costs more than anything else of a request.
    """
    target = httpx2.URL(url)
    if target.scheme not in {"http", "https"} or not target.host:
        raise httpx2.InvalidURL("An address of a network begins with http:// or https:// and a host.")
    if origin is None:
        return target
    return target.copy_with(scheme=origin.scheme, host=origin.host, port=origin.port)


def _origin(platform: str, address: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise _bad_origin(platform) from error
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.raw_path != b"/":
        raise _bad_origin(platform)
    return url


def _bad_origin(platform: str) -> NotConfigured:
    return NotConfigured(
        f"The address that replaces the hosts of {platform} is not usable.",
        next_step="Give scheme, host and port only, as in http://127.0.0.1:8300.",
    )

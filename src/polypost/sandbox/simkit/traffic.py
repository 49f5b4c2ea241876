"""Around every call to a simulated network: the record of it, and the faults that strike it.

A handler gets its `Exchange` with `exchange(request)`, says who calls (`identify`), and marks the one call that makes
something visible:

    async with exchange(request).commit():
        post = self.net.posts.add(…)
    return JSONResponse(…)
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost import clock
from polypost.sandbox.local import SETTING_UP
from polypost.sandbox.simkit.faults import Fault, Faults
from polypost.sandbox.simkit.pages import here
from polypost.sandbox.simkit.server import drop
from polypost.sandbox.simkit.store import Store

KEPT = 500
EXCERPT = 2048
# A limit that ends at once has struck all the same.
_MOMENT = 1e-6
# A secret is a form's or query's value, a JSON text, or a multipart field; numbers (Meta's error codes) stay.
SECRETS = re.compile(
    r"((?<![a-z_])(?:access_token|refresh_token|client_secret|code_verifier|fb_exchange_token|input_token|password"
    r"|accessJwt|refreshJwt|oauth_signature|oauth_token|code|token)(?:=|\"\s*:\s*\"|\"\r\n\r\n))([^&\"\s,}]+)"
)
_SETTING_UP = SETTING_UP.encode()
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie"})


class Refused(Exception):
    """The network's answer to a call that it does not carry out; the response is sent as it is."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Dropped(Exception):
    """The connection ends here without an answer; `reset` asks for a TCP reset."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("connection dropped")
        self.reset = reset


@dataclass(frozen=True, slots=True)
class Wording:
    """How one network words the faults.

    Their server had an accident (5xx); too many calls, come back after so many seconds; the network has this content
    already; the token authorises nothing any more.
    """

    error: Callable[[], Response]
    rate_limited: Callable[[float], Response]
    duplicate: Callable[[], Response]
    token_dead: Callable[[], Response]
    # Where a token that has ended is told of in other words than one that was revoked.
    token_expired: Callable[[], Response] | None = None
    # Where calls that do not publish are told so in another way.
    read_limited: Callable[[float], Response] | None = None


class Exchange:
    """One call in the making; `headers` go with whatever is answered, unless the answer has its own; `files` are closed after it."""

    def __init__(self, platform: str, wording: Wording, faults: Faults, *, spared: bool = False) -> None:
        self._wording = wording
        self._faults = faults
        self._spared = spared
        self.platform = platform
        self.account_id: str | None = None
        self.committing = False
        self.struck: list[str] = []
        self.headers: dict[str, str] = {}
        self.files: list[UploadFile] = []

    def identify(self, account_id: str) -> None:
        """Say whose call it is: rules for one account and the slow ones need it."""
        self.account_id = account_id

    def fault(self, name: str) -> Fault | None:
        """The rule that strikes this call, counted down; None for a lucky one."""
        rule = None if self._spared else self._faults.hit(self.platform, name, self.account_id)
        if rule is not None:
            self.struck.append(name)
        return rule

    def lasting(self, name: str, of: str = "") -> float:
        """The seconds for which the rule that strikes the account, or has struck it, holds; 0.0 for a lucky one.

        `of` names the calls for which it holds, where it is not all of the account's.
        """
        if self._spared:
            return 0.0
        owner = f"{self.account_id or ''}{of}"
        left = self._faults.left(self.platform, name, owner)
        if left > 0:
            self.struck.append(name)
        elif rule := self.fault(name):
            self._faults.last(rule, owner)
            left = rule.length or _MOMENT
        return left

    def holds(self, name: str, of: str = "") -> bool:
        """Whether a rule that has struck the account still holds; strikes nobody."""
        return self._faults.left(self.platform, name, f"{self.account_id or ''}{of}") > 0

    def seconds(self, name: str) -> float:
        """The seconds of the rule that strikes this call (`listing_lag`, `processing`), 0.0 for a lucky one."""
        rule = self.fault(name)
        return 0.0 if rule is None else rule.length

    def listed_until(self) -> datetime:
        """The instant up to which lists are up to date."""
        return clock.now() - timedelta(seconds=self.seconds("listing_lag"))

    @asynccontextmanager
    async def commit(self) -> AsyncIterator[None]:
        """Around the storing of what becomes visible; raises Refused or Dropped where a fault strikes."""
        self.committing = True
        if self.fault("reset_before"):
            raise Dropped(reset=True)
        if self.fault("error_before"):
            raise Refused(self._wording.error())
        if left := self.lasting("rate_limited"):
            raise Refused(self._wording.rate_limited(left))
        if self.fault("duplicate"):
            raise Refused(self._wording.duplicate())
        yield
        if self.fault("lost_answer"):
            raise Dropped
        if self.fault("error_after"):
            raise Refused(self._wording.error())


def exchange(request: Request) -> Exchange:
    """The exchange that a request belongs to."""
    found: Exchange = request.scope["polypost.exchange"]
    return found


class Traffic:
    """ASGI middleware of one network: records each exchange, slows answers, turns Refused and Dropped into effects."""

    def __init__(self, app: ASGIApp, *, wording: Wording, faults: Faults, log: RequestLog) -> None:
        self._app = app
        self._wording = wording
        self._faults = faults
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        here.set(f"{scope['path']}?{query}" if query else scope["path"])
        spared = any(name == _SETTING_UP for name, _ in scope["headers"])
        call = Exchange(self._log.platform, self._wording, self._faults, spared=spared)
        scope["polypost.exchange"] = call
        record = _Recording(receive, send, call)
        try:
            await self._carry_out(scope, record)
        finally:
            # A handler that broke is recorded too.
            self._log.add(record.entry(scope))
            for file in call.files:
                await file.close()

    async def _carry_out(self, scope: Scope, record: _Recording) -> None:
        try:
            await self._app(scope, record.receive, record.send)
        except Refused as refused:
            await refused.response(scope, record.receive, record.send)
        except Dropped as dropped:
            record.dropped = True
            await drop(scope, reset=dropped.reset)


class _Recording:
    """Receive and send of one call, with an ear on both."""

    def __init__(self, receive: Receive, send: Send, call: Exchange) -> None:
        self._receive = receive
        self._send = send
        self._call = call
        self._begun = time.perf_counter()
        self._at = clock.iso(clock.now())
        self._body = bytearray()
        self._answer = bytearray()
        self._body_size = 0
        self.status: int | None = None
        self.dropped = False
        self._answer_headers: list[tuple[bytes, bytes]] = []

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            chunk = message.get("body", b"")
            self._body_size += len(chunk)
            if len(self._body) < EXCERPT:
                self._body += chunk[: EXCERPT - len(self._body)]
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # The effect is stored by now: a slow network has done its work and is only late to say so.
            if rule := self._call.fault("slow"):
                await asyncio.sleep(rule.length)
            self.status = message["status"]
            self._answer_headers = _with(list(message.get("headers", [])), self._call.headers)
            message = {**message, "headers": self._answer_headers}
        elif len(self._answer) < EXCERPT:
            self._answer += message.get("body", b"")[: EXCERPT - len(self._answer)]
        await self._send(message)

    def entry(self, scope: Scope) -> dict[str, Any]:
        return {
            "time": self._at,
            "platform": self._call.platform,
            "accountId": self._call.account_id,
            "method": scope["method"],
            "path": scope["path"],
            "query": redact(scope["query_string"].decode("latin-1")),
            "host": next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), ""),
            "requestHeaders": _headers(scope["headers"]),
            "requestBody": excerpt(bytes(self._body)),
            "requestBytes": self._body_size,
            "status": None if self.dropped else self.status,
            "responseHeaders": _headers(self._answer_headers),
            "responseBody": excerpt(bytes(self._answer)),
            "seconds": round(time.perf_counter() - self._begun, 4),
            "commit": self._call.committing,
            "faults": self._call.struck,
            "dropped": self.dropped,
        }


class RequestLog:
    """The last exchanges of one network."""

    def __init__(self, store: Store, platform: str) -> None:
        self._store = store
        self.platform = platform
        self._since_cut = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Keep an exchange; every fiftieth time the oldest beyond 500 go."""
        self._store.execute(
            "INSERT INTO requests (platform, body) VALUES (?, ?)", self.platform, json.dumps(entry)
        )
        self._since_cut += 1
        # To cut at every call would double the writes.
        if self._since_cut >= 50:
            self._since_cut = 0
            self._store.execute(
                "DELETE FROM requests WHERE platform = ? AND seq <= (SELECT seq FROM requests WHERE platform = ?"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                self.platform, self.platform, KEPT,
            )  # fmt: skip

    def recent(self, limit: int = KEPT) -> list[dict[str, Any]]:
        """The exchanges, newest first."""
        rows = self._store.all(
            "SELECT body FROM requests WHERE platform = ? ORDER BY seq DESC LIMIT ?", self.platform, limit
        )
        return [json.loads(row["body"]) for row in rows]


def redact(text: str) -> str:
    """The text with the values of tokens, codes and secrets replaced."""
    return SECRETS.sub(r"\1***", text)


def excerpt(body: bytes) -> str:
    """The beginning of a body as redacted text; bytes that are no text are only counted."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # The head of a multipart body names its first field and file.
        head = body[:300].split(b"\r\n\r\n")[0]
        return redact(head.decode("ascii", "replace")) + " (binary)" if head.startswith(b"--") else "(binary)"
    return redact(text)


def _with(headers: list[tuple[bytes, bytes]], more: dict[str, str]) -> list[tuple[bytes, bytes]]:
    present = {name for name, _ in headers}
    extra = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in more.items()]
    return headers + [pair for pair in extra if pair[0] not in present]


def _headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    shown = {}
    for name, value in headers:
        key = name.decode("latin-1")
        shown[key] = "***" if key in SECRET_HEADERS else redact(value.decode("latin-1"))
    return shown

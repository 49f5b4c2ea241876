"""For Google's own clients and pages that upload: what its front end takes off calls (methods, batches, origins)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OVERRIDE = b"x-http-method-override"
METHODS = frozenset({"GET", "PUT", "PATCH", "DELETE", "POST"})
BATCH = re.compile(r"/batch(/youtube(Analytics)?/v\d)?/?")
BOUNDARY = re.compile(rb'boundary="?([^";]+)"?')
LINE = re.compile(rb"([A-Z]+) (\S+)( HTTP/[\d.]+)?\r?\n")
MOST_CALLS, MOST_BYTES = 50, 4 * 1024 * 1024


class Undressed:
    """The simulator's app behind that front end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = dict(scope["headers"]).get(b"origin") if scope["type"] == "http" else None
        if origin is not None:
            if scope["method"] == "OPTIONS":
                await Response(headers=_allowed(scope))(scope, receive, _sharing(send, origin))
                return
            send = _sharing(send, origin)
        if scope["type"] == "http" and scope["method"] == "POST":
            if BATCH.fullmatch(scope["path"]):
                answer = await self._batch(scope, receive)
                await answer(scope, receive, send)
                return
            # google-api-python-client does so from 2048 characters on.
            method = dict(scope["headers"]).get(OVERRIDE, b"").decode("latin-1").upper()
            if method in METHODS:
                await self._overridden(scope, receive, send, method)
                return
        await self._app(scope, receive, send)

    async def _overridden(self, scope: Scope, receive: Receive, send: Send, method: str) -> None:
        """A GET whose query was too long for an address comes as a form."""
        changed = dict(scope) | {"method": method}
        if method != "GET":
            await self._app(changed, receive, send)
            return
        form = await _whole(receive)
        changed["query_string"] = b"&".join(part for part in (scope["query_string"], form) if part)
        await self._app(changed, _giving(b""), send)

    async def _batch(self, scope: Scope, receive: Receive) -> Response:
        boundary = BOUNDARY.search(dict(scope["headers"]).get(b"content-type", b""))
        body = await _whole(receive)
        parts = body.split(b"--" + boundary.group(1)) if boundary else []
        calls = [part for part in parts[1:] if not part.startswith(b"--")]
        if not calls or len(calls) > MOST_CALLS:
            return PlainTextResponse("Failed to parse batch request.", 400)
        mark = "batch_sandbox"
        answers = [await self._part(scope, call, mark) for call in calls]
        whole = b"".join(answers) + f"--{mark}--".encode()
        return Response(whole, media_type=f"multipart/mixed; boundary={mark}")

    async def _part(self, scope: Scope, part: bytes, mark: str) -> bytes:
        # A part is a call in HTTP/1.1 behind headers of its own, with the Content-ID that its answer is named by.
        outer, _, inner = part.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
        line = LINE.match(inner)
        told: list[Message] = []
        if line is None:
            told = [{"status": 400, "headers": []}, {"body": b"Failed to parse batch request."}]
        else:
            head, _, body = inner[line.end() :].partition(b"\n\n")
            path, _, query = line.group(2).partition(b"?")
            changed = dict(scope) | {
                "method": line.group(1).decode(),
                "path": path.decode("latin-1"),
                "raw_path": path,
                "query_string": query,
                "headers": _merged(scope, _fields(head)),
            }

            async def keep(message: Message) -> None:
                told.append(message)

            await self._app(changed, _giving(body.rstrip(b"\n")), keep)
        return _written(told, _fields(outer).get(b"content-id", b""), mark)


def _allowed(scope: Scope) -> dict[str, str]:
    """The answer to a browser that asks before it calls: whatever it asked for."""
    asked = dict(scope["headers"])
    return {
        "access-control-allow-methods": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
        "access-control-allow-headers": asked.get(b"access-control-request-headers", b"").decode("latin-1"),
        "access-control-max-age": "3600",
    }


def _sharing(send: Send, origin: bytes) -> Send:
    async def sharing(message: Message) -> None:
        if message["type"] == "http.response.start":
            # A page must see where its upload goes on, and how far it came.
            shared = [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (
                    b"access-control-expose-headers",
                    b"location,range,x-guploader-uploadid,date,content-length",
                ),
                (b"vary", b"Origin"),
            ]
            message = {**message, "headers": [*message.get("headers", []), *shared]}
        await send(message)

    return sharing


def _written(told: list[Message], name: bytes, mark: str) -> bytes:
    status: int = told[0]["status"]
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    headers: list[tuple[bytes, bytes]] = told[0]["headers"]
    heads = b"".join(key + b": " + value + b"\r\n" for key, value in headers)
    body: bytes = b"".join(message.get("body", b"") for message in told[1:])
    answered = b"Content-ID: " + name.replace(b"<", b"<response-", 1) + b"\r\n" if name else b""
    kind: bytes = f"--{mark}\r\nContent-Type: application/http\r\n".encode()
    line = f"\r\nHTTP/1.1 {status} {phrase}\r\n".encode()
    return kind + answered + line + heads + b"\r\n" + body + b"\r\n"


def _merged(scope: Scope, own: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """A call within a batch has the batch's token and host unless it names its own."""
    outer = dict(scope["headers"])
    shared = {name: outer[name] for name in (b"authorization", b"host") if name in outer}
    return list({**shared, **own}.items())


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\n") if b":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if not message.get("more_body") or len(body) > MOST_BYTES:
            return body


def _giving(body: bytes) -> Receive:
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive

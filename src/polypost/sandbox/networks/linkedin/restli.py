"""Rest.li 2.0 as LinkedIn speaks it: lists in queries, batches, collections, and long queries inside of a POST."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost.sandbox.networks.linkedin import errors
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.simkit import BadBody, read_json

# The simulator's bound for a call that was put into a POST.
LONGEST = 1024 * 1024
_LIST = re.compile(r"List\((.*)\)", re.DOTALL)
_PART = re.compile(rb"\r?\n\r?\n")


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a body. Raises Refused (400)."""
    try:
        body = await read_json(request)
        # JSON can carry halves of surrogate pairs, which are no text.
        str(body).encode()
    except (BadBody, UnicodeEncodeError) as error:
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"The body cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", "The body is not a JSON object")
    return body


def raw_query(request: Request, name: str) -> str | None:
    """A parameter as it was sent, not decoded: the commas of a list are not those of its entries."""
    for part in request.scope["query_string"].decode("latin-1").split("&"):
        key, _, value = part.partition("=")
        # A plus sign is a blank in queries, which `unquote` does not know.
        if unquote(key) == name:
            return str(value.replace("+", " "))
    return None


def listed(request: Request, name: str) -> list[str] | None:
    """The entries of `name=List(a,b)`, also where the parentheses are encoded; None when there is no such list."""
    value = raw_query(request, name)
    if value is None:
        return None
    # Rest.li 2.0 wants the parentheses raw; clients that encode whole queries send them encoded.
    found = _LIST.fullmatch(value) or _LIST.fullmatch(unquote(value))
    if found is None:
        return None
    return [unquote(entry) for entry in _entries(found[1]) if entry]


def _entries(inner: str) -> list[str]:
    """What the commas outside of parentheses part: keys may be records with commas of their own."""
    entries, depth = [""], 0
    for char in inner:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            entries.append("")
        else:
            entries[-1] += char
    return entries


def page_of(request: Request) -> tuple[int, int]:
    """(start, count) of a collection's page. Raises Refused (400)."""
    start = _whole(request, "start", 0)
    count = _whole(request, "count", limit("page_size"))
    return start, min(count, limit("page_size_max"))


def collection(elements: Sequence[dict[str, Any]], start: int, count: int, total: int) -> Response:
    """A page of a collection."""
    paging = {"start": start, "count": count, "links": [], "total": total}
    return JSONResponse({"paging": paging, "elements": list(elements)})


def batch(keys: Sequence[str], find: Callable[[str], dict[str, Any] | None]) -> Response:
    """Several entities by their keys; what is not there stands under `errors`."""
    found = {key: find(key) for key in keys}
    return JSONResponse(
        {
            "results": {key: entity for key, entity in found.items() if entity is not None},
            "statuses": {key: 200 if entity is not None else 404 for key, entity in found.items()},
            "errors": {
                key: {"status": 404, "message": f"Entity with key {key} was not found"}
                for key, entity in found.items()
                if entity is None
            },
        }
    )


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"{name} must be a whole number", name)
    return int(text)


class Tunnels:
    """ASGI middleware that takes calls out of the POST in which clients send those with a very long query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        method = headers.get(b"x-http-method-override", b"").decode("latin-1").upper()
        if not method or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        query, content = _untunnelled(headers.get(b"content-type", b"").decode("latin-1"), body)
        inner = {
            **scope,
            "method": method,
            "query_string": query,
            "headers": [
                *((name, value) for name, value in scope["headers"] if name not in _REPLACED),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
            ],
        }
        await self._app(inner, _once(content), send)


_REPLACED = (b"content-type", b"content-length", b"x-http-method-override")


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    more = True
    while more and len(body) <= LONGEST:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _untunnelled(kind: str, body: bytes) -> tuple[bytes, bytes]:
    """(query, body) of the call inside: a form is all query, a multipart body holds the query and then the body."""
    if not kind.startswith("multipart/mixed"):
        return body.strip(), b""
    boundary = b"--" + kind.partition("boundary=")[2].strip('"; ').encode("latin-1")
    parts = [_PART.split(part, maxsplit=1) for part in body.split(boundary)]
    contents = [part[1].strip() for part in parts if len(part) == 2]
    query, content, *_ = *contents, b"", b""
    return query, content


def _once(content: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive

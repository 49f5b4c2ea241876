"""For Meta's Python client (facebook_business): `POST /` with up to fifty calls in one, each answered by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Router
from starlette.types import Message

from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.simkit import Refused
from polypost.sandbox.simkit.meta import flag, given_token, graph_params

MOST = 50
METHODS = frozenset({"GET", "POST", "DELETE"})


class Batch:
    """The handler. Calls with attached files, and those that use each other's results, are refused one by one."""

    def __init__(self, routes: Callable[[], Sequence[BaseRoute]]) -> None:
        self._routes = routes
        self._router: Router | None = None

    async def run(self, request: Request) -> Response:
        """Carry the calls out in their order."""
        params = await graph_params(request)
        token = given_token(request, params)
        if not token:
            raise errors.refused("no_token")
        calls = params.values.get("batch")
        try:
            rows = json.loads(calls) if isinstance(calls, str) else calls
        except ValueError as error:
            raise errors.invalid("Param batch must be valid JSON") from error
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
            raise errors.invalid(f"Param batch must be an array of 1 to {MOST} requests")
        headers = flag(params, "include_headers", default=True)
        return JSONResponse([await self._one(request, row, token, headers=headers) for row in rows])

    async def _one(self, request: Request, row: Any, token: str, *, headers: bool) -> dict[str, Any]:
        call = self._scope(request, row, token)
        if call is None or row.get("attached_files") or "{result=" in json.dumps(row):
            answer: list[Message] = []
            refused = errors.invalid("This request of the batch cannot be carried out").response
            await refused(request.scope, request.receive, _into(answer))
        else:
            answer = await self._carried_out(call, str(row.get("body") or "").encode())
        start, body = answer[0], b"".join(message.get("body", b"") for message in answer[1:])
        made: dict[str, Any] = {"code": start["status"]}
        if headers:
            told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
            made["headers"] = [{"name": name, "value": value} for name, value in told]
        return made | {"body": body.decode()}

    def _scope(self, request: Request, row: Any, token: str) -> dict[str, Any] | None:
        """The call as the server would hand it on; None for a row that is none."""
        method = str(row.get("method", "GET")).upper() if isinstance(row, dict) else ""
        where = row.get("relative_url") if method in METHODS else None
        if not isinstance(where, str):
            return None
        parts = urlsplit(where)
        path = "/" + parts.path.lstrip("/")
        # A call inside may leave the version out; it is then that of the batch.
        if not path.startswith("/v") and "version" in request.path_params:
            path = f"/v{request.path_params['version']}{path}"
        form = b"application/x-www-form-urlencoded"
        headers = [(b"content-type", form), (b"authorization", f"Bearer {token}".encode())]
        # With the exchange of the batch the faults and the traffic log see the calls inside as one.
        kept = {name: request.scope[name] for name in ("server", "client", "scheme", "polypost.exchange")}
        headers += [pair for pair in request.scope["headers"] if pair[0] == b"host"]
        return {
            **kept,
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": headers,
        }

    async def _carried_out(self, scope: dict[str, Any], body: bytes) -> list[Message]:
        if self._router is None:
            # Made late: the table of routes holds this handler, so it is not there yet when the handler is made.
            self._router = Router(self._routes())
        answer: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await self._router(scope, receive, _into(answer))
        except Refused as refused:
            await refused.response(scope, receive, _into(answer))
        return answer


def _into(answer: list[Message]) -> Any:
    async def send(message: Message) -> None:
        answer.append(message)

    return send

"""Errors as the contract's families of endpoints show them, with a request id on every one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from polypost.api.http.auth import principal
from polypost.errors import ApiError, InvalidRequest, PolypostError, Problem, StoreUnavailable
from polypost.platforms.registry import other_names
from polypost.posts import words
from polypost.spelling import nearest

log = structlog.get_logger("polypost.api")
_ERROR_FAMILIES = ("/v1/connect", "/v1/profiles", "/v1/apps", "/v1/pinterest", "/v1/tiktok")
MOST_BYTES = 500
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def is_error_family(path: str) -> bool:
    """Whether errors of a path stand in `error`, not in `success` and `message`."""
    return path.startswith(_ERROR_FAMILIES)


def short(text: str) -> str:
    """The text within `MOST_BYTES` of UTF-8."""
    return text if len(text) <= MOST_BYTES // 4 else text.encode()[:MOST_BYTES].decode(errors="ignore")


def listed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as answers list them: a body that is wrong everywhere must not make an answer larger than itself."""
    return [
        {name: short(text) for name, text in problem.as_dict().items()}
        for problem in problems[: words.MOST_PROBLEMS]
    ]


def answer(request: Request, status: int, code: str, message: str, **more: Any) -> Response:
    """An error in the shape of the path's family; RFC 9457 members where the client asks for them."""
    headers, message = more.pop("headers", None), short(message)
    state = request.scope.setdefault("state", {})
    state["said"] = (code, message)
    body: dict[str, Any] = {}
    if is_error_family(request.url.path):
        body["error"] = message
    else:
        body |= {"success": False, "message": message}
    body |= {"code": code, "requestId": state.get("request_id", "")} | more
    media_type = "application/json"
    if "application/problem+json" in request.headers.get("accept", ""):
        media_type = "application/problem+json"
        body |= {
            "type": "about:blank",
            "title": _TITLES.get(status, ""),
            "status": status,
            "detail": message,
        }
    return JSONResponse(body, status, headers, media_type)


def from_error(request: Request, error: PolypostError) -> Response:
    """The answer to an error of the tree."""
    if isinstance(error, InvalidRequest):
        return answer(request, 400, error.code, error.message, errors=listed(error.problems))
    if isinstance(error, ApiError):
        return answer(request, error.status, error.code, error.message, headers=error.headers)
    if isinstance(error, StoreUnavailable):
        log.error("store unavailable", request=_id(request), error=str(error.__cause__ or error))
        return answer(
            request,
            503,
            error.code,
            "The server's store cannot be used right now. Send the same request again later; "
            "/healthz/ready tells its operator why.",
            headers={"Retry-After": "10"},
        )
    log.error("unexpected error of ours", request=_id(request), error=repr(error))
    return answer(
        request, 500, "internal_error", "Something went wrong inside the server; its log has the request id."
    )


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a fault of ours; the log has the rest."""
    log.error("unexpected error", request=_id(request), path=request.url.path, exc_info=error)
    return answer(
        request, 500, "internal_error", "Something went wrong inside the server; its log has the request id."
    )


def _id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def _methods(app: FastAPI, request: Request) -> list[str]:
    """All methods of the request's path; the framework names those of its first route only.

    A literal path (`/v1/posts/scheduled`) is not what a named part of another one (`/v1/posts/{post_id}`) stands for.
    """
    found: dict[str, set[str]] = {}
    for context in iter_route_contexts(app.routes):
        if context.path and context.methods and compile_path(context.path)[0].match(request.scope["path"]):
            found.setdefault(context.path, set()).update(context.methods)
    return sorted(found[min(found, key=lambda path: path.count("{"))]) if found else []


def _meant(app: FastAPI, path: str) -> str:
    """`Did you mean …?` with the path that is asked for in other words or in part; empty where none is near."""
    bare = path.rstrip("/").removeprefix("/api")
    templates = sorted({context.path for context in iter_route_contexts(app.routes) if context.path})
    for asked in (bare, f"/v1{bare}"):
        for template in templates:
            pairs = list(zip(template.split("/"), asked.split("/"), strict=False))
            if template.count("/") == asked.count("/") and all(
                own.startswith("{") or own == said or nearest(said, [own]) for own, said in pairs
            ):
                return f"Did you mean {'/'.join(said if own[:1] == '{' else own for own, said in pairs)}?"
    ending = bare.removeprefix("/v1")
    longer = next((each for each in templates if len(ending) > 1 and each.endswith(ending)), None)
    return f"Did you mean {longer}?" if longer else ""


def install(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(PolypostError)
    async def _ours(request: Request, error: PolypostError) -> Response:
        return from_error(request, error)

    @app.exception_handler(RequestValidationError)
    async def _query(request: Request, error: RequestValidationError) -> Response:
        # The framework reads the query before the handler asks for a key; who may not ask is told only that.
        try:
            await principal(request, by_profile=True)
        except PolypostError as refused:
            return from_error(request, refused)
        # The first part of a place says query or path; the parameter's name is enough.
        found = [item | {"loc": item["loc"][1:]} for item in error.errors()]
        return from_error(
            request, InvalidRequest(words.problems(found, None, meant=words.Meant(values=other_names())))
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            message = f"This server has no such path. {_meant(app, request.url.path)}".rstrip()
            return answer(request, 404, "no_such_path", message)
        if error.status_code == 405:
            allowed = ", ".join(_methods(app, request))
            message = f"This path takes {allowed}."
            return answer(request, 405, "method_not_allowed", message, headers={"Allow": allowed})
        return answer(request, error.status_code, "http_error", str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        return unexpected(request, error)

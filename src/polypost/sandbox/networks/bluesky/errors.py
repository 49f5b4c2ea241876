"""Refusals as Bluesky's servers word them: `{"error": "Name", "message": "…"}`, often with 400 where others say 401."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused


def answer(status: int, name: str, message: str, **more: Any) -> Response:
    """An error answer."""
    return JSONResponse({"error": name, "message": message, **more}, status)


def refused(status: int, name: str, message: str) -> Refused:
    """An error answer to raise."""
    return Refused(answer(status, name, message))


def invalid(message: str) -> Refused:
    """400 `InvalidRequest`."""
    return refused(400, "InvalidRequest", message)


def server_error() -> Response:
    """500, the answer to accidents and to an rkey that `createRecord` meets again."""
    return answer(500, "InternalServerError", "Internal Server Error")


def expired(message: str = "Token has expired") -> Response:
    """400: the token's end has come, or it was revoked."""
    return answer(400, "ExpiredToken", message)


def bad_token(message: str = "Token could not be verified") -> Refused:
    """400: this is no token of this server."""
    return refused(400, "InvalidToken", message)


def swapped(cid: str) -> Response:
    """400: the record is not in the state that `swapRecord` expects."""
    return answer(400, "InvalidSwap", f"Record was at {cid}")

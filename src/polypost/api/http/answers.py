"""Answers in JSON, and the contract's shapes beside them."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from polypost.entrance.shapes import accepted, created, post, scheduled_post, stamp, target


def ok(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(to_json(body), status, headers, "application/json")


__all__ = ["accepted", "created", "ok", "post", "scheduled_post", "stamp", "target"]

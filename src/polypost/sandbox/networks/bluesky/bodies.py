"""Parameters of XRPC calls: from the query for reading, from a JSON body for writing."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from polypost.sandbox.networks.bluesky.errors import invalid
from polypost.sandbox.simkit import BadBody, read_json

_KINDS: dict[type, str] = {str: "string", dict: "object", list: "array", int: "integer"}


async def read_body(request: Request, **required: type) -> dict[str, Any]:
    """The JSON body with these keys of these types. Raises Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise invalid(
            f"Wrong request encoding (Content-Type): {kind}"
            if kind
            else "Request encoding (Content-Type) required but not provided"
        )
    try:
        body = await read_json(request)
    except BadBody as error:
        raise invalid(f"Unable to parse the body: {error}") from error
    if not isinstance(body, dict):
        raise invalid("Input must be an object")
    for name, wanted in required.items():
        if name not in body:
            raise invalid(f'Input must have the property "{name}"')
        if not isinstance(body[name], wanted) or isinstance(body[name], bool):
            raise invalid(f"Input/{name} must be a {_KINDS[wanted]}")
    return body


def needed(request: Request, name: str) -> str:
    """A required parameter of the query. Raises Refused."""
    value = request.query_params.get(name)
    if not value:
        raise invalid(f'Params must have the property "{name}"')
    return value


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query within bounds. Raises Refused."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise invalid(f"Params/{name} must be an integer")
    if int(text) > most:
        raise invalid(f"{name} must be an integer less than or equal to {most}")
    if int(text) < least:
        raise invalid(f"{name} must be an integer greater than or equal to {least}")
    return int(text)

"""Reading a JSON body the way Pinterest's schema does: the first thing that does not fit is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from polypost.sandbox.networks.pinterest.errors import invalid, refused, shown
from polypost.sandbox.networks.pinterest.limits import limit

NUMBER = r"^\d+$"


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Refused: 413 for one that is too large, 400 for anything else."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit("request_bytes"):
            raise refused("too_large")
    try:
        body = json.loads(received)
        # JSON can carry halves of surrogate pairs, which are no text.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise invalid(f"{shown(body)} is not of type 'object'")
    return body


def text(body: Mapping[str, Any], name: str, *, most: int | None = None, null: bool = True) -> str | None:
    """A text, or None where it is absent or, if it may be, null."""
    value = body.get(name)
    if value is None and (null or name not in body):
        return None
    if not isinstance(value, str):
        raise invalid(f"{shown(value)} is not of type 'string'")
    if most is not None and len(value) > most:
        raise invalid(f"{name}: {shown(value)} is too long, constraint: maxLength={most}")
    return value


def needed(body: Mapping[str, Any], name: str) -> str:
    """A text that has to be there."""
    value = text(body, name, null=False)
    if value is None:
        raise invalid(f"{name!r} is a required property")
    return value


def number(body: Mapping[str, Any], name: str) -> str | None:
    """An id, or None where there is none."""
    value = text(body, name)
    return None if value is None else numeric(value)


def numeric(value: str) -> str:
    """An id, which is a text of digits."""
    if not re.fullmatch(NUMBER, value, re.ASCII):
        raise invalid(f"{shown(value)} does not match {NUMBER!r}")
    return value


def choice(body: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str | None:
    """One of several words."""
    value = text(body, name)
    if value is not None and value not in values:
        raise invalid(f"{shown(value)} is not one of {list(values)!r}")
    return value


def whole(body: Mapping[str, Any], name: str) -> int | None:
    """A whole number that is not negative."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{shown(value)} is not of type 'integer'")
    if value < 0:
        raise invalid(f"{name}: {value} is less than the minimum of 0")
    return value


def flag(body: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A truth value."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{shown(value)} is not of type 'boolean'")
    return value

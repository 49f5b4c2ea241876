"""Values of a call in any of the ways in which clients write them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from polypost import clock
from polypost.sandbox.networks.facebook.errors import invalid, refused
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.simkit import Params
from polypost.sandbox.simkit.meta import instant

_INDEXED = re.compile(r"attached_media\[(\d{1,3})\](\[media_fbid\])?")


def number(params: Params, name: str) -> int:
    """A whole number that has to be there. Raises Refused (100)."""
    text = params.text(name)
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise invalid(f"Param {name} must be an integer")
    return int(text)


def words(params: Params, *names: str, most: str) -> str:
    """The first text that is given under one of the names. Raises Refused (100) for one that is too long."""
    text = next((params.text(name) for name in names if params.text(name)), "")
    if len(text) > limit(most):
        raise invalid(f"Param {names[0]} must be at most {limit(most)} characters long")
    return text


def address(text: str) -> str:
    """A link. Raises Refused (1609005) for what cannot be one."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise refused("link_refused") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise refused("link_refused")
    return text


def attached(params: Params) -> list[str]:
    """Ids of staged media: a JSON array, or one field for each as `attached_media[0]={"media_fbid":"1"}`."""
    given = params.values.get("attached_media")
    rows: list[Any] = []
    if given not in (None, "", []):
        value = _json(given)
        rows = value if isinstance(value, list) else [value]
    numbered = [(int(match[1]), bool(match[2]), value) for name, value in params.values.items()
                if (match := _INDEXED.fullmatch(name))]  # fmt: skip
    for _, bare, value in sorted(numbered, key=lambda each: each[0]):
        rows.append({"media_fbid": value} if bare else _json(value))
    ids = [row.get("media_fbid") if isinstance(row, dict) else None for row in map(_json, rows)]
    if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in ids):
        raise invalid("Param attached_media must be an array of objects with a media_fbid")
    return [str(each) for each in ids]


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise invalid("Param attached_media must be valid JSON") from error


def schedule(params: Params, *, published: bool) -> float | None:
    """When a post is to appear by itself, in seconds since 1970. Raises Refused (100) outside the window."""
    text = params.text("scheduled_publish_time")
    if not text:
        return None
    if published:
        raise invalid("You can only specify a scheduled publish time for unpublished content")
    at = instant(text, "scheduled_publish_time")
    # Ten minutes ahead at least; of the two horizons that Meta prints, 30 and 75 days, the longer one.
    first = clock.now() + timedelta(minutes=limit("schedule_minutes_min"))
    last = clock.now() + timedelta(days=limit("schedule_days_max"))
    if not first <= at <= last:
        raise invalid("The specified scheduled publish time is invalid")
    return at.timestamp()

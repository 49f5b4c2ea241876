"""Parameters in every dress that clients use, read as Rails reads them: query, form, multipart, JSON.

`media_ids[]=1&media_ids[]=2` is a list, `poll[expires_in]=300` an object, `x[][id]=1&x[][id]=2` a list of objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from polypost.sandbox.networks.mastodon.errors import refused
from polypost.sandbox.simkit import BadBody, exchange, read_json

MOST_PART = 24 * 1024 * 1024
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
_TRUE = frozenset({"true", "1", "on", "t", "yes"})
_KEYS = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a call came with."""

    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A value as text; whatever is no text or number counts as absent."""
        return as_text(self.values.get(name), default)

    def flag(self, name: str) -> bool | None:
        """A value as yes or no; None where it is absent or empty."""
        return as_flag(self.values.get(name))

    def listed(self, name: str) -> list[Any]:
        """A value as a list."""
        value = self.values.get(name)
        return value if isinstance(value, list) else [] if value in (None, "") else [value]


def as_text(value: Any, default: str = "") -> str:
    """A number or text as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return default
    return str(value)


def as_flag(value: Any) -> bool | None:
    """Yes or no as forms and JSON write it."""
    if value is None or value == "":
        return None
    return value if isinstance(value, bool) else str(value).lower() in _TRUE


async def read(request: Request) -> Sent:
    """Everything that a call came with; the body wins over the query. Raises Refused."""
    sent = Sent(nested(request.query_params.multi_items()))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        form = await request.form(max_part_size=MOST_PART)
        pairs: list[tuple[str, str]] = []
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                sent.files[name] = value
                exchange(request).files.append(value)
            else:
                pairs.append((name, value))
        sent.values.update(nested(pairs))
    elif kind == "application/json":
        try:
            body = await read_json(request)
        except BadBody as wrong:
            raise refused(400, "There was a problem in the JSON you submitted") from wrong
        if not isinstance(body, dict):
            raise refused(400, "There was a problem in the JSON you submitted")
        sent.values.update(body)
    return sent


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Names with brackets as lists and objects."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        base, bracket, _ = name.partition("[")
        keys = _KEYS.findall(name[len(base) :]) if bracket else []
        _put(found, base, keys, value)
    return found


def _put(into: dict[str, Any], key: str, rest: list[str], value: str) -> None:
    if not rest:
        into[key] = value
    elif rest[0] == "":
        items = into.get(key)
        if not isinstance(items, list):
            items = into[key] = []
        if len(rest) == 1:
            items.append(value)
            return
        # A member that the last object has already begins the next one.
        if not items or not isinstance(items[-1], dict) or rest[1] in items[-1]:
            items.append({})
        _put(items[-1], rest[1], rest[2:], value)
    else:
        inner = into.get(key)
        if not isinstance(inner, dict):
            inner = into[key] = {}
        _put(inner, rest[0], rest[1:], value)

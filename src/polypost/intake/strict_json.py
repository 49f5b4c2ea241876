"""Strict JSON within bounds, wherever it comes from (RELIABILITY A5, A6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from polypost.errors import InvalidRequest, Problem

BODY_BYTES = 512_000
DEPTH = 32
# More than any call has use for; each of them costs far more time to judge than its bytes to send (decision 0026).
MEMBERS = 1_000
VALUES = 10_000


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises InvalidRequest for anything that is not strict JSON, and beyond the limits."""
    if not raw:
        raise _refused("The body is empty.", "Send one JSON object.", "invalid_json")
    try:
        value = from_json_within(raw)
    except ValueError as error:
        said = f"The body is not valid JSON: {error}."
        raise _refused(said, "Send one JSON object in UTF-8.", "invalid_json") from error
    if not isinstance(value, dict):
        raise _refused("The body is not a JSON object.", "Send one JSON object.", "invalid_json")
    return value


def from_json_within(raw: bytes) -> Any:
    """A value in strict JSON. Raises ValueError where it is none, InvalidRequest where it is beyond the limits."""
    braces = raw.count(b"[") + raw.count(b"{")
    commas = raw.count(b",")
    if braces + commas > VALUES and _values_at_least(raw, VALUES + 1):
        said = f"The body holds more than {VALUES:,} values."
        raise _refused(said, "Send less in one request.", "too_many_values")
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise _too_deep() from error
        raise
    if braces > DEPTH or commas >= MEMBERS:
        _measure(value)
    return value


def _values_at_least(raw: bytes, count: int) -> bool:
    """Whether a text in JSON holds so many values, each behind a comma or a bracket that is in no text."""
    plain = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    # A value has four quotes at most, those of its key among them. So many pieces would take long to make.
    if plain.count(b'"') > 4 * count:
        return True
    # Every second piece between quotes stands outside of texts.
    bare = b"".join(plain.split(b'"')[::2])
    return bare.count(b"[") + bare.count(b"{") + bare.count(b",") >= count


def _measure(value: Any) -> None:
    """Look at a value level by level. Raises InvalidRequest where it is too deep or a part of it too large."""
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise _too_deep()
        if any(len(each) > MEMBERS for each in level):
            said = f"An object or a list has more than {MEMBERS:,} members."
            raise _refused(said, "Send fewer.", "too_many_members")
        level = [item for each in level for item in _items(each) if isinstance(item, dict | list)]


def _items(value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value)


def _too_deep() -> InvalidRequest:
    return _refused(f"The body is nested deeper than {DEPTH} levels.", "Send a flatter body.", "too_deep")


def _refused(message: str, hint: str, code: str) -> InvalidRequest:
    return InvalidRequest([Problem("", message, hint, code)])

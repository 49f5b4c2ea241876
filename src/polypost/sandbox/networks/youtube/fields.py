"""For Google's own clients: the `fields` parameter, `items(id,snippet/title),nextPageToken`, `*` for everything."""

from __future__ import annotations

import re
from typing import Any

from polypost.sandbox.networks.youtube.errors import bad_parameter

Mask = dict[str, "Mask"]
_NAME = re.compile(r"[A-Za-z0-9_*.@-]+")
DEEPEST = 12


def parse(text: str) -> Mask:
    """Names to masks of what lies within; an empty mask means all of it. Raises Refused (400)."""
    mask, end = _list(text, 0, 0)
    if end != len(text):
        raise _wrong(text)
    return mask


def _list(text: str, at: int, depth: int) -> tuple[Mask, int]:
    mask: Mask = {}
    if depth > DEEPEST:
        raise _wrong(text)
    while True:
        at = _one(text, at, depth, mask)
        if text[at : at + 1] != ",":
            return mask, at
        at += 1


def _one(text: str, at: int, depth: int, into: Mask) -> int:
    for _ in range(DEEPEST):
        match = _NAME.match(text, at)
        if match is None:
            raise _wrong(text)
        into = into.setdefault(match.group(), {})
        at = match.end()
        if text[at : at + 1] != "/":
            break
        at += 1
    if text[at : at + 1] != "(":
        return at
    inner, at = _list(text, at + 1, depth + 1)
    into.update(inner)
    if text[at : at + 1] != ")":
        raise _wrong(text)
    return at + 1


def _wrong(text: str) -> Exception:
    return bad_parameter("fields", f"Invalid field selection {text[:60]}", "invalidParameter")


def pick(value: Any, mask: Mask) -> Any:
    """What the mask leaves of a value; members that it names and that are not there are simply absent."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [pick(each, mask) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: pick(value[name], inner) for name, inner in mask.items() if name in value}

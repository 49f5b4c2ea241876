"""The `fields` parameter of Meta's networks: names, nested `{…}`, modifiers such as `comments.limit(0).summary(true)`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from polypost.sandbox.simkit.meta import OAUTH, invalid

# The simulator's bound; Meta names none.
DEEPEST = 5
_NAME = re.compile(r"\s*([A-Za-z_]\w*)", re.ASCII)
_MODIFIER = re.compile(r"\.([a-z_]+)\(([^()]*)\)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of one field: the fields below it, and its modifiers."""

    fields: dict[str, Asked] = field(default_factory=dict)
    modifiers: dict[str, str] = field(default_factory=dict)


class _Wrong(Exception):
    """The text does not parse from here on."""

    def __init__(self, at: int) -> None:
        self.at = at


Values = dict[str, Callable[[Asked], Any]]


def parse(text: str, kind: str = OAUTH) -> Asked:
    """The tree behind a `fields` text, or a JSON list of names. Raises Refused (100) for one that does not parse."""
    text = joined(text)
    try:
        asked, end = _fields(text, 0, 0)
        if end != len(text):
            raise _Wrong(end)
    except _Wrong as wrong:
        at = wrong.at
        said = f"Syntax error at character {at} of the fields parameter: {text[at : at + 20]!r}"
        raise invalid(said, kind) from wrong
    return asked


# Meta's own client (facebook_business) sends lists of fields as JSON.
def joined(text: str) -> str:
    """The names of a JSON list with commas between them; any other text as it is."""
    if not text.startswith("["):
        return text
    try:
        names = json.loads(text)
    except ValueError:
        return text
    return ",".join(name for name in names if isinstance(name, str))


def _fields(text: str, at: int, depth: int) -> tuple[Asked, int]:
    found: dict[str, Asked] = {}
    if depth > DEEPEST:
        raise _Wrong(at)
    while name := _NAME.match(text, at):
        at = name.end()
        modifiers: dict[str, str] = {}
        while modifier := _MODIFIER.match(text, at):
            modifiers[modifier[1]] = modifier[2]
            at = modifier.end()
        below = Asked()
        if text[at : at + 1] == "{":
            below, at = _fields(text, at + 1, depth + 1)
            if text[at : at + 1] != "}":
                raise _Wrong(at)
            at += 1
        found[name[1]] = Asked(below.fields, modifiers)
        while text[at : at + 1] == " ":
            at += 1
        if text[at : at + 1] != ",":
            break
        at += 1
    return Asked(found), at


def pick(
    values: Values,
    asked: Asked,
    node: str,
    *,
    plain: Iterable[str] = (),
    known: Iterable[str] = (),
    kind: str = OAUTH,
) -> dict[str, Any]:
    """The asked-for members of a node, `id` always and `plain` when none were named; those that are None stay out.

    `known` are further fields that the node has and the simulator leaves empty. Raises Refused (100) for others.
    """
    wanted = {**(asked.fields or {name: Asked() for name in plain}), "id": Asked()}
    allowed = {*values, *known}
    if unknown := next((name for name in wanted if name not in allowed), None):
        raise invalid(f"Tried accessing nonexisting field ({unknown}) on node type ({node})", kind)
    made = {name: values[name](inner) for name, inner in wanted.items() if name in values}
    return {name: value for name, value in made.items() if value is not None}

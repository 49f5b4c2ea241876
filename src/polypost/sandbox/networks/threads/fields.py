"""The `fields` parameter: names and nested `{…}`; a name that the node does not have refuses the call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from polypost.sandbox.networks.threads.errors import invalid

Wanted = dict[str, "Wanted"]
Values = Mapping[str, Callable[["Wanted"], Any]]
_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)((?:\.\w+\([^()]*\))*)|([{},]))\s*", re.ASCII)
DEEPEST = 4


def _joined(text: str) -> str:
    try:
        return ",".join(name for name in json.loads(text) if isinstance(name, str))
    except ValueError:
        return text


def wanted(text: str) -> Wanted:
    """Names to nested names. Raises Refused (100) for a text that does not parse."""
    if text.startswith("["):
        text = _joined(text)
    root: Wanted = {}
    levels, last, at = [root], "", 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _syntax(text, at)
        name, _, sign = match.groups()
        if name:
            levels[-1][name] = {}
            last = name
        elif sign == "{":
            if not last or len(levels) > DEEPEST:
                raise _syntax(text, at)
            levels.append(levels[-1][last])
            last = ""
        else:
            if sign == "}" and len(levels) == 1:
                raise _syntax(text, at)
            if sign == "}":
                levels.pop()
            last = ""
        at = match.end()
    if len(levels) > 1:
        raise _syntax(text, at)
    return root


def _syntax(text: str, at: int) -> Exception:
    return invalid(f"Syntax error in the fields parameter at character {at}: {text[at : at + 20]!r}")


def pick(values: Values, asked: Wanted, node: str, *, known: Iterable[str] = ()) -> dict[str, Any]:
    """The asked-for members of a node, without those that are None; `id` is always there.

    `known` are further fields that the node has and the simulator leaves empty. Raises Refused (100) for the others.
    """
    names = {**asked, "id": {}}
    unknown = next((name for name in names if name not in values and name not in known), None)
    if unknown is not None:
        raise invalid(f"Tried accessing nonexisting field ({unknown}) on node type ({node})")
    made = {name: values[name](inner) for name, inner in names.items() if name in values}
    return {name: value for name, value in made.items() if value is not None}

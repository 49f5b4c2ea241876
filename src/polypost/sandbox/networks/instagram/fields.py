"""The `fields` parameter: names, nested `{…}`, and modifiers that are read over (`comments.limit(3){text}`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from polypost.sandbox.networks.instagram.errors import invalid

Tree = dict[str, "Tree"]
_PIECE = re.compile(r"\s*([A-Za-z_]\w*)((?:\.\w+\([^()]*\))*)\s*", re.ASCII)
DEEPEST = 4


def parse(text: str) -> Tree:
    """Names, or a JSON list of them, to nested names. Raises Refused (100) for a text that does not parse."""
    if text.startswith("["):
        text = _joined(text)
    tree, end = _parse(text, 0, 0)
    if end != len(text):
        raise _syntax(text, end)
    return tree


def _joined(text: str) -> str:
    try:
        return ",".join(name for name in json.loads(text) if isinstance(name, str))
    except ValueError:
        return text


def _parse(text: str, at: int, depth: int) -> tuple[Tree, int]:
    tree: Tree = {}
    if depth > DEEPEST:
        raise _syntax(text, at)
    while match := _PIECE.match(text, at):
        at = match.end()
        inner: Tree = {}
        if text[at : at + 1] == "{":
            inner, at = _parse(text, at + 1, depth + 1)
            if text[at : at + 1] != "}":
                raise _syntax(text, at)
            at += 1
        tree[match[1]] = inner
        if text[at : at + 1] != ",":
            return tree, at
        at += 1
    return tree, at


def _syntax(text: str, at: int) -> Exception:
    return invalid(f"Syntax error in the fields parameter at character {at}: {text[at : at + 20]!r}")


def pick(
    values: Mapping[str, Callable[[Tree], Any]], tree: Tree, node: str, *, known: Iterable[str] = ()
) -> dict[str, Any]:
    """The asked-for members of a node, without those that are None; `id` is always there.

    `known` are further fields that the node has and the simulator leaves empty. Raises Refused (100) for the others.
    """
    wanted = {**tree, "id": {}}
    allowed = {*values, *known}
    if unknown := next((name for name in wanted if name not in allowed), None):
        raise invalid(f"Tried accessing nonexisting field ({unknown}) on node type ({node})")
    made = {name: values[name](inner) for name, inner in wanted.items() if name in values}
    return {name: value for name, value in made.items() if value is not None}

"""Holds calls of Meta's Graph API against an extract of the client that Meta generates: edges, parameters, fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tests.platforms.recording import Exchange

HERE = Path(__file__).parent
# Parameters of every call: field expansion and paging.
GENERAL = frozenset({"fields", "limit", "after"})
_SIMPLE: Mapping[str, type] = {"string": str, "int": int, "bool": bool, "datetime": str}


def form(call: Exchange) -> dict[str, str]:
    """The parameters of a body: a form, or the named parts of a multipart one (files as their names)."""
    kind = call.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return call.form
    if not kind.startswith("multipart/form-data"):
        return {}
    whole: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + call.body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_filename()
        or part.get_payload(decode=True).decode()
        for part in whole.get_payload()
    }


def fits(value: str, kind: str) -> bool:
    """Whether a text is a value of a parameter's type."""
    if kind == "bool":
        return value in {"true", "false"}
    if kind == "unsigned int":
        return value.isdecimal()
    if kind.startswith("list<") or kind in {"Object", "map"}:
        try:
            return isinstance(json.loads(value), list | dict)
        except ValueError:
            return False
    return True


class Graph:
    """An extract: objects with `fields`, `methods` and, where it tells them, `types` of fields."""

    def __init__(self, name: str) -> None:
        self.objects: dict[str, Any] = json.loads((HERE / name).read_text(encoding="utf-8"))["objects"]

    def params(self, node: str, method: str, edge: str) -> Mapping[str, str] | None:
        """The parameters of an object's edge, None where the extract does not know the call."""
        for each in self.objects[node]["methods"].values():
            if (each["http"], each["edge"]) == (method, edge):
                found: Mapping[str, str] = each["params"]
                return found
        return None

    def wrong_request(
        self, node: str, edge: str, call: Exchange, *, general: frozenset[str] = GENERAL
    ) -> Iterator[str]:
        """What the extract does not have or not so, as `METHOD object /edge parameter`."""
        where = f"{call.method} {node} {edge}"
        params = self.params(node, call.method, edge)
        if params is None:
            yield where
            return
        for name, value in {**call.params, **form(call)}.items():
            if name in general:
                continue
            if name not in params:
                yield f"{where} {name}"
            elif not fits(value, params[name]):
                yield f"{where} {name}: no {params[name]}"

    def wrong_answer(self, node: str, row: Mapping[str, Any]) -> Iterator[str]:
        """Members that the extract's object does not have, and values of another type, as `object.member`."""
        known = self.objects[node]
        for name, value in row.items():
            if name not in {*known["fields"], "id"}:
                yield f"{node}.{name}"
            elif not _is(value, known.get("types", {}).get(name, "")):
                yield f"{node}.{name}: no {known['types'][name]}"


def _is(value: Any, kind: str) -> bool:
    if kind == "datetime" and isinstance(value, str):
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").tzinfo is not None
    # A type that is an object of its own is not in the extract, but its value is an object for certain.
    wanted = _SIMPLE.get(kind)
    if wanted is None:
        return not kind or isinstance(value, dict)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))

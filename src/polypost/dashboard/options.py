"""The options of a network as fields of a form, from its closed schema; and such fields read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from polypost.errors import InvalidRequest
from polypost.intake.strict_json import from_json_within
from polypost.platforms.registry import connector

# How deep forms stand in forms; what is deeper is written as JSON.
DEEPEST = 2
_NOTHING: Any = object()
_EXAMPLES = {"string": "…", "integer": 1, "number": 1, "boolean": True}


@dataclass(frozen=True, slots=True)
class Field:
    """An option as a form asks for it.

    `kind` is choice, switch, number, lines, json, text, group (of `fields`) or rows (of groups).
    """

    name: str
    label: str
    kind: str
    hint: str
    choices: tuple[str, ...] = ()
    required: bool = False
    fields: tuple[Field, ...] = ()
    example: str = ""


@cache
def fields_of(platform: str) -> tuple[Field, ...]:
    """The options of a network; none for one that this server does not have."""
    network = connector(platform)
    if network is None:
        return ()
    schema = network.options.model_json_schema(by_alias=True)
    return _fields(schema, schema.get("$defs", {}), 0)


def read(fields: Sequence[Field], said: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """The options that a form says; `said` has texts by place, as in `poll.options` or `threadItems.0.content`.

    What cannot be read stays a text, of which the network's rules say what is wrong.
    """
    found = {}
    for each in fields:
        value = _value(each, said, prefix + each.name)
        if value is not _NOTHING:
            found[each.name] = value
    if not prefix:
        known = {each.name for each in fields}
        found |= {
            name: _json(text) for name, text in said.items() if name.partition(".")[0] not in known and text
        }
    return found


def written(fields: Sequence[Field], options: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Options as such a form has them; what fits no field stands as JSON under its name."""
    known = {each.name: each for each in fields}
    said: dict[str, str] = {}
    for name, value in options.items():
        if value is None:
            continue
        field, place = known.get(name), prefix + name
        if field is not None and field.kind == "group" and _fits(field, value):
            said |= written(field.fields, value, f"{place}.")
        elif field is not None and field.kind == "rows" and _all_fit(field, value):
            for at, row in enumerate(value):
                said |= written(field.fields, row, f"{place}.{at}.")
        else:
            said[place] = _text(value, field.kind if field else "json")
    return said


def further(fields: Sequence[Field], said: Mapping[str, str]) -> list[str]:
    """Names that no field has, so that a form does not lose what it cannot show."""
    known = {each.name for each in fields}
    return [name for name in said if name.partition(".")[0] not in known]


def rows_in(said: Mapping[str, str], place: str) -> int:
    """How many rows a form has at a place."""
    return max((at + 1 for at in _rows(said, place)), default=0)


def place_of(fields: Sequence[Field], steps: Sequence[str]) -> str:
    """The field that stands for the path of an option: `poll.options` for `["poll", "options", "1"]`."""
    for field in fields:
        if steps and field.name == steps[0]:
            rest = list(steps[1:])
            row = ""
            if field.kind == "rows" and rest and rest[0].isdecimal():
                row = f".{rest.pop(0)}"
            inner = place_of(field.fields, rest)
            return f"{field.name}{row}.{inner}" if inner else field.name
    return ""


def _fields(shape: Mapping[str, Any], shapes: Mapping[str, Any], depth: int) -> tuple[Field, ...]:
    required = set(shape.get("required", ()))
    return tuple(
        _field(name, said, shapes, depth, required=name in required)
        for name, said in shape["properties"].items()
    )


def _field(
    name: str, said: Mapping[str, Any], shapes: Mapping[str, Any], depth: int, *, required: bool
) -> Field:
    one = _only(said, shapes)
    items = _only(one.get("items", {}), shapes)
    kind = "json"
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    if "enum" in one or "const" in one:
        kind, choices = "choice", tuple(map(str, one.get("enum") or (one["const"],)))
    elif one.get("type") in {"boolean", "integer", "number", "string"}:
        kind = {"boolean": "switch", "string": "text"}.get(one["type"], "number")
    elif one.get("type") == "array" and items.get("type") == "string":
        kind, choices = "lines", tuple(items.get("enum", ()))
    elif depth < DEEPEST and "properties" in one:
        kind, fields = "group", _fields(one, shapes, depth + 1)
    elif depth < DEEPEST and "properties" in items:
        kind, fields = "rows", _fields(items, shapes, depth + 1)
    example = json.dumps(_example(one, shapes), ensure_ascii=False) if kind == "json" else ""
    return Field(name, label(name), kind, said.get("description", ""), choices, required, fields, example)


def _only(said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one shape that a value may have beside null; empty where there are several."""
    some = [each for each in _variants(said, shapes) if each.get("type") != "null"]
    return some[0] if len(some) == 1 else {}


def _variants(said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in said.get("anyOf") or said.get("oneOf") or [said]:
        place = each.get("$ref", "").rpartition("/")[2]
        yield shapes[place] if place else each


def _example(said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Any:
    one = next(_variants(said, shapes), {})
    if "enum" in one:
        return one["enum"][0]
    if "properties" in one:
        needed = one.get("required") or list(one["properties"])
        return {name: _example(one["properties"][name], shapes) for name in needed}
    if one.get("type") == "array":
        return [_example(one.get("items", {}), shapes)]
    return _EXAMPLES.get(one.get("type", ""), "…")


def label(name: str) -> str:
    """A name of the API as words: `Duration minutes` for `durationMinutes`, `Self only` for `SELF_ONLY`."""
    if name.isupper():
        return name.replace("_", " ").capitalize()
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.replace("_", " "))
    return words[:1].upper() + words[1:]


def _value(field: Field, said: Mapping[str, str], place: str) -> Any:
    text = said.get(place, "")
    if field.kind == "group" and not text:
        return read(field.fields, said, f"{place}.") or _NOTHING
    if field.kind == "rows" and not text:
        rows = [read(field.fields, said, f"{place}.{at}.") for at in _rows(said, place)]
        return rows or _NOTHING
    if not text:
        return _NOTHING
    if field.kind == "switch" and text in {"true", "false"}:
        return text == "true"
    if field.kind == "lines":
        whole = _json(text) if text.startswith("[") else None
        return (
            whole if isinstance(whole, list) else [line.strip() for line in text.splitlines() if line.strip()]
        )
    return _json(text) if field.kind in {"number", "json", "group", "rows"} else text


def _rows(said: Mapping[str, str], place: str) -> list[int]:
    steps = {
        name[len(place) + 1 :].partition(".")[0]
        for name, text in said.items()
        if text and name.startswith(f"{place}.")
    }
    return sorted(int(step) for step in steps if step.isascii() and step.isdecimal() and len(step) <= 3)


def _json(text: str) -> Any:
    try:
        return from_json_within(text.encode(errors="replace"))
    except (ValueError, InvalidRequest):
        return text


def _fits(field: Field, value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= {each.name for each in field.fields}


def _all_fit(field: Field, value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_fits(field, row) for row in value)


def _text(value: Any, kind: str) -> str:
    if isinstance(value, str) and kind not in {"number", "json", "group", "rows"}:
        return value
    if kind == "lines" and isinstance(value, list) and _is_lines(value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False)


def _is_lines(value: Sequence[Any]) -> bool:
    return all(
        isinstance(each, str) and each and [each] == each.strip().splitlines() for each in value
    ) and not (value and value[0].startswith("["))

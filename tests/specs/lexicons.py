"""Lexicons, the AT Protocol's schemas, read as the specification of the language says, and calls held against them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import regex

from tests.platforms.recording import Exchange

FOLDER = Path(__file__).parent
PREFIX = "/xrpc/"
_CLUSTERS = regex.compile(r"\X")
_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HANDLE = rf"({_LABEL}\.)+[a-zA-Z]([a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?"
_DID = r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]"
_NSID = r"[a-zA-Z]([a-zA-Z0-9-]{0,62})(\.[a-zA-Z0-9-]{1,63})+\.[a-zA-Z][a-zA-Z0-9]{0,62}"
_RKEY = r"(?!\.{1,2}$)[A-Za-z0-9._:~-]{1,512}"
_PATTERNS = {
    "handle": _HANDLE,
    "did": _DID,
    "at-identifier": f"({_DID})|({_HANDLE})",
    "nsid": _NSID,
    "record-key": _RKEY,
    "tid": r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}",
    "cid": r"b[a-z2-7]{50,70}",
    "at-uri": rf"at://(({_DID})|({_HANDLE}))(/{_NSID}(/{_RKEY})?)?",
    "uri": r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+",
    "language": r"(i|[a-z]{2,3})(-[a-zA-Z0-9]+)*",
    "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
}
_FORMS = {name: re.compile(pattern, re.ASCII) for name, pattern in _PATTERNS.items()}
_KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


class Lexicons:
    """A bundle of lexicons by id. `findings` of a call are `method: place: what is wrong`."""

    def __init__(self, name: str) -> None:
        self._all: Mapping[str, Any] = json.loads((FOLDER / name).read_text())

    @property
    def methods(self) -> set[str]:
        """Every query and procedure."""
        return {
            name
            for name, lexicon in self._all.items()
            if lexicon["defs"].get("main", {}).get("type") in {"query", "procedure"}
        }

    def findings(self, call: Exchange) -> list[str]:
        """What of a call and its answer does not fit its lexicon."""
        name = call.path.removeprefix(PREFIX)
        if name not in self.methods:
            return [f"{name}: unknown method"]
        return [f"{name}: {finding}" for finding in self._call(self._all[name]["defs"]["main"], name, call)]

    def record(self, record: Any, collection: str) -> Iterator[str]:
        """What of a record does not fit; collections without a lexicon here are free."""
        lexicon = self._all.get(collection)
        if lexicon is not None and lexicon["defs"]["main"]["type"] == "record":
            main = lexicon["defs"]["main"]
            yield from self._value(main["record"], record, collection, "record", closed=True)

    def _call(self, main: Mapping[str, Any], name: str, call: Exchange) -> Iterator[str]:
        if call.method != {"query": "GET", "procedure": "POST"}[main["type"]]:
            yield f"sent by {call.method}"
        yield from self._params(main.get("parameters") or {"properties": {}}, name, call)
        if main["type"] == "procedure":
            yield from self._input(main.get("input"), name, call)
        if 200 <= call.status < 300:
            yield from self._output(main.get("output"), name, call)
        else:
            yield from self._error(call)

    def _params(self, schema: Mapping[str, Any], name: str, call: Exchange) -> Iterator[str]:
        for needed in schema.get("required", ()):
            if needed not in call.params:
                yield f"params: {needed} is missing"
        for key, text in call.params.items():
            known = schema["properties"].get(key)
            if known is None:
                yield f"params: {key} is unknown"
                continue
            yield from self._value(known, _read(known, text), name, f"params {key}")

    def _input(self, schema: Mapping[str, Any] | None, name: str, call: Exchange) -> Iterator[str]:
        if schema is None:
            if call.body:
                yield "input: there is none"
            return
        kind = call.headers.get("content-type", "").partition(";")[0]
        if not fnmatchcase(kind, schema["encoding"]):
            yield f"input: encoded as {kind}"
        elif "schema" in schema:
            yield from self._value(schema["schema"], call.sent, name, "input", closed=True)
            if isinstance(call.sent.get("record"), dict):
                yield from self.record(call.sent["record"], call.sent["collection"])
            for place, write in enumerate(call.sent.get("writes", ())):
                if "value" in write:
                    found = self.record(write["value"], write["collection"])
                    yield from (f"{finding} in write {place}" for finding in found)

    def _output(self, schema: Mapping[str, Any] | None, name: str, call: Exchange) -> Iterator[str]:
        if schema is None:
            if call.answer:
                yield "output: there is none"
            return
        kind = call.answer_headers.get("content-type", "").partition(";")[0]
        if kind != schema["encoding"]:
            yield f"output: encoded as {kind}"
        elif "schema" in schema:
            yield from self._value(schema["schema"], call.received, name, "output")

    def _error(self, call: Exchange) -> Iterator[str]:
        body = call.received
        if not isinstance(body, dict) or not re.fullmatch(r"[A-Za-z_]+", str(body.get("error", ""))):
            yield f"error {call.status}: has no name"
        elif not isinstance(body.get("message", ""), str):
            yield f"error {call.status}: its message is no text"

    def _value(
        self, schema: Mapping[str, Any], value: Any, home: str, path: str, *, closed: bool = False
    ) -> Iterator[str]:
        kind = schema["type"]
        if kind == "ref":
            home, target = self._target(schema["ref"], home)
            if target is not None:
                yield from self._value(target, value, home, path, closed=closed)
        elif kind == "union":
            yield from self._union(schema, value, home, path, closed=closed)
        elif kind == "blob":
            yield from self._blob(schema, value, path)
        elif kind == "unknown":
            if not isinstance(value, dict):
                yield f"{path}: is no object"
        elif not isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, bool)):
            yield f"{path}: is no {kind}"
        elif kind == "object":
            yield from self._object(schema, value, home, path, closed=closed)
        elif kind == "array":
            if len(value) > schema.get("maxLength", len(value)):
                yield f"{path}: has too many items"
            for place, item in enumerate(value):
                yield from self._value(schema["items"], item, home, f"{path}[{place}]", closed=closed)
        else:
            yield from (f"{path}: {finding}" for finding in _plain(schema, value))

    def _object(
        self, schema: Mapping[str, Any], value: dict[str, Any], home: str, path: str, *, closed: bool
    ) -> Iterator[str]:
        known = schema.get("properties", {})
        for needed in schema.get("required", ()):
            if needed not in value:
                yield f"{path}: {needed} is missing"
        for name, part in value.items():
            nullable = part is None and name in schema.get("nullable", ())
            if name in known and not nullable:
                yield from self._value(known[name], part, home, f"{path}.{name}", closed=closed)
            # Objects are open, but what we send ourselves should be there for a reason.
            elif closed and name not in known and name != "$type":
                yield f"{path}: {name} is unknown"

    def _union(
        self, schema: Mapping[str, Any], value: Any, home: str, path: str, *, closed: bool
    ) -> Iterator[str]:
        if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
            yield f"{path}: has no $type"
            return
        named = value["$type"].removesuffix("#main")
        for ref in schema["refs"]:
            place, target = self._target(ref, home)
            full = ref if not ref.startswith("#") else f"{home}{ref}"
            if named == full.removesuffix("#main"):
                if target is not None:
                    yield from self._value(target, value, place, path, closed=closed)
                return
        yield f"{path}: {named} is none of the union"

    def _blob(self, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict) or value.get("$type") != "blob":
            yield f"{path}: is no blob"
            return
        if not _FORMS["cid"].fullmatch(str(value.get("ref", {}).get("$link"))):
            yield f"{path}: has no link"
        accepted = schema.get("accept", ["*/*"])
        if not any(fnmatchcase(str(value.get("mimeType")), each) for each in accepted):
            yield f"{path}: is {value.get('mimeType')}"
        if not isinstance(value.get("size"), int) or value["size"] > schema.get("maxSize", value["size"]):
            yield f"{path}: is too large"

    def _target(self, ref: str, home: str) -> tuple[str, Mapping[str, Any] | None]:
        """Where a reference leads; None for a lexicon that is not in the bundle."""
        name, _, part = ref.partition("#")
        name = name or home
        return name, self._all.get(name, {"defs": {}})["defs"].get(part or "main")


@cache
def lexicons(name: str) -> Lexicons:
    """A bundle, read once."""
    return Lexicons(name)


def _plain(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """What is wrong with a text, a number or a truth value."""
    if "const" in schema and value != schema["const"]:
        yield f"is not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield "is none of the few"
    if isinstance(value, str):
        size = len(value.encode())
        if not schema.get("minLength", 0) <= size <= schema.get("maxLength", size):
            yield "is too long or too short"
        if len(_CLUSTERS.findall(value)) > schema.get("maxGraphemes", size):
            yield "has too many characters"
        if "format" in schema and not _has_form(value, schema["format"]):
            yield f"is no {schema['format']}"
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield "is out of bounds"


def _has_form(text: str, form: str) -> bool:
    if _FORMS[form].fullmatch(text) is None:
        return False
    if form != "datetime":
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read(schema: Mapping[str, Any], text: str) -> Any:
    """A parameter of a query as the value it stands for."""
    if schema["type"] == "integer":
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if schema["type"] == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return [_read(schema["items"], text)] if schema["type"] == "array" else text

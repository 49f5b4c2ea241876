"""Holds exchanges against a Google discovery document: parameters, bodies, answers, media, scopes.

The documents come with google-api-python-client. What a document does not name is a finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import googleapiclient
from jsonschema import Draft202012Validator, FormatChecker

from tests.platforms.recording import Exchange

HERE = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
# Numbers that JSON carries as texts, and those that it carries as numbers.
_TEXTS = {"int64": r"^-?[0-9]+$", "uint64": r"^[0-9]+$"}
_LEAST = {"uint32": 0}
FORMATS = FormatChecker(())
_COPIED = ("type", "enum", "minimum", "maximum", "pattern")


@FORMATS.checks("date-time", raises=ValueError)
def _instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@dataclass(frozen=True)
class Method:
    """One method of the interface; `uploads` tells the address that takes media from the plain one."""

    name: str
    verb: str
    pattern: re.Pattern[str]
    told: Mapping[str, Any]
    uploads: bool


class Document:
    """A discovery document, by its file's name or as it stands, with its schemas ready for a JSON Schema validator."""

    def __init__(self, told: str | Mapping[str, Any]) -> None:
        self.whole = json.loads((HERE / told).read_text(encoding="utf-8")) if isinstance(told, str) else told
        # Closed objects: a member that the document does not name is a finding.
        self._root = {"$defs": {key: _modern(told) for key, told in self.whole["schemas"].items()}}
        self.methods = list(self._methods(self.whole))

    def _methods(self, told: Mapping[str, Any]) -> Iterator[Method]:
        for method in told.get("methods", {}).values():
            # Newer interfaces take whole names as one parameter and tell their parts in the flat path.
            path = f"/{self.whole['servicePath']}{method.get('flatPath', method['path'])}"
            yield Method(method["id"], method["httpMethod"], _pattern(path), method, uploads=False)
            for protocol in method.get("mediaUpload", {}).get("protocols", {}).values():
                yield Method(
                    method["id"], method["httpMethod"], _pattern(protocol["path"]), method, uploads=True
                )
        for resource in told.get("resources", {}).values():
            yield from self._methods(resource)

    def method(self, exchange: Exchange) -> Method | None:
        """What the document calls this exchange; the pieces of an upload belong to the method that opened it."""
        verb = "POST" if "upload_id" in exchange.params else exchange.method
        for method in self.methods:
            if method.verb == verb and method.pattern.fullmatch(exchange.path):
                return method
        return None

    def findings(self, exchange: Exchange) -> Iterator[str]:
        """Every difference, as `method: place: what`."""
        method = self.method(exchange)
        if method is None:
            yield f"{exchange.method} {exchange.path}: not in the document"
            return
        told = [
            *self._query(method, exchange),
            *self._media(method, exchange),
            *self._answer(method, exchange),
        ]
        if "upload_id" not in exchange.params:
            told += self._request(method, exchange)
        for place, what in told:
            yield f"{method.name}: {place}: {what}"

    def _query(self, method: Method, exchange: Exchange) -> Iterator[tuple[str, str]]:
        known = {**self.whole["parameters"], **method.told.get("parameters", {})}
        known = {name: told for name, told in known.items() if told["location"] == "query"}
        given: dict[str, list[str]] = {}
        for name, value in parse_qsl(exchange.query, keep_blank_values=True):
            given.setdefault(name, []).append(value)
        # The address of an upload session is the network's own.
        given.pop("upload_id", None)
        for name, values in given.items():
            if name not in known:
                yield f"query {name}", "not a parameter"
                continue
            split = known[name].get("repeated", False)
            for value in (part for each in values for part in (each.split(",") if split else [each])):
                yield from self._parameter(name, known[name], value)
        for name, told in known.items():
            if told.get("required") and name not in given:
                yield f"query {name}", "missing"

    def _parameter(self, name: str, told: Mapping[str, Any], value: str) -> Iterator[tuple[str, str]]:
        read: Any = value
        if told["type"] == "integer":
            read = int(value) if value.lstrip("-").isdigit() else value
        elif told["type"] == "boolean":
            read = {"true": True, "false": False}.get(value, value)
        bounds = {end: int(told[end]) for end in ("minimum", "maximum") if end in told}
        yield from self._schema(
            f"query {name}", read, {**_modern({**told, "minimum": None, "maximum": None}), **bounds}
        )

    def _media(self, method: Method, exchange: Exchange) -> Iterator[tuple[str, str]]:
        told = method.told.get("mediaUpload")
        if not method.uploads or told is None or exchange.method != "POST":
            return
        headers = exchange.headers
        resumable = exchange.params.get("uploadType") == "resumable"
        kind = headers.get("x-upload-content-type" if resumable else "content-type", "")
        length = headers.get("x-upload-content-length" if resumable else "content-length", "0")
        if not any(fnmatch(kind, accepted) for accepted in told["accept"]):
            yield "media", f"type {kind or 'none'}"
        if int(length) > int(told.get("maxSize", length)):
            yield "media", f"{length} bytes"

    def _request(self, method: Method, exchange: Exchange) -> Iterator[tuple[str, str]]:
        schema = method.told.get("request")
        if schema is None or not exchange.body:
            if schema is not None:
                yield "request", "missing"
            return
        if exchange.headers.get("content-type", "").partition(";")[0] != "application/json":
            yield "request", f"content type {exchange.headers.get('content-type', 'none')}"
            return
        yield from self._schema("request", exchange.sent, _modern(schema))
        yield from self._required(method.name, schema["$ref"], exchange.sent, "request")

    def _required(self, method: str, schema: str, value: Any, where: str) -> Iterator[tuple[str, str]]:
        """Members that the document's annotations want for this method."""
        for name, told in self.whole["schemas"][schema].get("properties", {}).items():
            if method in told.get("annotations", {}).get("required", ()) and name not in value:
                yield f"{where} {name}", "missing"
            elif "$ref" in told and isinstance(value.get(name), dict):
                yield from self._required(method, told["$ref"], value[name], f"{where}.{name}")

    def _answer(self, method: Method, exchange: Exchange) -> Iterator[tuple[str, str]]:
        schema = method.told.get("response")
        # An upload that is not complete is answered with 308, its opening with an address; neither has a body.
        if exchange.status == 308 or (method.uploads and not exchange.answer and exchange.status == 200):
            return
        if not 200 <= exchange.status < 300:
            yield f"answer {exchange.status}", "an error"
        elif schema is None and exchange.answer:
            yield f"answer {exchange.status}", "a body"
        elif schema is not None:
            yield from self._schema(f"answer {exchange.status}", exchange.received, _modern(schema))

    def _schema(self, where: str, value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        whole = {**schema, **self._root}
        for error in Draft202012Validator(whole, format_checker=FORMATS).iter_errors(value):
            place = ".".join("[]" if isinstance(step, int) else str(step) for step in error.absolute_path)
            yield f"{where} {place}".rstrip(), error.message[:160]

    def scopes_of(self, method: str) -> set[str]:
        """The scopes of which a call needs one."""
        return {
            scope for each in self.methods if each.name == method for scope in each.told.get("scopes", ())
        }


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _modern(told: Mapping[str, Any]) -> dict[str, Any]:
    """A discovery schema in the words of JSON Schema; objects are closed."""
    if "$ref" in told:
        return {"$ref": f"#/$defs/{told['$ref']}"}
    made: dict[str, Any] = {name: told[name] for name in _COPIED if told.get(name) is not None}
    if made.get("type") == "any":
        return {}
    form = told.get("format")
    if form in _TEXTS and told["type"] == "string":
        made["pattern"] = _TEXTS[form]
    elif form in _LEAST:
        made["minimum"] = _LEAST[form]
    elif form == "date-time":
        made["format"] = form
    if "items" in told:
        made["items"] = _modern(told["items"])
    if "properties" in told:
        made["properties"] = {name: _modern(each) for name, each in told["properties"].items()}
        made["additionalProperties"] = False
    elif "additionalProperties" in told:
        made["additionalProperties"] = _modern(told["additionalProperties"])
    return made

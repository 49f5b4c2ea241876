"""Holds exchanges against an OpenAPI 3.0 document: parameters, bodies, answers. What the document does not name is a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.platforms.recording import Exchange

HERE = Path(__file__).parent
_UNTOLD = {"accept", "content-type", "authorization"}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    told: Mapping[str, Any]
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Document:
    """An OpenAPI document, with its schemas ready for a JSON Schema validator, whose `formats` may be others than usual."""

    def __init__(self, name: str, *, base: str = "", formats: FormatChecker | None = None) -> None:
        self._formats = formats or FormatChecker()
        self._whole = json.loads((HERE / name).read_text(encoding="utf-8"))
        self._root = {"components": _modern(self._whole.get("components", {}))}
        self.operations = [
            Operation(method.upper(), f"{base}{path}", told, _pattern(f"{base}{path}"))
            for path, methods in self._whole["paths"].items()
            for method, told in methods.items()
            if method in {"get", "post", "put", "patch", "delete"}
        ]

    def operation(self, exchange: Exchange) -> Operation | None:
        """What the document calls this exchange; literal paths come before templates."""
        fitting = [
            each
            for each in self.operations
            if each.method == exchange.method and each.pattern.fullmatch(exchange.path)
        ]
        return min(fitting, key=lambda each: each.path.count("{"), default=None)

    def findings(self, exchange: Exchange) -> Iterator[str]:
        """Every difference, as `operation: place: what`."""
        operation = self.operation(exchange)
        if operation is None:
            yield f"{exchange.method} {exchange.path}: not in the document"
            return
        for place, what in self._request(operation, exchange):
            yield f"{operation.name}: {place}: {what}"
        for place, what in self._answer(operation, exchange):
            yield f"{operation.name}: {place}: {what}"

    def _request(self, operation: Operation, exchange: Exchange) -> Iterator[tuple[str, str]]:
        known = {each["name"]: each for each in map(self._resolved, operation.told.get("parameters", ()))}
        query = {name: each for name, each in known.items() if each["in"] == "query"}
        for name in exchange.params:
            if name not in query:
                yield f"query {name}", "not a parameter"
        for name, each in query.items():
            if each.get("required") and name not in exchange.params:
                yield f"query {name}", "missing"
            elif name in exchange.params:
                yield from self._parameter(name, each, exchange.params[name])
        body = self._resolved(operation.told.get("requestBody", {})).get("content", {})
        kind = exchange.headers.get("content-type", "").partition(";")[0]
        if not exchange.body:
            return
        if kind not in body:
            yield "request", f"content type {kind or 'none'}"
        elif kind == "application/json":
            yield from self._schema("request", exchange.sent, body[kind]["schema"])
        elif kind == "application/x-www-form-urlencoded":
            yield from self._schema("request", exchange.form, body[kind]["schema"])

    def _parameter(self, name: str, told: Mapping[str, Any], value: str) -> Iterator[tuple[str, str]]:
        schema = self._resolved(told["schema"])
        read: Any = value
        if schema.get("type") == "array":
            read = value.split(",")
        elif schema.get("type") in {"integer", "number"}:
            read = int(value) if value.lstrip("-").isdigit() else value
        elif schema.get("type") == "boolean":
            read = {"true": True, "false": False}.get(value, value)
        yield from self._schema(f"query {name}", read, told["schema"])

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[tuple[str, str]]:
        answers = operation.told["responses"]
        told = answers.get(str(exchange.status)) or answers.get("default")
        if told is None:
            yield f"answer {exchange.status}", "not a documented status"
            return
        content = self._resolved(told).get("content", {})
        kind = exchange.answer_headers.get("content-type", "").partition(";")[0]
        if not exchange.answer:
            return
        if content and kind not in content:
            yield f"answer {exchange.status}", f"content type {kind}"
        elif schema := content.get(kind, {}).get("schema"):
            yield from self._schema(f"answer {exchange.status}", exchange.received, schema)

    def _schema(self, where: str, value: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        whole = {**_modern(schema), **self._root}
        for error in Draft202012Validator(whole, format_checker=self._formats).iter_errors(value):
            place = ".".join("[]" if isinstance(step, int) else str(step) for step in error.absolute_path)
            yield f"{where} {place}".rstrip(), error.message[:160]

    def _resolved(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in told:
            found: Any = self._whole
            for step in told["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            told = found
        return told


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _modern(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable`, and its discriminators without alternatives, in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_modern(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _modern(value) for name, value in schema.items() if name not in {"nullable", "example"}}
    choice = schema.get("discriminator")
    if isinstance(choice, Mapping) and "propertyName" in choice and not {"oneOf", "anyOf"} & set(schema):
        name = choice["propertyName"]
        made["allOf"] = made.get("allOf", []) + [
            {"if": {"properties": {name: {"const": value}}, "required": [name]}, "then": {"$ref": target}}
            for value, target in choice.get("mapping", {}).items()
        ]
    if schema.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def unexplained(findings: Iterable[str], excused: Iterable[str]) -> tuple[set[str], set[str]]:
    """Findings that no deviation explains, and deviations that explain nothing: each begins a finding."""
    left, needless = set(), set(excused)
    for finding in findings:
        fitting = {each for each in excused if finding.startswith(each)}
        needless -= fitting
        if not fitting:
            left.add(finding)
    return left, needless

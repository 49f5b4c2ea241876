"""The server's own OpenAPI 3.1 document: parameters from the framework, everything else from what the routes say."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import responses
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from polypost import __version__
from polypost.api.http import errors
from polypost.api.openapi import catalogue, schemas
from polypost.api.openapi.documented import Documented
from polypost.api.openapi.operations import OPERATIONS

_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with the function that serves it and what that says of itself."""

    method: str
    path: str
    function: Any
    said: Documented | None

    @property
    def shown(self) -> str:
        """The path with the names of its parts as the rest of the API writes names."""
        return _HOLE.sub(lambda hole: "{" + to_camel(hole[1]) + "}", self.path)

    @property
    def id(self) -> str:
        """The name that generated clients give it."""
        return OPERATIONS[f"{self.method.upper()} {self.shown}"][0]

    @property
    def title(self) -> str:
        """What it is called in the reference."""
        return OPERATIONS[f"{self.method.upper()} {self.shown}"][1]

    @property
    def models(self) -> Iterator[type[BaseModel]]:
        """The models of its body and its answers."""
        if self.said is not None:
            further = (each for each in self.said.also.values() if not isinstance(each, str))
            for each in (self.said.body, self.said.answer, *further):
                if each is not None:
                    yield each


def operations(app: FastAPI) -> list[Operation]:
    """Every operation of the API, by path and method."""
    found = [
        Operation(
            method.lower(), context.path or "", context.endpoint, getattr(context.endpoint, "said", None)
        )
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.methods or ()
    ]
    return sorted(found, key=lambda each: (each.path, _METHODS.index(each.method)))


def document(app: FastAPI, *, server: str) -> dict[str, Any]:
    """The document of the application, whose operations are found under the address `server`. The same each time."""
    with warnings.catch_warnings():
        # The framework's names are replaced below; it gives one to all methods of a route.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        framework = get_openapi(title="Polypost", version=__version__, routes=app.routes)["paths"]
    listed = [each for each in operations(app) if each.said is not None]
    known = schemas.gather({model for each in listed for model in each.models})
    refusals = catalogue.error_schemas()
    if taken := (set(refusals) & set(known.definitions)) - {"Problem"}:
        raise ValueError(f"errors have these names in the document: {', '.join(sorted(taken))}")
    shared: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        told = framework[each.path][each.method].get("parameters", ())
        paths.setdefault(each.shown, {})[each.method] = _operation(each, told, known, shared)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Polypost",
            "version": __version__,
            "summary": "Publish to many social networks with one call.",
            "description": catalogue.DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server.rstrip("/"), "description": "This server."}],
        "tags": _tags(listed),
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**refusals, **known.definitions}.items())),
            "responses": dict(sorted(shared.items())),
            "headers": catalogue.HEADERS,
            "securitySchemes": {
                "accessKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-access-key",
                    "description": "A key of one project, made with `polypost keys create`.",
                }
            },
        },
    }


def _operation(
    each: Operation, told: Sequence[Mapping[str, Any]], known: schemas.Known, shared: dict[str, Any]
) -> dict[str, Any]:
    said = each.said
    assert said is not None
    paragraphs = inspect.cleandoc(each.function.__doc__ or "").split("\n\n")
    made: dict[str, Any] = {
        "operationId": each.id,
        "tags": [_tag(each.path)[0]],
        "summary": each.title,
        "description": "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs),
    }
    by_hand = schemas.parameters(said.query) if said.query is not None else []
    parameters = [_parameter(one) for one in (*told, *by_hand)]
    parameters += [catalogue.REQUEST_HEADERS[name] for name in said.takes]
    if parameters:
        made["parameters"] = parameters
    if said.body is not None:
        schema = known.reference(said.body)
        if said.body_judged:
            schema = {"anyOf": [schema, {"type": "object", "description": "Anything else, to be judged."}]}
        made["requestBody"] = {
            "required": said.body_required,
            "content": {said.body_type: {"schema": schema}},
        }
    if said.texts:
        content = {
            media_type: {"schema": {"type": "string", "format": "binary"}, "example": text}
            for media_type, text in said.texts.items()
        }
        made["requestBody"] = {"required": True, "content": content}
    made["responses"] = _responses(each, said, known, shared)
    made["security"] = [] if said.open else [{"accessKey": []}]
    return made


def _parameter(told: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": to_camel(told["name"]) if told["in"] == "path" else told["name"],
        "in": told["in"],
        "required": told["required"],
    }
    schema = schemas.as_parameter(told.get("schema", {}))
    if "description" in schema:
        made["description"] = schema.pop("description")
    if told["in"] == "path" and "enum" not in schema:
        schema = {"minLength": 1} | schema
    if told["in"] == "query" and schema.get("type") == "array":
        made |= {"style": "form", "explode": True}
    return made | {"schema": schema}


def _responses(
    each: Operation, said: Documented, known: schemas.Known, shared: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    made = {str(said.status): _answer(said, each.path, said.answer, said.status, known)}
    for status, what in said.also.items():
        made[str(status)] = _answer(said, each.path, what, status, known)
    for status in error_statuses(each):
        if str(status) not in made:
            made[str(status)] = _refusal(each, status, shared)
    # The usual answer first, for readers that show one.
    return dict(sorted(made.items(), key=lambda item: (item[0] != str(said.status), item[0])))


def error_statuses(each: Operation) -> list[int]:
    """The statuses of the errors an operation may answer with."""
    said = each.said
    assert said is not None
    # Two keys and the NUL character in the URL are a 400 wherever they come, a URL without end is a 414.
    statuses = {400, 414, *said.errors}
    if not said.open:
        statuses |= {401, 403, 429, 503}
    elif "{" in each.path:
        statuses |= {503}
    if said.body is not None:
        statuses |= {413}
    return sorted(statuses)


def _answer(
    said: Documented, path: str, what: type[BaseModel] | str | None, status: int, known: schemas.Known
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": what if isinstance(what, str) else _described(what),
        "headers": _headers(said, status),
    }
    if isinstance(what, type):
        made["content"] = {"application/json": {"schema": known.reference(what)}}
    elif said.media_type != "application/json" and not 300 <= status < 400 and status != 204:
        file = {} if said.media_type.startswith("text/") else {"format": "binary"}
        made["content"] = {said.media_type: {"schema": {"type": "string"} | file}}
    if status == 400 and isinstance(what, str):
        # What is wrong with the URL itself is said before a page is chosen.
        family = "ErrorAnswer" if errors.is_error_family(path) else "Failure"
        schema = {"$ref": f"{schemas.PREFIX}{family}"}
        made["content"] = made.get("content", {}) | {"application/json": {"schema": schema}}
    return made


def _described(model: type[BaseModel] | None) -> str:
    if model is None or not model.__doc__:
        return "Done."
    return " ".join(inspect.cleandoc(model.__doc__).partition("\n\n")[0].split())


def _headers(said: Documented, status: int) -> dict[str, Any]:
    names = {"x-request-id": "RequestId"}
    if not said.open:
        names |= {"RateLimit": "RateLimit", "RateLimit-Policy": "RateLimitPolicy"}
    if status < 300 and "Idempotency-Key" in said.takes:
        names["Idempotency-Replayed"] = "IdempotencyReplayed"
    if status < 300 and "Prefer" in said.takes:
        names["Preference-Applied"] = "PreferenceApplied"
    if 300 <= status < 400:
        names["Location"] = "Location"
    return {name: {"$ref": f"#/components/headers/{part}"} for name, part in names.items()}


def _refusal(each: Operation, status: int, shared: dict[str, Any]) -> dict[str, Any]:
    """A reference to the answer to an error, in the shape of the path's family."""
    said = each.said
    assert said is not None
    family = "ErrorAnswer" if errors.is_error_family(each.path) else "Failure"
    limited = not said.open and status != 401
    name = f"{family}{status}{'' if limited else 'Open'}"
    if name not in shared:
        headers = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
        if limited:
            headers["RateLimit"] = {"$ref": "#/components/headers/RateLimit"}
            headers["RateLimit-Policy"] = {"$ref": "#/components/headers/RateLimitPolicy"}
        if status in {429, 503}:
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        shared[name] = {
            "description": catalogue.TITLES.get(status, f"{responses.get(status, 'An error')}."),
            "headers": headers,
            "content": {
                media_type: {"schema": {"$ref": f"{schemas.PREFIX}{family}"}}
                for media_type in ("application/json", "application/problem+json")
            },
        }
    return {"$ref": f"#/components/responses/{name}"}


def _tag(path: str) -> tuple[str, str]:
    fitting = [start for start in catalogue.TAGS if path == start or path.startswith(f"{start}/")]
    if not fitting:
        name = path.removeprefix("/v1/").partition("/")[0]
        return name.capitalize(), ""
    return catalogue.TAGS[max(fitting, key=len)]


def _tags(listed: Sequence[Operation]) -> list[dict[str, Any]]:
    """The tags in use, in the catalogue's order."""
    used = {_tag(each.path) for each in listed}
    order = [*dict.fromkeys(catalogue.TAGS.values()), *sorted(used)]
    return [
        {"name": name, "description": text} if text else {"name": name}
        for name, text in dict.fromkeys(order)
        if (name, text) in used
    ]

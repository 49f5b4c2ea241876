"""A discovery document for local posts, made from the description of them: Google publishes none for its v4 interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SPEC = json.loads((Path(__file__).parent / "googlebusiness-localposts-v4.json").read_text(encoding="utf-8"))
HOST = "https://mybusiness.googleapis.com/"
_PARENT = "accounts/{accountsId}/locations/{locationsId}/localPosts"
_NAME = {"name": {"type": "string", "location": "path", "required": True, "pattern": "^[^?]+$"}}
_PLACE = {"parent": {"type": "string", "location": "path", "required": True, "pattern": "^[^?]+$"}}
_PAGES = {
    "pageSize": {"type": "integer", "format": "int32", "location": "query", "minimum": "1", "maximum": "100"},
    "pageToken": {"type": "string", "location": "query"},
}
_MASK = {"updateMask": {"type": "string", "format": "google-fieldmask", "location": "query"}}
_COMMON = {
    "alt": {"type": "string", "location": "query"},
    "fields": {"type": "string", "location": "query"},
    "key": {"type": "string", "location": "query"},
}


def words(name: str) -> list[str]:
    """The values of an enumeration, without what the description remarks on them."""
    return [each.partition(" ")[0] for each in SPEC["enums"][name]]


def document() -> dict[str, Any]:
    """The document, as Google's own clients read them."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "mybusiness:v4",
        "name": "mybusiness",
        "version": "v4",
        "rootUrl": HOST,
        "baseUrl": HOST,
        "servicePath": "",
        "batchPath": "batch",
        "protocol": "rest",
        "auth": {"oauth2": {"scopes": {scope: {"description": ""} for scope in SPEC["scopes"]}}},
        "parameters": _COMMON,
        "schemas": {
            "LocalPost": {"id": "LocalPost", **_schema(SPEC["LocalPost"])},
            "ListLocalPostsResponse": {
                "id": "ListLocalPostsResponse",
                "type": "object",
                "properties": {
                    "localPosts": {"type": "array", "items": {"$ref": "LocalPost"}},
                    "nextPageToken": {"type": "string"},
                },
            },
            "Empty": {"id": "Empty", "type": "object", "properties": {}},
        },
        "resources": {
            "accounts": {"resources": {"locations": {"resources": {"localPosts": {"methods": _methods()}}}}}
        },
    }


def _methods() -> dict[str, Any]:
    post = {"$ref": "LocalPost"}
    one = f"v4/{_PARENT}/{{localPostsId}}"
    return {
        "create": _method("create", "POST", f"v4/{_PARENT}", _PLACE, request=post, response=post),
        "list": _method(
            "list", "GET", f"v4/{_PARENT}", _PLACE | _PAGES, response={"$ref": "ListLocalPostsResponse"}
        ),
        "get": _method("get", "GET", one, _NAME, response=post),
        "patch": _method("patch", "PATCH", one, _NAME | _MASK, request=post, response=post),
        "delete": _method("delete", "DELETE", one, _NAME, response={"$ref": "Empty"}),
    }


def _method(name: str, verb: str, flat: str, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    whole = "name" in parameters
    return {
        "id": f"mybusiness.accounts.locations.localPosts.{name}",
        "httpMethod": verb,
        "path": "v4/{+name}" if whole else "v4/{+parent}/localPosts",
        "flatPath": flat,
        "parameters": dict(parameters),
        "parameterOrder": ["name" if whole else "parent"],
        "scopes": SPEC["scopes"],
        **more,
    }


def _schema(told: Any) -> dict[str, Any]:
    """A member of the description as a schema: texts tell a type, maps a message, lists of one many of these."""
    if isinstance(told, list):
        return {"type": "array", "items": _schema(told[0])}
    if isinstance(told, Mapping):
        members = {name: each for name, each in told.items() if name != "oneOf"}
        patterns = {name: {"type": "any"} for name in told.get("oneOf", ())}
        return {
            "type": "object",
            "properties": {name: _schema(each) for name, each in members.items()} | patterns,
        }
    kind = told.removeprefix("output").removeprefix("required").strip().split(",")[0]
    if kind in SPEC["enums"]:
        return {"type": "string", "enum": words(kind)}
    if isinstance(SPEC.get(kind), list):
        numbers = {name: {"type": "integer", "format": "int32"} for name in SPEC[kind]}
        return {"type": "object", "properties": numbers}
    if kind == "timestamp":
        return {"type": "string", "format": "date-time"}
    return {"type": "string", "enum": kind.split("|")} if "|" in kind else {"type": "string"}

"""The tools as clients are told of them: JSON schemas as small as they can be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from polypost.mcp.tool import Tool

_TEXT = {"type": "string"}
_ENTRY = {
    "type": "object",
    "properties": {
        "platform": _TEXT,
        "accountId": {"type": "string", "description": "From list_accounts."},
        "content": {"type": "string", "description": "A text for this account alone."},
        "platformSpecificData": {"type": "object", "description": "Options of the network: see get_limits."},
    },
    "required": ["platform", "accountId"],
}
_MEDIA = {
    "type": "object",
    "properties": {
        "type": {"enum": ["image", "video", "gif", "document"]},
        "url": {"type": "string", "description": "A public address, or one from add_media."},
        "altText": _TEXT,
        "thumbnail": _TEXT,
    },
    "required": ["type", "url"],
}
# The post in the API's words; the rest of what it may say is in its reference.
POST = {
    "content": {"type": "string", "description": "The text."},
    "platforms": {"type": "array", "items": _ENTRY},
    "mediaItems": {"type": "array", "items": _MEDIA},
}
_LEFT_OUT = {"title", "default", "minLength", "maxLength"}


def input_schema(tool: Tool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments."""
    whole = tool.arguments.model_json_schema()
    own = _small(whole.get("properties", {}), whole.get("$defs", {}))
    required = list(whole.get("required", ()))
    if tool.post:
        own = POST | own
    schema: dict[str, Any] = {"type": "object", "properties": own, "required": required}
    if not required:
        del schema["required"]
    if tool.example:
        schema["examples"] = [dict(tool.example)]
    if not tool.post:
        schema["additionalProperties"] = False
    return schema


def options_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a network's options."""
    whole = model.model_json_schema()
    return {"properties": _small(whole.get("properties", {}), whole.get("$defs", {}))}


def _small(value: Any, parts: Mapping[str, Any]) -> Any:
    """A schema in one piece, without what a model has no use for, and without the null that stands for a key that is left out."""
    if isinstance(value, list):
        return [_small(each, parts) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        value = parts[value["$ref"].rpartition("/")[2]] | {k: v for k, v in value.items() if k != "$ref"}
    kept = {
        name: _small(each, parts)
        for name, each in value.items()
        if name not in _LEFT_OUT or isinstance(each, dict)
    }
    kinds = [each for each in kept.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1:
        return {name: each for name, each in kept.items() if name != "anyOf"} | kinds[0]
    return kept

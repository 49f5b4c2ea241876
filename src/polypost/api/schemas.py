"""JSON Schemas of the models that routes name, with plain names and one closed schema of options for each network."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from polypost.platforms.registry import connectors

PREFIX = "#/components/schemas/"
_ENTRY = "PlatformEntry"
_NULL = {"type": "null"}
# Words in which data stands, or names that are not the schema's own.
_DATA = {"default", "const", "enum", "examples", "example", "required", "mapping"}
_NAMED = {"properties", "$defs", "patternProperties"}


@dataclass(frozen=True, slots=True)
class Known:
    """The schemas of a set of models, by their names in the document."""

    definitions: dict[str, Any]
    names: Mapping[Any, str]

    def reference(self, model: type[BaseModel]) -> dict[str, Any]:
        """Where the document has the model."""
        return {"$ref": f"{PREFIX}{self.names[model]}"}


def gather(models: Collection[type[BaseModel]]) -> Known:
    """The schemas of `models` and of everything in them. Raises ValueError where two would have one name."""
    networks = {each.spec.id: each.options for each in connectors()}
    wanted = sorted({*models, *networks.values()}, key=lambda model: (model.__module__, model.__qualname__))
    places, made = models_json_schema(
        [(model, "validation") for model in wanted], ref_template=PREFIX + "{model}"
    )
    raw = made["$defs"]
    names = {name: _plain(name) for name in raw}
    if len(set(names.values())) < len(names):
        twice = {name for name in names.values() if list(names.values()).count(name) > 1}
        raise ValueError(f"two models have one name in the document: {', '.join(sorted(twice))}")
    definitions = {names[name]: tidy(schema, names) for name, schema in raw.items()}
    found = {model: names[place["$ref"].removeprefix(PREFIX)] for (model, _), place in places.items()}
    if _ENTRY in definitions:
        options = {platform: found[model] for platform, model in networks.items()}
        definitions |= _entries(definitions, options)
    return Known(definitions, found)


def _plain(name: str) -> str:
    """A name without the modules that pydantic puts before it where two classes are called alike."""
    *places, last = name.split("__")
    if not places:
        return name
    if "platforms" in places:
        return f"{places[places.index('platforms') + 1].capitalize()}{last}"
    return f"{places[-1].removeprefix('wire_').capitalize()}{last}"


def _entries(definitions: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """The platform entry as a choice among networks, each with the options of its own."""
    general = definitions[_ENTRY]
    made: dict[str, Any] = {}
    mapping = {}
    for platform, model in options.items():
        own = f"{model.removesuffix('Options')}Entry"
        needed = bool(definitions[model].get("required"))
        reference = {"$ref": f"{PREFIX}{model}"}
        properties = general["properties"] | {
            "platform": {"type": "string", "const": platform},
            "platformSpecificData": reference if needed else {"anyOf": [reference, _NULL]},
        }
        required = [*general["required"], *(["platformSpecificData"] if needed else [])]
        made[own] = general | {"properties": properties, "required": required}
        mapping[platform] = f"{PREFIX}{own}"
    made[_ENTRY] = {
        "description": general["description"],
        "oneOf": [{"$ref": place} for place in mapping.values()],
        "discriminator": {"propertyName": "platform", "mapping": mapping},
    }
    return made


def tidy(schema: Any, names: Mapping[str, str] | None = None) -> Any:
    """The schema without generated titles and defaults of null; references lead to `names`."""
    if isinstance(schema, list):
        return [tidy(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for word, value in schema.items():
        if word == "title" or (word == "default" and value is None):
            # That a key may be left out is said by `required`.
            continue
        if word in _DATA:
            made[word] = value
        elif word in _NAMED:
            made[word] = {name: tidy(each, names) for name, each in value.items()}
        elif word == "$ref" and names is not None:
            made[word] = f"{PREFIX}{names[value.removeprefix(PREFIX)]}"
        else:
            made[word] = tidy(value, names)
    return made


def as_parameter(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter: it may be left out, and cannot be null."""
    made: dict[str, Any] = tidy(dict(schema))
    kinds = [each for each in made.get("anyOf", ()) if each != _NULL]
    if len(kinds) == 1:
        del made["anyOf"]
        made |= kinds[0]
    elif kinds:
        made["anyOf"] = kinds
    return made


def parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as query parameters."""
    schema = model.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": field}
        for name, field in schema["properties"].items()
    ]

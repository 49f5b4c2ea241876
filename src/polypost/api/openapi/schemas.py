"""JSON Schemas of the models that routes name, with plain names and one closed schema of options for each network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from polypost.platforms.registry import connectors

PREFIX = "#/components/schemas/"
_TEMPLATE = PREFIX + "{model}"
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
    ordered = sorted(models, key=lambda model: (model.__module__, model.__qualname__))
    places, made = models_json_schema([(model, "validation") for model in ordered], ref_template=_TEMPLATE)
    raw = made.get("$defs", {})
    names = {name: _plain(name, raw) for name in raw}
    twice = sorted(name for name, times in Counter(names.values()).items() if times > 1)
    if twice:
        raise ValueError(f"two models have one name in the document: {', '.join(twice)}")
    definitions = {names[name]: tidy(schema, names) for name, schema in raw.items()}
    found = {model: names[place["$ref"].removeprefix(PREFIX)] for (model, _), place in places.items()}
    if _ENTRY in definitions:
        for network in connectors():
            definitions |= _options(network.options)
        definitions |= _entries(definitions, {each.spec.id: each.options.__name__ for each in connectors()})
    return Known(definitions, found)


def _plain(name: str, taken: Collection[str]) -> str:
    """A class's name without what only the code needs: the modules before it where two are alike, and "Shape"."""
    *places, last = name.split("__")
    shown = last.removesuffix("Shape")
    if shown in {"", *taken}:
        shown = last
    return f"{places[-1].removeprefix('wire_').capitalize()}{shown}" if places else shown


def _options(model: type[BaseModel]) -> dict[str, Any]:
    """The options of one network and what is in them, all with its name before theirs."""
    schema = model.model_json_schema(ref_template=_TEMPLATE)
    parts = schema.pop("$defs", {})
    network = model.__name__.removesuffix("Options")
    names = {name: name if name.startswith(network) else f"{network}{name}" for name in parts}
    made = {names[name]: tidy(part, names) for name, part in parts.items()}
    return made | {model.__name__: tidy(schema, names)}


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
        if word == "additionalProperties" and value is True:
            # So it is without the word, and readers show an example of nothing.
            continue
        if word in _DATA:
            made[word] = value
        elif word in _NAMED:
            made[word] = {name: tidy(each, names) for name, each in value.items()}
        elif word == "$ref" and names is not None:
            made[word] = f"{PREFIX}{names[value.removeprefix(PREFIX)]}"
        else:
            made[word] = tidy(value, names)
    return _nullable(made)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """A choice between one simple kind and null in the shorter form that readers know best."""
    kinds = schema.get("anyOf", ())
    if len(kinds) != 2 or kinds[1] != _NULL or not isinstance(kinds[0].get("type"), str):
        return schema
    rest = {word: value for word, value in schema.items() if word != "anyOf"}
    made = {**kinds[0], **rest, "type": [kinds[0]["type"], "null"]}
    return made | ({"enum": [*made["enum"], None]} if "enum" in made else {})


def as_parameter(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter: it may be left out, and cannot be null."""
    made: dict[str, Any] = tidy(dict(schema))
    if isinstance(made.get("type"), list):
        made["type"] = made["type"][0]
    if "enum" in made:
        made["enum"] = [each for each in made["enum"] if each is not None]
    return made


def parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a model as query parameters."""
    schema = model.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": field}
        for name, field in schema["properties"].items()
    ]

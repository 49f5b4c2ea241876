"""A drawing as JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from pydantic.alias_generators import to_camel

from polypost.drawing.model import Drawn


def data(drawn: Drawn) -> dict[str, Any]:
    """The drawing as the API writes it: names in camel case, days as ISO 8601, `figures` by where they stand."""
    said: dict[str, Any] = _value(drawn)
    said["figures"] = {
        ".".join(map(to_camel, name.split("."))): _value(figure) for name, figure in drawn.figures.items()
    }
    return said


def _value(value: Any) -> Any:
    if is_dataclass(value):
        return {to_camel(field.name): _value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_value(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return value

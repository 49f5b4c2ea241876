"""Drawings of posts, as the document shows them: what the room `drawing` says of its dataclasses, as shapes.

Lengths are in CSS pixels, ratios are width / height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, reduce
from operator import or_
from types import GenericAlias
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import create_model
from pydantic.alias_generators import to_camel

from polypost.api.openapi.documented import Maybe, Shape
from polypost.api.routes.posts_shapes import Problem
from polypost.drawing import Drawn
from polypost.intake.bodies import PlatformName


@cache
def _shape(kind: type) -> type[Shape]:
    """What `drawing.data` makes of a dataclass: all its keys, in camel case."""
    hints = get_type_hints(kind)
    keys: dict[str, Any] = {to_camel(field.name): (_said(hints[field.name]), ...) for field in fields(kind)}
    words = (kind.__doc__ or "").replace("None", "null")
    return create_model(kind.__name__, __base__=Shape, __doc__=words, __module__=__name__, **keys)


def _said(hint: Any) -> Any:
    """A type as JSON has it."""
    if is_dataclass(hint):
        return _shape(hint)  # type: ignore[arg-type]  # an annotation, so no instance
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal or not parts:
        return hint
    said = [_said(part) for part in parts]
    if origin is Mapping:
        return GenericAlias(dict, tuple(said))
    return GenericAlias(list, said[0]) if origin in {Sequence, tuple} else reduce(or_, said)


class Drawing(_shape(Drawn)):  # type: ignore[misc]  # made above
    """A target as its network shows it; not `known` where Polypost has no numbers and a plain card stands in."""

    platform: PlatformName


class DrawnTarget(Shape):
    """One platform entry: its drawing as data and as an HTML fragment without script, with its style sheet or without."""

    platform: PlatformName
    accountId: str
    drawing: Drawing
    html: str


class Drawings(Shape):
    """What the networks show of a post; `notice` says how far to trust it, `errors` what acceptance would say.

    `undrawn` has the accounts whose drawings an answer of this size has no room for: ask for fewer at a time.
    `style` is the style sheet of all of them, where the query asked for it apart.
    """

    success: bool
    valid: bool
    errors: list[Problem]
    notice: str
    platforms: list[DrawnTarget]
    undrawn: list[str]
    style: str = Maybe

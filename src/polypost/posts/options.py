"""A network's options, from what a body or a row has as `platformSpecificData`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from polypost.errors import Problem
from polypost.platforms.base import Connector, Options
from polypost.posts import words


class Parsed(NamedTuple):
    """A network's options, None where something is wrong with them, and everything that is, by its path."""

    options: Options | None
    problems: list[Problem]


def parse_options(network: Connector, options: dict[str, Any], where: str) -> Parsed:
    """The network's options from their wire form, or every problem with them."""
    return _parsed(network, options, where) if options else _of_none(network, where)


@lru_cache(maxsize=64)
def _of_none(network: Connector, where: str) -> Parsed:
    """Most posts have none, and what they mean does not change."""
    return _parsed(network, {}, where)


def _parsed(network: Connector, options: dict[str, Any], where: str) -> Parsed:
    problems = list(_nuls(options, where))
    try:
        parsed = network.options.model_validate(options)
    except ValidationError as error:
        found = words.findings(error)
        problems += words.problems(found, network.options, where, whose=network.spec.name)
    return Parsed(None, problems) if problems else Parsed(parsed, [])


def _nuls(value: Any, where: str) -> Iterator[Problem]:
    """A problem for each text in a value from JSON that holds a NUL: neither networks nor stores keep one."""
    if isinstance(value, str):
        if "\0" in value:
            yield Problem(where, "must not contain the NUL character", "Remove it.", "nul")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _nuls(item, f"{where}.{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _nuls(item, f"{where}[{place}]")

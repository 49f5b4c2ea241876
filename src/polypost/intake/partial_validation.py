"""Reading a body of the wrong shape as far as it goes, so that one answer names every problem and not the first kind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from polypost.errors import Problem
from polypost.intake.bodies import problems_in
from polypost.posts import words

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")
Place = tuple[int | str, ...]

# To judge a body of this size takes a few milliseconds, in which nobody else should wait.
LARGE_BYTES = 8_000
# How deep a stand-in may be: a part of the body, an item of it, a key of that.
_PLACE = re.compile(r"([^.\[]+)(\[\d+\])?(\.[^.\[]+)?")
# What stands in for the required parts of a body that are wrong, so that the rest can be judged.
_STAND_INS: dict[str, Any] = {
    "content": "text",
    "platforms": {"platform": "twitter", "accountId": "?"},
    "mediaItems": {"type": "image", "url": "https://example.com/"},
    "rule": "FREQ=DAILY",
    "startsAt": "?",
}


@dataclass(frozen=True, slots=True)
class PartialValidation(Generic[M]):
    """A body as far as its shape is right: what is wrong with it, and a model in which something stands in for that."""

    body: M
    problems: list[Problem]
    _silent: frozenset[str] = frozenset()

    def with_further(self, *found: Problem) -> list[Problem]:
        """All problems: those of the shape, and of `found` those that no stand-in caused."""
        return [*self.problems, *(problem for problem in found if not self._is_silent(problem.path))]

    def _is_silent(self, path: str) -> bool:
        place = _PLACE.match(path)
        if place is not None and any(path[: place.end(part)] in self._silent for part in (1, 2, 3)):
            return True
        return path == "mediaItems" and any(each.startswith("mediaItems[") for each in self._silent)


def is_large(body: dict[str, Any]) -> bool:
    """Whether it may take longer to judge a body than others should wait for the loop or for the store's writer."""
    return len(to_json(body)) > LARGE_BYTES


async def aside(large: bool, work: Callable[[], R]) -> R:  # noqa: FBT001  # what `is_large` said of the body
    """What `work` returns, which is about this body; in a thread where the body is large."""
    return await asyncio.to_thread(work) if large else work()


def validate_partially(model: type[M], body: dict[str, Any]) -> PartialValidation[M]:
    """The body as `model`, whatever its shape."""
    try:
        return PartialValidation(model.model_validate(body), [])
    except ValidationError as error:
        found = words.findings(error)
    repaired = dict(body)
    # A name that another call takes is an unknown key of this one, and nothing may stand in for that.
    stand_ins = {name: value for name, value in _STAND_INS.items() if name in model.model_fields}
    silent = frozenset(
        words.path_of(place) for place in _repair(repaired, stand_ins, [item["loc"] for item in found])
    )
    return PartialValidation(model.model_validate(repaired), problems_in(found, model), silent)


def _repair(body: dict[str, Any], stand_ins: dict[str, Any], places: Iterable[Place]) -> set[Place]:
    """Take out what is wrong at the places, or put stand-ins there; returns the places of which nothing more can be said."""
    silent: set[Place] = set()
    # What is wrong inside of a list's items, so that each is built anew once.
    wrong: dict[str, dict[int, set[str]]] = {}
    for place in places:
        name = str(place[0])
        if len(place) == 1:
            _replace(body, name, stand_ins.get(name))
            silent.add(place)
            continue
        keys = wrong.setdefault(name, {}).setdefault(int(place[1]), set())
        keys.update(str(key) for key in place[2:3])
        # Which options there are depends on the network.
        silent.add(place[:2] if place[2:3] == ("platform",) else place[:3])
    for name, items in wrong.items():
        stand_in = stand_ins.get(name)
        body[name] = list(body[name])
        for at, keys in items.items():
            body[name][at] = _without(body[name][at], keys, stand_in) if keys else stand_in
    return silent


def _replace(body: dict[str, Any], name: str, stand_in: Any) -> None:
    body.pop(name, None)
    if stand_in is not None and name != "mediaItems":
        body[name] = [stand_in] if name == "platforms" else stand_in


def _without(item: dict[str, Any], keys: set[str], stand_in: dict[str, Any] | None) -> dict[str, Any]:
    kept = {key: value for key, value in item.items() if key not in keys}
    return kept | {key: value for key, value in (stand_in or {}).items() if key in keys}

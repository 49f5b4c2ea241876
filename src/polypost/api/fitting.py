"""Reading a body of the wrong shape as far as it goes, so that one answer names every problem and not the first kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from polypost.api.wire import problems_in
from polypost.errors import Problem
from polypost.posts import words

M = TypeVar("M", bound=BaseModel)

# What stands in for the required parts of a body that are wrong, so that the rest can be judged.
_STAND_INS: dict[str, Any] = {
    "content": "text",
    "platforms": {"platform": "twitter", "accountId": "?"},
    "mediaItems": {"type": "image", "url": "https://example.com/"},
    "rule": "FREQ=DAILY",
    "startsAt": "?",
}


@dataclass(frozen=True, slots=True)
class Fitting(Generic[M]):
    """A body as far as its shape is right: what is wrong with it, and a model in which something stands in for that."""

    body: M
    problems: list[Problem]
    _silent: frozenset[str] = frozenset()

    def with_further(self, *found: Problem) -> list[Problem]:
        """All problems: those of the shape, and of `found` those that no stand-in caused."""
        return [*self.problems, *(problem for problem in found if not self._is_silent(problem.path))]

    def _is_silent(self, path: str) -> bool:
        if path in self._silent or path.startswith(
            tuple(f"{place}{end}" for place in self._silent for end in ".[")
        ):
            return True
        return path == "mediaItems" and any(place.startswith("mediaItems[") for place in self._silent)


def fit(model: type[M], body: dict[str, Any]) -> Fitting[M]:
    """The body as `model`, whatever its shape."""
    try:
        return Fitting(model.model_validate(body), [])
    except ValidationError as error:
        problems = problems_in(error)
        places = [item["loc"] for item in error.errors(include_url=False)]
    repaired, silent = dict(body), set()
    for place in places:
        silent.add(words.path_of(_repair(repaired, place)))
    return Fitting(model.model_validate(repaired), problems, frozenset(silent))


def _repair(body: dict[str, Any], place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Take out what is wrong at `place`, or put a stand-in there; returns the place of which nothing more can be said."""
    name, stand_in = str(place[0]), _STAND_INS.get(str(place[0]))
    if len(place) == 1:
        body.pop(name, None)
        if stand_in is not None and name != "mediaItems":
            body[name] = [stand_in] if name == "platforms" else stand_in
        return place
    at = int(place[1])
    body[name] = items = list(body[name])
    if len(place) == 2:
        items[at] = stand_in
        return place
    key = place[2]
    items[at] = {other: value for other, value in items[at].items() if other != key}
    if stand_in is not None and key in stand_in:
        items[at][key] = stand_in[key]
    # Which options there are depends on the network.
    return place[:2] if key == "platform" else place

"""Holds exchanges against a Postman collection: names of parameters, and the shape of the sample that each request has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.platforms.recording import Exchange

HERE = Path(__file__).parent
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000")


@dataclass(frozen=True)
class Request:
    """One request of a collection; `query` holds the parameters that are switched on, `known` all of them."""

    name: str
    method: str
    path: str
    query: Mapping[str, str]
    known: frozenset[str]
    sample: Any

    @property
    def label(self) -> str:
        """How findings call it."""
        return f"{self.method} {self.path}"


class Collection:
    """A collection; `base` is what real paths have in front, `owner` a segment that an account's id may stand for.

    `anywhere` are parameters of the collection's own authorisation, which may go with every request.
    """

    def __init__(self, name: str, *, base: str, owner: str, anywhere: frozenset[str]) -> None:
        whole = json.loads((HERE / name).read_text(encoding="utf-8"))
        self._base, self._owner, self._anywhere = base, owner, anywhere
        self.variables = {each["key"]: each["value"] for each in whole["variable"]}
        self.requests = list(_requests(whole["item"]))

    def fitting(self, exchange: Exchange) -> list[Request]:
        """The requests with this method and path; a literal path comes before those with a variable or an account's id."""
        path = exchange.path.removeprefix(self._base).rstrip("/")
        same = [each for each in self.requests if each.method == exchange.method]
        literal = [each for each in same if each.path == path]
        return literal or [each for each in same if self._pattern(each.path).fullmatch(path)]

    def _pattern(self, path: str) -> re.Pattern[str]:
        parts = path.strip("/").split("/")
        # An id alone is no account's: that is asked for by its short name.
        owner = rf"(?:{self._owner}|\d+)" if len(parts) > 1 else self._owner
        return re.compile("/" + "/".join(owner if part == self._owner else _segment(part) for part in parts))

    def findings(self, exchange: Exchange) -> list[str]:
        """Every difference as `operation: place: what`, by the request that fits best."""
        fitting = self.fitting(exchange)
        if not fitting:
            return [f"{exchange.method} {exchange.path}: not in the collection"]
        asked = dict(exchange.params)
        if exchange.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            asked |= exchange.form
        each = [[*self._asked(one, fitting, asked), *self._answer(one, asked, exchange)] for one in fitting]
        return min(each, key=len)

    def _asked(self, request: Request, fitting: list[Request], asked: Mapping[str, str]) -> Iterator[str]:
        fitting = [each for each in fitting if each.path == request.path]
        known = self._anywhere.union(*(each.known for each in fitting))
        for name in asked.keys() - known:
            yield f"{request.label}: parameter {name}: not in the collection"
        for name in set.intersection(*(set(each.query) for each in fitting)) - asked.keys():
            yield f"{request.label}: parameter {name}: missing"
        for name in ("fields", "metric"):
            for field in _names(asked.get(name, "")) - self._listed(request.query.get(name, "")):
                yield f"{request.label}: {name} {field}: not in the collection"

    def _listed(self, value: str) -> set[str]:
        """The names behind a `{{variable}}` that lists them."""
        return _names(_VARIABLE.sub(lambda match: str(self.variables.get(match[1], "")), value))

    def _answer(self, request: Request, asked: Mapping[str, str], exchange: Exchange) -> Iterator[str]:
        if exchange.status != 200 or request.sample is None:
            return
        chosen = _names(asked.get("fields", ""))
        for place, what in _shape(exchange.received, request.sample, "", chosen):
            yield f"{request.label}: answer {place or '.'}: {what}"


def _requests(items: list[dict[str, Any]]) -> Iterator[Request]:
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
            continue
        url = item["request"]["url"]
        yield Request(
            item["name"],
            item["request"]["method"],
            "/" + "/".join(url["path"]).rstrip("/"),
            {each["key"]: each.get("value", "") for each in url["query"] if not each.get("disabled")},
            frozenset(each["key"] for each in url["query"]),
            _sample(item["response"][0]["body"]) if item["response"] else None,
        )


def _sample(body: str) -> Any:
    """A sample's JSON; some of them have bare placeholders and an ellipsis."""
    if not body.strip():
        return None
    body = re.sub(r'(?<!")<string>(?!")', '"string"', body)
    return json.loads(re.sub(r",\s*\.\.\.", "", body))


def _segment(part: str) -> str:
    return r"[^/]+" if _VARIABLE.fullmatch(part) else re.escape(part)


def _names(text: str) -> set[str]:
    """The names of a list with commas, also of those in braces."""
    return {name for name in re.split(r"[{},\s]+", text) if name}


def _shape(got: Any, sample: Any, place: str, chosen: set[str]) -> Iterator[tuple[str, str]]:
    """Differences in shape; members beyond the sample's are good where they were asked for by name."""
    if _kind(got) != _kind(sample):
        yield place, f"{_kind(got)} instead of {_kind(sample)}"
    elif isinstance(sample, dict):
        yield from _members(got, sample, place, chosen)
    elif isinstance(sample, list) and sample:
        for item in got:
            wanted = next((each for each in sample if _names_alike(each, item)), None)
            # A sample of named things says nothing about others.
            if wanted is not None:
                yield from _shape(item, wanted, f"{place}[]", chosen)
    elif isinstance(sample, str) and _INSTANT.fullmatch(sample) and not _INSTANT.fullmatch(got):
        yield place, "not an instant as in the sample"


def _members(
    got: dict[str, Any], sample: dict[str, Any], place: str, chosen: set[str]
) -> Iterator[tuple[str, str]]:
    for name, value in got.items():
        where = f"{place}.{name}".lstrip(".")
        if name in sample:
            yield from _shape(value, sample[name], where, chosen)
        elif name not in chosen:
            yield where, "not in the sample"
    # What was not asked for, or is empty, is left out where fields can be chosen.
    for name in sample.keys() - got.keys() if not chosen else ():
        yield f"{place}.{name}".lstrip("."), "missing"


def _names_alike(sample: Any, got: Any) -> bool:
    """Whether two entries of a list are comparable: of the same name, where the sample's have one."""
    named = isinstance(sample, dict) and "name" in sample
    return not named or (isinstance(got, dict) and got.get("name") == sample["name"])


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    kinds = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")

"""Compares the server's OpenAPI document with the contract's: what a caller of the contract would miss, and what there is besides.

`python tools/contract.py` prints both; it ends with 1 when something would be missed that `NARROWER` does not explain.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from polypost import api
from polypost.api.openapi.document import document

Schema = Mapping[str, Any]
ROOT = Path(__file__).parent.parent
THEIRS = ROOT / "tests" / "specs" / "postpeer-openapi-20260805.json"
METHODS = ("get", "post", "put", "patch", "delete")
# Bounds: word, and the sign with which a larger number is the tighter bound.
_BOUNDS = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
}

# Where this server takes less or says more than the contract on purpose: what the finding looks like, and why.
NARROWER: Mapping[str, str] = {
    r"answer \d+\S*(platform|name): may be (reddit, )?(mastodon)?, not only": "Reddit stands in the contract's own "
    "page on creating posts and in no schema of it; Mastodon is ours. Clients that fail on names they do not know are "
    "not shown either ([settings](settings.md): `POLYPOST_HIDE_UNLISTED_NETWORKS`).",
    r"/selection/\{token\}: answer 200\.(platform|accounts\[\]\.type): may be": "One path serves every network "
    "here; an answer names the network of its path, with the kinds of accounts that this one has.",
    r"max(Length|Items|imum) none, not \d+$": "The contract leaves these open; the bound lies above what the "
    "networks take and keeps a request from costing the server more than a post.",
    r"^PATCH /v1/connect/integrations/\{id\}: answer 409: is not given": "Moving an account conflicts with nothing here.",
    r"email\.recipients\[\]: pattern none": "The contract says in words what the pattern says: an e-mail address.",
    r"minLength none, not 1$": "An empty text names nothing.",
    r"may be number, which is not integer": "A whole number, also where a client writes it as `60.0`.",
    r"platformSpecificData\.(communityId|replyToTweetId|categoryId|boardId): pattern none": "The network's own form "
    "of its ids; another one cannot exist there.",
    r"platformSpecificData\.dominantColor: pattern none": "The contract says in words what the pattern says: a hex colour.",
    r"platformSpecificData\.event(Start|End)(Date|Time): pattern none": "The contract says in words what the pattern "
    "says: `YYYY-MM-DD` and `HH:MM`.",
    r"platformSpecificData\.langs\[\]: pattern none": "The contract says in words what the pattern says: language tags of BCP 47.",
    r"platforms\[pinterest\]\.platformSpecificData: may be left out": "The contract requires `boardId` in it; "
    "without a board there is no pin.",
    r"scheduled: answer 200\.posts\[\]\.mediaItems\[\]\.(url|thumbnail): format none": "An address is shown as it "
    "was given; one that a create body may have is a URI.",
}
# Networks and statuses that stand in nearly every operation are said once on the page.
_EVERYWHERE = {"`reddit`", "`mastodon`"}
_USUAL = {"400", "401", "403", "413", "429", "503"}


@dataclass
class Comparison:
    """What came out, one line each with its place."""

    missing: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    operations: list[tuple[str, str]] = field(default_factory=list)

    @property
    def unexplained(self) -> list[str]:
        """Breaks that `NARROWER` has no reason for."""
        return [each for each in self.breaks if not any(re.search(form, each) for form in NARROWER)]

    @property
    def needless(self) -> list[str]:
        """Reasons that explain nothing."""
        return [form for form in NARROWER if not any(re.search(form, each) for each in self.breaks)]


class Spec:
    """A document whose references can be followed."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self.whole = whole
        self.operations = {
            (method, path.rstrip("/")): told
            for path, methods in whole["paths"].items()
            for method, told in methods.items()
            if method in METHODS
        }

    def at(self, told: Schema) -> Schema:
        """What a reference leads to."""
        while "$ref" in told:
            found: Any = self.whole
            for step in told["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            told = found
        return told

    def kinds(self, schema: Schema) -> list[dict[str, Any]]:
        """The alternatives of a schema, each of one type, with `allOf` drawn together."""
        schema = self.at(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {name: value for name, value in schema.items() if name != word}
                parts = [each for part in schema[word] for each in self.kinds({**rest, **self.at(part)})]
                return _joined(parts)
        made: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema.get("allOf", ()):
            for inner in self.kinds(part):
                made = _both(made, inner)
        if "const" in made:
            made["enum"] = [made.pop("const")]
        found = made.get("type", _TYPE_OF.get(type(made.get("enum", [None])[0])))
        types = list(found) if isinstance(found, list) else [found]
        if made.pop("nullable", False):
            types.append("null")
        if "enum" in made:
            made["enum"] = [each for each in made["enum"] if each is not None]
        return [{**made, "type": each} if each != "null" else {"type": "null"} for each in types]


_TYPE_OF = {str: "string", bool: "boolean", int: "integer", float: "number"}


def _both(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        **other,
        "properties": {**one.get("properties", {}), **other.get("properties", {})},
        "required": [*one.get("required", ()), *other.get("required", ())],
    }


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Alternatives that are single words become one list of words; equal ones stand once."""
    words: dict[str, list[Any]] = {}
    made: list[dict[str, Any]] = []
    for part in parts:
        if "enum" in part and part["type"] != "object":
            words.setdefault(part["type"], []).extend(part["enum"])
        elif part not in made:
            made.append(part)
    return made + [{"type": kind, "enum": list(dict.fromkeys(values))} for kind, values in words.items()]


@dataclass(frozen=True)
class Side:
    """A schema and the document it stands in."""

    spec: Spec
    schema: Schema

    def kinds(self) -> list[dict[str, Any]]:
        """Its alternatives."""
        return self.spec.kinds(self.schema)

    def to(self, schema: Schema) -> Side:
        """A part of it."""
        return Side(self.spec, schema)


def gaps(narrow: Side, wide: Side, where: str) -> Iterator[str]:
    """Why a value that fits `narrow` may not fit `wide`, each with its place."""
    targets = wide.kinds()
    for kind in narrow.kinds():
        tries = [
            (target, list(_kind_gaps(narrow, kind, wide, target, _labelled(where, kind))))
            for target in targets
            if _same_type(kind["type"], target["type"]) and not _told_apart(kind, target)
        ]
        if not tries:
            wanted = " or ".join(sorted({str(each["type"]) for each in targets}))
            yield f"{where}: may be {kind['type']}, which is not {wanted}"
        else:
            # The alternative that is meant is the one with most keys in common.
            yield from min(tries, key=lambda each: (-_shared(kind, each[0]), len(each[1])))[1]


def _shared(one: Schema, other: Schema) -> int:
    return len(set(one.get("properties", ())) & set(other.get("properties", ())))


def _same_type(one: str | None, other: str | None) -> bool:
    return other is None or one == other or (one == "integer" and other == "number")


def _kind_gaps(narrow: Side, one: Schema, wide: Side, other: Schema, where: str) -> Iterator[str]:
    if "enum" in other:
        left = [value for value in one.get("enum", ()) if value not in other["enum"]]
        if left or "enum" not in one:
            yield f"{where}: may be {', '.join(map(str, left)) or 'anything'}, not only {', '.join(map(str, other['enum']))}"
    for word, sign in _BOUNDS.items():
        if word in other and (word not in one or sign * one[word] < sign * other[word]) and "enum" not in one:
            yield f"{where}: {word} {one.get(word, 'none')}, not {other[word]}"
    for word in ("pattern", "format", "uniqueItems"):
        if other.get(word, False) and one.get(word) != other[word] and "enum" not in one:
            yield f"{where}: {word} {one.get(word, 'none')}, not {other[word]}"
    if other.get("type") == "array" and "items" in other:
        yield from gaps(narrow.to(one.get("items", {})), wide.to(other["items"]), f"{where}[]")
    if other.get("type") == "object":
        yield from _object_gaps(narrow, one, wide, other, where)


def _object_gaps(narrow: Side, one: Schema, wide: Side, other: Schema, where: str) -> Iterator[str]:
    known, beyond = other.get("properties", {}), other.get("additionalProperties", True)
    for name in other.get("required", ()):
        if name not in one.get("required", ()):
            yield f"{where}.{name}: may be left out, and is required"
    for name, part in one.get("properties", {}).items():
        if name in known:
            yield from gaps(narrow.to(part), wide.to(known[name]), f"{where}.{name}")
        elif beyond is False:
            yield f"{where}.{name}: is not known"
        elif isinstance(beyond, Mapping):
            yield from gaps(narrow.to(part), wide.to(beyond), f"{where}.{name}")
    open_here = one.get("additionalProperties", True)
    if beyond is False and open_here is not False:
        yield f"{where}: may have further keys"
    if isinstance(beyond, Mapping) and isinstance(open_here, Mapping):
        yield from gaps(narrow.to(open_here), wide.to(beyond), f"{where}.*")


def further(theirs: Side, ours: Side, where: str) -> Iterator[str]:
    """Keys and words of ours that theirs does not have, each with its place."""
    partners = theirs.kinds()
    for kind in ours.kinds():
        fitting = [
            each
            for each in partners
            if _same_type(kind["type"], each["type"]) and not _told_apart(kind, each)
        ]
        if not fitting:
            if kind["type"] != "null":
                yield f"{_labelled(where, kind)}: {_words(kind)}"
            continue
        best = max(fitting, key=lambda each: _shared(kind, each))
        if kind["type"] == "object":
            known = best.get("properties", {})
            for name, part in kind.get("properties", {}).items():
                place = f"{_labelled(where, kind)}.{name}"
                if name not in known:
                    yield place
                else:
                    yield from further(theirs.to(known[name]), ours.to(part), place)
        elif kind["type"] == "array":
            yield from further(theirs.to(best.get("items", {})), ours.to(kind.get("items", {})), f"{where}[]")
        elif "enum" in kind and "enum" in best:
            yield from (f"{where}: `{value}`" for value in kind["enum"] if value not in best["enum"])


def _marks(kind: Schema) -> dict[str, Any]:
    """Properties that can only be one word, which tell alternatives apart."""
    made = {}
    for name, part in kind.get("properties", {}).items():
        values = [part["const"]] if "const" in part else part.get("enum", ())
        if len(values) == 1:
            made[name] = values[0]
    return made


def _labelled(where: str, kind: Schema) -> str:
    """The place with the network of an entry: `platforms[twitter]`."""
    platform = _marks(kind).get("platform")
    return f"{where.removesuffix('[]')}[{platform}]" if platform and where.endswith("[]") else where


def _told_apart(one: Schema, other: Schema) -> bool:
    mine, yours = _marks(one), _marks(other)
    return any(mine[name] != yours[name] for name in set(mine) & set(yours))


def _words(kind: Schema) -> str:
    marks = _marks(kind)
    if marks:
        return " ".join(f"`{name}: {value}`" for name, value in marks.items())
    return ", ".join(f"`{value}`" for value in kind.get("enum", [kind["type"]]))


def partner(ours: Spec, method: str, path: str) -> tuple[str, str] | None:
    """Our operation for one of theirs: the one with the most steps in common."""
    steps = path.split("/")

    def fits(mine: list[str]) -> bool:
        # A named part stands for a named part, and {platform} also for the word of one network.
        return len(mine) == len(steps) and all(
            own == step or (own.startswith("{") and (step.startswith("{") or own == "{platform}"))
            for own, step in zip(mine, steps, strict=True)
        )

    fitting = [each for each in ours.operations if each[0] == method and fits(each[1].split("/"))]
    return max(fitting, key=lambda each: len(set(each[1].split("/")) & set(steps)), default=None)


def compare(theirs: Spec, ours: Spec) -> Comparison:
    """Everything that differs."""
    made = Comparison()
    taken = set()
    for (method, path), told in theirs.operations.items():
        name = f"{method.upper()} {path}"
        found = partner(ours, method, path)
        if found is None:
            made.missing.append(name)
            continue
        taken.add(found)
        one, own = Side(theirs, told), Side(ours, ours.operations[found])
        _compare_paths(one, own, name, path, found[1], made)
        _compare_parameters(one, own, name, made)
        _compare_bodies(one, own, name, made)
        _compare_answers(one, own, name, made)
    made.operations = [each for each in ours.operations if each not in taken]
    return made


def _parameters(side: Side) -> dict[tuple[str, str], Schema]:
    found = [side.spec.at(each) for each in side.schema.get("parameters", ())]
    return {(each["in"], each["name"]): each for each in found}


def _compare_parameters(theirs: Side, ours: Side, name: str, made: Comparison) -> None:
    wanted, known = _parameters(theirs), _parameters(ours)
    for (place, parameter), told in wanted.items():
        own = known.get((place, parameter))
        where = f"{name}: {place} `{parameter}`"
        if place == "path":
            continue
        if own is None:
            made.breaks.append(f"{where}: is not known")
            continue
        if own.get("required") and not told.get("required"):
            made.breaks.append(f"{where}: may be left out, and is required")
        schema = own["schema"]
        if schema.get("type") == "array" and told["schema"].get("type") != "array":
            # A list in a query may be one value.
            schema = schema["items"]
        made.breaks += gaps(theirs.to(told["schema"]), ours.to(schema), where)
        made.further += further(theirs.to(told["schema"]), ours.to(schema), where)
    for (place, parameter), own in known.items():
        if place != "path" and (place, parameter) not in wanted:
            made.further.append(f"{name}: {place} `{parameter}`")
            if own.get("required"):
                made.breaks.append(f"{name}: {place} `{parameter}`: is required here")


def _compare_paths(theirs: Side, ours: Side, name: str, path: str, own_path: str, made: Comparison) -> None:
    wanted, known = _parameters(theirs), _parameters(ours)
    for own, step in zip(own_path.split("/"), path.split("/"), strict=True):
        if own.startswith("{"):
            told: Schema = {"type": "string", "enum": [step]}
            if step.startswith("{"):
                told = {"minLength": 1} | wanted["path", step[1:-1]]["schema"]
            made.breaks += gaps(
                theirs.to(told), ours.to(known["path", own[1:-1]]["schema"]), f"{name}: path {own}"
            )


def _compare_bodies(theirs: Side, ours: Side, name: str, made: Comparison) -> None:
    body, own = (_json(side, "requestBody") for side in (theirs, ours))
    if body is None:
        return
    if own is None:
        made.breaks.append(f"{name}: body: none is taken")
        return
    if ours.schema["requestBody"].get("required") and not theirs.schema["requestBody"].get("required"):
        made.breaks.append(f"{name}: body: may be left out, and is required")
    made.breaks += gaps(theirs.to(body), ours.to(own), f"{name}: body")
    made.further += further(theirs.to(body), ours.to(own), f"{name}: body")


def _json(side: Side, part: str) -> Schema | None:
    told = side.spec.at(side.schema.get(part, {}))
    found = told.get("content", {}).get("application/json", {}).get("schema")
    return found if found is None or isinstance(found, Mapping) else None


def _compare_answers(theirs: Side, ours: Side, name: str, made: Comparison) -> None:
    wanted, known = theirs.schema["responses"], ours.schema["responses"]
    for status, told in wanted.items():
        if status not in known:
            made.breaks.append(f"{name}: answer {status}: is not given")
            continue
        one = _json(theirs.to({"answer": told}), "answer")
        own = _json(ours.to({"answer": known[status]}), "answer")
        if one is None:
            continue
        where = f"{name}: answer {status}"
        if own is None:
            made.breaks.append(f"{where}: has no JSON")
            continue
        made.breaks += gaps(ours.to(own), theirs.to(one), where)
        if status.startswith("2"):
            made.further += further(theirs.to(one), ours.to(own), where)
    made.further += [f"{name}: answer {status}" for status in known if status not in wanted]


def load() -> tuple[Spec, Spec]:
    """Their document and ours."""

    @contextlib.asynccontextmanager
    async def never(_: FastAPI) -> AsyncIterator[None]:
        yield

    app, _ = api.build(never)
    ours = json.loads(json.dumps(document(app, server="http://127.0.0.1:8080")))
    return Spec(json.loads(THEIRS.read_text(encoding="utf-8"))), Spec(ours)


def page() -> str:
    """The comparison as the reference page shows it."""
    theirs, ours = load()
    made = compare(theirs, ours)
    parts = []
    if made.missing:
        parts.append("### Not served yet\n\n" + "\n".join(f"- `{name}`" for name in made.missing))
    rows = [
        f"| `{method.upper()} {path}` | {_first(ours.operations[method, path])} |"
        for method, path in made.operations
    ]
    parts.append("### Further operations\n\n| Operation | What it does |\n| --- | --- |\n" + "\n".join(rows))
    lines = []
    for name, places in _by_operation(made.further).items():
        lines.append(f"- `{name}`")
        lines += [f"  - {place}: {', '.join(found)}" for place, found in places.items()]
    parts.append("### Further in operations of the contract\n\n" + "\n".join(lines))
    reasons = [
        f"- {reason} {', '.join(dict.fromkeys(_brief(each) for each in fitting))}."
        for form, reason in NARROWER.items()
        if (fitting := [each for each in made.breaks if re.search(form, each)])
    ]
    parts.append("### Narrower on purpose\n\n" + "\n".join(reasons))
    return "\n\n".join(parts)


def _first(operation: dict[str, Any]) -> str:
    """The first sentence of what an operation says of itself."""
    text: str = operation["description"]
    return text.partition("\n")[0].rstrip(".")


def _by_operation(lines: list[str]) -> dict[str, dict[str, list[str]]]:
    """What is further, by operation and place, without what is said once for all."""
    made: dict[str, dict[str, list[str]]] = {}
    for line in lines:
        name, place, *values = line.split(": ", 2)
        if values and values[0] in _EVERYWHERE:
            continue
        kind, _, rest = place.partition(" ")
        if kind in {"query", "header"}:
            where, what = kind, rest
        elif re.fullmatch(r"answer \d+", place):
            if rest in _USUAL:
                continue
            where, what = "status", rest
        else:
            parent, dot, key = place.rpartition(".")
            where, what = (
                (f"`{parent}`", f"`{key}`") if dot and not place.endswith("]") else (f"`{place}`", "")
            )
        shown = f"{what} {values[0]}".strip() if values else what
        made.setdefault(name, {}).setdefault(where, []).append(shown)
    return made


def _brief(line: str) -> str:
    """A finding by the name of its key, with the bound where it is one."""
    _, place, what = line.split(": ", 2)
    name = re.split(r"[.\s]", place)[-1].replace("`", "").replace("[]", "")
    bound = re.fullmatch(r"(\w+) none, not (\S+)", what)
    return f"`{name}` (`{bound[1]}: {bound[2]}`)" if bound else f"`{name}`"


def main() -> int:
    """Print the comparison."""
    made = compare(*load())
    further = [f"{method.upper()} {path}" for method, path in made.operations] + made.further
    for title, lines in (
        ("Not served", made.missing),
        ("Would break", made.unexplained),
        ("Further", further),
    ):
        print(f"{title}: {len(lines)}")
        for line in lines:
            print(f"  {line}")
    return 1 if made.missing or made.unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What the code says about itself, read from its syntax trees: codes, events, fail points."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "polypost"
# Where a code stands among the positional arguments of what takes one.
CODE_PLACES = {"Problem": 3, "Refusal": 2, "answer": 2, "failed": 2, "_rejected": 1, "Row": 3}
EVENT_KIND = 2


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the package, parsed."""
    return {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def is_simulator(path: Path) -> bool:
    """Whether a module belongs to the networks' stand-ins, whose codes are the networks'."""
    return path.relative_to(PACKAGE).parts[0] == "sandbox"


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call outside the simulators, with the name of what is called."""
    for path, tree in trees().items():
        if is_simulator(path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                yield getattr(called, "attr", getattr(called, "id", "")), node


def _texts(node: ast.AST | None) -> set[str]:
    """The texts an expression may be: itself, or both arms of a conditional."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def error_codes() -> set[str]:
    """Codes of error classes, of single errors, of problems and of the server's own refusals."""
    found: set[str] = set()
    for path, tree in trees().items():
        if not is_simulator(path):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign):
                    found |= _assigned_codes(node)
                elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "_WORDS":
                    # The validator's own codes that the API passes on; one of them is renamed.
                    found |= set().union(*map(_texts, getattr(node.value, "keys", ()))) - {"extra_forbidden"}
    for name, call in calls():
        for keyword in call.keywords:
            found |= _texts(keyword.value) if keyword.arg == "code" else set()
        place = CODE_PLACES.get(name)
        if place is not None and len(call.args) > place:
            found |= _texts(call.args[place])
    return found


def _assigned_codes(node: ast.Assign) -> set[str]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=True))
    else:
        pairs = [(target, value)]
    names = {"code", "TOO_LARGE"}
    return set().union(*(_texts(value) for name, value in pairs if getattr(name, "id", "") in names))


def events() -> set[str]:
    """Types of events that are appended to the outbox."""
    found: set[str] = set()
    for name, call in calls():
        if name != "append" or len(call.args) <= EVENT_KIND:
            continue
        kind = call.args[EVENT_KIND]
        if isinstance(kind, ast.JoinedStr):
            # The one composed name: a post's final status.
            found |= {f"post.{status}" for status in ("published", "partial", "failed")}
        else:
            found |= _texts(kind)
    return found


def fail_points() -> set[str]:
    """Names that are passed to `failpoints.hit`."""
    return set().union(*(_texts(call.args[0]) for name, call in calls() if name == "hit" and call.args))

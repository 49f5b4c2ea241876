"""What the code says about itself, read from its syntax trees: codes, events, fail points."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "polypost"
PROBLEM_CODE = 3
REFUSAL_CODE = 2
EVENT_KIND = 2


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the package, parsed."""
    return {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


def is_simulator(path: Path) -> bool:
    """Whether a module belongs to the networks' stand-ins, whose codes are the networks'."""
    return bool({"simulator", "simkit", "sandbox"} & set(path.relative_to(PACKAGE).parts))


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call outside the simulators, with the name of what is called."""
    for path, tree in trees().items():
        if is_simulator(path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                yield getattr(called, "attr", getattr(called, "id", "")), node


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def error_codes() -> set[str]:
    """Codes of error classes, of single errors, of problems and of the server's own refusals."""
    found: set[str | None] = set()
    for path, tree in trees().items():
        if is_simulator(path):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found |= {
                    _text(line.value)
                    for line in node.body
                    if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "code"
                }
    for name, call in calls():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        found.add(_text(given.get("code")))
        place = {"Problem": PROBLEM_CODE, "Refusal": REFUSAL_CODE}.get(name)
        if place is not None and len(call.args) > place:
            found.add(_text(call.args[place]))
    return {code for code in found if code}


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
        elif (text := _text(kind)) is not None:
            found.add(text)
    return found


def fail_points() -> set[str]:
    """Names that are passed to `failpoints.hit`."""
    return {
        text
        for name, call in calls()
        if name == "hit" and call.args and (text := _text(call.args[0])) is not None
    }

"""The house rules that no linter holds: sizes, docstrings, marks, and queries that name their project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import polypost.app  # noqa: F401  # brings every room's tables
from polypost.storage import metadata
from tests.docs import sources

FILE_LINES = 500
FUNCTION_LINES = 80
Function = ast.FunctionDef | ast.AsyncFunctionDef

ALL_CODE = [
    path
    for folder in ("src", "tests", "bench", "tools")
    for path in sorted((sources.ROOT / folder).rglob("*.py"))
]

# Queries that no project bounds, each with the reason.
WORKER = "worker's side: the row is held by its id and epoch, and belongs to one project"
HOUSEKEEPING = "housekeeping over all projects, bounded by time"
OLDER = "a restored store concerns all projects"
DOCTOR = "looks for rows that break a rule, in all projects"
NUMBERS = "the operator is told numbers and no names"
WITHOUT_PROJECT = {
    "credits/balances.py:_SPENT_BY_DAY": DOCTOR,
    "credits/balances.py:wrong": DOCTOR,
    "conversations/sent.py:clean": HOUSEKEEPING,
    "conversations/sent.py:mark_before_start": "a start of the server concerns all projects",
    "access/keyring.py:_BY_HASH": "asks whose key this is",
    "access/people.py:_used": "a link that was found by its secret",
    "access/people.py:invitation": "the link is the secret that says which project",
    "access/people.py:remove_member": "asks whether somebody is a member anywhere",
    "access/people.py:remove_person": "who leaves the server leaves all projects",
    "access/clients.py:clean": HOUSEKEEPING,
    "access/grants.py:_end": "a grant that was found by the secret that says which project, or with its project",
    "access/grants.py:_of": "the token is the secret that says which project",
    "access/grants.py:clean": HOUSEKEEPING,
    "approvals/asking.py:clean": HOUSEKEEPING,
    "approvals/links.py:clean": HOUSEKEEPING,
    "approvals/links.py:opened": "the link is the secret that says which project",
    "integrations/connect.py:_use": "the state is the secret that says which project",
    "integrations/connect.py:write": HOUSEKEEPING,
    "integrations/selection.py:_live": "the token is the secret that says which project",
    "integrations/selection.py:offer": HOUSEKEEPING,
    "integrations/service.py:to_reconnect": NUMBERS,
    "integrations/tokens.py:_TO_RENEW": HOUSEKEEPING,
    "integrations/vault.py:has_secrets": "asks whether there is any encrypted row",
    "integrations/vault.py:_stale": "a new master key concerns all projects",
    "media/holds.py": "an upload is held by its address, and the holder's project stands in the hold",
    "media/upload_rows.py": "an upload is found by its signed or public address, and cleaned by host and time",
    "media/records.py": "a file is claimed, lent and cleaned by its own id, post or host",
    "planning/materializer.py:make": "the maker's side: the row is held by its id and says whose it is",
    "planning/materializer.py:wake_for_zones": "new zone rules concern all projects",
    "planning/zones.py": "new zone rules concern all projects",
    "posts/deliveries.py:_LOST": "by the fingerprint alone, for the index; the project is compared afterwards",
    "posts/deliveries.py:_OPEN": "by the API key, which belongs to one project",
    "posts/deliveries.py:lose_before_start": "a start of the server concerns all projects",
    "posts/deliveries.py:lose_if_open": "a post that was found by its own API key",
    "posts/deliveries.py:_SETTLE": "the posts that this server has answered, whoever asked for them",
    "posts/deliveries.py:verdict": "a post that was found by its own API key",
    "posts/keys.py:clean": HOUSEKEEPING,
    "posts/thinning.py:thin": HOUSEKEEPING,
    "posts/thinning.py:_thin": HOUSEKEEPING,
    "posts/attempts.py": WORKER,
    "bulk/older.py": OLDER,
    "planning/older.py": OLDER,
    "posts/older.py": OLDER,
    "bulk/run.py": "worker's side: the upload is locked by its id, and its project is read from it",
    "bulk/uploads.py:clean": HOUSEKEEPING,
    "posts/changes.py:touch": "the caller has loaded the post with its project, in the same transaction",
    "posts/queries.py:_many": "the accounts are the project's own",
    "posts/queries.py:_near": "the accounts are the project's own, and the posts that are looked for there too",
    "posts/queries.py:_on_accounts": "the accounts are the project's own",
    "posts/queries.py:_page": "says so in the query that it is given, of all its posts",
    "posts/queries.py:many": "`_page` says so",
    "posts/queries.py:scheduled": "`_page` says so",
    "posts/queries.py:these": "says so in words that no index knows",
    "posts/sweep.py": WORKER,
    "posts/waits.py:note_share": WORKER,
    "posts/waits.py:overdue": NUMBERS,
    "posts/waits.py:by_project": DOCTOR,
    "posts/waits.py:by_reason": NUMBERS,
    "posts/work.py": WORKER,
    "credits/invariants.py": DOCTOR,
    "doctor/findings.py": DOCTOR,
    "integrations/invariants.py": DOCTOR,
    "posts/invariants.py": DOCTOR,
    "webhooks/invariants.py": DOCTOR,
    "webhooks/fan_out.py:_subscribed": "the projects are those of the events at hand",
    "webhooks/fan_out.py:fan_out": "hands out the events of all projects, each within its own",
    "webhooks/fan_out.py:waiting": "asks whether any project has an event to hand out",
    "webhooks/work.py": WORKER,
}


def relative(path: Path) -> str:
    return path.relative_to(sources.ROOT).as_posix()


def filled(lines: list[str]) -> int:
    """Lines that are not blank."""
    return sum(bool(line.strip()) for line in lines)


def too_long(path: Path) -> Iterator[str]:
    """What is longer than it may be in a file, or the file itself."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if filled(lines) > FILE_LINES:
        yield f"{relative(path)} has {filled(lines)} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            length = filled(lines[node.lineno - 1 : node.end_lineno])
            if length > FUNCTION_LINES:
                yield f"{relative(path)}: {node.name} has {length} lines"


def test_sizes() -> None:
    assert [found for path in ALL_CODE for found in too_long(path)] == []


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The module's public classes and functions, and the public methods of those classes."""
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            told = is_told_elsewhere(node)
            for part in node.body:
                if isinstance(part, Function) and not part.name.startswith("_") and not told:
                    yield f"{node.name}.{part.name}", part


def is_told_elsewhere(node: ast.ClassDef) -> bool:
    """Whether the class's methods are those of its base, whose docstrings hold for them, or of a protocol."""
    ours = {"Engine", "Store", "Protocol", "Session", "Run", "MediaFile", "TypeDecorator"}
    return any(getattr(getattr(base, "value", base), "id", "") in ours for base in node.bases)


def silent(tree: ast.Module) -> Iterator[str]:
    """What has no docstring in a module, or the module itself."""
    if tree.body and not ast.get_docstring(tree):
        yield "the module"
    said = {name for name, node in public(tree) if ast.get_docstring(node)}  # type: ignore[arg-type]  # `public` gives only what may have one
    # An overload is one name with several heads; one of them speaks for all.
    yield from (name for name, _ in public(tree) if name not in said)


def test_public_names_have_a_docstring() -> None:
    found = [f"{relative(path)}: {name}" for path, tree in sources.trees().items() for name in silent(tree)]
    assert found == []


def test_no_marks_of_unfinished_work() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    pages = [*sources.ROOT.glob("*.md"), *(sources.ROOT / "docs").rglob("*.md")]
    found = [relative(path) for path in [*ALL_CODE, *pages] if marks.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_swallowed_exceptions() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in sources.trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(part, ast.Pass) for part in node.body)
    ]
    assert found == []


def test_comments(record_property: pytest.RecordProperty) -> None:
    """2 to 5 comment lines in 100 are healthy; this is reported, and only silence or noise fails."""
    comments = code = 0
    for path in sources.trees():
        lines = [line.strip() for line in path.read_text().splitlines()]
        comments += sum(line.startswith("#") for line in lines)
        code += filled(lines)
    share = 100 * comments / code
    record_property("comment_lines_per_100", round(share, 1))
    assert 0 < share < 10


def tables_with_project() -> set[str]:
    """The tables that have a project, by the names they have in the code."""
    return {table.name for table in metadata.tables.values() if "project_id" in table.c}


def aliases(tree: ast.Module, tables: set[str]) -> set[str]:
    """Names that a module gives to such a table or its columns: `_T = integrations.c`."""
    return {
        first_target(node)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and not any(isinstance(part, ast.Call) for part in ast.walk(node.value))
        and any(isinstance(part, ast.Name) and part.id in tables for part in ast.walk(node.value))
    }


def statements(tree: ast.Module) -> Iterator[tuple[str, ast.AST, ast.stmt]]:
    """(name, where it is defined, statement) for each statement that builds a query."""

    def walk(node: ast.AST, name: str, scope: ast.AST) -> Iterator[tuple[str, ast.AST, ast.stmt]]:
        for child in ast.iter_child_nodes(node):
            inner = isinstance(child, Function)
            if isinstance(child, ast.stmt) and not hasattr(child, "body"):
                yield name or first_target(child), scope, child
            elif isinstance(child, ast.stmt | ast.ExceptHandler):
                yield from heads(child, name, scope)
                yield from walk(child, child.name if inner else name, child if inner else scope)

    yield from walk(tree, "", tree)


def heads(node: ast.AST, name: str, scope: ast.AST) -> Iterator[tuple[str, ast.AST, ast.stmt]]:
    """What a compound statement asks at its beginning (`for row in db.execute(…)`), as a statement."""
    for part in ("iter", "test"):
        asked = getattr(node, part, None)
        if isinstance(asked, ast.expr):
            yield name, scope, ast.Expr(asked)


def first_target(node: ast.stmt) -> str:
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return getattr(targets[0], "id", "")


def queried(statement: ast.stmt, tables: set[str]) -> set[str]:
    """The tables with a project that a statement selects from, updates or deletes from."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"select", "update", "delete"}:
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            found |= names & tables
    return found


def names_project(statement: ast.stmt, scope: ast.AST, tree: ast.Module) -> bool:
    """Whether a statement compares `project_id`: itself, by a name for a condition, or by a function of the module."""
    if compares_project(statement):
        return True
    used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    named = [
        (first_target(node), node.value)
        for node in (scope.body if isinstance(scope, ast.Module) else ast.walk(scope))
        if isinstance(node, ast.Assign)
    ]
    named += [(node.name, node) for node in tree.body if isinstance(node, Function)]
    good = {name for name, value in named if compares_project(value)}
    good |= {
        name
        for name, value in named
        if {part.id for part in ast.walk(value) if isinstance(part, ast.Name)} & good
    }
    return bool(used & good)


def compares_project(node: ast.AST) -> bool:
    """Whether `….project_id` is compared with a value in an expression; joining two columns is no bound."""
    return any(
        isinstance(part, ast.Compare)
        and getattr(part.left, "attr", "") == "project_id"
        and getattr(getattr(part.comparators[0], "value", None), "attr", "") != "c"
        for part in ast.walk(node)
    )


def unbounded() -> list[str]:
    """`file:function` of each query over a table with projects that names none."""
    tables = tables_with_project()
    found = set()
    for path, tree in sources.trees().items():
        if sources.is_simulator(path):
            continue
        known = aliases(tree, tables)
        for name, scope, statement in statements(tree):
            if queried(statement, tables | known) and not names_project(statement, scope, tree):
                found.add(f"{path.relative_to(sources.PACKAGE).as_posix()}:{name}")
    return sorted(found)


def excused(place: str) -> bool:
    return place in WITHOUT_PROJECT or place.partition(":")[0] in WITHOUT_PROJECT


def test_every_query_names_its_project() -> None:
    assert [place for place in unbounded() if not excused(place)] == []


def test_every_excuse_is_needed() -> None:
    places = unbounded()
    files = {place.partition(":")[0] for place in places}
    assert [excuse for excuse in WITHOUT_PROJECT if excuse not in places and excuse not in files] == []


def test_the_query_rule_sees_what_it_should() -> None:
    code = """
def all_of_them(db):
    return db.execute(select(posts).where(posts.c.id == 1))
def mine(db, project_id):
    own = posts.c.project_id == project_id
    for row in db.execute(update(posts).where(own)):
        pass
"""
    tree = ast.parse(code)
    seen = [
        (name, names_project(statement, scope, tree))
        for name, scope, statement in statements(tree)
        if queried(statement, {"posts"})
    ]
    assert seen == [("all_of_them", False), ("mine", True)]


def test_every_rule_switched_off_has_its_reason() -> None:
    """In one spelling: the rule, two spaces, and a comment."""
    switched = re.compile(r"# (?:noqa: [A-Z]+\d++(?:, [A-Z]+\d++)*+|type: ignore\[[a-z, -]+\])(?!  # \S)")
    found = [
        f"{relative(path)}:{number}"
        for path in ALL_CODE
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if switched.search(line)
    ]
    assert found == []

"""The documentation says everything there is: settings, codes, commands, events, faults, networks, fail points, paths."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer.main
from starlette.routing import Route

from polypost import errors
from polypost.api.application import ROOMS
from polypost.cli.commands import app
from polypost.platforms.registry import connectors
from polypost.sandbox.control import control_app
from polypost.sandbox.simkit import FAULTS
from polypost.sandbox.simulators import simulators
from polypost.settings import OF_CLIENTS, Settings
from tests.docs import sources

DOCS = sources.ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [sources.ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "References"]
NETWORK_SETTINGS = ("CLIENT_ID", "CLIENT_SECRET", "SCOPES", "URL")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_RULE = re.compile(r"\b[GSRPITAOKD]\d{1,2}\b")


@cache
def page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def all_pages() -> list[Path]:
    return [*PAGES, *sorted(DOCS.rglob("*.md"))]


def missing(names: set[str], path: Path) -> list[str]:
    """The names that do not stand in backquotes on the page."""
    text = page(path)
    return sorted(name for name in names if f"`{name}`" not in text)


def test_every_setting() -> None:
    names = {f"POLYPOST_{name.upper()}" for name in Settings.model_fields}
    names |= {f"POLYPOST_{each.spec.id.upper()}_{name}" for each in connectors() for name in NETWORK_SETTINGS}
    assert missing(names, REFERENCE / "settings.md") == []


def test_no_setting_that_is_not_there() -> None:
    known = {f"POLYPOST_{name.upper()}" for name in Settings.model_fields}
    known |= {f"POLYPOST_{each.spec.id.upper()}_{name}" for each in connectors() for name in NETWORK_SETTINGS}
    known |= {f"POLYPOST_{name}" for name in OF_CLIENTS}
    said = {name for path in all_pages() for name in re.findall(r"POLYPOST_[A-Z_]+[A-Z]", page(path))}
    assert said - known == set()


def test_every_setting_is_used() -> None:
    code = "\n".join(path.read_text() for path in sources.trees() if path.name != "settings.py")
    inner = {"heartbeat_seconds": "heartbeat", "horizon_days": "horizon", "prices": "price"}
    unused = [name for name in Settings.model_fields if f"settings.{inner.get(name, name)}" not in code]
    assert unused == []


def test_every_error_code() -> None:
    codes = sources.error_codes() | {
        found.code
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.PolypostError)
    }
    assert missing(codes, REFERENCE / "errors.md") == []


def test_every_command_and_option() -> None:
    text = page(REFERENCE / "cli.md")

    def walk(command: object, path: str) -> None:
        commands = getattr(command, "commands", None)
        if commands is not None:
            for name, sub in commands.items():
                walk(sub, f"{path} {name}")
            return
        assert f"`{path}" in text
        for option in command.params:  # type: ignore[attr-defined]  # a group has no parameters of its own
            for flag in (*option.opts, *option.secondary_opts):
                assert flag.lower() in text.lower()

    walk(typer.main.get_command(app), "polypost")


def test_every_event() -> None:
    assert missing(sources.events(), REFERENCE / "events.md") == []


def test_every_fail_point() -> None:
    assert missing(sources.fail_points(), REFERENCE / "fail-points.md") == []


def test_every_fault() -> None:
    faults = {*FAULTS, *(fault for each in simulators() for fault in each.own_faults)}
    assert missing(faults, REFERENCE / "sandbox.md") == []


def test_every_network() -> None:
    readme = page(sources.ROOT / "README.md")
    for each in connectors():
        assert (REFERENCE / "platforms" / f"{each.spec.id}.md").is_file()
        assert f"| {each.spec.name} | `{each.spec.id}` | works" in readme
    documented = {path.stem for path in (REFERENCE / "platforms").glob("*.md")}
    assert documented == {each.spec.id for each in connectors()}


def test_every_path_of_the_api() -> None:
    text = page(REFERENCE / "api.md")
    routes = [route for room in ROOMS for route in room.router.routes if isinstance(route, Route)]
    assert len(routes) > 15
    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            assert f"`{method} {route.path}`" in text


def test_every_path_of_the_sandbox() -> None:
    text = page(REFERENCE / "sandbox.md")
    for route in control_app(None).routes:  # type: ignore[arg-type, attr-defined]  # only its paths are read
        assert route.path.replace(":int", "") in text


def test_every_rule_the_code_refers_to() -> None:
    """Comments name rules of the reliability page: `RELIABILITY S5`, `(I7)`."""
    text = page(DOCS / "explanation" / "reliability.md")
    said: set[str] = set()
    for path in sources.trees():
        code = path.read_text()
        for place in re.findall(r"RELIABILITY ([^)\n]*)|\(((?:[GSRPITAOKD]\d{1,2}[–, ]*)+)\)", code):
            said |= set(_RULE.findall(" ".join(place)))
    named = set(_RULE.findall(text)) | set(_RULE.findall(page(REFERENCE / "fail-points.md")))
    assert said - named == set()


def test_every_section_the_code_refers_to() -> None:
    """Comments name sections of these two pages, `RELIABILITY §7`, and of no other."""
    known = {
        f"{name} §{number}"
        for name in ("RELIABILITY", "ARCHITECTURE")
        for number in re.findall(
            r"^## (\d+)\.", page(DOCS / "explanation" / f"{name.lower()}.md"), re.MULTILINE
        )
    }
    said = {found for path in sources.trees() for found in re.findall(r"[\w.]+ §\d+", path.read_text())}
    assert said - known == set()


@pytest.mark.parametrize("path", all_pages(), ids=lambda path: path.relative_to(sources.ROOT).as_posix())
def test_links(path: Path) -> None:
    broken = []
    for target in _LINK.findall(_CODE.sub("", page(path))):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


def anchors(path: Path) -> set[str]:
    """The fragments of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", page(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_every_page_is_in_the_index() -> None:
    index = page(DOCS / "README.md")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path != DOCS / "README.md"]
    assert [name for name in pages if f"({name})" not in index] == []


def test_generated_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, sources.ROOT / "tools" / "docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}Run `make docs`."


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_decisions_have_the_five_headings(path: Path) -> None:
    assert re.findall(r"^## (.+)$", page(path), re.MULTILINE) == HEADINGS
    assert page(path).startswith(f"# {path.stem[:4]} ")


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_files_that_decisions_name_exist() -> None:
    named = {
        name
        for path in (DOCS / "decisions").glob("*.md")
        for name in re.findall(r"`(src/[\w/.]+)`", page(path))
    }
    assert named
    assert [name for name in sorted(named) if not (sources.ROOT / name).exists()] == []

"""What stands where: who may import whom in a network's folder, and two independent readings of its limits."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from polypost.platforms.registry import BUILT_IN, connector
from polypost.sandbox.simulators import simulators
from tests.docs import sources

PLATFORMS = "polypost.platforms"
SIMULATORS = "polypost.sandbox.networks"
# What every part of a network's folder may use besides its own modules.
TOOLS = {"polypost.outbound", "polypost.probe", "polypost.errors", "polypost.clock"}
# What networks share: what they are written against.
SHARED = {f"{PLATFORMS}.{name}" for name in ("base", "abilities", "graphemes", "kit", "families")}
RATES = {
    "posts_per_window": ("create", "user"),
    "posts_per_app_day": ("create", "app"),
    "posts_per_three_hours": ("create", "long"),
}


def differences(platform: str, table: str) -> Mapping[str, str]:
    """A table of `tests/docs/limits/<platform>.py`, empty where there is none."""
    if not (Path(__file__).parent / "limits" / f"{platform}.py").is_file():
        return {}
    found: Mapping[str, str] = getattr(import_module(f"tests.docs.limits.{platform}"), table, {})
    return found


def limits_of_simulator(platform: str) -> dict[str, float]:
    """The simulator's own numbers, by name."""
    listed = import_module(f"{SIMULATORS}.{platform}.limits").LIMITS
    return {name: number.value for name, number in listed.items()}


def pairs(platform: str) -> Iterator[tuple[str, float, float]]:
    """(name, connector's number, simulator's number) for each limit that both have."""
    network = connector(platform)
    assert network is not None
    theirs = limits_of_simulator(platform)
    for name, limit in network.spec.limits.items():
        other = differences(platform, "NAMES").get(name, name)
        if other in theirs:
            yield name, limit.value, theirs[other]


@pytest.mark.parametrize("platform", BUILT_IN)
def test_connector_and_simulator_read_the_same_limits(platform: str) -> None:
    differ = [name for name, ours, theirs in pairs(platform) if abs(ours - theirs) > 1e-9]
    assert differ == list(differences(platform, "DIFFERENT"))


@pytest.mark.parametrize("platform", BUILT_IN)
def test_no_limit_is_left_out(platform: str) -> None:
    network = connector(platform)
    assert network is not None
    compared = {name for name, _, _ in pairs(platform)}
    alone = {name for name in network.spec.limits if name not in compared}
    assert alone == set(differences(platform, "ALONE"))


@pytest.mark.parametrize(("name", "place"), RATES.items())
def test_x_rates(name: str, place: tuple[str, str]) -> None:
    network = connector("twitter")
    assert network is not None
    rates = import_module(f"{SIMULATORS}.twitter.limits").RATES
    assert network.spec.limits[name].value == getattr(rates[place[0]], place[1]).calls


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(sources.trees()[path]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module as well.
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("polypost")}


def allowed(name: str, roots: set[str]) -> bool:
    """Whether a name stands in one of the roots, or is one of their parents in `from parent import root`."""
    return any(name == root or name.startswith(f"{root}.") or root.startswith(f"{name}.") for root in roots)


def modules(home: str) -> list[Path]:
    """The files of a package."""
    folder = sources.PACKAGE.parent.joinpath(*home.split("."))
    return [path for path in sources.trees() if folder in path.parents]


@pytest.mark.parametrize("platform", BUILT_IN)
def test_a_connector_knows_its_network_and_nothing_else(platform: str) -> None:
    home = f"{PLATFORMS}.{platform}"
    for path in modules(home):
        for name in imports(path):
            assert allowed(name, {home, *SHARED, *TOOLS}), f"{path.name}: {name}"


@pytest.mark.parametrize("platform", BUILT_IN)
def test_a_simulator_is_written_without_the_connector(platform: str) -> None:
    home = f"{SIMULATORS}.{platform}"
    for path in modules(home):
        for name in imports(path):
            assert allowed(name, {home, "polypost.sandbox.simkit", *TOOLS}), f"{path.name}: {name}"


def named(path: Path) -> str:
    """The name by which a module is imported."""
    parts = path.relative_to(sources.PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_needs_itself() -> None:
    """Not by a round of imports at run time, nor of those for types."""
    names = {named(path): path for path in modules("polypost")}
    needs = {name: imports(path) & set(names) - {name} for name, path in names.items()}
    for name, found in needs.items():
        # What stands in a package is imported from its own file, not from the package.
        needs[name] = {each for each in found if not any(other.startswith(f"{each}.") for other in found)}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("room", ["intake", "posts", "planning", "bulk", "approvals", "publishing"])
def test_the_way_of_a_post_knows_nothing_of_http_to_us(room: str) -> None:
    """Every entrance may come this way, whatever it speaks."""
    wire = {"starlette", "fastapi", "uvicorn"}
    for path in modules(f"polypost.{room}"):
        for node in ast.walk(sources.trees()[path]):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not wire & {name.partition(".")[0] for name in names}, path.name


def test_every_network_has_a_simulator() -> None:
    assert [each.platform for each in simulators()] == list(BUILT_IN)


def test_the_core_reaches_networks_by_the_registry_alone() -> None:
    folders = {sources.PACKAGE / "platforms" / platform for platform in BUILT_IN}
    homes = {f"{PLATFORMS}.{platform}" for platform in BUILT_IN}
    for path in sources.trees():
        if not folders & set(path.parents):
            for name in imports(path):
                assert not any(name == home or name.startswith(f"{home}.") for home in homes), (
                    f"{path}: {name}"
                )


def test_the_conformance_of_folders() -> None:
    """Each network's folder has the same rooms."""
    for platform in BUILT_IN:
        folder = sources.PACKAGE / "platforms" / platform
        for name in ("__init__.py", "spec.py", "options.py", "connector.py", "icon.svg"):
            assert (folder / name).is_file(), f"{platform}/{name}"
        assert (sources.PACKAGE / "sandbox" / "networks" / platform).is_dir()


# Runs of so many lines, the same but for their literals, count as the same.
RUN = 6
LITERAL = re.compile(r'f?"(?:\\.|[^"\\])*"|\b\d[\d_.]*\b')
WORD = re.compile(r"[A-Za-z_]{2}")


def said(path: Path) -> list[str]:
    """What a module says, its literals left out: no imports, docstrings, comments, or lines of brackets and literals."""
    tree, passed = ast.parse(path.read_text()), set()
    for node in ast.walk(tree):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if text or isinstance(node, ast.Import | ast.ImportFrom):
            passed.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(path.read_text().splitlines(), 1)
    found = [LITERAL.sub("0", line.strip()) for number, line in lines if number not in passed]
    return [line for line in found if WORD.search(line) and not line.startswith("#")]


def said_elsewhere(folders: Mapping[str, Path]) -> float:
    """The share of the lines of these folders, by network, that stand in another one too."""
    files = [(name, said(path)) for name, folder in folders.items() for path in sorted(folder.rglob("*.py"))]
    owners = defaultdict(set)
    for name, lines in files:
        for first in range(len(lines) - RUN + 1):
            owners[tuple(lines[first : first + RUN])].add(name)
    repeated = 0
    for _, lines in files:
        runs = range(len(lines) - RUN + 1)
        found = {
            first + step
            for first in runs
            if len(owners[tuple(lines[first : first + RUN])]) > 1
            for step in range(RUN)
        }
        repeated += len(found)
    return repeated / sum(len(lines) for _, lines in files)


@pytest.mark.parametrize(("room", "most"), [(PLATFORMS, 0.05), (SIMULATORS, 0.04)])
def test_what_is_the_same_is_said_once(room: str, most: float) -> None:
    root = sources.PACKAGE / room.removeprefix("polypost.").replace(".", "/")
    folders = {platform: root / platform for platform in BUILT_IN}
    assert said_elsewhere(folders) <= most, "what two networks need belongs into the kit, a family or simkit"


def test_the_share_sees_what_it_should(tmp_path: Path) -> None:
    for name, number in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("\n".join(f"one_{line} = {number}" for line in range(6)) + "\n")
    (tmp_path / "two" / "b.py").write_text("\n".join(f"two_{line} = 1" for line in range(6)) + "\n")
    folders = {name: tmp_path / name for name in ("one", "two")}
    assert said_elsewhere(folders) == 12 / 18

"""The folder for coding agents says nothing that is not there, and fits into what their tools read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polypost.sandbox.simkit import FAULTS
from polypost.sandbox.simulators import simulators
from polypost.settings import Settings
from tests.docs import sources

FOLDER = sources.ROOT / "skills" / "polypost"
PAGES = sorted(FOLDER.rglob("*.md"))
_CALL = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]+)")


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.fixture(scope="module")
def calls() -> set[tuple[str, str]]:
    """What the reference pages list, which are held to be complete."""
    text = "\n".join(
        (sources.ROOT / "docs" / "reference" / name).read_text() for name in ("api.md", "sandbox.md")
    )
    return {(method, shape(path)) for method, path in _CALL.findall(text)} | {("GET", "/llms.txt")}


def test_sizes_and_front_matter() -> None:
    assert sum(len(path.read_bytes()) for path in FOLDER.rglob("*") if path.is_file()) <= 40_000
    text = (FOLDER / "SKILL.md").read_text()
    found = re.match(r"---\nname: ([a-z0-9-]{1,64})\ndescription: (.{1,1024})\nlicense: .*\n---\n", text)
    assert found is not None
    assert found[1] == FOLDER.name
    assert text.count("\n") < 500


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_call_fault_setting_and_link_is_there(page: Path, calls: set[tuple[str, str]]) -> None:
    text = page.read_text()
    said = {(method, shape(path)) for method, path in _CALL.findall(text)}
    assert {each for each in said if not each[1].startswith("/docs/guide/")} - calls == set()
    for path in re.findall(r"/docs/guide/([\w/-]+\.md)", text):
        assert (sources.ROOT / "docs" / path).is_file()
    assert set(re.findall(r"\$SERVER(/v1[\w/]*)", text)) <= {path for _, path in calls}
    faults = {*FAULTS, *(fault for each in simulators() for fault in each.own_faults)}
    named = re.findall(r"`([a-z]+_[a-z]+)`", text) if page.name == "sandbox.md" else []
    assert set(named) - {"polypost_sandbox"} <= faults
    settings = {f"POLYPOST_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"POLYPOST_[A-Z_]+", text)) <= settings
    for link in re.findall(r"\]\((?!https://)([^)]+)\)", text):
        assert (page.parent / link).is_file()

"""Wheel and sdist: everything that the program needs is in them, and a list of parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tools import audit

from polypost import __version__
from tests.docs import sources

NAME = f"polypost-{__version__}"


def build(source: Path, target: Path, *kinds: str) -> None:
    """Build without a network: what builds is in the environment of the tests."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(target), *kinds],
        cwd=source,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an sdist of these sources, and the wheel that is built of that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build(sources.ROOT, folder, "--target", "sdist")
    with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    build(folder / NAME, folder, "--target", "wheel")
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl")


def test_the_wheel_has_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    """And the documentation, which the server shows."""
    places = {"polypost": sources.ROOT / "src" / "polypost", "polypost/docs": sources.ROOT / "docs"}
    there = {
        f"{name}/{path.relative_to(place).as_posix()}"
        for name, place in places.items()
        for path in place.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = f"{NAME}.dist-info/"
    assert {name for name in wheel.namelist() if not name.startswith(about)} == there


def test_the_wheel_names_program_and_licence(wheel: zipfile.ZipFile) -> None:
    about = f"{NAME}.dist-info/"
    assert "polypost = polypost.cli:main" in wheel.read(f"{about}entry_points.txt").decode()
    metadata = wheel.read(f"{about}METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert f"{about}licenses/LICENSE" in wheel.namelist()


def test_the_list_of_parts(wheel: zipfile.ZipFile) -> None:
    listed = json.loads(wheel.read(f"{NAME}.dist-info/sboms/polypost.cdx.json"))
    assert (listed["bomFormat"], listed["metadata"]["component"]["version"]) == ("CycloneDX", __version__)
    found = {each.get("purl") for each in listed["components"]}
    pinned = re.findall(
        r"^([a-z0-9._-]+)==(\S+)", (sources.ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert len(pinned) > 30
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned} == found - {None}
    files = [each for each in listed["components"] if each["type"] == "file"]
    vendored = {path for path in (sources.ROOT / "src").rglob("vendor/*") if path.suffix != ".txt"}
    assert {each["bom-ref"] for each in files} == {
        path.relative_to(sources.ROOT / "src").as_posix() for path in vendored
    }
    for each in files:
        assert each["bom-ref"] in wheel.namelist()
        assert len(each["hashes"][0]["content"]) == 64
    assert len({each["bom-ref"] for each in listed["components"]}) == len(listed["components"])


def test_the_audit_fails_on_what_can_be_mended_alone() -> None:
    report = {
        "dependencies": [
            {"name": "good", "version": "1", "vulns": []},
            {"name": "skipped", "skip_reason": "not on the index"},
            {
                "name": "old",
                "version": "1",
                "vulns": [{"id": "A-1", "aliases": ["B-1"], "fix_versions": ["2"]}],
            },
            {"name": "bad", "version": "1", "vulns": [{"id": "A-2", "fix_versions": []}]},
        ]
    }
    assert audit.verdict(report) == (
        ["old 1: A-1, B-1; mended in 2"],
        ["bad 1: A-2; no version mends it yet"],
    )
    assert audit.verdict({"dependencies": report["dependencies"][3:]})[0] == []


@pytest.mark.parametrize(
    ("said", "status", "printed"),
    [
        (
            '{"dependencies": [{"name": "bad", "version": "1", "vulns": [{"id": "A-2", "fix_versions": []}]}]}',
            0,
            "bad 1",
        ),
        (
            '{"dependencies": [{"name": "old", "version": "1", "vulns": [{"id": "A-1", "fix_versions": ["2"]}]}]}',
            1,
            "old 1",
        ),
        ("", 2, "Not audited: no answer"),
    ],
)
def test_the_audit_ends_as_ci_needs_it(tmp_path: Path, said: str, status: int, printed: str) -> None:
    """With something that stands for pip-audit: what it is asked, and what becomes of its answer."""
    stand_in = "import sys\nassert sys.argv[-2:] == ['--requirement', 'a.lock']\n"
    (tmp_path / "pip_audit.py").write_text(
        f"{stand_in}print({said!r})\nprint('no answer', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, sources.ROOT / "tools" / "audit.py", "a.lock"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert printed in done.stdout + done.stderr

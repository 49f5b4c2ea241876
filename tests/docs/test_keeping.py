"""The commands of the pages about what is kept, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polypost.cli.commands import app
from polypost.errors import PolypostError
from tests.docs import sources

Run = Callable[[str], str]


def commands(page: str) -> list[str]:
    """What stands in the page's blocks of commands, line by line."""
    text = (sources.ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command of ours in a folder with a project; what it says."""
    before = os.umask(0o077)
    os.umask(before)
    monkeypatch.setenv("POLYPOST_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def one(line: str) -> str:
        name, *arguments = shlex.split(line)
        assert name == "polypost"
        done = CliRunner().invoke(app, arguments)
        if isinstance(done.exception, PolypostError):
            raise done.exception
        assert done.exit_code == 0, f"{line}: {done.output} {done.exception}"
        return done.output

    one("polypost projects create Acme")
    yield one
    os.umask(before)


def test_the_master_key_is_rotated_as_the_page_says(run: Run, tmp_path: Path) -> None:
    begin, finish = commands("rotate-the-master-key.md")
    file = tmp_path / "data" / "master.key"
    assert "Both master keys stay known until" in run(begin)
    assert len(file.read_text().split()) == 2
    assert "0 keys" in run(begin)
    with pytest.raises(PolypostError, match="in use until"):
        run(finish)
    os.utime(file, (time.time() - 86_500,) * 2)
    assert "There is one master key." in run(finish)
    assert len(file.read_text().split()) == 1
    with pytest.raises(AssertionError):
        run(f"{begin} --now")


def test_a_project_is_exported_and_erased_as_the_page_says(run: Run, tmp_path: Path) -> None:
    export, ask, erase = commands("export-and-erase.md")
    assert "rows and 0 uploads of Acme" in run(export)
    assert "files" in run(f"{export} --no-files --json")
    with zipfile.ZipFile(tmp_path / "acme.zip") as archive:
        assert "api_keys.jsonl" in archive.namelist()
    assert "--yes" in run(ask)
    assert "Acme" in run("polypost projects list --json")
    assert "rows of Acme are gone" in run(erase)
    assert "Acme" not in run("polypost projects list --json")
    with pytest.raises(PolypostError, match="no project called"):
        run(ask)

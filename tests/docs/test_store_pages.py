"""Every command of the pages on backups and upgrades works as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from polypost.storage import schema
from tests.docs import sources

_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def run(script: str, folder: Path) -> str:
    """What a shell prints, in a folder and without settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("back-up-and-restore", ("checked.", "It is held", "0 targets", "0 targets")),
        ("upgrade", ("there is nothing to do", f"The schema is at {schema.HEAD}")),
    ],
)
def test_the_commands_of_a_page(page: str, says: tuple[str, ...], tmp_path: Path) -> None:
    blocks = _BLOCK.findall((sources.ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8"))
    run("polypost projects create Ours", tmp_path)
    for block, said in zip(blocks, says, strict=True):
        assert said in run(block, tmp_path)

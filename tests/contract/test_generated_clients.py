"""Clients that other people's generators make of the OpenAPI document: whole, free of type errors, and used for a post."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.processes import World

CLIENTS = Path(__file__).parent / "clients"
# Made by `make test`.
TOOLS = Path(sys.prefix) / "clients"
WANTED = {"status": "published", "problems": ["platforms", "publishNow"]}


@pytest.fixture
def document(embedded: World, tmp_path: Path) -> Path:
    """The server's document, as a file."""
    if not TOOLS.is_dir() and "CI" not in os.environ:
        pytest.skip("The generators are not installed; `make .venv/.clients` does that.")
    path = tmp_path / "openapi.json"
    path.write_bytes(httpx2.get(f"{embedded.url}/openapi.json", trust_env=False).content)
    return path


def ran(*command: str | Path, at: Path) -> str:
    """What a command says; fails with it unless it succeeds."""
    done = subprocess.run([*map(str, command)], cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def used(world: World, *command: str | Path, at: Path) -> dict[str, Any]:
    """What a program says that was given the server's address, a key and an account."""
    said = ran(*command, world.url, world.key, world.accounts["twitter"], at=at)
    found: dict[str, Any] = json.loads(said)
    # Where the sandbox shows it.
    assert "/status/" in found.pop("address")
    return found


def test_python(embedded: World, document: Path, tmp_path: Path) -> None:
    (tmp_path / "generator.yml").write_text(
        "post_hooks: []\ncontent_type_overrides: {text/csv: application/octet-stream}\n"
    )
    generator = TOOLS / "bin" / "openapi-python-client"
    said = ran(
        generator,
        "generate",
        "--path",
        document,
        "--config",
        "generator.yml",
        "--output-path",
        "made",
        at=tmp_path,
    )
    assert "will not be generated" not in said
    shutil.copy(CLIENTS / "use.py", tmp_path / "made")
    made = tmp_path / "made"
    types = ("--strict", "--python-executable", TOOLS / "bin" / "python", "--cache-dir", tmp_path / "types")
    ran(sys.executable, "-m", "mypy", *types, "use.py", "polypost_client", at=made)
    assert used(embedded, TOOLS / "bin" / "python", "use.py", at=made) == WANTED


def test_typescript(embedded: World, document: Path, tmp_path: Path) -> None:
    for name in ("package.json", "tsconfig.json", "use.ts"):
        shutil.copy(CLIENTS / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    node, modules = TOOLS / "bin" / "node", TOOLS / "node_modules"
    ran(node, modules / "openapi-typescript" / "bin" / "cli.js", document, "-o", "polypost.ts", at=tmp_path)
    ran(node, modules / "typescript" / "bin" / "tsc", "-p", ".", at=tmp_path)
    assert used(embedded, node, "use.js", at=tmp_path) == WANTED

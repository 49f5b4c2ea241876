"""Each benchmark in its short form: it ends, every figure comes out, and everything was accepted and published."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest
from bench.lag import schedule_lag
from bench.report import Figures, table
from bench.side import sides, trees

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "bench", "--quick"]
STORES = ("SQLite", "PostgreSQL")
COMPARED = [
    *(
        f"accept on {store}, connections {connections}: CPU µs"
        for store in STORES
        for connections in (1, 16, 64)
    ),
    *(
        f"{part} on {store}: {what}"
        for store in STORES
        for part, what in (("publish", "CPU µs"), ("lag", "p50 ms"))
    ),
    *(
        f"{part} on {store}{at}: commits"
        for store in STORES
        for part, at in (("publish", ""), ("accept", ", connections 1"))
    ),
]
AT_ONCE = ["20 posts at once, limits off", *(f"20 texts at once on {store}" for store in STORES)]
ALONE = ["memory: idle PSS MB", "5 MB film: fetched by us", *(f"{title}: visible once" for title in AT_ONCE)]
GROWN = [
    *(
        f"{what} on {store}, 1,000 + 1,000 posts: {unit}"
        for store in STORES
        for what, unit in (
            ("claim, intent and leave", "ms"),
            ("sweep", "ms"),
            ("/v1/posts failed", "ms"),
            ("/v1/usage", "ms"),
            ("lag", "p50 ms"),
            ("accept with a limit", "CPU µs"),
            ("start", "s"),
            ("doctor", "s"),
        )
    ),
    "backlog of 10 on one account: out in 2 s, most",
    *(
        f"/{{project}}/{page} on {store}, 1,000 posts: p95 ms"
        for store in STORES
        for page in ("compose", "posts", "posts/{post}")
    ),
]


def figures(text: str) -> dict[str, list[str]]:
    """The printed table: the cells behind each name."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return {name: cells for name, *cells in rows[2:]}


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (("lag", "publish", "accept"), COMPARED),
        (("memory", "video", "scale"), ALONE),
        (("grown-sqlite", "grown-postgresql", "backlog", "pages"), GROWN),
    ],
    ids=["compared", "alone", "grown"],
)
def test_every_figure_comes_out(parts: tuple[str, ...], names: list[str]) -> None:
    done = subprocess.run([*COMMAND, "--only", *parts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = figures(done.stdout)
    assert [name for name in names if float(found[name][0]) <= 0] == []
    assert "load" in done.stdout
    if "scale" in parts:
        for title in AT_ONCE:
            assert found[f"{title}: published"][0] == found[f"{title}: visible once"][0] == "20"
            assert found[f"{title}: visible twice"][0] == found[f"{title}: findings"][0] == "0"


def test_a_revision_is_measured_beside_this_tree(tmp_path: Path) -> None:
    with trees("HEAD") as (old, new):
        # A mark by which the running server shows whose code it is.
        module = old.folder / "src" / "polypost" / "__init__.py"
        module.write_text(module.read_text() + '\n__version__ = "0.0.1"\n')
        found = Figures()
        with sides([old, new], tmp_path, None) as running:
            versions = [
                httpx2.get(f"{side.world.url}/openapi.json", trust_env=False).json()["info"]["version"]
                for side in running
            ]
            schedule_lag("SQLite", running, found, quick=True)
    assert versions[0] == "0.0.1" != versions[1]
    assert not old.folder.exists()
    for figure in found.values():
        assert len(figure.rounds["old"]) == len(figure.rounds["new"]) > 0
    assert table(found.values(), compared=True).startswith("| figure | old | new | new/old | floor |")


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "--against", "HEAD", "--only", "lag"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert "starting old and new" in running.stderr.readline()
    while not any("polypost" in process.cmdline() for process in of_run(tmp_path)):
        assert running.poll() is None
        time.sleep(0.05)
    # Harder than Ctrl-C in a terminal, which every process of the group hears.
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=100)
    assert "Traceback" not in said
    assert said.strip().endswith("Stopped; processes and temporary files are gone.")
    assert of_run(tmp_path) == []
    # The database server of the tests keeps a lock file there.
    assert list(tmp_path.glob("polypost-*")) == []


def of_run(folder: Path) -> list[psutil.Process]:
    """Running processes with that folder for temporary files."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TMPDIR") == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found

"""Every command of the README and of the first tutorial works as printed, on a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from polypost.platforms.registry import BUILT_IN
from tests.docs import sources
from tests.processes import lasting_port

PORT = "8080"
READY_SECONDS = 60
COMMAND_SECONDS = 90
CLIENTS = "tests/contract/clients"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PRINTED = re.compile(r"^curl .*\Z", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("make") is None, reason="needs curl and make"
)


def commands(page: str) -> list[str]:
    """The shell blocks of a page, in order."""
    return _BLOCK.findall((sources.ROOT / page).read_text(encoding="utf-8"))


@dataclass
class Started:
    """A server started by `make run`: where its copy lies, what it printed, where it listens."""

    folder: Path
    printed: str
    port: str

    @property
    def sandbox(self) -> str:
        found = re.search(
            r"^Accounts and posts on the simulated networks: (\S+)$", self.printed, re.MULTILINE
        )
        assert found is not None
        return found[1]

    def run(self, script: str) -> str:
        """What a script prints; the port and the sandbox's address of the page are replaced by the real ones."""
        here = script.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{self.port}")
        here = re.sub(r"^sandbox=\S+$", f"sandbox={self.sandbox}", here, flags=re.MULTILINE)
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", here],
            cwd=self.folder,
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def plain_environment(**more: str) -> dict[str, str]:
    """The environment without settings of ours and without proxies."""
    hidden = ("POLYPOST_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(hidden)}
    return {**kept, **more}


def copy_of_the_repository(folder: Path) -> Path:
    """The sources beside an environment whose `polypost` is the interpreter of this test run."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-test.lock"):
        shutil.copy(sources.ROOT / name, folder)
    shutil.copytree(sources.ROOT / CLIENTS, folder / CLIENTS)
    scripts = folder / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name, line in (("polypost", '-m polypost "$@"'), ("python", '"$@"')):
        script = scripts / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {line}\n')
        script.chmod(0o755)
    for mark in (".run", ".test", ".clients"):
        (folder / ".venv" / mark).touch()
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = copy_of_the_repository(tmp_path_factory.mktemp("readme"))
    port = str(lasting_port())
    first = commands("README.md")[0].strip()
    assert first == "make run"
    output = folder / "printed"
    with output.open("wb") as file, (folder / "log").open("wb") as log:
        # A session of its own, so that make and what it started end together.
        process = subprocess.Popen(
            ["/bin/sh", "-c", first],
            cwd=folder,
            env=plain_environment(PORT=port),
            stdout=file,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Started(folder, wait_for(output, process), port)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(40)


def wait_for(output: Path, process: subprocess.Popen[bytes]) -> str:
    """What is printed, once the printed call is complete."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        text = output.read_text()
        if text.rstrip().endswith("}'"):
            return text
        time.sleep(0.1)
    log = (output.parent / "log").read_text()
    raise AssertionError(f"make run did not become ready: {output.read_text()}{log[-2000:]}")


def test_the_printed_call_publishes_to_every_network(started: Started) -> None:
    printed = _PRINTED.search(started.printed)
    assert printed is not None
    answer = json.loads(started.run(printed[0]))
    assert answer["status"] == "published", answer
    ends = {entry["platform"]: entry["status"] for entry in answer["platforms"]}
    assert ends == dict.fromkeys(BUILT_IN, "published")
    for entry in answer["platforms"]:
        page = httpx2.get(entry["platformPostUrl"], trust_env=False, follow_redirects=True)
        assert page.status_code == 200, entry
        assert "text/html" in page.headers["content-type"], entry


def test_the_printed_page_shows_the_post(started: Started) -> None:
    assert "Polypost sandbox" in started.run(f"curl -sf {started.sandbox}/")


def test_the_commands_of_the_readme(started: Started) -> None:
    run, check, *calls = commands("README.md")
    assert (run.strip(), check.strip()) == ("make run", "make test")
    assert len(calls) == 1
    answer = json.loads(started.run(calls[0]))
    assert answer["status"] == "published"
    assert answer["platforms"][0]["platformPostUrl"].startswith("http://127.0.0.1:")


def test_make_test_runs_checks_and_tests(tmp_path: Path) -> None:
    """What it would run; running it here would run this test again."""
    folder = copy_of_the_repository(tmp_path)
    plan = subprocess.run(
        ["make", "--dry-run", "test"],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for part in (
        "ruff format --check",
        "ruff check",
        "mypy",
        "lint-imports",
        "codespell",
        "deptry",
        "pytest",
    ):
        assert part in plan


def test_the_commands_of_the_tutorial(started: Started) -> None:
    run, *steps = commands("docs/tutorial/first-post.md")
    assert run.strip() == "make run"
    # One shell, as for the reader: later steps use the variables of earlier ones.
    said = started.run("\n".join(steps))
    assert '"code":"unknown_account"' in said
    assert '"status":"scheduled"' not in said.rpartition("Post cancelled")[2]
    assert "Post cancelled and moved to draft." in said
    assert "Looked at the account and found it." in said
    assert said.count('"kind":"published"') == 1


def test_the_post_of_each_morning_is_one_however_often_cron_repeats_it(started: Started) -> None:
    (script,) = commands("docs/how-to/publish-from-other-tools.md")
    first, again = (json.loads(started.run(script)) for _ in range(2))
    assert first["status"] == "published", first
    assert again["postId"] == first["postId"]

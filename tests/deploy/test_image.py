"""The recipe of the image, carried out in a folder: its commands, its files, its program, health check and end."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_artefacts import instructions
from tests.deploy.test_install_page import offline
from tests.docs import sources
from tests.processes import lasting_port

PLACES = ("/opt/polypost", "/data")


class Image:
    """A folder that stands for the image's root, and the environment that the recipe gives to its program."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = str(lasting_port())
        self.env = offline(root)
        self.told: dict[str, str] = {}

    def here(self, text: str) -> str:
        """The text with the image's places in the folder, and a port that is free."""
        for place in PLACES:
            text = re.sub(rf"{place}\b", f"{self.root}{place}", text)
        return text.replace("8080", self.port)

    def run(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the recipe in its working folder."""
        return subprocess.run(
            ["/bin/sh", "-c", self.here(command)],
            cwd=self.root / "src",
            env={**self.env, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self) -> None:
        """Carry the recipe out; what it copies from one stage to the other is there already."""
        (self.root / "src").mkdir()
        for name, words in instructions():
            if name == "RUN":
                done = self.run(words)
                assert done.returncode == 0, done.stderr
            elif name == "COPY" and not words.startswith("--from"):
                *copied, target = words.split()
                for each in copied:
                    source, there = sources.ROOT / each, self.root / "src" / target
                    there = there / source.name if target.endswith("/") else there
                    there.parent.mkdir(parents=True, exist_ok=True)
                    (shutil.copytree if source.is_dir() else shutil.copy)(source, there)
            else:
                self.told[name] = words

    def environment(self) -> dict[str, str]:
        """What ENV says, on top of an empty one."""
        said = dict(part.split("=", 1) for part in shlex.split(self.here(self.told["ENV"])))
        # In a container nobody else could reach it; here this machine alone may.
        return {**said, "PATH": said["PATH"].replace("$PATH", "/usr/bin:/bin"), "POLYPOST_HOST": "127.0.0.1"}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    made = Image(tmp_path)
    made.build()
    return made


def test_the_recipe_makes_a_server(image: Image) -> None:
    program = yaml.safe_load(image.told["ENTRYPOINT"]) + yaml.safe_load(image.told["CMD"])
    check = yaml.safe_load(image.here(image.told["HEALTHCHECK"].partition("CMD ")[2]))
    env = image.environment()
    asked = [shutil.which(check[0], path=env["PATH"]), *check[1:]]
    assert subprocess.run(asked, env=env, capture_output=True, check=False).returncode != 0
    with (image.root / "log").open("wb") as log:
        process = subprocess.Popen(
            [shutil.which(program[0], path=env["PATH"]), *program[1:]],
            env=env,
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        end = time.monotonic() + 60
        while "Polypost listens" not in (image.root / "log").read_text():
            running = process.poll() is None and time.monotonic() < end
            assert running, (image.root / "log").read_text()
            time.sleep(0.2)
        assert subprocess.run(asked, env=env, capture_output=True, check=False).returncode == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert (image.root / "data" / "polypost.db").exists()

"""The install page, command by command, on a clean folder: to a post on a network behind its own address setting."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.docs import sources
from tests.docs.test_readme import commands, plain_environment
from tests.processes import Process, lasting_port

PAGE = "docs/how-to/install.md"
SOURCES = (
    "src",
    "docs",
    "deploy",
    "tools",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "LICENSE",
    "SECURITY.md",
)
PLACES = ("/opt/polypost", "/usr/local/bin", "/var/lib/polypost", "/etc/systemd/system")
TEXT = "Hello from my own server"
# What would change the machine does the like in the folder. The packages of this test run stand in for an index.
STAND_INS = {
    "apt-get": "exit 0",
    "useradd": "exit 0",
    "install": 'for last; do :; done; mkdir -p "$last"; chmod 700 "$last"',
    "runuser": 'shift 3; exec "$@"',
    "systemctl": (
        'unit="$ROOT/etc/systemd/system/$3.service"\n'
        'said() { sed -n "s|^$1=||p" "$unit" | sed "s|=/|=$ROOT/|; s|^/|$ROOT/|"; }\n'
        'setsid env $(said Environment) $(said ExecStart) >"$ROOT/service.out" 2>"$ROOT/service.log" </dev/null &\n'
        'echo $! >"$ROOT/service.pid"'
    ),
    # The image's; making pip anew, as python3 does it for the page, costs more than all else.
    "python": (
        '"$PYTHON" "$@" --without-pip\n'
        'for site in "$3"/lib/python*/site-packages; do echo "$PACKAGES" >"$site/of_the_tests.pth"; done\n'
        'printf \'#!/bin/sh\\nexec "%s/bin/python" -m pip "$@"\\n\' "$3" >"$3/bin/pip"\n'
        'chmod 755 "$3/bin/pip"'
    ),
    "python3": (
        '"$PYTHON" "$@"\n'
        'for site in "$3"/lib/python*/site-packages; do echo "$PACKAGES" >"$site/of_the_tests.pth"; done'
    ),
}


def offline(root: Path) -> dict[str, str]:
    """An environment in which commands of the page find stand-ins in `root`, and pip the packages of this test run."""
    folder = root / "stand-ins"
    folder.mkdir(parents=True)
    for name, script in STAND_INS.items():
        file = folder / name
        file.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        file.chmod(0o755)
    return plain_environment(
        ROOT=str(root),
        PATH=f"{folder}:/usr/bin:/bin",
        PYTHON=sys.executable,
        PACKAGES=sysconfig.get_path("purelib"),
        PIP_NO_INDEX="1",
        # pip reads this as "no" to isolation.
        PIP_NO_BUILD_ISOLATION="0",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_ROOT_USER_ACTION="ignore",
    )


@dataclass
class Machine:
    """A folder that stands for a new machine."""

    root: Path
    port: str
    env: dict[str, str] = field(default_factory=dict)

    def here(self, script: str) -> str:
        """The script with its places and port on this machine."""
        for place in PLACES:
            script = script.replace(place, f"{self.root}{place}")
        script = script.replace("https://polypost.example.com", f"http://127.0.0.1:{self.port}")
        return script.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")

    def run(self, script: str) -> str:
        """What a block of the page prints."""
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", self.here(script)],
            cwd=self.root / "sources",
            env=self.env,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        log = self.root / "service.log"
        assert done.returncode == 0, f"{done.stderr}\n{log.read_text()[-2000:] if log.exists() else ''}"
        return done.stdout


@pytest.fixture
def network(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Bluesky's simulator: its address, and one account with its app password."""
    sandbox = Process(
        "sandbox", "--json", log=tmp_path / "box.log", env={"POLYPOST_DATA": str(tmp_path / "box")}
    )
    ready = sandbox.start()
    try:
        url = f"{ready['sandboxUrl']}/_sandbox"
        account = httpx2.get(f"{url}/accounts?platform=bluesky", trust_env=False).json()["accounts"][0]
        yield {"url": ready["sandboxUrls"]["bluesky"], "control": url, **account}
    finally:
        sandbox.stop()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    root = tmp_path / "machine"
    for place in PLACES[1::2]:
        (root / place.strip("/")).mkdir(parents=True)
    (root / "sources").mkdir()
    for name in SOURCES:
        source = sources.ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / "sources" / name)
    env = offline(root) | {"PATH": f"{root}/stand-ins:{root}/usr/local/bin:/usr/bin:/bin"}
    made = Machine(root, str(lasting_port()), env)
    made.env["POLYPOST_PORT"] = made.port
    yield made
    pid = root / "service.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGTERM)
        wait_gone(int(pid.read_text()))


def wait_gone(pid: int) -> None:
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "the service did not end"
        time.sleep(0.05)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_page_leads_to_a_post(machine: Machine, network: dict[str, Any]) -> None:
    program, server, service, post = commands(PAGE)
    assert machine.run(program).strip().endswith("0.1.0")
    assert (machine.root / "usr/local/bin/polypost").is_symlink()

    printed = machine.run(server)
    settings = machine.root / "var/lib/polypost/polypost.env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert f"http://127.0.0.1:{machine.port} leads here." in printed
    key, link = re.search(r"^Key: (\S+)$", printed, re.MULTILINE), re.search(r"http\S+/join/\S+", printed)
    assert key is not None
    assert link is not None
    # The one thing that the page's reader does not do: the network stands elsewhere.
    with settings.open("a") as file:
        file.write(f"POLYPOST_BLUESKY_URL={network['url']}\n")

    machine.run(service)
    (config,) = commands("docs/how-to/change-settings.md")
    assert f"\nPOLYPOST_BLUESKY_URL={network['url']}  # {settings}, line " in machine.run(config)

    page = httpx2.get(link[0], trust_env=False)
    assert page.status_code == 200, page.text
    asset = re.search(r'href="(/dashboard/static/\S+?)"', page.text)
    assert asset is not None
    style = httpx2.get(f"http://127.0.0.1:{machine.port}{asset[1]}", trust_env=False)
    assert style.status_code == 200

    post = post.replace("pp_live_…", key[1]).replace("alice.bsky.social", network["identifier"])
    answers = machine.run(post.replace("abcd-efgh-ijkl-mnop", network["appPassword"]))
    assert '"status":"published"' in answers.replace(": ", ":")
    visible = httpx2.get(f"{network['control']}/posts?platform=bluesky", trust_env=False).json()["posts"]
    assert [each["text"] for each in visible] == [TEXT]
    # It is the installed program that did it, not the sources of this test run.
    where = machine.run("/opt/polypost/bin/python -c 'import polypost; print(polypost.__file__)'")
    assert where.startswith(f"{machine.root}/opt/polypost/lib/")

"""What stands in deploy/, checked by linters and against the program: nothing here can run an image or a cluster."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from polypost import __version__, bulk
from polypost.api.application import ROOMS
from polypost.api.http.limits import Limits
from polypost.cli.commands import app
from polypost.settings import Settings
from tests.docs import sources

DEPLOY = sources.ROOT / "deploy"
UNITS = [DEPLOY / "systemd" / name for name in ("polypost.service", "polypost-worker@.service")]
YAML = sorted(DEPLOY.rglob("*.yaml"))
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
USER = 10001
PATHS = {route.path for room in ROOMS for route in room.router.routes if hasattr(route, "path")}
KNOWN = {f"POLYPOST_{name.upper()}" for name in Settings.model_fields}


def takes(command: list[str]) -> None:
    """Fail unless these words are a command of ours with options that it has."""
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found, command = found.commands[command[0]], command[1:]
    options = {flag for each in found.params for flag in (*each.opts, *each.secondary_opts)}
    assert {word for word in command if word.startswith("--")} <= options


def lint(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def instructions() -> Iterator[tuple[str, str]]:
    """The recipe of the image, an instruction and its words at a time."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest


def test_hadolint() -> None:
    lint(str(Path(sys.executable).with_name("hadolint")), str(DEPLOY / "Dockerfile"))


def test_yamllint() -> None:
    rules = "{extends: default, rules: {line-length: disable, document-start: disable, comments-indentation: disable,"
    rules += " braces: {max-spaces-inside: 0}, truthy: enable}}"
    lint(sys.executable, "-m", "yamllint", "--strict", "-d", rules, *map(str, YAML))


def test_the_image_copies_what_is_there_and_let_in() -> None:
    let_in = [
        line[1:] for line in (sources.ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    copied = [
        words.split()[:-1] for name, words in instructions() if name == "COPY" and "--from" not in words
    ]
    names = {name for each in copied for name in each}
    for name in names:
        assert (sources.ROOT / name).exists(), name
        assert any(name == entry or name.startswith(f"{entry}/") for entry in let_in), name
    # What the build reads besides.
    project = (sources.ROOT / "pyproject.toml").read_text()
    assert {"README.md", "LICENSE", "tools/parts.py", "pyproject.toml"} <= names
    assert 'path = "tools/parts.py"' in project


def test_the_image_runs_as_nobody_and_asks_for_readiness() -> None:
    told = dict(instructions())
    assert told["USER"] == f"{USER}:{USER}"
    takes(yaml.safe_load(told["CMD"]))
    assert yaml.safe_load(told["ENTRYPOINT"]) == ["polypost"]
    check = yaml.safe_load(told["HEALTHCHECK"].partition("CMD ")[2])
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", check[-1])
    assert asked is not None
    assert asked[2] in PATHS
    env = dict(part.split("=", 1) for part in told["ENV"].split())
    assert (env["POLYPOST_PORT"], told["EXPOSE"], told["VOLUME"]) == (
        asked[1],
        asked[1],
        env["POLYPOST_DATA"],
    )
    assert {name for name in env if name.startswith("POLYPOST_")} <= KNOWN
    compile(check[-1], "health check", "exec")


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose(path: Path) -> None:
    made = yaml.safe_load(path.read_text())
    ours = {name: each for name, each in made["services"].items() if each["image"].startswith("polypost")}
    assert ours
    for name, each in ours.items():
        assert each["image"] == f"polypost:{__version__}"
        assert each["stop_grace_period"] == "60s"
        assert each["read_only"] is True
        assert each["tmpfs"] == ["/tmp"]
        assert each["cap_drop"] == ["ALL"]
        assert (DEPLOY / each["build"]["context"] / each["build"]["dockerfile"]).resolve().exists()
        takes(each.get("command", ["serve"]))
        assert set(each.get("environment", {})) <= KNOWN
        # Whoever keeps uploads keeps its name.
        assert ("volumes" in each) == ("hostname" in each)
        if each.get("command", ["serve"])[0] != "serve":
            assert each["healthcheck"] == {"disable": True}, name
    for line in re.findall(r"^#\s+docker compose.* run --rm \S+ (.+)$", path.read_text(), re.MULTILINE):
        takes(line.split())


def pods(path: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each kind of pod in a file: the object that makes it, and its specification."""
    for each in yaml.safe_load_all(path.read_text()):
        if "template" in each.get("spec", {}):
            yield each, each["spec"]["template"]["spec"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_pods(path: Path) -> None:
    found = list(pods(path))
    assert found
    for made, pod in found:
        labels = made["spec"]["template"]["metadata"]["labels"]
        assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert pod["securityContext"]["runAsUser"] == USER
        # A service by our name would set POLYPOST_PORT=tcp://…
        assert pod["enableServiceLinks"] is False
        assert pod["terminationGracePeriodSeconds"] >= Limits().shutdown_seconds + 30
        claims = {each["metadata"]["name"] for each in made["spec"].get("volumeClaimTemplates", ())}
        volumes = claims | {each["name"] for each in pod["volumes"]}
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["image"] == f"polypost:{__version__}"
            takes(container["args"])
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert {each["name"] for each in container["volumeMounts"]} == volumes
            assert {each["mountPath"] for each in container["volumeMounts"]} == {"/data", "/tmp"}
            assert {each["name"] for each in container.get("env", ())} <= KNOWN
            serves = container["args"][0] == "serve"
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert (probe in container) == serves
                if serves:
                    asked = container[probe]["httpGet"]
                    assert asked["path"] in PATHS
                    assert asked["port"] in {each["name"] for each in container["ports"]}
            if serves:
                assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
                assert container["ports"][0]["containerPort"] == Settings.model_fields["port"].default


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_what_manifests_name_is_there(path: Path) -> None:
    objects = list(yaml.safe_load_all(path.read_text()))
    labels = [made["spec"]["template"]["metadata"]["labels"] for made, _ in pods(path)]
    for each in objects:
        if each["kind"] == "Service":
            assert any(each["spec"]["selector"].items() <= found.items() for found in labels)
        if each["kind"] == "ConfigMap":
            assert set(each["data"]) <= KNOWN
    (held,) = [
        made for made, _ in pods(path) if "serve" in made["spec"]["template"]["spec"]["containers"][0]["args"]
    ]
    assert held["kind"] == ("StatefulSet" if path.name == "sqlite.yaml" else "Deployment")


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit, each with all its values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_units_are_understood(tmp_path: Path) -> None:
    program = tmp_path / "polypost"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in UNITS:
        text = path.read_text().replace("/usr/local/bin/polypost", str(program))
        (tmp_path / path.name.replace("@", "@1")).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "polypost" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_units_differ_in_their_command_alone() -> None:
    server, worker = (unit(path) for path in UNITS)
    assert {name for name in server if server[name] != worker[name]} == {"Description", "ExecStart"}
    for each in (server, worker):
        program, *command = shlex.split(each["ExecStart"][0])
        assert program == "/usr/local/bin/polypost"
        takes(command)
        assert int(each["TimeoutStopSec"][0]) >= Limits().shutdown_seconds + 30
        # The server lets its decoders come to their end.
        assert each["KillMode"] == ["mixed"]
        assert each["Environment"][0].partition("=")[0] in KNOWN


def test_sizes_of_the_proxies() -> None:
    """A file of posts has 16 MB, and its form some more; nothing above 5 GB goes through in one request."""
    nginx, caddy = ((DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    most, uploads = re.findall(r"client_max_body_size (\d+)([mg]);", nginx)
    assert bulk.FILE_BYTES + 100_000 < int(most[0]) * 2**20 < 2 * bulk.FILE_BYTES
    assert uploads == ("5", "g")
    assert re.findall(r"max_size (\w+)", caddy) == ["17MB", "5GB"]
    for text in (nginx, caddy):
        assert f"127.0.0.1:{Settings.model_fields['port'].default}" in text
        assert "/media/uploads/" in text


def test_the_page_shows_the_files_of_the_proxies() -> None:
    page = (sources.ROOT / "docs/how-to/run-behind-a-proxy.md").read_text()
    for name in ("nginx.conf", "Caddyfile"):
        shown = "".join(
            f"   {line}" if line.strip() else line for line in (DEPLOY / name).read_text().splitlines(True)
        )
        assert f"   ```\n{shown}   ```" in page, name

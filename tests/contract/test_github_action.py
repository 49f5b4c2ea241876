"""What the GitHub Action does, run as a runner runs it, against a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.tenant import Tenant, words

ACTION = Path(__file__).parents[2] / "action"


def run(folder: Path, tenant: Tenant, number: str = "1", **inputs: str) -> tuple[int, dict[str, str], str]:
    """Status, outputs and log of the step; `number` is that of the workflow's run."""
    outputs = folder / "outputs"
    outputs.write_text("")
    given = {"server": tenant.world.url, "access-key": tenant.key, "timezone": "UTC", "wait": "30", **inputs}
    env = {f"INPUT_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    env |= {"GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": number, "GITHUB_JOB": "announce"}
    done = subprocess.run(
        [sys.executable, "-I", str(ACTION / "publish.py")],
        env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(outputs), **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    pieces = re.findall(r"^([a-z-]+)<<(\w+)\n(.*?)\n\2\n", outputs.read_text(), re.DOTALL | re.MULTILINE)
    return done.returncode, {name: value for name, _, value in pieces}, done.stdout + done.stderr


def test_a_text_goes_out_once_however_often_the_job_is_run(tmp_path: Path, local: Tenant) -> None:
    text = f'Released: "$(id)" `ls` 100% 🚀 {words()}'
    for platform in ("twitter", "mastodon"):
        local.account(platform)
    runs = [run(tmp_path, local, text=text, accounts="twitter, mastodon") for _ in range(2)]
    for status, outputs, log in runs:
        assert status == 0, log
        assert outputs["status"] == "published"
        assert outputs["url"].startswith("http")
        assert {each["platform"] for each in json.loads(outputs["result"])["platforms"]} == {
            "twitter",
            "mastodon",
        }
        assert f"::add-mask::{local.key}" in log
        assert log.count(local.key) == 1
    assert runs[0][1]["post-id"] == runs[1][1]["post-id"]
    assert len(local.on_network(text, "twitter")) == 1


def test_a_later_hour_a_draft_and_a_check(tmp_path: Path, local: Tenant) -> None:
    text, account = words(), local.account("twitter")
    inputs = {"text": text, "accounts": account.id, "at": "2027-04-15T09:00:00"}
    status, outputs, log = run(tmp_path, local, **inputs)
    assert (status, outputs["status"]) == (0, "scheduled"), log
    status, outputs, log = run(tmp_path, local, text=text, accounts="twitter", draft="true")
    assert (status, outputs["status"]) == (0, "draft"), log
    status, outputs, log = run(tmp_path, local, **{"text": text, "accounts": "twitter", "dry-run": "true"})
    assert (status, outputs["status"], outputs["post-id"]) == (0, "valid", ""), log
    status, outputs, log = run(
        tmp_path, local, **{"text": "x" * 500, "accounts": "twitter", "dry-run": "true"}
    )
    assert (status, outputs["status"]) == (1, "failed")
    assert "::error title=Polypost::" in log


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"text": "", "accounts": "twitter"}, "The input text is empty."),
        ({"text": "a", "accounts": "friendster"}, "No account is connected as friendster. There are: "),
        ({"text": "x" * 500, "accounts": "twitter"}, "400: "),
        ({"text": "a", "accounts": "twitter", "access-key": "pp_live_wrong"}, "401: "),
    ],
)
def test_what_is_wrong_is_said_on_the_page_of_the_run(
    tmp_path: Path, local: Tenant, inputs: dict[str, str], said: str
) -> None:
    local.account("twitter")
    status, outputs, log = run(tmp_path, local, **inputs)
    assert status == 1
    assert f"::error title=Polypost::{said}" in log
    assert outputs == {}


def test_every_input_is_handed_over_and_none_stands_in_the_command() -> None:
    text = (ACTION / "action.yml").read_text()
    inputs = re.findall(r"^  ([a-z-]+):\n    description", text.split("outputs:")[0], re.MULTILINE)
    assert re.findall(r"INPUT_([A-Z_]+): \$\{\{ inputs\.([a-z-]+) \}\}", text) == [
        (name.upper().replace("-", "_"), name) for name in inputs
    ]
    command = re.search(r"^      run: (.*)$", text, re.MULTILINE)
    assert command is not None
    assert "${{" not in command[1]

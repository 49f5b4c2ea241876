"""The pages about the client and the command line: everything printed there runs, against a running server."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polypost.webhooks import signing
from tests.contract.tenant import Tenant, later, words
from tests.docs import sources
from tests.media import jpeg, png

HOW_TO = sources.ROOT / "docs" / "how-to" / "post-from-the-command-line.md"
CLIENT = sources.ROOT / "docs" / "reference" / "client.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def folder(tmp_path: Path, local: Tenant) -> Path:
    """A folder with what the pages speak of, and accounts that have their names."""
    local.account("threads")
    (tmp_path / "photo.png").write_bytes(png(64, 64))
    (tmp_path / "photo.jpg").write_bytes(jpeg(64, 64))
    entry = f"twitter:{local.account('twitter').id}"
    rows = [f"{words()},{entry},{later(9000 + number)}" for number in range(2)]
    (tmp_path / "posts.csv").write_text("\n".join(["content,platforms,scheduledFor", *rows]) + "\n")
    command = tmp_path / "polypost"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m polypost "$@"\n')
    command.chmod(0o755)
    return tmp_path


def test_the_commands_of_the_page(local: Tenant, folder: Path) -> None:
    here = local.world.url
    script = "\n".join(blocks(HOW_TO, "sh"))
    assert "http://127.0.0.1:8080" in script
    script = script.replace("http://127.0.0.1:8080", f"{here} < key").replace(
        "twitter:demo", f"twitter:{local.account('twitter').username}"
    )
    (folder / "key").write_text(f"{local.key}\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("POLYPOST_", "XDG_"))}
    env |= {"HOME": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert local.key not in done.stdout + done.stderr
    texts = [each["text"] for each in local.world.visible("twitter")]
    assert texts.count("Version 1.2 is out") == 1
    assert {"Hello", "With a picture", "From a pipe"} <= set(texts)


def test_the_code_of_the_page(local: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, listing, hooks = blocks(CLIENT, "python")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    printed: list[Any] = []
    names: dict[str, Any] = {"print": lambda *given: printed.append(given)}
    code = first.replace("http://127.0.0.1:8080", local.world.url).replace('key="…"', f'key="{local.key}"')
    code = code.replace('"Hello from Python"', json.dumps(words()))
    exec(code, names)
    assert printed == [("published",)]
    exec(
        f"from polypost import Client\nclient = Client({local.world.url!r}, {local.key!r})\n{listing}client.close()",
        names,
    )
    secret = signing.new_secret()
    exec(hooks.replace("whsec_…", secret), names)
    body = b'{"type": "post.published", "data": {}}'
    stamp = str(int(__import__("time").time()))
    signature = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
    headers = {"X-PostPeer-Timestamp": stamp, "X-PostPeer-Signature": f"sha256={signature}"}
    assert (names["receive"](headers, body), names["receive"](headers, b"{}")) == (204, 400)

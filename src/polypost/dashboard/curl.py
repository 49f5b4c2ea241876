"""Calls of the API as commands for a shell."""

from __future__ import annotations

import json
from shlex import quote
from typing import Any

from polypost.dashboard.web import Visit

# What stands for the key, which nobody can be shown again.
KEY = "YOUR_KEY"


def curl(
    visit: Visit,
    call: str,
    body: Any = None,
    *,
    method: str = "",
    file: tuple[str, str] | None = None,
    key: str = KEY,
) -> str:
    """A call of the API, path and query, as a command.

    `body` is text as it was sent, or becomes JSON; a `file` is sent instead, of that type and name.
    """
    verb = f"-X {quote(method)} " if method else ""
    parts = [f"curl {verb}{quote(visit.base + call)}", f"-H 'x-access-key: {key}'"]
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, indent=2)
        parts += ["-H 'content-type: application/json'", f"-d {quote(text)}"]
    if file is not None:
        parts += [f"-H 'content-type: {file[0]}'", f"--data-binary @{file[1]}"]
    return " \\\n  ".join(parts)

"""The client without asyncio, made of the one with it: the same lines, without what waits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).parent.parent / "src" / "polypost" / "client"
_WORDS = [
    (r"await asyncio\.to_thread\(([\w.]+), ", r"\1("),
    (r"asyncio\.sleep", "time.sleep"),
    (r"^import asyncio\n", "import time\n"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAwaitable\[(\w+(?:\[[^\[\]]*\])?)\]", r"\1"),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\baclose\b", "close"),
    (r"httpx2\.AsyncClient\b", "httpx2.Client"),
    (r"\bAsync([A-Z]\w+)", r"\1"),
    (r"polypost\.client\.aio\b", "polypost.client.sync"),
    (r"`async with`", "`with`"),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
]
_FIRST = '"""The client without asyncio: `make docs` makes these files of those in `aio`."""\n'


def files() -> dict[Path, bytes]:
    """Every file of the blocking client as it should be."""
    found = {}
    for path in sorted((CLIENT / "aio").glob("*.py")):
        text = _FIRST if path.name == "__init__.py" else blocking(path.read_text(encoding="utf-8"))
        found[CLIENT / "sync" / path.name] = text.encode()
    return found


def blocking(text: str) -> str:
    """The module without asyncio, its imports and lines in the order of the house."""
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return _ruff(
        _ruff(text, "check", "--fix-only", "--quiet", "--select", "I,F401,F811"), "format", "--quiet"
    )


def _ruff(text: str, *arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "ruff",
        *arguments,
        "--stdin-filename",
        "polypost/client/sync/made.py",
        "-",
    ]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603  # its words are those above

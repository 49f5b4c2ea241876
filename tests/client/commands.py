"""The command line, run in this process as a terminal or a script runs it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from typing import Any

from polypost.cli import main


@dataclass
class Ran:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


def run(*words: str, stdin: str = "") -> Ran:
    """`polypost` with these words."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["polypost", *words], io.StringIO(stdin)
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    finally:
        sys.argv, sys.stdin = before
    return Ran(status, out.getvalue(), err.getvalue())

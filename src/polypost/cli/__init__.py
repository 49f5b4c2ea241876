"""The command line: starts processes, looks after projects, keys and accounts, and speaks to servers."""

from __future__ import annotations

import sys

from polypost.errors import PolypostError


def main() -> None:
    """Run the command; an error of ours is one sentence on standard error and exit status 1."""
    from polypost.cli import options
    from polypost.cli.commands import app

    options.before_store = _quiet
    try:
        app(prog_name="polypost")
    except PolypostError as error:
        print(f"polypost: {error.message}", file=sys.stderr)
        raise SystemExit(1) from error


def _quiet() -> None:
    """What a command does stands in its answer; processes that stay say more, once they know their settings."""
    from polypost.observability import logs

    logs.configure("warning")

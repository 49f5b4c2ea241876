"""What a command's exit status says, and how an answer of the server becomes one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from polypost.cli.output import Printer

if TYPE_CHECKING:
    from polypost.client import Client, ClientError


class Exit(IntEnum):
    """Exit statuses of the commands that speak to a server; `SAID` has what each means."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    REFUSED = 3
    KEY = 4
    NOT_FOUND = 5
    CREDITS = 6
    UNAVAILABLE = 7
    LOST = 8
    WAITING = 9
    FAILED = 10
    PARTIAL = 11
    INTERRUPTED = 130


SAID = {
    Exit.DONE: "Done. Without `--wait` a post may still be under way.",
    Exit.ERROR: "An error on this machine: a file that cannot be read, a server's name that is not known.",
    Exit.USAGE: "The command line is wrong; nothing was sent.",
    Exit.REFUSED: "The server refused the request, or the rows of a file; what is wrong is said. Repeating does not help.",
    Exit.KEY: "The key is missing, wrong, or may not do this.",
    Exit.NOT_FOUND: "There is no such post, account or other thing in this project.",
    Exit.CREDITS: "Not enough credits; nothing was sent.",
    Exit.UNAVAILABLE: "The server is not reached or cannot take it now; nothing was done. Try again later.",
    Exit.LOST: "No answer came: perhaps it was done. The same command with the printed `--idempotency-key` does nothing twice.",
    Exit.WAITING: "The time to wait is over, the post is still under way.",
    Exit.FAILED: "The post failed on every account.",
    Exit.PARTIAL: "The post is out on some accounts and failed on others, or some rows of a file were refused.",
    Exit.INTERRUPTED: "Ended by Ctrl-C.",
}
_STATUSES = {401: Exit.KEY, 402: Exit.CREDITS, 403: Exit.KEY, 404: Exit.NOT_FOUND, 429: Exit.UNAVAILABLE}
_ENDS = {"failed": Exit.FAILED, "partial": Exit.PARTIAL}

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def _names(incomplete: str) -> list[str]:
    """Names of kept servers, for completion."""
    from polypost.cli import servers

    return [name for name in servers.known()["servers"] if name.startswith(incomplete)]


ServerName = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="POLYPOST_SERVER",
        show_envvar=False,
        autocompletion=_names,
        help="Name or address of the server (POLYPOST_SERVER).",
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="The same key with the same command does nothing twice."),
]


@contextmanager
def talking(server: str | None, printer: Printer) -> Iterator[Client]:
    """A client of the server that is meant; what it raises is one sentence on standard error and an exit status."""
    from polypost.cli import servers
    from polypost.client import Client, ClientError

    found = servers.chosen(server)
    try:
        with Client(found.url, found.key) as client:
            yield client
    except ClientError as error:
        end(error, printer)
    except (OSError, ValueError) as error:
        print(f"polypost: {error}", file=sys.stderr)
        raise SystemExit(Exit.ERROR) from error


def end(error: ClientError, printer: Printer) -> NoReturn:
    """Say what happened and leave; with `--json` the server's own words are on standard output."""
    from polypost.client import AnswerLost, Refused, StillRunning

    said = {"success": False, "message": str(error)}
    if isinstance(error, Refused):
        said |= error.body
    if isinstance(error, AnswerLost) and error.idempotency_key:
        said["idempotencyKey"] = error.idempotency_key
    if isinstance(error, StillRunning):
        said["last"] = error.last
    if printer.as_json:
        print(json.dumps(said), flush=True)
    print(f"polypost: {_text(error)}", file=sys.stderr)
    raise SystemExit(status_of(error)) from error


def _text(error: ClientError) -> str:
    from polypost.client import Refused

    lines = [str(error)]
    if isinstance(error, Refused):
        if len(error.problems) > 1:
            lines = ["The server refused it:", *(_problem(each) for each in error.problems)]
        if error.status == 401 and not os.environ.get("POLYPOST_KEY"):
            lines.append("Keep a key with `polypost login`.")
        if error.request_id:
            lines.append(f"Request {error.request_id}.")
    return "\n  ".join(lines)


def _problem(problem: dict[str, Any]) -> str:
    where = f"{problem['path']}: " if problem.get("path") else ""
    return f"{where}{problem.get('message', '')} {problem.get('hint', '')}".strip()


def status_of(error: ClientError) -> Exit:
    """The exit status that an error of the client stands for."""
    from polypost.client import AnswerLost, Refused, StillRunning, Unreachable

    if isinstance(error, Refused):
        upstream = Exit.UNAVAILABLE if error.status >= 500 else Exit.REFUSED
        return _STATUSES.get(error.status, upstream)
    if isinstance(error, AnswerLost) and error.harmless:
        return Exit.UNAVAILABLE
    kinds = {Unreachable: Exit.UNAVAILABLE, AnswerLost: Exit.LOST, StillRunning: Exit.WAITING}
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), Exit.ERROR)


def leave_with(status: str) -> None:
    """Leave with the exit status of a post that ended so; one that is out or under way leaves with 0."""
    if status in _ENDS:
        raise SystemExit(_ENDS[status])

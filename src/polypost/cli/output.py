"""Text for people, one JSON value a line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

WIDE = 1000


class Printer:
    """Prints results; with `as_json` each is one line of JSON on standard output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def show(self, value: dict[str, Any], text: str) -> None:
        """A result in both forms."""
        print(json.dumps(value) if self.as_json else text, flush=True)

    def progress(self, step: str) -> None:
        """What is being done now, for a person who waits at a terminal."""
        if not self.as_json and sys.stderr.isatty():
            print(step, file=sys.stderr, flush=True)

    def table(self, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
        """A list of results."""
        if self.as_json:
            print(json.dumps(list(rows)), flush=True)
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None)
        for column in columns:
            # An id that is cut off is of no use.
            widest = (
                max((len(_cell(row[column])) for row in rows), default=0)
                if column.lower().endswith("id")
                else None
            )
            table.add_column(column, min_width=widest)
        for row in rows:
            table.add_row(*(_cell(row[column]) for column in columns))
        # What is piped or written to a file is for programs: nothing is cut there.
        Console(width=None if sys.stdout.isatty() else WIDE).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)

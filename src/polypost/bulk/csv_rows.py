"""CSV files of posts: the columns, a row as a create body, and the column in which a problem of that body stands."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from polypost.errors import InvalidRequest, Problem
from polypost.intake.bodies import MOST_TARGETS
from polypost.intake.strict_json import BODY_BYTES, from_json_within
from polypost.platforms.base import Connector
from polypost.platforms.registry import connector
from polypost.posts import words

PLAIN = (
    "content",
    "platforms",
    "platform",
    "accountId",
    "mediaUrls",
    "mediaTypes",
    "thumbnails",
    "scheduledFor",
    "timezone",
    "publishNow",
    "late",
    "lateAfter",
)
# A cell may be as long as a text may, in characters of four bytes each and with quotes to spare.
CELL_CHARACTERS = 250_000
# A file is read in a thread. Who waits for the interpreter's lock gets it in these pauses, and else after 5 ms each time.
LINES_AT_ONCE = 1_000
_PAUSE = 0.0001
_NAMES = {name.casefold(): name for name in PLAIN}
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}
_DIGITS = re.compile("[0-9]{1,9}")
_BETWEEN = re.compile(r"[\s,;]+")
_KINDS = {
    "image": ("jpg", "jpeg", "png", "webp"),
    "gif": ("gif",),
    "video": ("mp4", "mov", "m4v", "webm"),
    "document": ("pdf", "doc", "docx", "ppt", "pptx"),
}
_KIND_OF = {ending: kind for kind, endings in _KINDS.items() for ending in endings}


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A record of the file: its create body as far as its cells are right, and what is wrong with them.

    `line` is where it begins, from 1. The paths of the problems are columns.
    """

    line: int
    body: dict[str, Any] | None
    problems: list[Problem]


class Columns:
    """The header: plain columns, and `<network>.<option>` or `<network>.content` for what differs on one network."""

    def __init__(self, header: list[str]) -> None:
        self.names: list[str] = []
        self._options: dict[str, tuple[str, str]] = {}
        problems = []
        for written in header:
            name = self._known(written)
            if name is None:
                hint = f"Columns are {', '.join(PLAIN)}, and <network>.<option>, such as youtube.title."
                problems.append(Problem(written, "is not a column", hint, "unknown_column"))
            elif name in self.names:
                problems.append(
                    Problem(written, "stands twice in the header", "Keep one.", "duplicate_column")
                )
            else:
                self.names.append(name)
        one = {"platform", "accountId"} <= set(self.names)
        if not problems and "content" not in self.names:
            problems.append(Problem("content", "is missing in the header", "Add the column.", "missing"))
        if not problems and not one and "platforms" not in self.names:
            hint = "Add platforms (twitter:int_…), or platform and accountId."
            problems.append(Problem("platforms", "is missing in the header", hint, "missing"))
        if problems:
            raise InvalidRequest(problems)

    def _known(self, written: str) -> str | None:
        text = written.strip()
        plain = _NAMES.get(re.sub(r"[\s_-]", "", text).casefold())
        if plain is not None:
            return plain
        platform, dot, option = text.partition(".")
        network = connector(platform.casefold()) if dot else None
        if network is None:
            return None
        name = _option_of(network, option)
        if name is not None:
            self._options[f"{network.spec.id}.{name}"] = (network.spec.id, name)
            return f"{network.spec.id}.{name}"
        return None

    def body(self, cells: list[str]) -> tuple[dict[str, Any] | None, list[Problem]]:
        """The create body in a record's cells, and what is wrong with these; empty cells are absent."""
        if len(cells) > len(self.names) and any(cell.strip() for cell in cells[len(self.names) :]):
            said = f"has {len(cells)} cells, the header {len(self.names)}"
            return None, [Problem("", said, "Put quotes around text that holds the separator.", "row_length")]
        row = {name: cell for name, cell in zip(self.names, cells, strict=False) if cell.strip()}
        problems: list[Problem] = []
        entries = _entries(row, problems)
        body: dict[str, Any] = {"content": row.get("content", ""), "platforms": entries}
        for name, (platform, option) in self._options.items():
            if name in row:
                _lay(entries, platform, option, name, row[name], problems)
        if "mediaUrls" in row:
            body["mediaItems"] = _media(row, problems)
        for name in ("scheduledFor", "timezone", "late"):
            if name in row:
                body[name] = row[name].strip()
        if "lateAfter" in row:
            seconds = row["lateAfter"].strip()
            # What is no number is told so where the body is judged.
            body["lateAfter"] = int(seconds) if _DIGITS.fullmatch(seconds) else seconds
        if "publishNow" in row:
            word = row["publishNow"].strip().casefold()
            if word not in _YES | _NO:
                problems.append(
                    Problem("publishNow", "is neither true nor false", "Write true or false.", "bool_parsing")
                )
            else:
                body["publishNow"] = word in _YES
        return body, problems


def _option_of(network: Connector, written: str) -> str | None:
    if written.casefold() == "content":
        return "content"
    fields = network.options.model_fields.items()
    return next((field.alias or name for name, field in fields if (field.alias or name) == written), None)


def _entries(row: Mapping[str, str], problems: list[Problem]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    tokens = _BETWEEN.split(row.get("platforms", "").strip(), MOST_TARGETS)
    if len(tokens) > MOST_TARGETS:
        said = f"names more than {MOST_TARGETS} accounts"
        problems.append(Problem("platforms", said, "Make several rows of it.", "too_long"))
    for token in tokens[:MOST_TARGETS]:
        platform, colon, account = token.partition(":")
        if token and not (colon and platform and account):
            hint = "Write network:accountId, with spaces between several."
            problems.append(Problem("platforms", f"'{token[:60]}' names no account", hint, "bad_target"))
        elif token:
            entries.append({"platform": platform, "accountId": account})
    if "platform" in row or "accountId" in row:
        empty = sorted({"platform", "accountId"} - set(row))
        problems += [Problem(name, "is empty", "Give network and account.", "missing") for name in empty]
        entries.append(
            {"platform": row.get("platform", "").strip(), "accountId": row.get("accountId", "").strip()}
        )
    if not entries and not problems:
        problems.append(Problem("platforms", "names no account", "Write network:accountId.", "bad_target"))
    return entries


def _lay(
    entries: list[dict[str, Any]],
    platform: str,
    option: str,
    column: str,
    cell: str,
    problems: list[Problem],
) -> None:
    """Put a network's own cell into every entry of that network."""
    network = connector(platform)
    assert network is not None
    own = [entry for entry in entries if entry["platform"] == platform]
    value = cell if option == "content" or not own else _value(network, option, cell)
    for entry in own:
        if option == "content":
            entry["content"] = value
        else:
            entry.setdefault("platformSpecificData", {})[option] = value
    if not own:
        said = f"is filled, but the row names no {network.spec.name} account"
        problems.append(Problem(column, said, "Empty the cell or name an account.", "unused_cell"))


def _value(network: Connector, option: str, cell: str) -> Any:
    """The cell as the option's type wants it: JSON where text is not taken, a list where parts stand between semicolons."""
    candidates: list[Any] = [cell]
    try:
        word = cell.strip().casefold()
        candidates.append(from_json_within((word if word in {"true", "false"} else cell).encode()))
    except InvalidRequest:
        # More than any option has: the text stands for itself, and is refused where it is none.
        return cell
    except ValueError:
        candidates.append([part.strip() for part in cell.split(";") if part.strip()])
    return next((each for each in candidates if _fits(network, option, each)), cell)


def _fits(network: Connector, option: str, value: Any) -> bool:
    try:
        network.options.model_validate({option: value})
    except ValidationError as error:
        return not any(item["loc"] and item["loc"][0] == option for item in words.findings(error))
    return True


def _media(row: Mapping[str, str], problems: list[Problem]) -> list[dict[str, Any]]:
    urls = row["mediaUrls"].split()
    kinds = _BETWEEN.split(row["mediaTypes"].strip()) if "mediaTypes" in row else []
    covers = row["thumbnails"].split() if "thumbnails" in row else []
    for name, given in (("mediaTypes", kinds), ("thumbnails", covers)):
        if given and len(given) != len(urls):
            said = f"has {len(given)} entries for {len(urls)} URLs"
            problems.append(Problem(name, said, "Give one for each URL.", "length_mismatch"))
            return []
    items = []
    for place, url in enumerate(urls):
        ending = url.partition("?")[0].partition("#")[0].rpartition(".")[2].casefold()
        kind = kinds[place] if kinds else _KIND_OF.get(ending)
        if kind is None:
            said = f"does not show what kind of media {url[:80]} is"
            hint = "Add a column mediaTypes with image, video, gif or document for each URL."
            problems.append(Problem("mediaUrls", said, hint, "unknown_media_type"))
            continue
        item = {"type": kind, "url": url}
        items.append(item | ({"thumbnail": covers[place]} if covers else {}))
    return items


def rows(lines: Iterable[str]) -> Iterator[CsvRow]:
    """The file's records. Raises InvalidRequest for a header or a form that makes the rest of the file unreadable."""
    lines = _Lines(lines)
    first = next(lines, "").removeprefix("\ufeff")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(_chain(first, lines), delimiter=separator, strict=True)
    csv.field_size_limit(CELL_CHARACTERS)
    columns: Columns | None = None
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            lines.size = 0
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = Columns(cells)
                continue
            yield CsvRow(line, *columns.body(cells))
    except csv.Error as error:
        hint = "Look at the quotes from this line on; a quote inside quotes is written twice."
        said = f"is not readable as CSV from line {begins} on: {error}"
        raise InvalidRequest([Problem("", said, hint, "invalid_csv")]) from error
    if columns is None:
        raise InvalidRequest(
            [Problem("", "The file is empty.", "Begin with a line of column names.", "invalid_csv")]
        )


class _Lines:
    """The file's lines as long as a record of them is not too long. Raises InvalidRequest then; `size` is for the reader to reset."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._number = 0
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        if self._number % LINES_AT_ONCE == 0:
            time.sleep(_PAUSE)
        self.size += len(line)
        if self.size > BODY_BYTES:
            said = f"The row that holds line {self._number} is longer than {BODY_BYTES // 1000} kB."
            raise InvalidRequest([Problem("", said, "Shorten it, or look at its quotes.", "line_too_long")])
        return line


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def column_of(path: str, body: Mapping[str, Any]) -> str:
    """The column in which the problem at `path` of a row's create body stands."""
    match = re.match(r"platforms\[(\d+)\]\.(\w+)(?:\.(\w+))?", path)
    if match is not None:
        platform = body["platforms"][int(match.group(1))]["platform"]
        part = match.group(2)
        if part == "platformSpecificData":
            return f"{platform}.{match.group(3)}" if match.group(3) else "platforms"
        return f"{platform}.content" if part == "content" else "platforms"
    item = re.match(r"mediaItems(?:\[\d+\])?(?:\.(\w+))?", path)
    if item is not None:
        return {"type": "mediaTypes", "thumbnail": "thumbnails"}.get(item.group(1) or "", "mediaUrls")
    return path.partition("[")[0].partition(".")[0]

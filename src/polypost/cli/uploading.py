"""Files of this machine on their way to the server: with a bar at a terminal, and going on where an earlier command stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polypost.cli import servers
from polypost.cli.output import Printer

if TYPE_CHECKING:
    from polypost.client import Client
    from polypost.client.aio.uploads import Progress
    from polypost.client.shapes import MediaItem, Place

BEGUN = "uploads.json"
# The place is too old, gone, or holds another file: a new one is asked for.
_LOST_PLACE = frozenset({404, 409, 410})


def media(client: Client, given: list[str], alts: list[str], printer: Printer) -> list[MediaItem]:
    """Media items of files and addresses, in order, with their texts. Raises OSError, ValueError and ClientError."""
    if len(alts) > len(given):
        raise ValueError("There are more --alt than --media; give one --alt for each, in the same order.")
    items = [_item(client, each, printer) for each in given]
    for item, alt in zip(items, alts, strict=False):
        if alt:
            item["altText"] = alt
    return items


def _item(client: Client, given: str, printer: Printer) -> MediaItem:
    from polypost.client import files

    kind, _, address = given.partition("=")
    if kind in {"image", "gif", "video", "document"} and "://" in address:
        return {"type": kind, "url": address}
    if given.startswith(("http://", "https://")):
        name = given.partition("?")[0]
        try:
            return {"type": files.kind_of(files.mime_of(name)), "url": given}
        except ValueError as error:
            raise ValueError(
                f"What is at {given}? Write image={given}, or video=…, gif=…, document=…"
            ) from error
    return upload(client, Path(given), printer)


def upload(client: Client, path: Path, printer: Printer) -> MediaItem:
    """A file's media item; a large one that was begun before goes on. Raises OSError, ValueError and ClientError."""
    from polypost.client import Refused, files

    seen = path.stat()
    # The same file has the same address for a day, so that a command that is repeated says the same.
    name = f"{client.url} {path.resolve()} {seen.st_size} {seen.st_mtime_ns}"
    place = _begun().get(name)
    with _bar(path.name, printer) as told:
        if place is not None:
            try:
                return client.upload(path, place=place, on_progress=told)
            except Refused as error:
                if error.status not in _LOST_PLACE:
                    raise
        place = client.create_media_upload(path.name, files.mime_of(path.name))["data"]
        if place.get("expiresAt"):
            servers.keep(BEGUN, {**_begun(), name: place})
        return client.upload(path, place=place, on_progress=told)


def _begun() -> dict[str, Place]:
    """Places of uploads that were begun and are not too old."""
    path = servers.folder() / BEGUN
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    now = datetime.now(UTC).isoformat()
    return {name: place for name, place in kept.items() if place.get("expiresAt", "") > now}


@contextmanager
def _bar(name: str, printer: Printer) -> Iterator[Progress | None]:
    """A bar on standard error for a person who watches; nothing for programs."""
    if printer.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda sent, whole: bar.update(task, completed=sent, total=whole)

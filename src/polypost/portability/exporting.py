"""A project as one ZIP file: its rows as JSON lines, a file a table, and the uploads that are on this machine; no secret."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from polypost import __version__, clock
from polypost.access.tables import projects
from polypost.media.tables import uploads
from polypost.portability.rows import Told, pages, tables
from polypost.storage import Store, as_dict

# What opens something: it is of use on this server alone, and to nobody who should have it.
SECRET_TABLES = frozenset({"data_keys", "oauth_states", "selections", "invitations", "oauth_tokens"})
SECRET_COLUMNS: Mapping[str, frozenset[str]] = {
    "api_keys": frozenset({"hash"}),
    "approval_links": frozenset({"hash"}),
    "apps": frozenset({"client_secret"}),
    "integrations": frozenset({"access_token", "refresh_token", "extra"}),
    "subscriptions": frozenset({"secret", "older_secret"}),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows and files stand in it, and how many uploads are elsewhere."""

    rows: int
    files: int
    elsewhere: int


async def export(store: Store, project_id: str, into: Path, *, folder: Path | None) -> Exported:
    """Write the project to `into`, whole or not at all; with the uploads in `folder`, if one is given. Raises OSError.

    Each table is read page by page while others write: what changes meanwhile may be in it or not.
    """
    half = into.with_name(f"{into.name}.part")
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(file, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            rows = await _rows(store, project_id, archive)
            files, elsewhere = await _files(store, project_id, archive, folder)
        await asyncio.to_thread(half.replace, into)
    finally:
        half.unlink(missing_ok=True)
    return Exported(rows, files, elsewhere)


async def _rows(store: Store, project_id: str, archive: zipfile.ZipFile) -> int:
    query = select(projects).where(projects.c.id == project_id)
    project = await store.read(lambda db: as_dict(db.execute(query).one()))
    about = {
        "polypost": __version__,
        "exportedAt": clock.iso(clock.now()),
        "project": _told(projects, project),
    }
    archive.writestr("project.json", json.dumps(about, indent=2))
    count = 0
    for table in tables():
        if table.name in SECRET_TABLES:
            continue
        with archive.open(f"{table.name}.jsonl", "w") as lines:
            async for page in pages(store, table, project_id):
                text = "".join(f"{json.dumps(_told(table, row), ensure_ascii=False)}\n" for row in page)
                lines.write(text.encode())
                count += len(page)
    return count


async def _files(
    store: Store, project_id: str, archive: zipfile.ZipFile, folder: Path | None
) -> tuple[int, int]:
    """How many uploads were put into the archive, and how many are not on this machine."""
    files = elsewhere = 0
    async for page in pages(store, uploads, project_id):
        for row in page:
            if row["state"] != "complete":
                continue
            path = None if folder is None else folder / row["path"]
            if path is None or not path.is_file():
                elsewhere += 1
                continue
            # They are compressed already.
            place = zipfile.ZipInfo(f"files/{row['id']}/{Path(row['filename']).name or 'file'}")
            with path.open("rb") as source, archive.open(place, "w", force_zip64=True) as target:
                await asyncio.to_thread(shutil.copyfileobj, source, target, 1 << 20)
            files += 1
    return files, elsewhere


def _told(table: Table, row: Told) -> dict[str, Any]:
    hidden = SECRET_COLUMNS.get(table.name, frozenset())
    return {column.name: _value(row[column.name]) for column in table.c if column.name not in hidden}


def _value(value: Any) -> Any:
    return clock.iso(value) if isinstance(value, datetime) else value

"""The folder of uploads: made to agree with its rows after a crash, and emptied of what is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Row

from polypost import clock
from polypost.media import intake, upload_rows
from polypost.media.bucket import Bucket
from polypost.media.folder import Folder
from polypost.storage import Store

log = structlog.get_logger("polypost.media")


class Cleanup:
    """Keeps the uploads of one host, and removes objects of the bucket that are over."""

    def __init__(self, store: Store, folder: Folder, host: str, bucket: Bucket | None) -> None:
        self._store = store
        self._folder = folder
        self._host = host
        self._bucket = bucket

    async def recover(self) -> None:
        """Find rows without their file and files without a row."""
        # The files are listed before the rows. A file that gets its row right now is locked by its request.
        names = set(await asyncio.to_thread(self._folder.names, before=clock.now()))
        async for batch in self._batches():
            names -= {name for row in batch for name in (row.path, row.part) if name}
            await self._compare(batch)
        await asyncio.to_thread(self._remove_unheld, names)

    async def clean(self, now: datetime) -> None:
        """Remove the uploads whose time is over, in bounded batches."""
        hosts = [self._host] if self._bucket is None else [self._host, upload_rows.BUCKET]
        while batch := await self._store.write(partial(upload_rows.due, hosts=hosts, now=now)):
            names = [name for row in batch if row.host == self._host for name in (row.path, row.part) if name]
            await asyncio.to_thread(self._folder.remove, names)
            if self._bucket is not None:
                await self._bucket.remove(
                    [row.path for row in batch if row.host == upload_rows.BUCKET and row.path]
                )
            await self._store.write(partial(upload_rows.removed, ids=[row.id for row in batch]))

    async def _batches(self) -> AsyncIterator[Sequence[Row[Any]]]:
        after = ""
        while batch := await self._store.read(partial(upload_rows.on_disk, host=self._host, after=after)):
            after = batch[-1].id
            yield batch

    async def _compare(self, batch: Sequence[Row[Any]]) -> None:
        missing = []
        for row in batch:
            if row.state == "complete":
                if not await asyncio.to_thread(self._folder.holds, row.path, row.size):
                    missing.append(row.id)
                continue
            if not await asyncio.to_thread(self._folder.part(row.part).exists):
                # Its process died when the file was whole and before the row said so.
                await asyncio.to_thread(self._folder.reopen, row.part)
            there = await asyncio.to_thread(_size, self._folder.part(row.part))
            if there < row.offset:
                shrunk = partial(upload_rows.shrunk, upload_id=row.id, part=row.part, offset=there)
                await self._store.write(shrunk)
        if missing:
            log.warning("files of uploads are not in the data folder any more", upload_rows=missing)
            await self._store.write(partial(upload_rows.lost, ids=missing))

    def _remove_unheld(self, names: set[str]) -> None:
        for name in names:
            paths = (self._folder.part(name), self._folder.place(name))
            if not any(intake.is_growing(path) for path in paths):
                self._folder.remove([name])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

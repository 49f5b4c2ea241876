"""A file comes in: kept whole, row by row, before anything of it is done."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import Connection

from polypost.bulk import csv_rows, uploads
from polypost.bulk.uploads import Bulk, NewRow
from polypost.engine import Engine
from polypost.errors import InvalidRequest, PayloadTooLarge, Problem
from polypost.intake import Submission, Submitter
from polypost.intake.once import Once
from polypost.intake.strict_json import BODY_BYTES, parse
from polypost.posts.orders import BULK
from polypost.storage import Store, receipt

FILE_BYTES = 16_000_000
_IN_MEMORY = 1_000_000
_BATCH = 200
_BATCH_BYTES = 250_000


class Received(NamedTuple):
    """An upload, and whether an equal request had made it."""

    bulk: Bulk
    replayed: bool


class BulkReceiver:
    """Takes files in; one instance a process."""

    def __init__(self, store: Store, engine: Engine, once: Once) -> None:
        self._store = store
        self._engine = engine
        self._once = once

    async def receive(
        self, submitter: Submitter, pieces: AsyncIterator[bytes], *, form: str, dry_run: bool
    ) -> Received:
        """Keep a file of the form `csv` or `jsonl` and begin its work, or find the upload that an equal request made.

        Raises InvalidRequest when it cannot be read, PayloadTooLarge, KeyReused, ServiceUnavailable; then nothing
        of it is kept.
        """
        await self._once.promise()
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            digest, size = hashlib.sha256(), 0
            async for piece in pieces:
                size += len(piece)
                if size > FILE_BYTES:
                    raise too_large()
                digest.update(piece)
                file.write(piece)
            digest.update(f"{form} {dry_run}".encode())
            asked = Submission(submitter, BULK, int.from_bytes(digest.digest()[:8], "big", signed=True))
            known = await self._store.read(lambda db: _known(db, asked))
            if known is not None:
                return Received(known, replayed=True)
            file.seek(0)
            return await self._keep(asked, form, dry_run, file)

    async def carry_out(self, submitter: Submitter, bulk_id: str) -> Bulk:
        """Make the posts that a dry run found good, once; the upload that makes or made those of its file.

        Raises NotFound, Conflict where there is nothing to be made, ServiceUnavailable.
        """
        await self._once.promise()
        asked = submitter.submits(f"carry out {bulk_id}")

        def write(db: Connection) -> Bulk:
            receipt(db)
            who = asked.submitter.who
            return uploads.carry_out(db, self._engine, asked.project.id, bulk_id, api_key_id=who.key_id)

        return (await self._once.take(asked, write))[0]

    async def _keep(self, asked: Submission, form: str, dry_run: bool, file: Any) -> Received:  # noqa: FBT001  # what `receive` was told
        """All rows into the store, then their work begins; when the file cannot be read, nothing of it stays."""
        project = asked.project.id
        bulk_id = await self._store.write(
            lambda db: uploads.begin(
                db,
                project,
                api_key_id=asked.submitter.who.key_id,
                fingerprint=asked.fingerprint,
                form=form,
                dry_run=dry_run,
            )
        )
        total, parsed = 0, _rows(form, file)
        try:
            while batch := await asyncio.to_thread(_slice, parsed, file):
                await self._store.write(partial(_add, project, bulk_id, batch))
                total += len(batch)
        except InvalidRequest:
            await self._store.write(lambda db: uploads.drop(db, project, bulk_id))
            raise

        def finish(db: Connection) -> Bulk:
            receipt(db)
            stands = uploads.finish(db, self._engine, project, bulk_id, total=total, **_of(asked))
            return uploads.find(db, project, stands)

        found, _ = await self._once.take(asked, finish, lose=_findable)
        return Received(found, found.id != bulk_id)


def too_large() -> PayloadTooLarge:
    """The error for a file beyond `FILE_BYTES`."""
    return PayloadTooLarge(
        f"The file is larger than {FILE_BYTES // 1_000_000} MB.", next_step="Split it into several uploads."
    )


def _of(asked: Submission) -> dict[str, Any]:
    return {"api_key_id": asked.submitter.who.key_id, "fingerprint": asked.fingerprint, "key": asked.key}


def _known(db: Connection, asked: Submission) -> Bulk | None:
    project_id = asked.project.id
    bulk_id = uploads.known(db, project_id, **_of(asked))
    return None if bulk_id is None else uploads.find(db, project_id, bulk_id)


def _findable(db: Connection, found: Bulk) -> None:
    """An equal upload is found by its bytes anyway."""


def _slice(parsed: Iterator[NewRow], file: BinaryIO) -> list[NewRow]:
    """The next rows: so many that they share a commit, so few that nobody waits for them."""
    begins, batch = file.tell(), []
    for row in islice(parsed, _BATCH):
        batch.append(row)
        if file.tell() - begins > _BATCH_BYTES:
            break
    return batch


def _add(project: str, bulk_id: str, batch: list[NewRow], db: Any) -> None:
    uploads.add_rows(db, project, bulk_id, batch)


def _rows(form: str, file: BinaryIO) -> Iterator[NewRow]:
    return _csv_rows(file) if form == "csv" else _json_rows(file)


def _csv_rows(file: BinaryIO) -> Iterator[NewRow]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    number = 0
    try:
        for number, row in enumerate(csv_rows.rows(iter(lambda: text.readline(BODY_BYTES + 1), "")), 1):
            problems = [{"field": problem.path, **problem.as_dict()} for problem in row.problems]
            yield NewRow(number, row.line, row.body, problems)
    except UnicodeDecodeError as error:
        hint = "Save the file as UTF-8."
        said = f"is not UTF-8 after row {number}"
        raise InvalidRequest([Problem("", said, hint, "not_utf8")]) from error
    finally:
        text.detach()


def _json_rows(file: BinaryIO) -> Iterator[NewRow]:
    number = 0
    for line, raw in enumerate(iter(lambda: file.readline(BODY_BYTES + 1), b""), 1):
        if not raw.strip():
            continue
        number += 1
        if len(raw) > BODY_BYTES:
            said = f"Line {line} is longer than {BODY_BYTES // 1000} kB."
            raise InvalidRequest([Problem("", said, "Shorten it.", "line_too_long")])
        try:
            yield NewRow(number, line, parse(raw))
        except InvalidRequest as error:
            problems = [{"field": problem.path, **problem.as_dict()} for problem in error.problems]
            yield NewRow(number, line, None, problems)

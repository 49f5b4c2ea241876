"""What a project asked of the API in the last days: noted beside the answers, written in batches, read by pages."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, Connection, delete, literal_column, select

from polypost import clock
from polypost.access.tables import projects, requests
from polypost.errors import NotFound, StoreUnavailable
from polypost.observability.logs import masked
from polypost.outbound.redact import redact_text, redact_url
from polypost.storage import HotInsert, Insert, Store, earliest_id, in_steps, together

log = structlog.get_logger("polypost.requests")
KIND = "req"
# Of a body so much is kept; whoever notes one hands over a byte more where there was more.
BODY_BYTES = 8_192
FLUSH_SECONDS = 1.0
# Entries a batch; in memory so many good and so many bad ones of a project, and so many of all.
BATCH, OF_PROJECT, HELD = 100, 50, 1000
# Rows that are made before others have a turn.
_AT_A_TIME = 10
# Of a project the newest are kept, however many come; a step of cleaning forgets so many.
MOST, STEP = 100_000, 100
# A list that is narrowed down looks at so many.
LOOKED_AT = 5000
_LONGEST = 2000
_INSERT = HotInsert(requests)
_R = requests.c
# A word of the statement, not a parameter: so both stores see that the small index holds all of them.
_REFUSED = _R.status >= literal_column("400")

# Id, steady second at which it began, method, path, query, status, seconds, key, body, and what an error said: its code
# and message.
Noted = tuple[str, float, str, str, bytes, int, float, str, bytes, tuple[str, str] | None]


@dataclass(slots=True)
class _Heard:
    """What was noted of a project since the last batch."""

    well: list[Noted] = field(default_factory=list)
    bad: list[Noted] = field(default_factory=list)


class RequestLog:
    """Gathers what a process answered; one instance a process, on one event loop.

    Nothing waits for it: what is more than a batch, or comes while the store is away, is counted and dropped.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._heard: dict[str, _Heard] = {}
        self._held = 0
        self._missed: Counter[str] = Counter()

    def note(self, project_id: str, entry: Noted) -> None:
        """Keep a request for the next batch. Called on the way of every answer: it does as little as it can."""
        heard = self._heard.get(project_id)
        if heard is None:
            heard = self._heard[project_id] = _Heard()
        room = heard.well if entry[5] < 400 else heard.bad
        if len(room) < OF_PROJECT and self._held < HELD:
            room.append(entry)
            self._held += 1
        else:
            self._missed[project_id] += 1

    async def flush(self) -> None:
        """Write one batch; to be called every `FLUSH_SECONDS`, and at the end."""
        if not self._heard:
            return
        heard, self._heard, self._held = self._heard, {}, 0
        missed, self._missed = self._missed, Counter()
        share, left = max(1, BATCH // len(heard)), BATCH
        rows: list[dict[str, Any]] = []
        for project_id, each in heard.items():
            # Those that went wrong first: they are what somebody will look for.
            chosen = (each.bad + each.well)[: min(share, left)]
            left -= len(chosen)
            missed[project_id] += len(each.bad) + len(each.well) - len(chosen)
            for entry in chosen:
                rows.append(_row(project_id, entry))
                if not len(rows) % _AT_A_TIME:
                    await asyncio.sleep(0)
            if chosen:
                rows[-1]["missed"] = missed.pop(project_id)
        try:
            if rows:
                await self._store.write(lambda db: together(db, [Insert(_INSERT, rows)]))
        except StoreUnavailable as trouble:
            for row in rows:
                missed[row["project_id"]] += 1 + row["missed"]
            log.info("requests were not kept", count=missed.total(), reason=str(trouble))
        self._missed.update(missed)


def _row(project_id: str, entry: Noted) -> dict[str, Any]:
    request_id, began, method, path, query, status, seconds, key_id, body, said = entry
    text = body[:BODY_BYTES].decode(errors="replace")
    code, message = said or (None, None)
    return {
        "project_id": project_id,
        "id": request_id,
        "at": clock.now() - timedelta(seconds=clock.monotonic() - began),
        "method": method[:16],
        "path": _plain(path[:_LONGEST]),
        "query": _plain(redact_url(f"?{query.decode('latin-1')}")[1 : _LONGEST + 1]) if query else "",
        "status": status,
        "milliseconds": round(seconds * 1000),
        "key_id": key_id,
        "code": code and code[:48],
        "message": message and _plain(redact_text(message, outgoing=True)),
        "missed": 0,
        "cut": len(body) > BODY_BYTES,
        "body": _plain(redact_text(text, outgoing=True)) if text else "",
    }


def _plain(text: str) -> str:
    """Without keys, and without what PostgreSQL keeps in no text."""
    return masked(text).replace("\0", "\ufffd")


class Kept(NamedTuple):
    """A request that was kept: `code` and `message` are those of an error, `missed` others of its moment that were not.

    `body` has its first `BODY_BYTES` where it was `cut`; secrets are masked.
    """

    id: str
    at: datetime
    method: str
    path: str
    query: str
    status: int
    milliseconds: int
    key_id: str
    code: str | None
    message: str | None
    missed: int
    cut: bool
    body: str = ""

    @property
    def url(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a list is narrowed to; empty is everything. `status` is the first digit, 4 or 5 for what was refused."""

    status: int = 0
    method: str = ""
    path: str = ""
    key_id: str = ""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The same for the store."""
        if self.status:
            yield _R.status >= self.status * 100
            yield _R.status < self.status * 100 + 100
        if self.method:
            yield _R.method == self.method
        if self.path:
            yield _R.path.startswith(self.path, autoescape=True)
        if self.key_id:
            yield _R.key_id == self.key_id


def list_requests(
    db: Connection, project_id: str, narrowed: Narrowed, *, before: str = "", limit: int
) -> tuple[list[Kept], str]:
    """Requests of a project, the newest first, from behind the id `before`; and the id behind which there are more.

    Where it is narrowed down it looks at the next `LOOKED_AT`: then there may be more behind fewer than `limit`.
    """
    there = select(*(_R[name] for name in Kept._fields if name != "body")).where(_R.project_id == project_id)
    if before:
        there = there.where(_R.id < before)
    if narrowed.status in {4, 5}:
        there = there.where(_REFUSED)
    newest = there.order_by(_R.id.desc())
    if conditions := list(narrowed.conditions()):
        last = db.execute(newest.with_only_columns(_R.id).offset(LOOKED_AT - 1).limit(1)).scalar() or ""
        newest = newest.where(_R.id >= last, *conditions)
    else:
        last = ""
    found = [Kept(*row) for row in db.execute(newest.limit(limit + 1))]
    return (found[:limit], found[limit - 1].id) if len(found) > limit else (found, last)


def get_request(db: Connection, project_id: str, request_id: str) -> Kept:
    """One request with its body. Raises NotFound."""
    columns = [_R[name] for name in Kept._fields]
    row = db.execute(select(*columns).where(_R.project_id == project_id, _R.id == request_id)).one_or_none()
    if row is None:
        raise NotFound(
            "There is no such request, or it is not kept any more.",
            code="request_not_found",
            next_step="POLYPOST_KEEP_REQUESTS_DAYS says for how long requests are kept.",
        )
    return Kept(*row)


async def clean(store: Store, kept: timedelta) -> None:
    """Forget what is older than `kept`, and of each project all but the newest `MOST`, in short steps."""
    old = earliest_id(KIND, (clock.now() - kept).timestamp())
    for project_id, end in (await store.read(partial(_over, old=old))).items():
        await in_steps(store, partial(_forget, project_id=project_id, end=end), size=STEP)


def _over(db: Connection, *, old: str) -> dict[str, str]:
    """By project the id up to which its requests are to be forgotten, where it has such."""
    ends = {}
    for project_id in db.execute(select(projects.c.id)).scalars():
        mine = select(_R.id).where(_R.project_id == project_id)
        first = db.execute(mine.order_by(_R.id).limit(1)).scalar()
        beyond = db.execute(mine.order_by(_R.id.desc()).offset(MOST).limit(1)).scalar()
        if first is not None and first <= max(old, beyond or ""):
            ends[project_id] = max(old, beyond or "")
    return ends


def _forget(db: Connection, *, project_id: str, end: str) -> int:
    mine = _R.project_id == project_id
    some = select(_R.id).where(mine, _R.id <= end).order_by(_R.id).limit(STEP)
    return db.execute(delete(requests).where(mine, _R.id.in_(some))).rowcount

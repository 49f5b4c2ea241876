"""Which life of the store this is: one that was restored, or whose file is another than before, is a copy.

What went out since the copy was made stands only in the original, so a copy is held: nothing is carried out before
somebody has said what became of the original (RELIABILITY D3, decision 0064).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import Column, Connection, Index, String, Table, insert, select, update

from polypost.storage.ids import new_id
from polypost.storage.metadata import Instant, metadata
from polypost.storage.rows import as_dict

Cause = Literal["new", "copied", "restored"]
Answer = Literal["moved", "older"]
_MACHINE = Path("/etc/machine-id")

lives = Table(
    "lives",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("cause", String(8), nullable=False),
    Column("began_at", Instant, nullable=False),
    # Where its file stands; empty on PostgreSQL.
    Column("device", String(40)),
    Column("inode", String(40)),
    Column("volume", String(40)),
    Column("machine", String(40)),
    # The last that is known of the original: when the backup was made, or its last sign of life.
    Column("copied_at", Instant),
    Column("answer", String(8)),
    Column("answered_at", Instant),
    Index("ix_lives_began_at", "began_at"),
)


class Place(NamedTuple):
    """Where a file is: numbers of its device and itself, the file system's own number, and the machine's; "" is not known."""

    device: str
    inode: str
    volume: str
    machine: str


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the store, from when its file came to be where it is."""

    id: str
    cause: Cause
    began_at: datetime
    device: str | None
    inode: str | None
    volume: str | None
    machine: str | None
    copied_at: datetime | None
    answer: Answer | None
    answered_at: datetime | None

    @property
    def held(self) -> bool:
        """Whether it is a copy of which nobody has said yet what became of the original."""
        return self.cause != "new" and self.answer is None

    def is_at(self, place: Place) -> bool:
        """Whether it is lived in this file. A device may get another number with each start of the machine."""
        if self.inode != place.inode:
            return False
        if self.device != place.device and (not place.volume or self.volume != place.volume):
            return False
        return not (self.machine and place.machine) or self.machine == place.machine


def place_of(path: Path) -> Place:
    """Where a file is now."""
    found = path.stat()
    volume = os.statvfs(path).f_fsid
    machine = _MACHINE.read_text(encoding="ascii").strip() if _MACHINE.is_file() else ""
    return Place(str(found.st_dev), str(found.st_ino), str(volume) if volume else "", machine[:40])


def current(db: Connection) -> Life | None:
    """The present life; None in a store that has not been started yet."""
    query = select(lives).order_by(lives.c.began_at.desc(), lives.c.id.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else Life(**as_dict(row))


def begin(
    db: Connection, cause: Cause, now: datetime, *, place: Place | None, copied_at: datetime | None = None
) -> Life:
    """Write down that another life begins."""
    where = dict(place._asdict()) if place else {}
    values = {"id": new_id("life"), "cause": cause, "began_at": now, "copied_at": copied_at, **where}
    db.execute(insert(lives).values(values))
    life = current(db)
    assert life is not None
    return life


def answer(db: Connection, life: Life, word: Answer, now: datetime) -> None:
    """Write down what became of the original; then the store is a copy no longer."""
    db.execute(update(lives).where(lives.c.id == life.id).values(answer=word, answered_at=now))

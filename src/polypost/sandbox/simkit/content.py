"""What a simulated network holds: posts that became visible, documents on their way."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from polypost import clock
from polypost.probe import Facts
from polypost.sandbox.simkit.store import Share, instant_of, seconds_of


class Media(TypedDict, total=False):
    """One image or video of a post; `blob` names bytes in `Blobs`, shown at `/_sandbox/media/<blob>`."""

    blob: str
    kind: str
    mime: str
    alt: str
    width: int | None
    height: int | None
    duration: float | None


def media_of(
    blob: str, facts: Facts | None, alt: str = "", *, kind: str | None = None, mime: str | None = None
) -> Media:
    """A stored file as a post holds it; `kind` and `mime` are what the network says of it, else what it is."""
    return {
        "blob": blob,
        "kind": kind or (facts.kind if facts else ""),
        "mime": mime or (facts.mime if facts else "application/octet-stream"),
        "alt": alt,
        "width": facts.width if facts else None,
        "height": facts.height if facts else None,
        "duration": facts.duration if facts else None,
    }


@dataclass(frozen=True, slots=True)
class SimPost:
    """A post that was visible at some time; `raw` is the network's own record of it."""

    seq: int
    platform: str
    id: str
    account_id: str
    created: datetime
    text: str
    media: list[Media]
    permalink: str
    parent: str | None
    thread: str | None
    deleted: datetime | None
    raw: dict[str, Any]

    def grown(self, pace: int) -> int:
        """A number that grows with the post's age, ever more slowly, and is the same at each look."""
        # Whole minutes, so that two looks in a row agree.
        minutes = max(0, (clock.now() - self.created) // timedelta(minutes=1))
        return int(math.log1p(minutes) * pace)


class Posts(Share):
    """The posts of one network, kept for ever: a deleted one stays with its mark."""

    def add(
        self,
        *,
        id: str,  # noqa: A002  # the network's word
        account_id: str,
        text: str,
        permalink: str,
        media: list[Media] | None = None,
        raw: dict[str, Any] | None = None,
        parent: str | None = None,
        thread: str | None = None,
        fingerprint: str | None = None,
    ) -> SimPost:
        """Make a post visible. `fingerprint` is what the network compares to find duplicates (default: the text)."""
        row = self._store.changed(
            "INSERT INTO posts (platform, id, account_id, created, text, fingerprint, media, permalink, parent, thread,"
            " raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            self._platform, id, account_id, clock.now().timestamp(), text,
            _hash(text if fingerprint is None else fingerprint), json.dumps(media or []), permalink, parent, thread,
            json.dumps(raw or {}),
        )  # fmt: skip
        return sim_post(row)

    def get(self, post_id: str, *, deleted: bool = False) -> SimPost | None:
        """The post with the network's id; deleted ones only when asked for."""
        row = self._store.one("SELECT * FROM posts WHERE platform = ? AND id = ?", self._platform, post_id)
        if row is None or (row["deleted"] is not None and not deleted):
            return None
        return sim_post(row)

    def delete(self, post_id: str) -> bool:
        """Take a post away; False when it was not there."""
        sql = "UPDATE posts SET deleted = ? WHERE platform = ? AND id = ? AND deleted IS NULL"
        return self._store.execute(sql, clock.now().timestamp(), self._platform, post_id).rowcount == 1

    def update(self, post_id: str, *, text: str | None = None, raw: dict[str, Any] | None = None) -> SimPost:
        """Change a post's text or record in place; the post as it is then."""
        row = self._store.changed(
            "UPDATE posts SET text = coalesce(?, text), raw = coalesce(?, raw) WHERE platform = ? AND id = ?"
            " RETURNING *",
            text, None if raw is None else json.dumps(raw), self._platform, post_id,
        )  # fmt: skip
        return sim_post(row)

    def restore(self, post_id: str, *, text: str, media: list[Media], raw: dict[str, Any]) -> None:
        """Show a post anew under the id it had before, changed or deleted, with what it says now."""
        self._store.execute(
            "UPDATE posts SET text = ?, fingerprint = ?, media = ?, raw = ?, deleted = NULL"
            " WHERE platform = ? AND id = ?",
            text, _hash(text), json.dumps(media), json.dumps(raw), self._platform, post_id,
        )  # fmt: skip

    def by_account(
        self,
        account_id: str,
        *,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        after: int = 0,
    ) -> list[SimPost]:
        """An account's present posts, newest first, between two instants and between two `seq` (both exclusive)."""
        rows = self._store.all(
            "SELECT * FROM posts WHERE platform = ? AND account_id = ? AND deleted IS NULL"
            " AND seq > ? AND seq < ? AND created >= ? AND created <= ? ORDER BY seq DESC LIMIT ?",
            self._platform, account_id, after, before if before is not None else 2**62,
            seconds_of(since) or 0.0, seconds_of(until) or 1e12, limit,
        )  # fmt: skip
        return [sim_post(row) for row in rows]

    def of_everybody(self, until: datetime) -> list[SimPost]:
        """The present posts of all accounts up to an instant, newest first."""
        sql = "SELECT * FROM posts WHERE platform = ? AND deleted IS NULL AND created <= ? ORDER BY seq DESC"
        return [sim_post(row) for row in self._store.all(sql, self._platform, until.timestamp())]

    def of_thread(self, thread: str) -> list[SimPost]:
        """The present posts of one thread, oldest first."""
        sql = "SELECT * FROM posts WHERE platform = ? AND thread = ? AND deleted IS NULL ORDER BY seq"
        return [sim_post(row) for row in self._store.all(sql, self._platform, thread)]

    def same_since(self, account_id: str, fingerprint: str, since: datetime) -> SimPost | None:
        """The account's newest present post with this fingerprint that is not older than `since`."""
        row = self._store.one(
            "SELECT * FROM posts WHERE platform = ? AND account_id = ? AND fingerprint = ? AND created >= ?"
            " AND deleted IS NULL ORDER BY seq DESC LIMIT 1",
            self._platform, account_id, _hash(fingerprint), since.timestamp(),
        )  # fmt: skip
        return None if row is None else sim_post(row)

    def count_replies(self, post_id: str) -> int:
        """How many present posts answer this one directly."""
        sql = "SELECT count(*) FROM posts WHERE platform = ? AND parent = ? AND deleted IS NULL"
        return self._store.number(sql, self._platform, post_id)

    def count(self, account_id: str) -> int:
        """How many present posts an account has."""
        sql = "SELECT count(*) FROM posts WHERE platform = ? AND account_id = ? AND deleted IS NULL"
        return self._store.number(sql, self._platform, account_id)


def _hash(text: str) -> str:
    # JSON can carry halves of surrogate pairs, which UTF-8 does not know.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def sim_post(row: sqlite3.Row) -> SimPost:
    """A row of the table as a post."""
    return SimPost(
        seq=row["seq"],
        platform=row["platform"],
        id=row["id"],
        account_id=row["account_id"],
        created=instant_of(row["created"]),
        text=row["text"],
        media=json.loads(row["media"]),
        permalink=row["permalink"],
        parent=row["parent"],
        thread=row["thread"],
        deleted=instant_of(row["deleted"]),
        raw=json.loads(row["raw"]),
    )


@dataclass(frozen=True, slots=True)
class Document:
    """A thing that is not yet a post: an upload, a container, a session."""

    id: str
    account_id: str | None
    body: dict[str, Any]
    created: datetime
    expires: datetime | None

    @property
    def expired(self) -> bool:
        """Whether its end has come."""
        return self.expires is not None and self.expires <= clock.now()


class Documents(Share):
    """JSON documents of one network by kind and id."""

    def put(
        self,
        kind: str,
        id: str,  # noqa: A002  # the network's word
        body: dict[str, Any],
        *,
        account_id: str | None = None,
        expires: datetime | None = None,
    ) -> Document:
        """Store a new document or replace one."""
        now = clock.now()
        self._store.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._platform, kind, id, account_id, json.dumps(body), now.timestamp(), seconds_of(expires),
        )  # fmt: skip
        return Document(id, account_id, body, now, expires)

    def get(self, kind: str, id: str) -> Document | None:  # noqa: A002  # the network's word
        """The document, also when it has expired; ask `.expired`."""
        row = self._store.one(
            "SELECT * FROM documents WHERE platform = ? AND kind = ? AND id = ?", self._platform, kind, id
        )
        return None if row is None else _document(row)

    def update(self, kind: str, id: str, **changes: Any) -> None:  # noqa: A002  # the network's word
        """Set members of the body; a list or map replaces the old one whole, None stays as null."""
        document = self.get(kind, id)
        if document is not None:
            self._store.execute(
                "UPDATE documents SET body = ? WHERE platform = ? AND kind = ? AND id = ?",
                json.dumps({**document.body, **changes}), self._platform, kind, id,
            )  # fmt: skip

    def delete(self, kind: str, id: str) -> None:  # noqa: A002  # the network's word
        """Forget a document."""
        self._store.execute(
            "DELETE FROM documents WHERE platform = ? AND kind = ? AND id = ?", self._platform, kind, id
        )

    def all(self, kind: str) -> list[Document]:
        """Every document of a kind, oldest first."""
        rows = self._store.all(
            "SELECT * FROM documents WHERE platform = ? AND kind = ? ORDER BY created", self._platform, kind
        )
        return [_document(row) for row in rows]

    def of_account(self, kind: str, account_id: str) -> list[Document]:
        """Every document of a kind that an account owns, oldest first."""
        rows = self._store.all(
            "SELECT * FROM documents WHERE platform = ? AND kind = ? AND account_id = ? ORDER BY created",
            self._platform, kind, account_id,
        )  # fmt: skip
        return [_document(row) for row in rows]


def _document(row: sqlite3.Row) -> Document:
    return Document(
        row["id"],
        row["account_id"],
        json.loads(row["body"]),
        instant_of(row["created"]),
        instant_of(row["expires"]),
    )

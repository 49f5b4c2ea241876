"""Containers of Meta's publishing: what is on its way to becoming a post, and how far each is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.simkit.content import Document, Media
from polypost.sandbox.simkit.network import Network

CONTAINER = "container"
# Where the bytes are: on the way by URL, awaited from the client, here, or not coming any more.
FETCHING, AWAITING, HERE, FAILED = "fetching", "awaiting", "here", "failed"
IN_PROGRESS, FINISHED, ERROR, EXPIRED, PUBLISHED = "IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED", "PUBLISHED"
# Ids have 17 digits; they count milliseconds since 2024 from a number of the network's.
ID_EPOCH_MS, ID_BITS = 1_704_067_200_000, 11


@dataclass(frozen=True, slots=True)
class Container:
    """One container. `kind` is the network's word; `options` are what the post will have besides text and media.

    A video is ready after `most_looks` looks or `most_seconds`. `wrong` and `reason` tell why one has failed.
    """

    id: str
    account_id: str
    kind: str
    video: bool
    child: bool
    text: str
    source: str
    options: dict[str, Any]
    children: tuple[str, ...]
    stage: str
    media: Media | None
    cover: str | None
    blob: str
    total: int | None
    wrong: int | None
    reason: str
    looks: int
    begun: float
    extra: float
    published: str | None
    expired: bool
    most_looks: int
    most_seconds: int

    @property
    def status(self) -> str:
        """The word by which its state is told."""
        if self.published is not None:
            return PUBLISHED
        if self.expired:
            return EXPIRED
        if self.stage == FAILED:
            return ERROR
        return FINISHED if self.stage == HERE and self._worked_on() else IN_PROGRESS

    def _worked_on(self) -> bool:
        waited = clock.now().timestamp() - self.begun - self.extra
        if waited < 0:
            return False
        # A client that looks often sees the video ready at a known look; one that only waits gets there too.
        return not self.video or self.looks >= self.most_looks or waited >= self.most_seconds


class Containers:
    """Every container of the network, whose ids count from `first_id`; `limit` gives its numbers by name."""

    def __init__(self, net: Network, limit: Callable[[str], int], *, first_id: int, hours: int) -> None:
        self._net = net
        self._limit = limit
        self._first_id = first_id
        self._life = timedelta(hours=hours)

    def new_id(self) -> str:
        """A fresh id for a container, a post or a comment."""
        return str(self._first_id + int(self._net.snowflake(epoch_ms=ID_EPOCH_MS, random_bits=ID_BITS)))

    def add(
        self,
        account_id: str,
        *,
        kind: str,
        stage: str,
        video: bool = False,
        child: bool = False,
        text: str = "",
        source: str = "",
        options: dict[str, Any] | None = None,
        children: tuple[str, ...] = (),
        media: Media | None = None,
        blob: str = "",
        extra: float = 0.0,
        wrong: int | None = None,
        reason: str = "",
    ) -> Container:
        """Open a container."""
        now = clock.now()
        body: dict[str, Any] = {
            "kind": kind,
            "video": video,
            "child": child,
            "text": text,
            "source": source,
            "options": options or {},
            "children": list(children),
            "stage": stage,
            "media": media,
            "cover": None,
            "blob": blob,
            "total": None,
            "wrong": wrong,
            "reason": reason,
            "looks": 0,
            "begun": now.timestamp(),
            "extra": extra,
            "published": None,
        }
        made = self._net.documents.put(
            CONTAINER, self.new_id(), body, account_id=account_id, expires=now + self._life
        )
        return self._read(made)

    def get(self, container_id: str, account_id: str) -> Container | None:
        """The account's container with this id, whatever has become of it."""
        document = self._net.documents.get(CONTAINER, container_id) if container_id.isascii() else None
        if document is None or document.account_id != account_id:
            return None
        return self._read(document)

    def look(self, container: Container) -> None:
        """Count a look at one that is being worked on, which brings it nearer to its end."""
        if container.status == IN_PROGRESS and container.stage == HERE:
            self._net.documents.update(CONTAINER, container.id, looks=container.looks + 1)

    def change(self, container: Container, **changes: Any) -> None:
        """Set members of the stored container."""
        self._net.documents.update(CONTAINER, container.id, **changes)

    def arrive(self, container: Container, media: Media, cover: str | None = None) -> None:
        """The bytes are here and good: the work on them begins now."""
        begun = clock.now().timestamp()
        self.change(container, stage=HERE, media=media, cover=cover, begun=begun)

    def fail(self, container: Container, subcode: int | None, reason: str = "") -> None:
        """Nothing will come of it; its status tells the subcode or, more helpful than Meta's, the reason."""
        self.change(container, stage=FAILED, wrong=subcode, reason=reason)

    def _read(self, document: Document) -> Container:
        return Container(
            id=document.id,
            account_id=document.account_id or "",
            expired=document.expired,
            most_looks=self._limit("processing_looks"),
            most_seconds=self._limit("processing_seconds"),
            **{**document.body, "children": tuple(document.body["children"])},
        )

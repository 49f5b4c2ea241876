"""Containers: media on their way to becoming a post, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Document, Media, Network

CONTAINER = "container"
# Where the bytes are: on the way by URL, awaited from the client, here, or not coming any more.
FETCHING, AWAITING, HERE, FAILED = "fetching", "awaiting", "here", "failed"
IN_PROGRESS, FINISHED, ERROR, EXPIRED, PUBLISHED = "IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED", "PUBLISHED"
IMAGE, REEL, STORY, CAROUSEL = "image", "reel", "story", "carousel"
# Graph ids of media have 17 digits and begin with 17 or 18; these count milliseconds since 2024.
ID_BASE, ID_EPOCH_MS, ID_BITS = 17_000_000_000_000_000, 1_704_067_200_000, 11


@dataclass(frozen=True, slots=True)
class Container:
    """One container. `kind` is image, reel, story or carousel; `film` tells a video from a picture."""

    id: str
    account_id: str
    kind: str
    film: bool
    child: bool
    caption: str
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

    @property
    def purpose(self) -> str:
        """reel, story or child: which rules the bytes must keep."""
        if self.child:
            return "child"
        return STORY if self.kind == STORY else REEL

    @property
    def status(self) -> str:
        """Instagram's `status_code`."""
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
        # A client that looks often sees the film ready at a known look; one that only waits gets there too.
        return (
            not self.film or self.looks >= limit("processing_looks") or waited >= limit("processing_seconds")
        )


class Containers:
    """Every container of the network."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def new_id(self) -> str:
        """A fresh id for a container, media or comment."""
        return str(ID_BASE + int(self._net.snowflake(epoch_ms=ID_EPOCH_MS, random_bits=ID_BITS)))

    def add(
        self,
        account_id: str,
        *,
        kind: str,
        stage: str,
        film: bool = False,
        child: bool = False,
        caption: str = "",
        source: str = "",
        options: dict[str, Any] | None = None,
        children: tuple[str, ...] = (),
        media: Media | None = None,
        blob: str = "",
        extra: float = 0.0,
        wrong: int | None = None,
    ) -> Container:
        """Open a container; it lives for a day."""
        now = clock.now()
        body: dict[str, Any] = {
            "kind": kind,
            "film": film,
            "child": child,
            "caption": caption,
            "source": source,
            "options": options or {},
            "children": list(children),
            "stage": stage,
            "media": media,
            "cover": None,
            "blob": blob,
            "total": None,
            "wrong": wrong,
            "reason": "",
            "looks": 0,
            "begun": now.timestamp(),
            "extra": extra,
            "published": None,
        }
        expires = now + timedelta(hours=limit("container_hours"))
        return _container(
            self._net.documents.put(CONTAINER, self.new_id(), body, account_id=account_id, expires=expires)
        )

    def get(self, container_id: str, account_id: str) -> Container | None:
        """The account's container with this id, whatever has become of it."""
        document = self._net.documents.get(CONTAINER, container_id) if container_id.isascii() else None
        if document is None or document.account_id != account_id:
            return None
        return _container(document)

    def look(self, container: Container) -> None:
        """Count a look at one that is being worked on, which brings it nearer to its end."""
        if container.status == IN_PROGRESS and container.stage == HERE:
            self._net.documents.update(CONTAINER, container.id, looks=container.looks + 1)

    def change(self, container: Container, **changes: Any) -> None:
        """Set members of the stored container."""
        self._net.documents.update(CONTAINER, container.id, **changes)

    def arrive(self, container: Container, media: Media, cover: str | None) -> None:
        """The bytes are here and good: the work on them begins now."""
        begun = clock.now().timestamp()
        self.change(container, stage=HERE, media=media, cover=cover, begun=begun)

    def fail(self, container: Container, subcode: int, reason: str = "") -> None:
        """Nothing will come of it; its status tells the subcode and, more helpful than Meta's, the reason."""
        self.change(container, stage=FAILED, wrong=subcode, reason=reason)


def _container(document: Document) -> Container:
    body = document.body
    return Container(
        id=document.id,
        account_id=document.account_id or "",
        kind=body["kind"],
        film=body["film"],
        child=body["child"],
        caption=body["caption"],
        source=body["source"],
        options=body["options"],
        children=tuple(body["children"]),
        stage=body["stage"],
        media=body["media"],
        cover=body["cover"],
        blob=body["blob"],
        total=body["total"],
        wrong=body["wrong"],
        reason=body["reason"],
        looks=body["looks"],
        begun=body["begun"],
        extra=body["extra"],
        published=body["published"],
        expired=document.expired,
    )

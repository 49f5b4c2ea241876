"""Containers: media and texts on their way to becoming a post, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.simkit import Document, Media, Network

CONTAINER = "container"
# Where the bytes are: on the way, here, or not coming any more. A text is here from the beginning.
FETCHING, HERE, FAILED = "fetching", "here", "failed"
IN_PROGRESS, FINISHED, ERROR, EXPIRED, PUBLISHED = "IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED", "PUBLISHED"
TEXT, IMAGE, VIDEO, CAROUSEL = "TEXT", "IMAGE", "VIDEO", "CAROUSEL"
# Ids have 17 digits and begin with 18; these count milliseconds since 2024.
ID_BASE, ID_EPOCH_MS, ID_BITS = 18_000_000_000_000_000, 1_704_067_200_000, 11


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `kind` is its media_type, `options` what the post will have besides text and media."""

    id: str
    account_id: str
    kind: str
    child: bool
    text: str
    source: str
    options: dict[str, Any]
    children: tuple[str, ...]
    stage: str
    media: Media | None
    blob: str
    wrong: str
    looks: int
    begun: float
    extra: float
    published: str | None
    expired: bool

    @property
    def film(self) -> bool:
        """Whether it holds a video."""
        return self.kind == VIDEO

    @property
    def status(self) -> str:
        """The `status` field."""
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
        """A fresh id for a container or a post."""
        return str(ID_BASE + int(self._net.snowflake(epoch_ms=ID_EPOCH_MS, random_bits=ID_BITS)))

    def add(
        self,
        account_id: str,
        *,
        kind: str,
        stage: str,
        child: bool = False,
        text: str = "",
        source: str = "",
        options: dict[str, Any] | None = None,
        children: tuple[str, ...] = (),
        blob: str = "",
        wrong: str = "",
        extra: float = 0.0,
    ) -> Container:
        """Open a container; it lives for a day."""
        now = clock.now()
        body: dict[str, Any] = {
            "kind": kind,
            "child": child,
            "text": text,
            "source": source,
            "options": options or {},
            "children": list(children),
            "stage": stage,
            "media": None,
            "blob": blob,
            "wrong": wrong,
            "looks": 0,
            "begun": now.timestamp(),
            "extra": extra,
            "published": None,
        }
        expires = now + timedelta(hours=limit("container_life_hours"))
        return _container(
            self._net.documents.put(CONTAINER, self.new_id(), body, account_id=account_id, expires=expires)
        )

    def get(self, container_id: str, account_id: str) -> Container | None:
        """The account's container with this id, whatever has become of it."""
        document = self._net.documents.get(CONTAINER, container_id)
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

    def arrive(self, container: Container, media: Media) -> None:
        """The bytes are here and good: the work on them begins now."""
        self.change(container, stage=HERE, media=media, begun=clock.now().timestamp())

    def fail(self, container: Container, message: str) -> None:
        """Nothing will come of it; `error_message` tells why."""
        self.change(container, stage=FAILED, wrong=message)


def _container(document: Document) -> Container:
    body = document.body
    return Container(
        id=document.id,
        account_id=document.account_id or "",
        kind=body["kind"],
        child=body["child"],
        text=body["text"],
        source=body["source"],
        options=body["options"],
        children=tuple(body["children"]),
        stage=body["stage"],
        media=body["media"],
        blob=body["blob"],
        wrong=body["wrong"],
        looks=body["looks"],
        begun=body["begun"],
        extra=body["extra"],
        published=body["published"],
        expired=document.expired,
    )

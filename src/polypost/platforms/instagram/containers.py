"""Preparing media on Instagram: a container is created, filled, and waited for until it is FINISHED.

Nobody sees a container before it is published, so a spoilt one is simply replaced by the next build.
States: Meta for Developers, Instagram Platform: IG Container, read 2026-11-24.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import RateLimited, ReconnectRequired, Rejected
from polypost.platforms.base import MediaFile, NotYet, Post, Run
from polypost.platforms.families.meta.errors import Gone, ParameterRefused
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.graph_errors import NOT_READY_PAUSE, PushRefused, container_error
from polypost.platforms.instagram.options import kind_of
from polypost.platforms.instagram.spec import SPEC
from polypost.platforms.instagram.upload import push
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.calls import next_look

BUILDS = 3
LOOK_EVERY = timedelta(seconds=3)
LOOK_AT_MOST = timedelta(minutes=30)
# A new container is not seen everywhere at once: "not found" says nothing in its first minutes.
_APPEARS_WITHIN = timedelta(minutes=3)
_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Ready:
    """A container to be published, or one that turned out to be `published` by an earlier attempt."""

    id: str
    published: bool = False


async def state_of(graph: Graph, container: str) -> tuple[str, str]:
    """A container's `status_code` and its text. Raises Gone when Instagram does not find it."""
    body = await graph.get(container, fields="status_code,status")
    return str(body.get("status_code") or ""), str(body.get("status") or "")


async def prepare(run: Run, post: Post) -> Ready:
    """A container that can be published; builds anew what expired or went wrong on Instagram's side."""
    pull = False
    for build in range(1, BUILDS + 1):
        builder = _Builder(run, post, "" if build == 1 else f" (build {build})", pull=pull)
        try:
            return await builder.build()
        except Gone as gone:
            # Where a login may not push, the bytes are fetched in all further builds.
            pull = await builder.pause(pull=pull or isinstance(gone, PushRefused))
    raise Rejected(
        f"Instagram failed to process this {BUILDS} times.",
        next_step="Re-encode the file (JPEG; MP4 with H.264 and AAC) or try again later.",
    )


class _Builder:
    """One build: its steps carry a mark, so that an earlier build's rows do not answer for it."""

    def __init__(self, run: Run, post: Post, mark: str, *, pull: bool) -> None:
        self._run = run
        self._post = post
        self._graph = Graph.of(run)
        self._kind = kind_of(post.options, [file.ref for file in post.media])
        self._mark = mark
        self._pull = pull
        self._new: set[str] = set()

    async def build(self) -> Ready:
        """All containers of the post, children first; the one to publish."""
        names = [f"media {number}" for number in range(1, len(self._post.media) + 1)]
        made = [await self._item(name, file) for name, file in zip(names, self._post.media, strict=True)]
        if self._kind != "carousel":
            return Ready(made[0]["id"], await self._ready(names[0], made[0], last=True))
        # While a child is being worked on, Instagram refuses the parent as if it had trouble of its own (code 2).
        for name, child in zip(names, made, strict=True):
            await self._ready(name, child)
        parent = await self._created("carousel", self._parent_fields([child["id"] for child in made]))
        return Ready(parent["id"], await self._ready("carousel", parent, last=True))

    async def pause(self, *, pull: bool) -> bool:
        """Wait a little after a spoilt build; whether the network has to pull the bytes in the next one."""

        async def note() -> dict[str, Any]:
            return {"at": self._run.now().isoformat(), "pull": pull}

        spoilt = await self._run.step(f"container lost{self._mark}", note)
        since = datetime.fromisoformat(spoilt["at"])

        async def over() -> bool | NotYet:
            left = since + _PAUSE - self._run.now()
            return True if left <= timedelta(0) else NotYet("waiting before a new container", after=left)

        await self._run.until(f"pause{self._mark}", over, every=_PAUSE, at_most=10 * _PAUSE)
        return bool(spoilt["pull"])

    async def _item(self, name: str, file: MediaFile) -> dict[str, Any]:
        fields = self._item_fields(file)
        if file.ref.type != "video":
            return await self._created(name, fields | {"image_url": file.public_url})
        if self._pull:
            return await self._created(name, fields | {"video_url": file.public_url})
        pulled = fields | {"video_url": file.public_url} if file.pullable else None
        made = await self._created(name, fields | {"upload_type": "resumable"}, instead=pulled)
        if made["uri"] is not None:

            async def fill() -> int:
                return await push(self._graph, made["id"], made["uri"], file, fresh=name in self._new)

            await self._run.step(f"{name}: upload{self._mark}", fill)
        return made

    async def _created(
        self, name: str, fields: Mapping[str, str], *, instead: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The container's id, its upload address if it has one, and when it was made, as one step.

        `instead` is sent when the network refuses `fields`: pushing bytes is documented for the Facebook Login,
        and some tokens of the Instagram Login are told that a URL is missing.
        """
        edge = f"{self._run.account.id}/media"

        async def create() -> dict[str, Any]:
            try:
                body = await self._graph.post(edge, fields)
            except ParameterRefused:
                if instead is None:
                    raise
                body = await self._graph.post(edge, instead)
            if not body.get("id"):
                raise Gone("Instagram answered without a container.")
            self._new.add(name)
            return {"id": str(body["id"]), "uri": body.get("uri"), "at": self._run.now().isoformat()}

        return await self._run.step(f"{name}: container{self._mark}", create)

    async def _ready(self, name: str, made: Mapping[str, Any], *, last: bool = False) -> bool:
        """Wait until the container is FINISHED; whether it is even PUBLISHED. Raises Gone when it never will be.

        The `last` one is looked at again when its readiness was found in an earlier telling of the story:
        after a long interruption it may have expired.
        """
        looked = False

        async def look() -> str | NotYet:
            nonlocal looked
            looked = True
            return await self._look(made)

        state = await self._run.until(
            f"{name}: ready{self._mark}", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST
        )
        if state == "FINISHED" and last and not looked:
            state, _ = await state_of(self._graph, made["id"])
        if state == "IN_PROGRESS":
            raise RateLimited(self._run.now() + NOT_READY_PAUSE, "Instagram is still working on the media.")
        if state in {"ERROR", "EXPIRED"}:
            raise Gone("Instagram could not process the media.")
        return state == "PUBLISHED"

    async def _look(self, made: Mapping[str, Any]) -> str | NotYet:
        age = self._run.now() - datetime.fromisoformat(made["at"])
        try:
            state, text = await state_of(self._graph, made["id"])
        except Gone:
            return "ERROR" if age > _APPEARS_WITHIN else NotYet("not found yet", after=_PAUSE)
        if state == "ERROR":
            refused = container_error(text, now=self._run.now())
            if isinstance(refused, Rejected | ReconnectRequired):
                raise refused
            return state
        if state in {"FINISHED", "PUBLISHED", "EXPIRED"}:
            return state
        return NotYet(text, after=next_look(age, least=LOOK_EVERY))

    def _item_fields(self, file: MediaFile) -> dict[str, str]:
        if self._kind == "carousel":
            # A video alone is no VIDEO any more but a reel, and a reel cannot be such an item.
            kind = {"media_type": "VIDEO"} if file.ref.type == "video" else {}
            return kind | {"is_carousel_item": "true"} | _alt_field(file)
        if self._kind == "story":
            return {"media_type": "STORIES"}
        return self._caption_fields() | (self._reel_fields() if self._kind == "reel" else _alt_field(file))

    def _parent_fields(self, children: list[str]) -> dict[str, str]:
        return {"media_type": "CAROUSEL", "children": ",".join(children)} | self._caption_fields()

    def _caption_fields(self) -> dict[str, str]:
        fields = {"caption": self._post.text} if self._post.text else {}
        names = self._post.options.collaborators
        return fields | ({"collaborators": json.dumps(names)} if names else {})

    def _reel_fields(self) -> dict[str, str]:
        options = self._post.options
        fields = {
            "media_type": "REELS",
            "share_to_feed": "false" if options.share_to_feed is False else "true",
        }
        if options.cover_url is not None:
            fields["cover_url"] = self._post.extra_media[options.cover_url].public_url
        elif options.thumb_offset is not None:
            fields["thumb_offset"] = str(options.thumb_offset)
        return fields


def _alt_field(file: MediaFile) -> dict[str, str]:
    (alt,) = alt_texts(SPEC, [file.ref])
    return {"alt_text": alt} if alt else {}

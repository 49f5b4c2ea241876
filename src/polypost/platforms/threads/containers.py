"""Preparing a post on Threads: a container is created and waited for until it is FINISHED.

Nobody sees a container before it is published, so a spoilt one is simply replaced by the next build, except where it
may have been published already. States: Meta for Developers, Threads API: Troubleshooting, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import RateLimited, Rejected
from polypost.platforms.base import NotYet, Run
from polypost.platforms.families.meta.errors import Gone, Kind
from polypost.platforms.families.meta.graph import identity
from polypost.platforms.kit.calls import next_look, reached
from polypost.platforms.threads.graph import Graph
from polypost.platforms.threads.graph_errors import NOT_READY_PAUSE, container_row
from polypost.platforms.threads.parts import CAROUSEL, Part

BUILDS = 4
# How often the publishing call may come too soon before a new container is tried.
REFUSALS = 4
LOOK_EVERY = timedelta(seconds=3)
LOOK_AT_MOST = timedelta(minutes=30)
# A new container is not seen everywhere at once: "not found" says nothing in its first minutes.
_APPEARS_WITHIN = timedelta(minutes=3)
_PAUSE = timedelta(seconds=15)
_LOOK = "Look whether the post that this one answers or quotes is still there."


class _Unset(Exception):
    """The journal has no such step yet."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A container to be published; `doubt` says why it may be out already, `mark` which build it comes from."""

    id: str
    mark: str
    doubt: str = ""


async def recall(run: Run, name: str) -> Any:
    """The result of a step that was done before, None for one that was not."""

    # A step that raises leaves no row, so this asks without writing.
    async def unset() -> None:
        raise _Unset

    try:
        return await run.step(name, unset)
    except _Unset:
        return None


async def state_of(graph: Graph, container: str) -> tuple[str, str]:
    """A container's `status` and `error_message`. Raises Gone when Threads does not find it."""
    # Not `status_code`, as on Instagram: a field that there is not refuses the call.
    body = await graph.get(container, fields="status,error_message")
    return str(body.get("status") or ""), str(body.get("error_message") or "")


async def prepare_media(run: Run, part: Part) -> None:
    """Make the items of a carousel ready ahead of its turn, so that they cannot fail in the middle of a chain."""
    if part.kind == CAROUSEL:
        await _built(run, part, None, whole=False)


async def prepare(run: Run, part: Part, reply_to: str | None) -> Ready:
    """A container that can be published; builds anew what expired or went wrong on the side of Threads."""
    ready = await _built(run, part, reply_to, whole=True)
    assert ready is not None
    return ready


async def note_refusal(run: Run, part: Part, ready: Ready) -> None:
    """Remember that the publishing call did not find this container."""
    await reached(run, await _next_refusal(run, part.name, ready.mark))


async def _next_refusal(run: Run, part: str, mark: str) -> str:
    number = 1
    while await recall(run, f"{part}: refused {number}{mark}") is not None:
        number += 1
    return f"{part}: refused {number}{mark}"


async def _built(run: Run, part: Part, reply_to: str | None, *, whole: bool) -> Ready | None:
    why = Gone()
    for build in range(1, BUILDS + 1):
        builder = _Builder(run, part, reply_to, "" if build == 1 else f" (build {build})")
        try:
            return await (builder.build() if whole else builder.media_only())
        except Gone as gone:
            why = gone
            await builder.pause()
    raise Rejected(
        f"Threads failed to prepare this {BUILDS} times. {why}",
        code=why.code if why.code != Gone.code else None,
        next_step=why.next_step
        or (_LOOK if reply_to or "quote_post_id" in part.further else "Try again later."),
    )


class _Builder:
    """One build: its steps carry a mark, so that an earlier build's rows do not answer for it."""

    def __init__(self, run: Run, part: Part, reply_to: str | None, mark: str) -> None:
        self._run = run
        self._part = part
        self._reply_to = reply_to
        self._graph = Graph.of(run)
        self._mark = mark
        self._looked = False

    async def media_only(self) -> None:
        """The items of the carousel."""
        await self._children()

    async def build(self) -> Ready:
        """All containers of the post, children first; the one to publish."""
        children = await self._children() if self._part.kind == CAROUSEL else []
        made = await self._created(self._part.name, self._part.fields(self._reply_to, children))
        # The looks at the children say nothing of this one.
        self._looked = False
        await self._finished(self._part.name, made)
        return await self._handed(made["id"])

    async def pause(self) -> None:
        """Wait a little after a spoilt build."""
        name = self._part.name
        since = await reached(self._run, f"{name}: lost{self._mark}")

        async def over() -> bool | NotYet:
            left = since + _PAUSE - self._run.now()
            return True if left <= timedelta(0) else NotYet("waiting before a new container", after=left)

        await self._run.until(f"{name}: pause{self._mark}", over, every=_PAUSE, at_most=10 * _PAUSE)

    async def _children(self) -> list[str]:
        names = [f"{self._part.name} media {number}" for number in range(1, len(self._part.files) + 1)]
        made = [await self._created(name, self._part.child(place)) for place, name in enumerate(names)]
        for name, child in zip(names, made, strict=True):
            await self._finished(name, child)
        return [str(child["id"]) for child in made]

    async def _created(self, name: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """The container's id and when it was made, as one step; that it could not be made is a result as well.

        Otherwise a later telling would make it after all and publish it beside the build that took its place.
        """

        async def create() -> dict[str, Any]:
            try:
                body = await self._graph.post(f"{self._run.account.id}/threads", fields)
            except Gone as gone:
                return {"lost": str(gone)}
            made = identity(body)
            if made is None:
                return {"lost": "Threads answered without a container."}
            return {"id": made, "at": self._run.now().isoformat()}

        made = await self._run.step(f"{name}: container{self._mark}", create)
        if "lost" in made:
            raise Gone(made["lost"])
        return made

    async def _finished(self, name: str, made: Mapping[str, Any]) -> None:
        """Wait until Threads has done its work. Raises Gone when it never will, Rejected when the file is at fault."""

        async def look() -> list[str] | NotYet:
            self._looked = True
            return await self._look(made)

        state, message = await self._run.until(
            f"{name}: ready{self._mark}", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST
        )
        _usable(state, message)

    async def _look(self, made: Mapping[str, Any]) -> list[str] | NotYet:
        age = self._run.now() - datetime.fromisoformat(made["at"])
        try:
            state, message = await state_of(self._graph, made["id"])
        except Gone:
            return (
                ["EXPIRED", ""]
                if age > _APPEARS_WITHIN
                else NotYet("not found yet", after=next_look(age, least=LOOK_EVERY))
            )
        if state in {"FINISHED", "PUBLISHED", "EXPIRED", "ERROR"}:
            return [state, message]
        return NotYet(
            f"Threads is working on it ({state or 'no state'})", after=next_look(age, least=LOOK_EVERY)
        )

    async def _handed(self, container: str) -> Ready:
        """The container as it is about to be published; looked at again where its readiness is old news."""
        name, mark = f"{self._part.name}: handed{self._mark}", self._mark
        # By this note a later telling knows that the publishing call may have been made.
        before = await recall(self._run, name) is not None
        await reached(self._run, name)
        if self._looked:
            return Ready(container, mark)
        try:
            state, message = await state_of(self._graph, container)
        except Gone:
            if not before:
                raise
            return Ready(container, mark, "Threads does not find what may have been published.")
        if state == "PUBLISHED":
            # An earlier attempt came through late; which post it became is for reconcile to find.
            return Ready(container, mark, "Threads says that this is published already.")
        if state == "IN_PROGRESS":
            raise RateLimited(self._run.now() + NOT_READY_PAUSE, "Threads is still working on the media.")
        _usable(state, message)
        if await recall(self._run, f"{self._part.name}: refused {REFUSALS}{mark}") is not None:
            raise Gone("Threads says FINISHED and does not find the container when it is to be published.")
        return Ready(container, mark)


def _usable(state: str, message: str) -> None:
    """Raises Gone for a container that is to be replaced, Rejected for one whose file is at fault."""
    if state == "EXPIRED":
        raise Gone("The prepared post has expired.")
    if state == "ERROR":
        row = container_row(message)
        error = Gone if row.kind is Kind.GONE else Rejected
        raise error(row.says, code=row.code, next_step=row.change)

"""Requests for a post that have no answer yet: a repeat finds out whether its first try lost its answer (RELIABILITY A3).

A client that lost its connection may repeat the request before the loss was noted, on the same server or on
another one. The repeat lets the first come to its end, and then finds that its answer was lost; a first that is
only reached after its own repeat finds that one's post.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection

from polypost import clock
from polypost.errors import StoreUnavailable
from polypost.intake.acceptance import Acceptance
from polypost.intake.submissions import Submission
from polypost.posts import deliveries, queries
from polypost.posts.deliveries import ARRIVED, Arrival, EqualOpen
from polypost.posts.orders import Accepted
from polypost.posts.queries import Shown
from polypost.posts.several import Creation, create_several
from polypost.storage import Joint, Store

log = structlog.get_logger("polypost.intake")

TELL_SECONDS = 1.0
VERDICT_SECONDS = 2.0
_LOOK_SECONDS = 0.1
Make = Callable[[Connection, Arrival], Accepted]


@dataclass(frozen=True, slots=True)
class Taken:
    """What acceptance made; `shown` is the post as that very transaction saw it, where it was there before or asked for."""

    accepted: Accepted
    shown: Shown | None


class _Running:
    """A request among those that run, while the block does; `answered` is set at its end."""

    def __init__(self, all_of_them: _All, asked: Submission) -> None:
        self._all, self._asked, self._same = all_of_them, asked, _of(asked)
        self.answered = asyncio.Event()

    def __enter__(self) -> None:
        self._all.setdefault(self._same, {})[self._asked] = self

    def __exit__(self, *_: object) -> None:
        self.answered.set()
        equal = self._all[self._same]
        del equal[self._asked]
        if not equal:
            del self._all[self._same]


# By who sends which body.
_All = dict[tuple[str, int], dict[Submission, _Running]]


class InFlight:
    """The requests for a post that this process has not answered yet, by who sends which body.

    `shared` says that other servers accept into the same store: then it also tells them, once a second and for
    many posts at once, which answers have gone out, and that this server lives.
    """

    def __init__(self, store: Store, acceptance: Acceptance, *, server: str, shared: bool) -> None:
        self._store = store
        self._acceptance = acceptance
        self._server = server
        self._shared = shared
        self._running: _All = {}
        self._open: set[str] = set()
        self._answered: set[str] = set()
        self._lost: dict[str, str] = {}

    async def enter(self, asked: Submission) -> AbstractContextManager[None]:
        """Wait for equal requests whose clients have gone; then what makes it one that runs, while the block does.

        Those with a key are told from each other by that.
        """
        if asked.key is not None:
            return nullcontext()
        await self._let_gone_end(asked)
        return _Running(self._running, asked)

    async def accept(self, asked: Submission, make: Make, *, show: bool = False) -> Taken:
        """Accept by `make`, in one transaction; an equal request whose answer is under way is heard first.

        Raises what `make` and `Acceptance.take` raise.
        """
        project_id, again, beside = asked.project.id, False, False
        while True:
            if self._lost:
                # An equal body must find what was lost, so nothing is accepted before that stands in the store.
                await self._flush()
            arrival = Arrival(await asked.submitter.gone(), again=again, beside=beside)
            write: Callable[[Connection], Taken] = partial(_write, project_id, make, arrival, show)
            if isinstance(make, Creation) and arrival == ARRIVED and make.joins:
                write = Joint(make, write, _write_several)
            try:
                taken: Taken = (
                    await self._acceptance.take(asked.same, write, lose=partial(_lose, project_id))
                )[0]
            except EqualOpen as equal:
                again, beside = True, await self._is_beside(equal, asked)
                continue
            if self._shared and asked.key is None:
                self._open.add(taken.accepted.post_id)
            return taken

    async def answering(self, asked: Submission, post_id: str) -> None:
        """The last look before an answer: if its client has gone, the same body again is no second post."""
        if await asked.submitter.gone():
            self._lost[post_id] = asked.project.id
            try:
                await self._flush()
            except StoreUnavailable as trouble:
                log.warning("a lost answer could not be noted yet", post=post_id, reason=str(trouble))
        elif post_id in self._open:
            self._answered.add(post_id)

    async def tell(self) -> None:
        """Write down what was answered and what was lost; to be called every `TELL_SECONDS`, and at the end."""
        if self._open or self._lost:
            try:
                await self._flush()
            except StoreUnavailable as trouble:
                log.warning("answers could not be noted yet", reason=str(trouble))

    async def _flush(self) -> None:
        lost, answered = dict(self._lost), self._answered - self._lost.keys()

        def write(db: Connection) -> None:
            if self._shared:
                deliveries.sign(db, self._server, clock.now())
            if answered:
                deliveries.settle(db, answered)
            for post_id, project_id in lost.items():
                deliveries.lose(db, project_id, post_id)

        await self._store.write(write)
        self._open -= answered | lost.keys()
        self._answered -= answered | lost.keys()
        for post_id in lost:
            self._lost.pop(post_id, None)

    async def _let_gone_end(self, asked: Submission) -> bool:
        """Wait for the ends of equal requests whose clients have gone; whether there was one."""
        waited = False
        for earlier, running in list(self._running.get(_of(asked), {}).items()):
            if earlier is not asked and await earlier.submitter.gone():
                await running.answered.wait()
                waited = True
        return waited

    async def _is_beside(self, equal: EqualOpen, asked: Submission) -> bool:
        """Whether the equal post's client gets its answer, so that this request is for another post."""
        if equal.server in {"", self._server}:
            return equal.server != "" and not await self._let_gone_end(asked)
        loop = asyncio.get_running_loop()
        end = loop.time() + VERDICT_SECONDS
        first: int | None = None
        while True:
            under_way, signs = await self._store.read(
                lambda db: deliveries.verdict(db, equal.post_id, equal.server)
            )
            if not under_way:
                return False
            first = signs if first is None else first
            if loop.time() > end:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if signs > first:
            return True
        log.warning("a server is silent, so its answer is taken for lost", server=equal.server)
        await self._store.write(lambda db: deliveries.lose_if_open(db, equal.post_id))
        return False


def _of(asked: Submission) -> tuple[str, int]:
    """By what equal requests without a key are told."""
    return (asked.submitter.who.key_id, asked.fingerprint)


def _write(project_id: str, make: Make, arrival: Arrival, show: bool, db: Connection) -> Taken:  # noqa: FBT001  # a partial's own
    accepted = make(db, arrival)
    asked = show or accepted.replayed
    return Taken(accepted, queries.held(db, project_id, accepted.post_id) if asked else None)


def _write_several(db: Connection, asked: Sequence[Creation]) -> list[Taken | None]:
    return [made if made is None else Taken(made, None) for made in create_several(db, asked)]


def _lose(project_id: str, db: Connection, taken: Taken) -> None:
    deliveries.lose(db, project_id, taken.accepted.post_id)

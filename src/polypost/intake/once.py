"""Each submission does its work once, however often it comes (RELIABILITY A1, A3, A8, E1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from polypost import clock
from polypost.errors import ServiceUnavailable
from polypost.intake.acceptance import Acceptance, Undo
from polypost.intake.in_flight import InFlight, Make, Taken
from polypost.intake.submissions import Submission
from polypost.posts import accept, changes, keys, queries
from polypost.posts.deliveries import Arrival
from polypost.posts.orders import Accepted, Context
from polypost.posts.queries import Shown
from polypost.storage import Store, receipt

T = TypeVar("T")
SILENCE_SECONDS = 30.0


class Changed(NamedTuple):
    """A post after a change, and whether an equal submission had made that before."""

    post: Shown
    replayed: bool


class Once:
    """Lets submissions do their work; one instance a process. `seconds` is how long one may take to be accepted."""

    def __init__(self, store: Store, context: Context, *, seconds: float) -> None:
        self._store = store
        self._context = context
        self._acceptance = Acceptance(store, seconds=seconds)
        self.in_flight = InFlight(store, self._acceptance, server=context.server, shared=context.shared)

    async def promise(self) -> None:
        """Raises ServiceUnavailable when nobody would carry out what is accepted (RELIABILITY A8)."""
        if self._context.engine.rests is not None:
            raise ServiceUnavailable(
                "This server's store is a copy, and nothing is carried out until its operator says what became of the "
                "original. Nothing was stored.",
                code="store_held",
                headers={"Retry-After": "60"},
            )
        if await self._context.engine.silence() > SILENCE_SECONDS:
            raise ServiceUnavailable(
                "Scheduling is unavailable: no worker has been heard for 30 seconds. Nothing was stored.",
                code="no_worker",
                headers={"Retry-After": "10"},
            )

    async def post(
        self,
        asked: Submission,
        prepare: Callable[[], Awaitable[Make]],
        answer: Callable[[Taken], Awaitable[T]],
        *,
        show: bool = False,
    ) -> T:
        """Accept a post, or find the one that an equal submission made; what `answer` makes of it.

        `prepare` gives what makes it in the transaction; with `show` the post is read there too. Equal submissions
        count as under way until `answer` is done. Raises what all three raise, KeyReused, ServiceUnavailable.
        """
        with await self.in_flight.enter(asked):
            taken = await self.in_flight.accept(asked, await prepare(), show=show)
            answered = await answer(taken)
            await self.in_flight.answering(asked, taken.accepted.post_id)
            return answered

    def made_before(self, db: Connection, asked: Submission, arrival: Arrival) -> Accepted | None:
        """The post that an equal submission made, also where it would not be taken any more."""
        return accept.made_before(
            db,
            self._context,
            asked.project,
            operation=asked.operation,
            arrival=arrival,
            **asked.asked,
        )

    async def change(
        self, asked: Submission, post_id: str, change: Callable[[Connection], object]
    ) -> Changed:
        """Change a post, or do nothing where the submission's key has been used for it: the post then.

        Raises what `change` raises, NotFound, KeyReused, ServiceUnavailable.
        """
        project_id = asked.project.id

        def write(db: Connection) -> Changed:
            if asked.key is not None:
                known = (db, project_id, asked.operation, asked.key, asked.fingerprint)
                if keys.find(*known) == post_id:
                    return Changed(queries.held(db, project_id, post_id), replayed=True)
                changes.load(db, project_id, post_id)
                if keys.remember(*known, post_id, clock.now()):
                    return Changed(queries.held(db, project_id, post_id), replayed=True)
            change(db)
            receipt(db)
            return Changed(queries.held(db, project_id, post_id), replayed=False)

        (found, replayed), again = await self.take(asked, write)
        return Changed(found, replayed or again)

    async def changed_before(self, asked: Submission, post_id: str) -> bool:
        """Whether its key stands for this change, which may be one that would not be taken any more."""
        key = asked.key
        if key is None:
            return False
        known = await self._store.read(
            lambda db: keys.find(db, asked.project.id, asked.operation, key, asked.fingerprint)
        )
        return known == post_id

    async def take(
        self, asked: Submission, write: Callable[[Connection], T], *, lose: Undo[T] | None = None
    ) -> tuple[T, bool]:
        """What `write` returned, which finds repeats itself, and whether that was for an equal submission.

        Raises what `write` raises, ServiceUnavailable. `lose` as `Acceptance.take` has it.
        """
        return await self._acceptance.take(asked.same, write, lose=lose)

    async def aclose(self) -> None:
        """Ask for the end of no commit any more, and write down what was answered."""
        await self._acceptance.aclose()
        await self.in_flight.tell()

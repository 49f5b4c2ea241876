"""The door for posts that plan themselves: schedules, posts that take a queue's next slot, and drafts that get their hour."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from polypost.errors import InvalidRequest, Problem
from polypost.intake import Intake, Submission, Submitter
from polypost.intake.bodies import read
from polypost.intake.in_flight import Make, Taken
from polypost.intake.once import Changed
from polypost.planning import queues, schedules
from polypost.planning.bodies import (
    QueuePostBody,
    ScheduleBody,
    ScheduleChange,
    ScheduleDraftBody,
    recurrence_of,
    when_of,
)
from polypost.planning.recurrence import Recurrence
from polypost.planning.schedules import Schedule
from polypost.planning.templates import Template
from polypost.posts import accept, changes, drafts
from polypost.posts.deliveries import Arrival
from polypost.posts.orders import Accepted, Context, NewPost, When
from polypost.storage import Store, receipt

T = TypeVar("T")
QUEUE_POST = "POST /v1/queue/posts"
SCHEDULE = "POST /v1/schedules"


class Planner:
    """Takes in what is planned; one instance a process."""

    def __init__(self, store: Store, context: Context, intake: Intake) -> None:
        self._store = store
        self._context = context
        self._intake = intake
        self._reader = intake.reader
        self._once = intake.once
        self._horizon = intake.reader.horizon

    async def queue(
        self, submitter: Submitter, raw: dict[str, Any], answer: Callable[[Taken], Awaitable[T]]
    ) -> T:
        """What `answer` makes of a post into the next free slot, or of the one that an equal request made.

        Raises InvalidRequest with every problem, NotFound, Conflict, PaymentRequired, KeyReused, ServiceUnavailable.
        """
        asked = submitter.submits(QUEUE_POST, "queue", raw)

        async def prepare() -> Make:
            reading = await self._reader.read(QueuePostBody, raw)
            await self._reader.check(asked.project.id, reading)
            return self._into_slot(asked, asked.order(reading.order), reading.body.profileId)

        await self._once.promise()
        return await self._once.post(asked, prepare, answer, show=True)

    async def schedule_draft(self, submitter: Submitter, post_id: str, raw: dict[str, Any]) -> Changed:
        """The draft becomes an ordinary post, now, at an hour or in the queue.

        Raises NotFound, Conflict, InvalidRequest, PaymentRequired, KeyReused, ServiceUnavailable.
        """
        body = read(ScheduleDraftBody, raw)
        await self._once.promise()
        asked = submitter.submits(f"POST /v1/posts/drafts/{post_id}/schedule", raw)
        project = asked.project
        row, wrong = await self._intake.draft_problems(asked, post_id)
        when, problems = when_of(body, row.timezone, self._horizon)
        problems += wrong

        def change(db: Connection) -> None:
            if problems:
                raise InvalidRequest(problems)
            if body.queue is not True:
                drafts.schedule(db, self._context, project, post_id, when)
                return
            slot, hold = self.slot(db, project.id, body.profileId)
            drafts.schedule(db, self._context, project, post_id, slot)
            hold(post_id)

        return await self._once.change(asked, post_id, change)

    async def hour_of(self, project_id: str, post_id: str, raw: dict[str, Any]) -> tuple[When | None, bool]:
        """The hour that the body of `schedule_draft` gives a draft, None for now; and whether it is the queue's to give.

        Raises NotFound, InvalidRequest.
        """
        body = read(ScheduleDraftBody, raw)
        row = await self._store.read(lambda db: changes.load(db, project_id, post_id))
        when, problems = when_of(body, row.timezone, self._horizon)
        if body.profileId is not None:
            hint = "Leave it out: what waits for approval takes a slot of the project's own queue."
            problems.append(Problem("profileId", "cannot be asked for", hint, "not_offered"))
        if problems:
            raise InvalidRequest(problems)
        return when, body.queue is True

    def slot(
        self, db: Connection, project_id: str, profile_id: str | None = None
    ) -> tuple[When, Callable[[str], None]]:
        """The next free slot of a queue, and what gives it to a post in this transaction. Raises NotFound, Conflict."""
        queue, slot = queues.take(db, project_id, profile_id, self._horizon)
        return slot, lambda post_id: queues.hold(db, project_id, queue, post_id, slot)

    async def create(self, submitter: Submitter, raw: dict[str, Any]) -> tuple[Schedule, bool]:
        """A schedule and the posts of its next days, and whether an equal request under its key had made it.

        Raises InvalidRequest with every problem, PaymentRequired, KeyReused, ServiceUnavailable.
        """
        await self._once.promise()
        asked = submitter.submits(SCHEDULE, "schedule", raw)
        template = await self._template(asked.project.id, raw)

        def write(db: Connection) -> tuple[Schedule, bool]:
            receipt(db)
            return schedules.create(
                db,
                self._context,
                asked.project,
                template,
                horizon=self._horizon,
                idempotency_key=asked.key,
                fingerprint=asked.fingerprint,
            )

        (made, known), again = await self._once.take(asked, write)
        return made, known or again

    async def change(self, submitter: Submitter, schedule_id: str, raw: dict[str, Any]) -> Schedule:
        """Change what is named; the posts that wait for their hour follow. Raises as `create` does, NotFound."""
        await self._once.promise()
        read(ScheduleChange, raw)
        asked = submitter.submits(f"PATCH /v1/schedules/{schedule_id}", raw)
        project = asked.project
        before = await self._store.read(lambda db: schedules.get(db, project.id, schedule_id))
        template = await self._template(project.id, before.template.body | raw, before.template)

        def write(db: Connection) -> Schedule:
            receipt(db)
            return schedules.change(db, self._context, project, schedule_id, template, horizon=self._horizon)

        return (await self._once.take(asked, write))[0]

    async def resume(self, submitter: Submitter, schedule_id: str) -> Schedule:
        """Go on with what lies ahead. Raises NotFound, ServiceUnavailable."""
        await self._once.promise()
        asked = submitter.submits(f"POST /v1/schedules/{schedule_id}/resume")

        def write(db: Connection) -> Schedule:
            receipt(db)
            return schedules.resume(db, self._context, asked.project, schedule_id, horizon=self._horizon)

        return (await self._once.take(asked, write))[0]

    def _into_slot(self, asked: Submission, order: NewPost, profile_id: str | None) -> Make:
        """What makes the post in the transaction in which it takes its slot."""
        project = asked.project

        def make(db: Connection, arrival: Arrival) -> Accepted:
            known = self._once.made_before(db, asked, arrival)
            if known is not None:
                return known
            queue, slot = queues.take(db, project.id, profile_id, self._horizon)
            timed = order._replace(when=slot, timezone=queue.timezone)
            accepted = accept.create(db, self._context, project, timed, arrival)
            # An equal request under the same key may have been faster while this one waited for the queue.
            if not accepted.replayed:
                queues.hold(db, project.id, queue, accepted.post_id, slot)
            return accepted

        return make

    async def _template(
        self, project_id: str, raw: dict[str, Any], before: Template | None = None
    ) -> Template:
        """The template in a body. Raises InvalidRequest with every problem that can be seen, whatever its kind.

        Times that are those of the one `before` are good, even if they are over.
        """
        reading = await self._reader.read(ScheduleBody, raw)
        body, order = reading.body, reading.order
        times = (body.rule, body.startsAt, body.timezone)
        recurrence: Recurrence | None
        wrong: list[Problem]
        if before is not None and times == (before.rule, before.starts_at.isoformat(), before.timezone):
            recurrence, wrong = before.recurrence, []
        else:
            recurrence, wrong = recurrence_of(*times)
        await self._reader.check(project_id, reading, *wrong)
        assert recurrence is not None
        return Template(
            body.name,
            order.content,
            order.targets,
            order.media,
            body.timezone,
            body.rule,
            recurrence.start,
            order.late,
        )

"""Approving: the draft becomes a post, through the door that every draft takes, if it is still what was seen."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from polypost import clock
from polypost.approvals import asking, links
from polypost.approvals.asking import By, Hour, Pending
from polypost.approvals.tables import APPROVED
from polypost.errors import Conflict, InvalidRequest, NotFound
from polypost.intake import Intake, Submitter
from polypost.intake.once import Changed
from polypost.intake.times import resolve
from polypost.posts import drafts, queries
from polypost.posts.orders import Context, When, hour_of
from polypost.storage import Store

# The next free slot of a project's queue, and what gives it to a post in the same transaction.
Slot = Callable[[Connection, str], tuple[When, Callable[[str], None]]]


class Approvals:
    """Makes posts of approved drafts; one instance a process."""

    def __init__(self, store: Store, context: Context, intake: Intake, slot: Slot) -> None:
        self._store = store
        self._context = context
        self._intake = intake
        self._slot = slot

    def hour(self, said: str, zone: str) -> Hour:
        """The hour that somebody asks for. Raises InvalidRequest."""
        when, wrong = resolve(said, zone, self._intake.reader.horizon, "scheduledFor")
        if when is None:
            raise InvalidRequest([wrong] if wrong else [])
        return Hour(when)

    async def request(
        self, submitter: Submitter, post_id: str, hour: Hour | None = None, *, text: str = ""
    ) -> Changed:
        """Put a draft up for approval in the name of an API key, at the `hour` that it has if none is given.

        Raises Forbidden, NotFound, Conflict, InvalidRequest with all that would be wrong with it as a post, KeyReused,
        ServiceUnavailable.
        """
        who = submitter.who
        who.require("draft", "publish")
        text = asking.checked(text, "note")
        said = [hour.queue, hour.when and clock.iso(hour.when.instant)] if hour else None
        asked = submitter.submits(f"ask {post_id}", said, text)
        _, problems = await self._intake.draft_problems(asked, post_id)

        def change(db: Connection) -> None:
            if problems:
                raise InvalidRequest(problems)
            asking.ask(db, asked.project.id, post_id, asking.by_key(db, who), text=text, hour=hour)

        return await self._intake.once.change(asked, post_id, change)

    async def approve(
        self,
        submitter: Submitter,
        post_id: str,
        version: str,
        by: By,
        *,
        text: str = "",
        now: bool = False,
        secret: str | None = None,
    ) -> Changed:
        """The draft goes out at its hour, in the next free slot, or at once where it has none of these, or with `now`.

        It has to be the `version` that was seen. A `secret` is that of the link which is used by this. The same decision
        once more changes nothing. Raises NotFound, Gone, Conflict, InvalidRequest with every problem, PaymentRequired,
        ServiceUnavailable.
        """
        submitter.who.require("publish")
        text = asking.checked(text, "comment")
        await self._intake.once.promise()
        asked = submitter.submits(f"approve {post_id}", version, secret, now)
        project = asked.project

        def look(db: Connection, *, lock: bool = False) -> Pending | None:
            if secret is None and _approved(db, project.id, post_id, version):
                return None
            if secret is not None:
                return links.opened(db, secret, lock=lock).draft
            found = asking.pending(db, project.id, post_id, lock=lock)
            asking.require_version(db, found, version)
            return found

        # What was changed is said before what is wrong with the change.
        await self._store.read(look)
        _, problems = await self._intake.draft_problems(asked, post_id)

        def change(db: Connection) -> None:
            first = look(db)
            if first is None:
                return
            # In the order in which others lock them: the queue before the post.
            slot = self._slot(db, project.id) if first.request.queue and not now else None
            found = look(db, lock=True)
            if found is None:
                return
            if problems:
                raise InvalidRequest(problems)
            hour = None if now else slot[0] if slot else _own_hour(found)
            drafts.schedule(db, self._context, project, post_id, hour)
            if slot:
                slot[1](post_id)
            asking.decide(db, found, APPROVED, version, by, text)

        return await self._intake.once.change(asked, post_id, change)


def _approved(db: Connection, project_id: str, post_id: str, version: str) -> bool:
    """Whether just this was approved, and has been on its way since."""
    request = asking.of_post(db, project_id, post_id)
    if request is None or (request.state, request.version) != (APPROVED, version):
        return False
    try:
        return queries.one(db, project_id, post_id).post.status != "draft"
    except NotFound:
        return False


def _own_hour(found: Pending) -> When | None:
    """The hour that the draft was shown with, by the zone's rules of today. Raises Conflict when it is over."""
    post = found.post
    if post.scheduled_for is None:
        return None
    if found.passed:
        raise Conflict(
            f"The hour of this post was {clock.iso(post.scheduled_for)}, which is over.",
            code="hour_passed",
            next_step="Give it another one, or publish it now.",
        )
    return hour_of(post)

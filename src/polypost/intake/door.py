"""The door for posts: every entrance hands in bodies here, and gets back what became of them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from polypost.access import Principal
from polypost.errors import InvalidRequest, Problem
from polypost.intake.bodies import CreateBody, DraftBody, EditBody, RescheduleBody, RetryBody, read
from polypost.intake.in_flight import Make, Taken
from polypost.intake.once import Changed, Once
from polypost.intake.partial_validation import aside
from polypost.intake.reading import BodyReader, Reading
from polypost.intake.submissions import Submission, Submitter
from polypost.intake.times import resolve
from polypost.integrations import Integration
from polypost.media import Library, StoredFile, most_for
from polypost.observability import failpoints
from polypost.platforms.registry import connector
from polypost.posts import changes, checks, drafts, queries
from polypost.posts.deliveries import Arrival
from polypost.posts.mending import mend_failed
from polypost.posts.orders import CREATE, Accepted, Context, NewPost, When
from polypost.posts.preview import Preview, judge_media, preview
from polypost.posts.several import Creation
from polypost.posts.tables import PostRow
from polypost.probe import Facts
from polypost.storage import Store

T = TypeVar("T")
Along = Callable[[Connection, str], None]
DRAFT = "POST /v1/posts/drafts"


class Created(NamedTuple):
    """A post that was taken; `order` is None where it was not read, because an equal one had been taken."""

    taken: Taken
    order: NewPost | None


class Moved(NamedTuple):
    """The hour of a post after a change, with what there is to say of it."""

    at: datetime | None
    note: str | None
    replayed: bool


class KeptDraft(NamedTuple):
    """A draft, and what would be wrong with it as a post."""

    post: queries.Shown
    warnings: list[Problem]
    replayed: bool


@dataclass(frozen=True, slots=True)
class DryRun:
    """What acceptance would say to a body. What `said` has of accounts is true only where they are `known`.

    `found` has the accounts, `facts` those of the media by URL, as far as they were measured, `changes` what will be
    done to these; `large` bodies take long.
    """

    problems: list[Problem]
    order: NewPost
    said: Preview
    known: bool
    found: Mapping[str, Integration]
    facts: Mapping[str, Facts]
    changes: list[str]
    large: bool


class Intake:
    """Takes posts in; one instance a process."""

    def __init__(
        self, store: Store, context: Context, reader: BodyReader, media: Library, *, seconds: float
    ) -> None:
        self.reader = reader
        self.once = Once(store, context, seconds=seconds)
        self._store = store
        self._context = context
        self._media = media

    async def create(
        self, submitter: Submitter, raw: dict[str, Any], answer: Callable[[Created], Awaitable[T]]
    ) -> T:
        """What `answer` makes of a new post of a create body, or of the one that an equal request made.

        Raises InvalidRequest with every problem, PaymentRequired, KeyReused, ServiceUnavailable.
        """
        asked = submitter.submits(CREATE, raw)
        order: NewPost | None = None

        async def prepare() -> Make:
            nonlocal order
            try:
                order = asked.order(await self._checked(asked, CreateBody, raw))
            except InvalidRequest as wrong:
                return self._found_or(asked, wrong)
            return Creation(self._context, asked.project, order)

        async def created(taken: Taken) -> T:
            if order is not None:
                failpoints.hit("P3")
            return await answer(Created(taken, order))

        await self.once.promise()
        return await self.once.post(asked, prepare, created)

    async def preview(self, who: Principal, raw: dict[str, Any], *, probe: bool) -> DryRun:
        """What `create` would say to this body; with `probe`, after its media were fetched and measured."""
        project = who.project
        reading = await self.reader.read(CreateBody, raw, who.profiles)
        order = reading.order
        said, found = await self._store.read(lambda db: preview(db, self._context, project, order))
        judged = await aside(reading.large, lambda: checks.problems_of(order, found))
        problems, known = reading.problems(*judged), not reading.fitting.problems
        facts: Mapping[str, Facts] = {}
        changes: list[str] = []
        if probe and not problems:
            wrong, changes, facts = await self._probed(project.id, order, found)
            problems += wrong
        if known and said.left is not None and said.price > said.left:
            says = f"needs {said.price} credits and {said.left} are left"
            hint = "Raise the project's limit or publish to fewer accounts."
            problems.append(Problem("platforms", says, hint, "insufficient_credits"))
        return DryRun(problems, order, said, known, found, facts, changes, reading.large)

    async def retry(self, submitter: Submitter, post_id: str, raw: dict[str, Any]) -> Changed:
        """Failed targets once more.

        Raises NotFound, Conflict, InvalidRequest, PaymentRequired, KeyReused, ServiceUnavailable.
        """
        body = read(RetryBody, raw)
        await self.once.promise()
        asked = submitter.submits(f"POST /v1/posts/{post_id}/retry", raw)
        chosen = [(entry.platform, entry.accountId) for entry in body.platforms] if body.platforms else None
        return await self.once.change(
            asked,
            post_id,
            lambda db: changes.retry(db, self._context, asked.project, post_id, chosen, force=body.force),
        )

    async def mend(self, submitter: Submitter, post_id: str, raw: dict[str, Any]) -> Changed:
        """Failed targets, changed, once more. Raises as `retry` does."""
        await self.once.promise()
        asked = submitter.submits(f"PUT /v1/posts/{post_id}", raw)
        known = await self._store.read(lambda db: queries.one(db, asked.project.id, post_id, deleted=True))
        try:
            mend = await self.reader.mend(asked.project.id, raw, known, by=submitter.who.key_id)
        except InvalidRequest:
            if await self.once.changed_before(asked, post_id):
                return Changed(known, replayed=True)
            raise
        return await self.once.change(
            asked, post_id, lambda db: mend_failed(db, self._context, asked.project, post_id, mend)
        )

    async def reschedule(self, submitter: Submitter, post_id: str, raw: dict[str, Any]) -> Moved:
        """Another hour; a naive time is read in the zone given, else in the post's own. Raises as `retry` does."""
        body = read(RescheduleBody, raw)
        await self.once.promise()
        asked = submitter.submits(f"PATCH /v1/posts/scheduled/{post_id}", raw)
        row, problems = await self.draft_problems(asked, post_id)
        zone = row.timezone if body.timezone is None else body.timezone
        when, wrong = resolve(body.scheduledFor, zone, self.reader.horizon, "scheduledFor")
        if when is None:
            if await self.once.changed_before(asked, post_id):
                return Moved(row.scheduled_for, row.warning, replayed=True)
            raise InvalidRequest([wrong] if wrong else [])

        def move(db: Connection) -> None:
            if problems:
                raise InvalidRequest(problems)
            changes.reschedule(db, self._context, asked.project, post_id, when)

        _, replayed = await self.once.change(asked, post_id, move)
        return Moved(when.instant, when.note, replayed)

    async def edit(self, submitter: Submitter, post_id: str, raw: dict[str, Any]) -> Moved:
        """The whole post anew, while it is still scheduled. Raises as `retry` does."""
        await self.once.promise()
        asked = submitter.submits(f"PUT /v1/posts/scheduled/{post_id}", raw)
        row = await self._row(asked, post_id)
        body = dict(raw)
        if isinstance(body.get("scheduledFor"), str) and body.get("timezone") is None:
            body["timezone"] = row.timezone
        try:
            order = (await self._checked(asked, EditBody, body))._replace(raw=raw)
        except InvalidRequest:
            if await self.once.changed_before(asked, post_id):
                return Moved(row.scheduled_for, row.warning, replayed=True)
            raise
        if order.when is None and raw.get("timezone") is not None:
            order = order._replace(when=_in_zone(row, order.timezone, self.reader.horizon))
        _, replayed = await self.once.change(
            asked, post_id, lambda db: changes.edit(db, self._context, asked.project, post_id, order)
        )
        if order.when is None:
            return Moved(row.scheduled_for, None, replayed)
        return Moved(order.when.instant, order.when.note, replayed)

    async def keep_draft(
        self, submitter: Submitter, raw: dict[str, Any], also: Along | None = None
    ) -> KeptDraft:
        """A draft: what would be wrong with it as a post is said, not refused.

        `also` writes what belongs to it, in its transaction; not for a repeat. Raises InvalidRequest for its shape, zone
        and accounts, KeyReused, ServiceUnavailable.
        """
        asked = submitter.submits(DRAFT, "draft", raw)
        reading = await self._draft(asked, raw)
        order = asked.order(reading.order)

        def write(db: Connection) -> KeptDraft:
            post_id, warnings, known = drafts.create(db, self._context, asked.project, order)
            if also is not None and not known:
                also(db, post_id)
            return KeptDraft(queries.held(db, asked.project.id, post_id), warnings, known)

        (found, warnings, known), again = await self.once.take(asked, write)
        return KeptDraft(found, reading.found + warnings, known or again)

    async def edit_draft(
        self, submitter: Submitter, post_id: str, raw: dict[str, Any], also: Along | None = None
    ) -> KeptDraft:
        """The whole draft anew; a cancelled post is one too. Raises as `keep_draft` does, NotFound, Conflict."""
        asked = submitter.submits(f"PUT /v1/posts/drafts/{post_id}", raw)
        reading = await self._draft(asked, raw)
        warnings: list[Problem] = []

        def change(db: Connection) -> None:
            warnings[:] = drafts.edit(db, self._context, asked.project, post_id, reading.order)
            if also is not None:
                also(db, post_id)

        found, replayed = await self.once.change(asked, post_id, change)
        return KeptDraft(found, reading.found + warnings, replayed)

    async def draft_problems(self, asked: Submission, post_id: str) -> tuple[PostRow, list[Problem]]:
        """A post's row, and what is wrong with it where it is a draft that is about to become more. Raises NotFound."""
        row, order = await self._store.read(lambda db: changes.stored(db, asked.project.id, post_id))
        draft = row.status == "draft"
        return row, await self.reader.judged_anew(asked.project.id, order) if draft else []

    def _found_or(self, asked: Submission, refused: InvalidRequest) -> Make:
        """What finds the post of an equal request, since what is wrong by now may have been right then."""

        def find(db: Connection, arrival: Arrival) -> Accepted:
            known = self.once.made_before(db, asked, arrival)
            if known is None:
                raise refused
            return known

        return find

    async def _checked(self, asked: Submission, model: type[EditBody], raw: dict[str, Any]) -> NewPost:
        """The order in a body. Raises InvalidRequest with every problem that can be seen."""
        reading = await self.reader.read(model, raw, asked.profiles)
        await self.reader.check(asked.project.id, reading)
        return reading.order

    async def _draft(self, asked: Submission, raw: dict[str, Any]) -> Reading[DraftBody]:
        reading = await self.reader.read(DraftBody, raw, asked.profiles)
        zone = [each for each in reading.found if each.path == "timezone"]
        if wrong := reading.problems() if reading.fitting.problems else zone:
            raise InvalidRequest(wrong)
        if reading.large:
            await self.reader.judged(asked.project.id, reading.order)
        return reading

    async def _row(self, asked: Submission, post_id: str) -> PostRow:
        return await self._store.read(lambda db: changes.load(db, asked.project.id, post_id, deleted=True))

    async def _probed(
        self, project_id: str, order: NewPost, found: Mapping[str, Integration]
    ) -> tuple[list[Problem], list[str], Mapping[str, Facts]]:
        """What is wrong with an order once its media are here, what will be done to them, and the facts of those that came."""
        wanted = [*order.media, *checks.option_media(order)]
        if not wanted:
            return [], [], {}
        fetch_id = f"dry_{secrets.token_hex(8)}"
        stored = await self._media.open(project_id, fetch_id, wanted, most=_most(order))
        await self._media.expire([fetch_id])
        facts = {url: got.facts for url, got in stored.items() if isinstance(got, StoredFile)}
        problems, changes = judge_media(order, found, stored)
        return problems, changes, facts


def _most(order: NewPost) -> int | None:
    """The most bytes of a video that are fetched for any network of an order."""
    networks = [network for target in order.targets if (network := connector(target.platform)) is not None]
    return max((most_for(network.spec) for network in networks), default=None)


def _in_zone(row: PostRow, zone: str, horizon: timedelta) -> When | None:
    """The post's hour in another zone: a wall time moves with it, an instant stays and is only shown in it."""
    if row.scheduled_for is None:
        return None
    if row.local_time is None:
        return When(row.scheduled_for, zone)
    when, wrong = resolve(row.local_time, zone, horizon, "timezone")
    if when is None:
        raise InvalidRequest([wrong] if wrong else [])
    return when

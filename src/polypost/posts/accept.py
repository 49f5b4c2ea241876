"""Acceptance: post, targets, reservation, idempotency row, event and wake-ups in one commit (RELIABILITY S1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any

import structlog
from sqlalchemy import Connection, Text, bindparam, cast, delete, func, select, update

from polypost import clock, media
from polypost.access import Project
from polypost.credits import service as credits
from polypost.engine import WakeUp, rung
from polypost.errors import InvalidRequest
from polypost.events import Events
from polypost.integrations import service as integrations
from polypost.observability import failpoints, metrics
from polypost.posts import deliveries, keys, post_events
from polypost.posts.checks import changes_for, problems_of
from polypost.posts.deliveries import ARRIVED, Arrival, EqualOpen
from polypost.posts.orders import Accepted, Context, NewPost, NewTarget, stored_value
from polypost.posts.states import State
from polypost.posts.tables import TargetKey, posts, targets
from polypost.storage import (
    HotInsert,
    HotSelect,
    Insert,
    Write,
    after_commit,
    keep_receipt,
    new_id,
    together,
    told_with,
)

log = structlog.get_logger("polypost.posts")
KIND = "publish"

_INSERT_POST = HotInsert(posts)
# PostgreSQL tells the transaction's id along with what is written, for the case that the answer to COMMIT is lost.
_RECEIPT = HotSelect(select(cast(func.pg_current_xact_id(), Text)), tuple[str])
# An equal body of the same key whose answer is under way is found by this very statement.
_INSERT_OPEN = HotInsert(
    posts,
    {"postgresql": "ON CONFLICT (fingerprint, api_key_id) WHERE delivery = 'open' DO NOTHING RETURNING id"},
)
_INSERT_TARGETS = HotInsert(targets)
_ANSWER = select(posts.c.id, posts.c.status, posts.c.scheduled_for, posts.c.warning).where(
    posts.c.id == bindparam("post"), posts.c.project_id == bindparam("project")
)


def create(
    db: Connection, context: Context, project: Project, order: NewPost, arrival: Arrival = ARRIVED
) -> Accepted:
    """Accept the order, or find the post it already made.

    Raises InvalidRequest with every problem, PaymentRequired, KeyReused, EqualOpen; then nothing is stored.
    """
    now = clock.now()
    post_id = new_id("post")
    known = _already_there(db, context, project, order, post_id, now, arrival)
    if known is not None:
        return _answer(db, project.id, known)
    new = New.of(context, project, order, post_id, now)
    new.post["delivery"] = _delivery(context, order, arrival)
    # Before the credits: who waits here for an equal one must not hold what that one needs.
    opened = context.shared and by_body(order)
    ids = [target.integration_id for target in order.targets]
    if opened:
        stored, found = integrations.find_with(db, Insert(_INSERT_OPEN, [new.post]), project.id, ids)
    else:
        stored, found = False, integrations.find(db, project.id, ids)
    problems = problems_of(order, found)
    if problems:
        if opened:
            db.execute(delete(posts).where(posts.c.id == post_id, posts.c.project_id == project.id))
        # What has become wrong since may still be a repeat of what was right.
        if by_body(order):
            known = _already_there(db, context, project, order, post_id, now, replace(arrival, again=True))
        if known is None:
            raise InvalidRequest(problems)
        return _answer(db, project.id, known)
    if opened and not stored:
        equal = deliveries.open_equal(db, order.api_key_id, order.fingerprint)
        raise equal or EqualOpen(post_id, "")
    # Publish-now tells what is done to media with the result.
    _note_changes(db, new, changes_for(order, found) if order.when else (), stored=stored)
    # A caller that makes several posts in one transaction goes on with the next when there are too few credits:
    # nothing of this one is written by then.
    writes = credits.reservation(db, project.id, new.entries, funds=project, at=now)
    writes += belongings([new], now)
    if opened:
        lost = write_open(db, [new], writes, now)
        if lost is not None:
            raise EqualOpen(lost, "")
    else:
        _write(db, new.post, writes)
    failpoints.hit("P2")
    media.hold(db, project.id, post_id, uploads_of(order))
    context.engine.wake(db, new.wake_ups)
    after_commit(db, new.tell)
    return new.accepted


def _note_changes(db: Connection, new: New, changes: Sequence[str], *, stored: bool) -> None:
    """Note what will be done to media that are known before their hour."""
    if not changes:
        return
    new.post["warning"] = " ".join([*filter(None, [new.post["warning"]]), "; ".join(changes)])
    if stored:
        row = update(posts).where(posts.c.id == new.post["id"], posts.c.project_id == new.post["project_id"])
        db.execute(row.values(warning=new.post["warning"]))


@dataclass(frozen=True, slots=True)
class New:
    """An order as the rows that it makes."""

    order: NewPost
    due: datetime
    post: dict[str, Any]
    targets: list[dict[str, Any]]

    @classmethod
    def of(cls, context: Context, project: Project, order: NewPost, post_id: str, now: datetime) -> New:
        """The rows of an order without problems, as they are before anything happens to them."""
        due = order.when.instant if order.when else now
        rows = [
            target_row(context, project.id, post_id, place, target, due, now)
            for place, target in enumerate(order.targets)
        ]
        status = "scheduled" if order.when else "publishing"
        return cls(order, due, post_row(context, project.id, post_id, order, status, now), rows)

    @property
    def entries(self) -> list[credits.Entry]:
        """What is to be reserved."""
        return [
            credits.Entry(row["id"], 1, row["price"], row["platform"], row["integration_id"])
            for row in self.targets
        ]

    @property
    def wake_ups(self) -> list[WakeUp]:
        """A wake-up for each target."""
        return [
            WakeUp(KIND, row["id"], self.due, row["integration_id"], row["project_id"])
            for row in self.targets
        ]

    def tell(self) -> None:
        """Say that it was accepted, once that is so."""
        metrics.ACCEPTED.add("now" if self.order.when is None else "later")
        log.info(
            "post accepted",
            post=self.post["id"],
            project=self.post["project_id"],
            key=self.order.api_key_id,
            networks=[row["platform"] for row in self.targets],
            due=clock.iso(self.due),
        )

    @property
    def accepted(self) -> Accepted:
        """What is answered once it is stored."""
        when = self.order.when
        return Accepted(
            post_id=self.post["id"],
            replayed=False,
            status=self.post["status"],
            scheduled_for=when.instant if when else None,
            warning=self.post["warning"],
        )


def wake_up_of(target: TargetKey, at: datetime) -> WakeUp:
    """A wake-up for a target: one of its account's, on its project's share of the seats."""
    return WakeUp(KIND, target.id, at, target.integration_id, target.project_id)


def insert_post(db: Connection, row: dict[str, Any]) -> None:
    """Store the post's row, and have the store remember the transaction."""
    _write(db, row, [])


def _write(db: Connection, row: dict[str, Any], more: Sequence[Write]) -> None:
    writes = [Insert(_INSERT_POST, [row]), *more]
    if db.dialect.name == "postgresql":
        keep_receipt(db, told_with(db, writes, _RECEIPT, {})[0][0])
    else:
        together(db, writes)


def insert_open(db: Connection, news: Sequence[New]) -> set[str]:
    """Store posts whose answers other servers may be asked for; the ids of those to which none is equal."""
    # Two servers wait for each other's equal ones in the same order.
    rows = sorted((new.post for new in news), key=itemgetter("fingerprint", "api_key_id"))
    return {post_id for (post_id,) in _INSERT_OPEN.at_once(db, rows).fetchall()}


def belongings(news: Sequence[New], now: datetime) -> list[Write]:
    """What is written with the posts: their targets, and that they are scheduled."""
    writes: list[Write] = [Insert(_INSERT_TARGETS, [row for new in news for row in new.targets])]
    said = [
        post_events.scheduled(new.post["project_id"], new.post, new.targets, now)
        for new in news
        if new.order.when
    ]
    return [*writes, Events(said)] if said else writes


def write_open(db: Connection, news: Sequence[New], writes: Sequence[Write], now: datetime) -> str | None:
    """Write what belongs to posts that are stored as open; a post whose answer was lost and that may be equal to one."""
    # Only now: until here an equal one could be open at another server, and lost a moment later.
    transaction_id, lost = deliveries.last_look(db, [new.post for new in news], now, writes)
    keep_receipt(db, transaction_id)
    return lost


def by_body(order: NewPost) -> bool:
    """Whether a repeat of this request is known by its body."""
    return order.idempotency_key is None and order.fingerprint is not None


def _delivery(context: Context, order: NewPost, arrival: Arrival) -> str | None:
    """How far the answer is, where a repeat without a key has to know it."""
    if not by_body(order):
        return None
    if context.shared:
        return deliveries.BESIDE if arrival.beside else deliveries.OPEN
    return deliveries.LOST if arrival.gone else None


def made_before(
    db: Connection,
    context: Context,
    project: Project,
    *,
    operation: str,
    api_key_id: str,
    fingerprint: int,
    idempotency_key: str | None,
    arrival: Arrival = ARRIVED,
) -> Accepted | None:
    """The post that an equal request made earlier; None when there is none.

    For a body that would not be taken any more: it may be a repeat of one that was, such as a post for an
    hour that has passed since. Raises KeyReused, EqualOpen.
    """
    if idempotency_key is not None:
        known = keys.find(db, project.id, operation, idempotency_key, fingerprint)
    else:
        known = deliveries.find(
            db, project, api_key_id, fingerprint, clock.now(), server=context.server, gone=arrival.gone
        )
        equal = None
        if known is None and context.shared and not arrival.beside:
            equal = deliveries.open_equal(db, api_key_id, fingerprint)
        if equal is not None:
            raise equal
    return None if known is None else _answer(db, project.id, known)


def _already_there(
    db: Connection,
    context: Context,
    project: Project,
    order: NewPost,
    post_id: str,
    now: datetime,
    arrival: Arrival,
) -> str | None:
    print_ = order.fingerprint
    if order.idempotency_key is not None:
        return keys.remember(
            db, project.id, order.operation, order.idempotency_key, print_ or 0, post_id, now
        )
    if print_ is None:
        return None
    if context.shared and not (arrival.gone or arrival.again or project.dedupe_window_seconds):
        return None
    return deliveries.find(
        db, project, order.api_key_id, print_, now, server=context.server, gone=arrival.gone
    )


def _answer(db: Connection, project_id: str, post_id: str) -> Accepted:
    row = db.execute(_ANSWER, {"post": post_id, "project": project_id}).one()
    return Accepted(
        post_id=row.id, replayed=True, status=row.status, scheduled_for=row.scheduled_for, warning=row.warning
    )


def post_row(
    context: Context, project_id: str, post_id: str, order: NewPost, status: str, now: datetime
) -> dict[str, Any]:
    """The row of a new post."""
    when, late = order.when, order.late
    return {
        "id": post_id,
        "project_id": project_id,
        "api_key_id": order.api_key_id,
        "content": order.content,
        "status": status,
        "media": [stored_value(item) for item in order.media],
        "raw": order.raw,
        "timezone": order.timezone,
        "scheduled_for": when.instant if when else None,
        "local_time": when.local if when else None,
        "tzdata": clock.tzdata_version() if when and when.local else None,
        "warning": when.note if when else None,
        "fingerprint": order.fingerprint,
        "server": context.server,
        "created_at": now,
        "updated_at": now,
        "late": late.policy if late else None,
        "late_after": late.after if late else None,
    }


def uploads_of(order: NewPost) -> set[str]:
    """The addresses of uploads that an order names, in its media and in its options."""
    items = chain(order.media, *(target.media for target in order.targets if target.media))
    addresses = [address for item in items for address in (item.url, item.thumbnail)]
    return media.named(addresses, [target.options for target in order.targets])


def target_row(
    context: Context,
    project_id: str,
    post_id: str,
    position: int,
    target: NewTarget,
    due: datetime,
    now: datetime,
) -> dict[str, Any]:
    """The row of a target that has not begun."""
    return {
        "id": new_id("tgt"),
        "post_id": post_id,
        "project_id": project_id,
        "position": position,
        "platform": target.platform,
        "integration_id": target.integration_id,
        "content": target.content,
        "options": target.options,
        "state": State.SCHEDULED.value,
        "price": context.price(target.platform),
        "generation": 1,
        "due_at": due,
        "next_at": due,
        "rung_at": rung(due),
        "epoch": 0,
        "attempted": False,
        "tries": 0,
        "looks": 0,
        "updated_at": now,
    }

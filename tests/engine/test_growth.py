"""Nothing that is asked of the store on a post's way, in a list, in a sweep or at a start grows with what is stored.

The same is done in a store with next to nothing and in one that is full of history, future and backlog, and what each
statement costs in rows is compared. `POLYPOST_TEST_GROWN=1000000` fills it as far as that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from polypost import access, clock
from polypost.analytics import selection
from polypost.approvals import asking, links
from polypost.approvals.tables import APPROVED, RETURNED, WAITING, approval_requests
from polypost.bulk import uploads
from polypost.credits import balances
from polypost.credits import service as credits
from polypost.credits.tables import ledger
from polypost.engine import LOOKAHEAD
from polypost.events import outbox
from polypost.integrations import profiles
from polypost.integrations import service as integrations
from polypost.planning import queues, schedules, zones
from polypost.posts import (
    accept,
    attempts,
    changes,
    deliveries,
    keys,
    preview,
    queries,
    sweep,
    thinning,
    timeline,
    work,
)
from polypost.posts.orders import When
from polypost.posts.queries import Filters
from polypost.posts.tables import attempts as attempt_rows
from polypost.posts.tables import posts, targets
from polypost.posts.tables import timeline as timeline_rows
from polypost.storage import earliest_id, new_id
from polypost.webhooks import fan_out
from polypost.webhooks import work as hooks
from tests.engine.room import LEASE, Room
from tests.engine.work_done import Work

GROWN = int(os.environ.get("POLYPOST_TEST_GROWN", "4000"))
FEW = 8
BATCH = 5000
HORIZON = timedelta(days=30)
# What may grow, by a piece of its statement, and why.
EXCUSED = {
    "SELECT count(*) AS count_1 FROM posts WHERE": "a total is exact and counted from an index: decision 0032",
    "count(DISTINCT targets.post_id)": "the posts of some accounts are counted from an index: decision 0032",
    "coalesce(targets.content, posts.content) = ?": "PostgreSQL may go by account alone here; it is asked only when"
    " a network has called a text a duplicate",
}
# What stops at so many posts, by a piece of its statement, and what it may cost then.
BOUNDED = {
    "posts.id IN (SELECT posts.id FROM posts": 100 * queries.NEAR,
    "SELECT targets.id FROM targets WHERE targets.integration_id IN (?) LIMIT": 10 * queries.NEAR,
}


def rows_of(room: Room, account: str, number: int, now: datetime) -> dict[Any, dict[str, Any]]:
    """A post with everything that hangs on it: published in the past, or waiting for its hour where `number` is odd."""
    waits = number % 2 == 1
    at = now + timedelta(hours=1, seconds=number) if waits else now - timedelta(hours=1, seconds=number)
    made = now - timedelta(days=30, seconds=number)
    post = f"{earliest_id('post', made.timestamp())}{number:020x}"
    target, project = new_id("tgt"), room.project.id
    status = "scheduled" if waits else "published"
    mine = {"project_id": project, "target_id": target, "integration_id": account, "generation": 1}
    return {
        posts: {
            "id": post,
            "project_id": project,
            "content": f"Post {number}",
            "status": status,
            "media": [],
            "raw": {},
            "timezone": "UTC",
            "scheduled_for": at,
            "created_at": made,
            "updated_at": now,
        },
        targets: _target_row(target, post, project, account, status, at, now),
        ledger: mine | {"kind": "reserve", "amount": 1, "platform": "twitter", "at": now},
        attempt_rows: mine
        | {
            "id": new_id("att"),
            "part": "post",
            "number": 1,
            "epoch": 1,
            "started_at": at,
            "finished_at": at,
            "fingerprint": "",
            "handles": {},
            "outcome": "published",
            "proof_id": f"proof_{number}",
        },
        timeline_rows: {
            "id": new_id("line"),
            "project_id": project,
            "post_id": post,
            "at": at,
            "kind": "accepted",
            "message": "",
        },
        approval_requests: {
            "post_id": post,
            "project_id": project,
            "state": APPROVED,
            "queue": False,
            "version": "",
            "changed_at": made,
        },
        outbox: {
            "id": new_id("evt"),
            "project_id": project,
            "type": "post.published",
            "subject": post,
            "generation": "1",
            "payload": {},
            "at": at,
            "spread_at": at,
        },
    }


def _target_row(
    target: str, post: str, project: str, account: str, status: str, at: datetime, now: datetime
) -> dict[str, Any]:
    out = status == "published"
    return {
        "id": target,
        "post_id": post,
        "project_id": project,
        "position": 0,
        "platform": "twitter",
        "integration_id": account,
        "options": {},
        "state": status,
        "price": 1,
        "generation": 1,
        "due_at": at,
        "next_at": None if out else at,
        "epoch": 0,
        "attempted": out,
        "tries": 0,
        "looks": 0,
        "proof_id": f"net_{target}" if out else None,
        "published_at": at if out else None,
        "updated_at": now,
    }


async def fill(room: Room, count: int) -> None:
    """`count` posts of one account, half of them published and half of them waiting for their hour."""
    now, account = room.now(), room.accounts["twitter"]
    for begin in range(0, count, BATCH):
        made = [rows_of(room, account, number, now) for number in range(begin, min(begin + BATCH, count))]

        def store(db: Connection, made: list[dict[Any, dict[str, Any]]] = made) -> None:
            for table in made[0]:
                rows = [each[table] for each in made]
                if table is attempt_rows:
                    rows = rows[::2]
                db.execute(insert(table), rows)

        await room.store.write(store)
    if room.store.dialect == "postgresql":
        # As autovacuum does.
        await room.store.write(lambda db: db.execute(text("ANALYZE")) and None)


async def a_day(room: Room, project: access.Project) -> None:
    """Everything that happens to posts: accepted, listed, changed, published, cancelled, deleted."""

    async def accepted(text: str, **more: Any) -> str:
        order = room.draft(text, **more)
        made = await room.store.write(lambda db: accept.create(db, room.context, project, order))
        return made.post_id

    await room.settle(await accepted("now"))
    await room.settle(await accepted("two", accounts=room.pair, media=(room.picture,)))
    await room.fault("duplicate")
    failed = await accepted("refused")
    await room.settle(failed)
    await room.store.write(lambda db: changes.retry(db, room.context, project, failed, None, force=False))
    await room.settle(failed)
    later = await accepted("later", after=600)
    when = When(room.now() + timedelta(seconds=900), "UTC")
    order = room.draft("edited", after=700)
    await room.store.write(lambda db: changes.edit(db, room.context, project, later, order))
    await room.store.write(lambda db: changes.reschedule(db, room.context, project, later, when))
    await room.store.write(lambda db: changes.cancel(db, project.id, later))
    await room.store.write(lambda db: changes.reschedule(db, room.context, project, later, when))
    await room.store.write(lambda db: changes.cancel(db, project.id, later))
    await room.store.write(lambda db: changes.remove(db, project.id, later))
    slots = [queues.Slot(weekday, time(9)) for weekday in range(7)]
    await room.store.write(lambda db: queues.put(db, project.id, None, timezone="UTC", slots=slots))
    queue, slot = await room.store.write(lambda db: queues.take(db, project.id, None, HORIZON))
    await room.store.write(lambda db: queues.hold(db, project.id, queue, failed, slot))
    await room.store.read(lambda db: queries.one(db, project.id, failed))
    await room.store.read(lambda db: timeline.read(db, project.id, failed))
    await room.store.read(lambda db: preview.preview(db, room.context, project, order))
    await room.store.write(lambda db: fan_out.fan_out(db, room.now()))


def lists(room: Room, project: access.Project) -> Iterator[Callable[[Connection], Any]]:
    """Every list that has an end, each with its filters."""
    now, account = room.now(), room.accounts["twitter"]
    of_account = [account]
    for filters in (
        Filters(),
        Filters(statuses=["failed"]),
        Filters(statuses=["published", "partial"]),
        Filters(platforms=["youtube"]),
        Filters(integration_ids=[room.accounts["youtube"]]),
        Filters(integration_ids=profiles.accounts(project.id, "prf_none")),
        Filters(
            scheduled_after=now + timedelta(hours=1), scheduled_before=now + timedelta(hours=1, seconds=9)
        ),
        Filters(created_after=now - timedelta(hours=1)),
        Filters(hidden_platforms=["threads"]),
        Filters(platforms=["twitter"], integration_ids=of_account),
    ):
        for descending in (False, True):
            yield lambda db, filters=filters, descending=descending: queries.many(
                db, project.id, filters, limit=5, offset=0, descending=descending
            )
    for descending in (False, True):
        yield lambda db, descending=descending: queries.scheduled(
            db, project.id, Filters(), limit=5, offset=0, descending=descending
        )
    yield lambda db: credits.usage(db, project.id)
    yield lambda db: credits.usage(db, project.id, integration_ids=profiles.accounts(project.id, None))
    yield lambda db: credits.afford(db, project.id, 1, funds=project, at=now)
    yield lambda db: integrations.list_integrations(db, project.id)
    yield lambda db: queues.free(db, project.id, None, count=5, horizon=HORIZON)
    yield lambda db: schedules.list_schedules(db, project.id, status=None, limit=5, offset=0, descending=True)
    yield lambda db: uploads.list_bulks(db, project.id, limit=5, offset=0)
    for state in (WAITING, RETURNED, APPROVED):
        yield lambda db, state=state: asking.listed(db, project.id, state, limit=5)
    yield lambda db: queries.these(db, project.id, ["post_1", "post_2"])
    yield lambda db: asking.said_of(db, project.id, ["post_1", "post_2"])
    yield lambda db: links.open_links(db, project.id, ["post_1", "post_2"])
    span = selection.Span(now - timedelta(hours=1, seconds=9), now)
    own = selection.Own(span)
    yield lambda db: selection.page(
        db, project.id, own, None, sort="date", descending=True, limit=5, offset=0
    )
    yield lambda db: selection.stale(db, project.id, own, now, 5)


async def a_start(room: Room) -> None:
    """What a process asks for when it starts, and by the clock."""
    now = room.now()
    await room.store.write(lambda db: sweep.take_over(db, now) and None)
    await room.store.write(lambda db: hooks.take_over(db, now) and None)
    await room.store.write(lambda db: deliveries.lose_before_start(db, "server_1", now) and None)
    month = now - timedelta(days=30)
    await room.store.write(lambda db: hooks.clean(db, month) and None)
    await room.store.write(lambda db: thinning.thin(db, month, now) and None)
    await room.store.read(lambda db: thinning.overdue(db, room.project.id, month, 5))
    await zones.follow(room.store, room.context)
    await room.store.write(lambda db: keys.clean(db, now) and None)
    await room.store.write(asking.clean)
    await room.store.write(lambda db: links.clean(db, now) and None)
    for since in (None, now):
        await room.store.write(
            lambda db, since=since: sweep.due(db, until=now + LOOKAHEAD, limit=5, unrung_since=since) and None
        )
    await room.store.write(lambda db: sweep.inherit(db, "run_8", now, lease=LEASE) and None)
    await room.store.write(lambda db: hooks.due(db, until=now, limit=5, unrung_since=None) and None)


async def a_claim(room: Room) -> None:
    """A claim, what it asks for while it lasts, and its end."""
    post = await room.post("claimed")
    target = (await room.target(post)).id

    def story(db: Connection) -> None:
        now = clock.now()
        claimed = work.claim(db, target, by="run_9", lease=LEASE, now=now)
        assert isinstance(claimed, work.Claim)
        attempts.begin(db, attempts.Intent(claimed, "post", {}, LEASE), now)
        attempts.same_text_open(db, claimed, until=now)
        work.beat(db, {claimed.target.id: claimed.epoch}, by="run_9", until=now + 2 * LEASE)
        work.leave(db, claimed, now)

    await room.store.write(story)


def measured(tell: Callable[..., None], count: int) -> dict[str, int]:
    """What every statement costs where that many posts are stored."""
    heard = Work()

    async def story(room: Room) -> None:
        def limit(db: Connection) -> access.Project:
            project = access.change_project(db, room.project.id, credits=10 * GROWN, monthly_credits=3)
            balances.keep(db, project.id)
            return project

        await fill(room, count)
        project = await room.store.write(limit)
        await room.start()
        heard.begin()
        await a_day(room, project)
        for read in lists(room, project):
            await room.store.read(read)
        await room.stop()
        await a_claim(room)
        await a_start(room)
        await heard.end(room.store)

    with heard.listening():
        tell(story)
    return heard.done


def test_nothing_grows_with_history_or_with_what_is_planned(tell: Any, tmp_path: Path) -> None:
    few = measured(tell, FEW)
    if (tmp_path / "data").exists():
        # SQLite has no statistics until a server has stopped for the first time.
        (tmp_path / "data").rename(tmp_path / "few")
    many = measured(tell, GROWN)
    grown = {
        said: f"{few.get(said, 0)} → {cost}: {said}"
        for said, cost in many.items()
        if cost - few.get(said, 0) > GROWN / 8
        and cost > max([bound for each, bound in BOUNDED.items() if each in said], default=0)
    }
    unexcused = [line for said, line in sorted(grown.items()) if not any(each in said for each in EXCUSED)]
    assert not unexcused, "\n".join(unexcused)

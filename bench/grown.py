"""A million published and a million planned posts, beside a store with next to nothing, by turns in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import Connection, select, update

from bench.accept import cost
from bench.filled import AWAY, EVERY, Filled
from bench.lag import schedule_lag
from bench.load import cpu_seconds
from bench.report import FLOOR, Figures, step
from bench.side import ROOT, Tree, sides
from polypost import clock
from polypost.engine import LOOKAHEAD
from polypost.posts import attempts, sweep, work
from polypost.posts.tables import targets

FEW = 100
LEASE = timedelta(seconds=30)
SWEEP_LIMIT = 10_000


def grown(
    store: str,
    folder: Path,
    new_database: Callable[[], str] | None,
    figures: Figures,
    *,
    count: int,
    quick: bool,
) -> None:
    """Everything that is asked of a store, where it holds `count` posts in past and future each, and where a few."""
    trees = [Tree(FLOOR, ROOT), Tree("new", ROOT)]
    with ExitStack() as closing:
        running = closing.enter_context(sides(trees, folder, new_database))
        stores = [Filled(side) for side in running]
        for each in stores:
            closing.callback(each.client.close)
            each.fill(count if each.side.tree.name != FLOOR else FEW)
        title = f"{store}, {count:,} + {count:,} posts"
        _inside(title, stores, figures, rounds=3 if quick else 15)
        _lists(title, stores, figures, rounds=2 if quick else 8)
        schedule_lag(title, running, figures, quick=quick)
        _accepted(f"accept on {title}", stores, figures, quick=quick)
        for each in stores:
            each.limit()
        _accepted(f"accept with a limit on {title}", stores, figures, quick=quick)
        _whole(title, stores, figures, rounds=1 if quick else 3)


def _turns(stores: Sequence[Filled], number: int) -> list[Filled]:
    return list(stores) if number % 2 == 0 else list(stores)[::-1]


def _inside(title: str, stores: Sequence[Filled], figures: Figures, *, rounds: int) -> None:
    """What only the server asks of its store."""
    step(f"claim and sweep on {title}")
    for number in range(rounds + 1):
        for each in _turns(stores, number):
            found = {
                "claim, intent and leave": each.timed(lambda db, each=each: _claimed(db, each.account)),
                "sweep": each.timed(_swept),
            }
            for name, took in found.items():
                if number:
                    figures.add(f"{name} on {title}: ms", each.side.tree.name, took)


def _claimed(db: Connection, account: str) -> Callable[[], None]:
    now = clock.now()
    mine = (targets.c.integration_id == account, targets.c.state == "scheduled")
    target = db.execute(select(targets.c.id).where(*mine).limit(1)).scalar_one()
    db.execute(update(targets).where(targets.c.id == target).values(due_at=now, next_at=now))

    def story() -> None:
        claimed = work.claim(db, target, by="bench", lease=LEASE, now=now)
        assert isinstance(claimed, work.Claim)
        attempts.begin(db, attempts.Intent(claimed, "post", {}, LEASE), now)
        work.leave(db, claimed, now)

    return story


def _swept(db: Connection) -> Callable[[], object]:
    now = clock.now()
    return lambda: sweep.due(db, until=now + LOOKAHEAD, limit=SWEEP_LIMIT, unrung_since=now)


def _paths(filled: Filled) -> dict[str, str]:
    """What is asked for, by what the table calls it."""
    now = datetime.now(UTC)
    today = now.date().isoformat()
    near = {"scheduledAfter": now.isoformat(), "scheduledBefore": (now + AWAY + 50 * EVERY).isoformat()}
    posts = {
        "": {},
        "oldest first": {"sort": "asc"},
        **{status: {"status": status} for status in ("published", "scheduled", "failed", "partial", "draft")},
        "on X, half of them": {"platform": "twitter"},
        "on Mastodon, a tenth": {"platform": "mastodon"},
        "on YouTube, none": {"platform": "youtube"},
        "of the accounts without profile, all": {"profileId": "null"},
        "created today": {"createdAfter": f"{today}T00:00:00Z"},
        "in a span of the calendar": near,
    }
    paths = {f"/v1/posts {name}".strip(): f"/v1/posts?{urlencode(query)}" for name, query in posts.items()}
    return paths | {
        "/v1/posts/scheduled": "/v1/posts/scheduled",
        "/v1/posts/{id}": f"/v1/posts/{filled.past[0]}",
        "/v1/posts/{id}/timeline": f"/v1/posts/{filled.past[0]}/timeline",
        "/v1/posts/bulk": "/v1/posts/bulk",
        "/v1/schedules": "/v1/schedules",
        "/v1/usage": "/v1/usage",
        "/v1/usage of an account": f"/v1/usage?integrationId={filled.account}",
        "/v1/analytics of today": f"/v1/analytics?fromDate={today}",
        "/v1/analytics of 90 days": "/v1/analytics",
        "/v1/connect/integrations": "/v1/connect/integrations",
        "/v1/notifications": "/v1/notifications",
    }


def _lists(title: str, stores: Sequence[Filled], figures: Figures, *, rounds: int) -> None:
    step(f"lists on {title}")
    asked = [(each, _paths(each)) for each in stores]
    for number in range(rounds):
        for name in asked[0][1]:
            for each, paths in asked if number % 2 else asked[::-1]:
                took = each.get(paths[name])
                if number:
                    figures.add(f"{name} on {title}: ms", each.side.tree.name, took)


def _accepted(name: str, stores: Sequence[Filled], figures: Figures, *, quick: bool) -> None:
    step(name)
    for number in range(1, 2) if quick else range(10):
        for each in _turns(stores, number):
            ours, database = cost(each.side, 1 if quick else 200, 1)
            if number:
                figures.add(f"{name}: CPU µs", each.side.tree.name, ours)
                if database:
                    figures.add(f"{name}: CPU µs of PostgreSQL", each.side.tree.name, database)


def _whole(title: str, stores: Sequence[Filled], figures: Figures, *, rounds: int) -> None:
    """A server's start, and the check of everything, which must find nothing."""
    step(f"start on {title}")
    for number in range(rounds):
        for each in _turns(stores, number):
            each.world.server.stop()
            began = time.perf_counter()
            each.world.start_server()
            took, spent = time.perf_counter() - began, cpu_seconds([each.world.server.pid])
            figures.add(f"start on {title}: s", each.side.tree.name, took)
            figures.add(f"start on {title}: CPU s", each.side.tree.name, spent)
    step(f"doctor on {title}")
    for each in stores:
        began = time.perf_counter()
        findings = each.world.command("doctor")["findings"]
        figures.add(f"doctor on {title}: s", each.side.tree.name, time.perf_counter() - began)
        assert findings == [], findings

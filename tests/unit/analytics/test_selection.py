"""Which posts are shown, in which order, and which figures are due, on both stores."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

import polypost.app  # noqa: F401  # brings every room's tables
from polypost import clock
from polypost.analytics import metrics, selection
from polypost.analytics.rates import counted, total
from polypost.analytics.selection import Live, Own, Span
from polypost.platforms.abilities import Measured, Metrics
from polypost.platforms.base import Proof
from polypost.posts.tables import attempts, posts, targets

NOW = clock.now()
SPAN = Span(NOW - timedelta(days=300), NOW + timedelta(days=1))
ACCOUNT = ("int_1", "threads")


def add(db: Connection, name: str, age: timedelta, *accounts: str, **more: Any) -> None:
    """A published post with a target on each account."""
    at = NOW - age
    project = more.pop("project_id", "p")
    row = {"content": name, "status": "published", "media": [], "raw": {}, "timezone": "UTC"}
    db.execute(insert(posts).values(id=name, project_id=project, created_at=at, updated_at=at, **row))
    for position, account in enumerate(accounts):
        common = {"project_id": project, "integration_id": account}
        db.execute(
            insert(targets).values(
                id=f"{name}-{position}",
                post_id=name,
                position=position,
                platform="threads",
                options={},
                state="published",
                price=1,
                generation=1,
                epoch=1,
                attempted=True,
                tries=1,
                looks=0,
                updated_at=at,
                published_at=at,
                proof_id=f"{name}:{account}",
                **common,
                **more,
            )
        )
        db.execute(
            insert(attempts).values(
                id=f"{name}-{position}",
                target_id=f"{name}-{position}",
                generation=1,
                part="publish",
                number=1,
                epoch=1,
                started_at=at,
                finished_at=at,
                fingerprint="",
                handles={},
                outcome="published",
                proof_id=f"{name}:{account}",
                **common,
            )
        )


def measure(db: Connection, name: str, account: str, at: datetime, told: Metrics) -> None:
    wanted = metrics.Wanted(account, "threads", Proof(f"{name}:{account}"), None)
    metrics.keep(db, "p", [wanted], {wanted.proof.id: told}, at)


def page(db: Connection, own: Own | None, live: Live | None = None, **how: Any) -> tuple[int, list[str]]:
    order: dict[str, Any] = {"sort": "date", "descending": True, "limit": 100, "offset": 0} | how
    found, rows = selection.page(db, "p", own, live, **order)
    return found, [row.post_id or str(row.proof_id) for row in rows]


def test_due_is_what_the_rule_says(with_store: Any) -> None:
    ages = [
        timedelta(minutes=5),
        timedelta(hours=5),
        timedelta(days=3),
        timedelta(days=20),
        timedelta(days=90),
    ]
    asked = [timedelta(minutes=m) for m in (1, 3, 11, 61, 400, 1500)]

    def act(db: Connection) -> None:
        for place, age in enumerate(ages):
            for number, since in enumerate(asked):
                name = f"{place}-{number}"
                add(db, name, age, "int_1")
                measure(db, name, "int_1", NOW - since, Metrics(views=1))
        add(db, "never", timedelta(days=90), "int_1")
        add(db, "theirs", timedelta(days=1), "int_1", project_id="q")
        add(db, "taken", timedelta(days=1), "int_1", removed_at=NOW)
        own = Own(SPAN)
        due = [each.proof.id.partition(":")[0] for each in selection.stale(db, "p", own, NOW, 100)]
        every = selection.targets_of(
            db, "p", own, [f"{p}-{n}" for p in range(5) for n in range(6)] + ["never"]
        )
        known = metrics.kept(db, "p", [selection.wanted_of(row) for row in every])
        rule = {
            row.post_id
            for row in every
            if not metrics.is_fresh(known.get((row.integration_id, row.proof_id)), row.published_at, NOW)
        }
        assert set(due) == rule
        assert 10 < len(rule) < len(every)
        # Those that were never asked for come first, then those that were asked for longest ago.
        assert due[0] == "never"
        assert [each.proof.id for each in selection.stale(db, "p", own, NOW, 1)] == ["never:int_1"]

    with_store(lambda store: store.write(act))


def test_several_networks_are_sorted_by_their_totals(with_store: Any) -> None:
    told = {
        "a": (Metrics(views=100, likes=1), Metrics(views=10, likes=9)),
        "b": (Metrics(views=100, likes=20), None),
        "c": (Metrics(impressions=5, likes=1), Metrics(reach=1000, likes=0)),
        "d": (None, Metrics(comments=3)),
        "e": (Metrics(views=0, likes=0), Metrics(views=0, likes=0)),
        "f": (None, None),
    }
    accounts = ("int_1", "int_2")

    def act(db: Connection) -> None:
        for place, (name, parts) in enumerate(told.items()):
            add(db, name, timedelta(days=place), *accounts)
            for account, parts_told in zip(accounts, parts, strict=True):
                if parts_told is not None:
                    measure(db, name, account, NOW, parts_told)
        for key, name in (("engagement", "engagement_rate"), ("likes", "likes"), ("views", "views")):
            shown = {
                post: getattr(total(counted(each) for each in parts if each), name)
                for post, parts in told.items()
            }
            for descending in (True, False):
                count, order = page(db, Own(SPAN), sort=key, descending=descending)
                assert count == len(told)
                values = [shown[post] for post in order]
                known = [value for value in values if value is not None]
                assert known == sorted(known, reverse=descending)
                assert values == known + [None] * (len(values) - len(known))

    with_store(lambda store: store.write(act))


def test_a_post_on_both_sides_is_shown_once(with_store: Any) -> None:
    listed = ["mine:int_1", "deleted:int_1", "theirs:int_1", "other"]

    def act(db: Connection) -> None:
        add(db, "mine", timedelta(hours=2.5), "int_1", "int_2")
        add(db, "deleted", timedelta(hours=2), "int_1")
        db.execute(update(posts).where(posts.c.id == "deleted").values(deleted_at=NOW))
        rows = [
            Measured(Proof(each, "https://x.example"), each, NOW - timedelta(hours=hour), Metrics(views=hour))
            for hour, each in enumerate(listed, start=1)
        ]
        span = (SPAN.since, SPAN.until)
        metrics.keep_list(db, "p", ACCOUNT, span, rows, NOW, complete=True)
        both = Live("int_1", NOW, SPAN, foreign_only=True)
        alone = Live("int_1", NOW, SPAN, foreign_only=False)
        own = Own(SPAN)
        assert page(db, own) == (1, ["mine"])
        # What was deleted here and is still there is the network's post again.
        assert page(db, own, both)[1] == ["deleted:int_1", "mine", "theirs:int_1", "other"]
        assert page(db, None, alone)[1] == listed
        assert page(db, own, both, sort="views")[1] == ["other", "theirs:int_1", "deleted:int_1", "mine"]
        assert page(db, own, both, limit=2, offset=1) == (4, ["mine", "theirs:int_1"])
        assert selection.ours(db, "p", "int_1", "mine:int_1") == "mine"
        assert selection.ours(db, "p", "int_2", "mine:int_1") is None
        assert selection.ours(db, "q", "int_1", "mine:int_1") is None
        # A later list without a post no longer shows it.
        later = NOW + timedelta(minutes=30)
        metrics.keep_list(db, "p", ACCOUNT, span, rows[:2], later, complete=True)
        again = metrics.listing(db, "p", "int_1", span)
        assert again is not None
        assert page(db, None, Live("int_1", again.asked_at, SPAN, foreign_only=False))[1] == listed[:2]
        assert metrics.listing(db, "q", "int_1", span) is None
        assert metrics.listing(db, "p", "int_1", (span[0] - timedelta(days=1), span[1])) is None

    with_store(lambda store: store.write(act))

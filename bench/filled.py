"""A store that is filled with posts: the same few in two stores, and in one of them copied a million times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection, insert, literal, select
from tests.contract.tenant import operator
from tests.engine.copies import copy

from bench.accept import cost
from bench.report import step
from bench.scale import connected
from bench.side import Side
from polypost import access, clock
from polypost.analytics.tables import figures as known
from polypost.posts.tables import targets
from polypost.storage import Instant

T = TypeVar("T")
# Half of the posts are on X, by as many accounts as there are other networks.
NETWORKS = ("bluesky", "mastodon", "threads", "linkedin", "facebook")
EVERY = timedelta(seconds=30)
# The first copy is that far away in every store, so that today and the next hours hold as much in each.
AWAY = timedelta(days=2)
BATCH = 50_000
# One of so many posts of an account on X failed.
FAILED = 40
PAGE = 20


class Filled:
    """A side, accounts on it, a post of each kind by each of them, and copies of these."""

    def __init__(self, side: Side) -> None:
        self.side, self.world = side, side.world
        self.client = self.world.client()
        self.world.control("POST", "seed", json={"accounts": len(NETWORKS), "platform": "twitter"})
        more = [account for _, account in connected(self.world, ["twitter"], len(NETWORKS) + 1)]
        self.account = self.world.accounts["twitter"]
        more.remove(self.account)
        self.entries = [self.world.target(platform) for platform in ("twitter", *NETWORKS)]
        self.entries += [
            {"platform": "twitter", "accountId": account} for account in more[: len(NETWORKS) - 1]
        ]
        self.past = [self._post(f"Past {number}", entry) for number, entry in enumerate(self.entries)]
        self.future = [
            self._post(f"Ahead {number}", entry, ahead=AWAY) for number, entry in enumerate(self.entries)
        ]
        # A fault is for whoever comes next.
        self.world.settle(self.past)
        on_x = [entry for entry in self.entries if entry["platform"] == "twitter"]
        self.troubled = [self._troubled("failed", entry) for entry in on_x]
        self.troubled.append(self._troubled("partial", *self.entries[:2]))
        self.project: str = self.store(
            lambda db: db.execute(select(targets.c.project_id).limit(1)).scalar_one()
        )

    def _post(self, words: str, *entries: dict[str, Any], ahead: timedelta | None = None) -> str:
        when: dict[str, Any] = {"publishNow": True}
        if ahead is not None:
            when = {"scheduledFor": (datetime.now(UTC) + ahead).isoformat(timespec="milliseconds")}
        answer = self.client.post("/v1/posts", json={"content": words, "platforms": entries, **when})
        assert answer.status_code < 300, answer.text
        return str(answer.json()["postId"])

    def _troubled(self, status: str, *entries: dict[str, Any]) -> str:
        self.world.control("POST", "faults", json={"platform": "twitter", "fault": "duplicate", "times": 1})
        post = self._post(f"Trouble {time.monotonic()}", *entries)
        assert self.world.settle([post])[post]["status"] == status
        return post

    def store(self, act: Callable[[Connection], T]) -> T:
        """Something in the store, beside the server."""
        return operator(self.world, act)

    def fill(self, count: int) -> None:
        """So many posts in the past and as many ahead, and what a store of their size has gathered beside them."""
        kinds = len(self.past)
        each = count // kinds
        for number in range(kinds):
            step(f"{self.side.tree.name}: account {number + 1} of {kinds}: {each:,} posts in past and future")
            first = AWAY + number * EVERY
            self._copy(self.past[number], each, EVERY * kinds, first)
            self._copy(self.future[number], each, EVERY * kinds, first, ahead=True)
        for number, post in enumerate(self.troubled):
            # A full page of each at the least.
            self._copy(post, max(PAGE, each // FAILED), EVERY * kinds * FAILED, AWAY + number * EVERY)
        for account in {entry["accountId"] for entry in self.entries}:
            self.store(lambda db, account=account: _figures(db, account))
        if self.world.database_url:
            asyncio.run(_vacuum(self.world.database_url))

    def _copy(
        self, post: str, count: int, every: timedelta, first: timedelta, *, ahead: bool = False
    ) -> None:
        for begin in range(0, count, BATCH):
            numbers = range(begin, min(begin + BATCH, count))
            self.store(lambda db, n=numbers: copy(db, post, n, every=every, first=first, ahead=ahead))

    def limit(self) -> None:
        """From now on the project has a limit, and it has drawn for the first time."""
        self.store(lambda db: access.change_project(db, self.project, credits=10**9))
        # A server knows a project for a second; whoever draws first makes the balance.
        time.sleep(1.5)
        cost(self.side, 1, 1)

    def timed(self, prepare: Callable[[Connection], Callable[[], object]]) -> float:
        """Milliseconds of what is prepared, in a transaction that is taken back."""
        took: list[float] = []

        def run(db: Connection) -> None:
            asked = prepare(db)
            began = time.perf_counter()
            asked()
            took.append(time.perf_counter() - began)
            raise _TakenBack

        with suppress(_TakenBack):
            self.store(run)
        return took[0] * 1000

    def get(self, path: str) -> float:
        """Milliseconds of an answer; a list that was ended as too slow has one too."""
        began = time.perf_counter()
        answer = self.client.get(path)
        assert answer.status_code == 200 or answer.json()["code"] == "list_too_slow", answer.text
        return (time.perf_counter() - began) * 1000


class _TakenBack(Exception):
    """What a transaction ends with of which nothing is to stay."""


def _figures(db: Connection, account: str) -> None:
    """What its network told of everything that is out on an account."""
    now = literal(clock.now(), Instant)
    mine = (targets.c.integration_id, targets.c.proof_id, targets.c.project_id, targets.c.platform)
    out = (targets.c.integration_id == account, targets.c.state == "published")
    told = select(*mine, targets.c.published_at, literal(100), literal(5), now, now).where(*out)
    names = ("integration_id", "proof_id", "project_id", "platform", "published_at")
    told_names = ("impressions", "likes", "asked_at", "measured_at")
    db.execute(insert(known).from_select([*names, *told_names], told))


async def _vacuum(url: str) -> None:
    """As autovacuum does."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()

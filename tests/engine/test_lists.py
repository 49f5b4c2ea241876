"""A list by account shows the same posts and the same total whichever way it is read, on both stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from polypost.posts import changes, queries
from polypost.posts.queries import NEAR, Filters
from polypost.posts.tables import posts, targets
from tests.engine.copies import copy
from tests.engine.room import Room

SECOND = timedelta(seconds=1)
DAY = 86_400.0


async def fill(room: Room) -> None:
    """More posts on each of two accounts than a page is looked for among; the one's are all older; some on both."""
    picture = (room.picture,)
    instagram = {"instagram": room.accounts["instagram"]}
    old, new = (
        await room.post("old", after=DAY),
        await room.post("new", after=DAY, accounts=instagram, media=picture),
    )
    both = await room.post("both", after=DAY, accounts=room.pair, media=picture)
    gone = [
        await room.post("gone", after=DAY, accounts=accounts, media=picture)
        for accounts in (instagram, room.pair)
    ]
    rare = await room.post("rare", after=DAY, accounts={"bluesky": room.accounts["bluesky"]})

    def make(db: Connection) -> None:
        copy(db, new, range(NEAR + 20), every=SECOND, ahead=True)
        copy(db, both, range(30), every=SECOND, first=3 * 60 * SECOND, ahead=True)
        copy(db, old, range(NEAR + 20), every=SECOND, first=2 * 60 * 60 * SECOND, ahead=True)
        copy(db, rare, range(5), every=60 * SECOND, ahead=True)
        for post in gone:
            changes.cancel(db, room.project.id, post)
            changes.remove(db, room.project.id, post)

    await room.store.write(make)


def expected(db: Connection, accounts: list[list[str]], statuses: list[str]) -> list[str]:
    """The ids, oldest first, found without any of what a list uses."""
    on: dict[str, set[str]] = {}
    for target in db.execute(select(targets.c.post_id, targets.c.integration_id)):
        on.setdefault(target.post_id, set()).add(target.integration_id)
    rows = [row for row in db.execute(select(posts)) if row.deleted_at is None]
    rows = [row for row in rows if not statuses or row.status in statuses]
    rows = [row for row in rows if all(on[row.id] & set(each) for each in accounts)]
    return [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id))]


@pytest.mark.parametrize("statuses", [[], ["scheduled"]], ids=["every status", "scheduled"])
def test_lists_by_account_hold_every_post_once(tell: Any, statuses: list[str]) -> None:
    async def story(room: Room) -> None:
        await fill(room)
        x, pictures, skies = (room.accounts[name] for name in ("twitter", "instagram", "bluesky"))
        for platforms, ids in (
            ([], []),
            (["twitter"], [[x]]),
            (["instagram"], [[pictures]]),
            (["bluesky"], [[skies]]),
            (["twitter", "instagram"], [[x, pictures]]),
            (["twitter"], [[x], [pictures, skies]]),
        ):
            filters = Filters(
                platforms=platforms, statuses=statuses, integration_ids=ids[1] if len(ids) > 1 else None
            )
            oldest = await room.store.read(lambda db, ids=ids: expected(db, ids, statuses))
            for down in (False, True):
                order = oldest[::-1] if down else oldest
                for offset in (0, 15, NEAR - 5, len(order) - 5, len(order)):
                    total, page = await room.store.read(
                        lambda db, f=filters, d=down, o=offset: queries.many(
                            db, room.project.id, f, limit=20, offset=o, descending=d
                        )
                    )
                    assert total == len(order)
                    assert [shown.post.id for shown in page] == order[offset : offset + 20]

    tell(story)

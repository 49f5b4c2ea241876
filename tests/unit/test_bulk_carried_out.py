"""A dry run is carried out once, stopped, or too old: the upload's row and its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from polypost import bulk, clock
from polypost.bulk import uploads
from polypost.bulk.tables import bulk_rows, bulks
from polypost.errors import Conflict, NotFound

PROJECT = "prj_a"


class Quiet:
    """An engine that nobody is woken by."""

    def wake(self, db: Any, wake_ups: Any) -> None:
        pass


def looked_at(db: Any, *, fingerprint: int = 1, good: int = 2, key: str = "usr_a", **more: Any) -> str:
    """A dry run that is done: the first rows good, the last one refused."""
    bulk_id = bulk.begin(db, PROJECT, api_key_id=key, fingerprint=fingerprint, form="csv", dry_run=True)
    rows = [bulk.NewRow(number, number + 1, {"content": "Hi"}) for number in range(1, good + 2)]
    bulk.add_rows(db, PROJECT, bulk_id, rows)
    now = clock.now()
    done = {"state": "done", "total": good + 1, "good": good, "refused": 1, "price": good, "finished_at": now}
    held = {"next_at": now + timedelta(hours=1) if good else None}
    db.execute(update(bulks).where(bulks.c.id == bulk_id).values(done | held | more))
    mine = bulk_rows.c.bulk_id == bulk_id
    db.execute(update(bulk_rows).where(mine, bulk_rows.c.number <= good).values(state="valid"))
    db.execute(update(bulk_rows).where(mine, bulk_rows.c.number > good).values(state="refused", body=None))
    return bulk_id


def carry_out(db: Any, bulk_id: str, key: str = "usr_b") -> Any:
    return uploads.carry_out(db, Quiet(), PROJECT, bulk_id, api_key_id=key)  # type: ignore[arg-type]  # all that is asked of it


def test_the_good_rows_wait_and_are_stopped(with_store: Any) -> None:
    async def story(store: Any) -> None:
        bulk_id = await store.write(looked_at)
        begun = await store.write(lambda db: carry_out(db, bulk_id))
        assert (begun.id, begun.state, begun.dry_run, begun.good, begun.refused, begun.price) == (
            bulk_id,
            "running",
            False,
            0,
            1,
            0,
        )
        row = await store.read(lambda db: db.execute(select(bulks).where(bulks.c.id == bulk_id)).one())
        assert row.api_key_id == "usr_b"
        assert row.next_at <= clock.now()
        # Once more, it is the same.
        again = await store.write(lambda db: carry_out(db, bulk_id, "usr_c"))
        assert (again.id, again.state) == (bulk_id, "running")
        stopped = await store.write(lambda db: bulk.stop(db, PROJECT, bulk_id))
        assert stopped.state == "stopped"
        rows = await store.read(
            lambda db: db.execute(
                select(bulk_rows.c.state, bulk_rows.c.body).where(bulk_rows.c.bulk_id == bulk_id)
            ).all()
        )
        assert sorted(rows) == [("refused", None), ("stopped", None), ("stopped", None)]

    with_store(story)


def test_the_same_bytes_are_carried_out_once_in_a_project(with_store: Any) -> None:
    async def story(store: Any) -> None:
        first, second = await store.write(looked_at), await store.write(lambda db: looked_at(db, key="usr_b"))
        other = await store.write(lambda db: looked_at(db, fingerprint=2))
        assert await store.read(lambda db: bulk.carried_out(db, PROJECT, second)) is None
        await store.write(lambda db: carry_out(db, first))
        assert (await store.read(lambda db: bulk.carried_out(db, PROJECT, second))).id == first
        assert (await store.write(lambda db: carry_out(db, second))).id == first
        assert (await store.read(lambda db: bulk.find(db, PROJECT, second))).dry_run
        assert (await store.write(lambda db: carry_out(db, other))).id == other

    with_store(story)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"state": "running", "finished_at": None}, "still being looked at"),
        ({"state": "stopped"}, "was stopped"),
        ({"good": 0}, "No row"),
        ({"next_at": None}, "too long ago"),
    ],
)
def test_what_cannot_be_carried_out(with_store: Any, more: dict[str, Any], said: str) -> None:
    async def story(store: Any) -> None:
        bulk_id = await store.write(lambda db: looked_at(db, **({"next_at": None} | more)))
        with pytest.raises(Conflict, match=said):
            await store.write(lambda db: carry_out(db, bulk_id))
        with pytest.raises(NotFound):
            await store.write(lambda db: carry_out(db, "bulk_none"))

    with_store(story)

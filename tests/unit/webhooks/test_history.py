"""What pages read of deliveries: page after page, and those in one state, without looking at all there are."""

from __future__ import annotations

from sqlalchemy import insert
from tests.unit.webhooks.test_work import Room

from polypost import clock
from polypost.storage import Store
from polypost.webhooks import history
from polypost.webhooks.tables import deliveries

STATES = ("delivered", "failed", "delivered", "pending", "delivered", "delivered", "failed")


def test_pages_of_the_newest_first(with_store, monkeypatch):
    async def story(store: Store) -> None:
        room = Room(store)
        await room.open()
        mine, other = [await room.subscribe() for _ in range(2)]
        now = clock.now()
        row = {"project_id": room.project, "event_type": "post.failed", "event_at": now, "body": "{}"}
        rows = [
            {"id": f"{name}_{at}", "subscription_id": each, "event_id": f"evt_{at}", "state": state}
            for name, each in (("mine", mine), ("other", other))
            for at, state in enumerate(STATES)
        ]
        await store.write(
            lambda db: (
                db.execute(
                    insert(deliveries), [row | each | {"tries": 0, "created_at": now} for each in rows]
                ).rowcount
            )
        )

        async def pages(state: str | None = None) -> list[list[str]]:
            found, before = [], None
            while True:
                page, before = await store.read(
                    lambda db, before=before: history.newest_deliveries(
                        db, room.project, "webhooks", mine, state=state, before=before, limit=3
                    )
                )
                found.append([each.event_id.removeprefix("evt_") for each in page])
                assert all(each.id.startswith("mine_") for each in page)
                if before is None:
                    return found

        assert await pages() == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
        assert await pages("delivered") == [["5", "4", "2"], ["0"]]
        assert await pages("failed") == [["6", "1"]]
        # It looks at so many for a page, and goes on from there.
        monkeypatch.setattr(history, "LOOKED_AT", 4)
        assert await pages("failed") == [["6"], ["1"]]
        assert await pages("pending") == [["3"], []]
        assert await pages("delivered") == [["5", "4"], ["2", "0"]]

    with_store(story)

"""What becomes of schedules, bulk uploads and follow-ups of which an older copy of the store does not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from polypost.bulk import older as bulk
from polypost.bulk.tables import bulk_rows, bulks
from polypost.media import upload_rows
from polypost.media.tables import uploads
from polypost.planning import older as planning
from polypost.planning.tables import occurrences, schedules
from polypost.posts import older as posts
from polypost.posts.tables import attempts, targets
from polypost.posts.tables import posts as posts_table

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_schedules_go_on_from_now(with_store) -> None:
    schedule = {
        "project_id": "prj_1",
        "content": "Hello",
        "media": [],
        "targets": [],
        "timezone": "UTC",
        "rule": "FREQ=DAILY",
        "starts_at": "2026-11-01T09:00:00",
        "tzdata": "2026a",
        "created_at": NOW,
        "updated_at": NOW,
    }
    rows = [
        {**schedule, "id": "behind", "status": "active", "done_until": NOW - 9 * HOUR},
        {**schedule, "id": "ahead", "status": "active", "done_until": NOW + HOUR},
        {**schedule, "id": "paused", "status": "paused", "done_until": NOW - HOUR},
    ]
    occurrence = {
        "schedule_id": "behind",
        "project_id": "prj_1",
        "local_time": "2026-11-29T04:00:00",
        "at": NOW,
        "state": "skipped",
        "updated_at": NOW,
    }

    async def story(store):
        await store.write(lambda db: db.execute(insert(schedules), rows) and None)
        await store.write(lambda db: db.execute(insert(occurrences).values(occurrence)) and None)
        assert await store.write(lambda db: planning.pass_over(db, NOW)) == 1
        seen = select(schedules.c.id, schedules.c.done_until).order_by(schedules.c.id)
        assert await store.read(lambda db: [tuple(row) for row in db.execute(seen)]) == [
            ("ahead", NOW + HOUR),
            ("behind", NOW),
            ("paused", NOW - HOUR),
        ]
        assert await store.read(lambda db: db.execute(select(occurrences.c.state)).scalar_one()) == "missed"

    with_store(story)


def test_bulk_uploads_under_way_end(with_store) -> None:
    upload = {
        "project_id": "prj_1",
        "api_key_id": "key_1",
        "fingerprint": 1,
        "format": "csv",
        "good": 1,
        "refused": 0,
        "price": 1,
        "created_at": NOW,
    }
    listed = [
        {**upload, "id": "real", "dry_run": False, "state": "running", "total": 3, "next_at": NOW},
        {**upload, "id": "dry", "dry_run": True, "state": "running", "total": 1, "next_at": NOW},
    ]
    row = {"project_id": "prj_1", "line": 2, "body": {"content": "Hello"}}
    rows = [
        {**row, "bulk_id": "real", "number": 1, "state": "created", "body": None},
        {**row, "bulk_id": "real", "number": 2, "state": "pending"},
        {**row, "bulk_id": "real", "number": 3, "state": "valid"},
        {**row, "bulk_id": "dry", "number": 1, "state": "pending"},
    ]

    async def story(store):
        await store.write(lambda db: db.execute(insert(bulks), listed) and None)
        await store.write(lambda db: db.execute(insert(bulk_rows), rows) and None)
        assert await store.write(lambda db: bulk.stop(db, NOW)) == 1
        seen = select(bulks.c.state, bulks.c.good, bulks.c.refused, bulks.c.next_at).where(
            bulks.c.id == "real"
        )
        assert tuple(await store.read(lambda db: db.execute(seen).one())) == ("done", 1, 2, None)
        left = select(bulk_rows.c.state, bulk_rows.c.problems).order_by(
            bulk_rows.c.bulk_id, bulk_rows.c.number
        )
        found = await store.read(lambda db: db.execute(left).all())
        assert [each.state for each in found] == ["pending", "created", "refused", "refused"]
        assert found[2].problems[0]["code"] == "older_copy"

    with_store(story)


def test_due_targets_are_in_doubt_and_follow_ups_end(with_store) -> None:
    post = {
        "project_id": "prj_1",
        "content": "Hello",
        "media": [],
        "raw": {},
        "timezone": "UTC",
        "created_at": NOW,
        "updated_at": NOW,
    }
    target = {
        "project_id": "prj_1",
        "position": 0,
        "platform": "twitter",
        "integration_id": "int_1",
        "options": {},
        "price": 1,
        "generation": 1,
        "epoch": 0,
        "attempted": False,
        "tries": 0,
        "looks": 0,
        "updated_at": NOW,
        "due_at": NOW - HOUR,
        "next_at": NOW - HOUR,
    }
    made = {
        "due": {"state": "scheduled"},
        "sending": {"state": "committing", "epoch": 3, "attempted": True, "lease_until": NOW + HOUR},
        "retried": {"state": "waiting", "next_at": NOW + HOUR},
        "ahead": {"state": "scheduled", "due_at": NOW + HOUR, "next_at": NOW + HOUR},
        "following": {"state": "published", "warning": "Said before.", "lease_until": NOW},
        "draft": {"state": "draft", "due_at": None, "next_at": None},
    }
    rows = [
        {**target, "lease_until": None, "warning": None, **more, "id": name, "post_id": f"p_{name}"}
        for name, more in made.items()
    ]
    attempt = {
        "id": "att_1",
        "project_id": "prj_1",
        "target_id": "sending",
        "integration_id": "int_1",
        "generation": 1,
        "part": "post",
        "number": 1,
        "epoch": 3,
        "started_at": NOW - HOUR,
        "fingerprint": "",
        "handles": {},
    }

    async def story(store):
        listed = [{**post, "id": f"p_{name}", "status": "scheduled"} for name in made]
        await store.write(lambda db: db.execute(insert(posts_table), listed) and None)
        await store.write(lambda db: db.execute(insert(targets), rows) and None)
        await store.write(lambda db: db.execute(insert(attempts).values(attempt)) and None)
        assert await store.write(lambda db: posts.doubt(db, NOW)) == 3
        found = {row.id: row for row in await store.read(lambda db: db.execute(select(targets)).all())}
        in_doubt = {name for name, row in found.items() if row.state == "unknown"}
        assert in_doubt == {"due", "sending", "retried"}
        assert {found[name].next_at for name in in_doubt} == {NOW}
        assert found["sending"].epoch == 4
        assert found["following"].next_at is None
        assert found["following"].warning.startswith("Said before. The store was restored")
        tried = await store.read(lambda db: db.execute(select(attempts)).all())
        assert {row.target_id for row in tried if row.finished_at is None} == in_doubt
        # Looks go two minutes behind the beginning of an attempt.
        assert {row.started_at for row in tried if row.finished_at is None} == {NOW - HOUR}
        assert [row.outcome for row in tried if row.finished_at is not None] == ["unknown"]
        # A copy of the copy: once more, under other numbers.
        assert await store.write(lambda db: posts.doubt(db, NOW)) == 3

    with_store(story)


def test_uploads_of_a_folder_that_was_moved_are_found_in_it(with_store) -> None:
    upload = {
        "project_id": "prj_1",
        "url": "",
        "filename": "a.mp4",
        "mime": "video/mp4",
        "state": "complete",
        "offset": 0,
        "created_at": NOW,
        "expires_at": NOW,
    }
    rows = [{**upload, "id": host, "host": host} for host in ("old:/data", "new:/data", upload_rows.BUCKET)]

    async def story(store):
        await store.write(lambda db: db.execute(insert(uploads), rows) and None)
        assert await store.write(lambda db: upload_rows.rehouse(db, "new:/data")) == 1
        seen = select(uploads.c.id, uploads.c.host).order_by(uploads.c.id)
        assert await store.read(lambda db: [tuple(row) for row in db.execute(seen)]) == [
            ("new:/data", "new:/data"),
            ("old:/data", "new:/data"),
            (upload_rows.BUCKET, upload_rows.BUCKET),
        ]

    with_store(story)

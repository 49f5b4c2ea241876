"""A page of an upload's rows tells verdicts; the bodies, which may be the whole file, are left where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from polypost import bulk
from polypost.storage import Store

PROJECT = "prj_a"


def test_a_page_of_rows_reads_no_bodies(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        bulk_id = await store.write(
            lambda db: bulk.begin(db, PROJECT, api_key_id="key_a", fingerprint=1, form="jsonl", dry_run=False)
        )
        rows = [bulk.NewRow(number, number, {"content": "Hi"}) for number in (1, 2, 3)]
        await store.write(lambda db: bulk.add_rows(db, PROJECT, bulk_id, rows))
        # Whoever decodes a body now fails.
        await store.write(lambda db: db.execute(text("UPDATE bulk_rows SET body = 'no JSON'")) and None)
        total, page = await store.read(lambda db: bulk.page(db, PROJECT, bulk_id, limit=2, offset=1))
        assert total == 3
        assert [(row.number, row.state, row.problems) for row in page] == [
            (2, "pending", ()),
            (3, "pending", ()),
        ]

    with_store(story)

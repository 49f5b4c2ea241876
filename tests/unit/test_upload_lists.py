"""A project's uploads: listed, told who needs them, and taken away before their time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from polypost import clock
from polypost.errors import Conflict, NotFound
from polypost.media import holds, upload_rows


def test_pages_of_uploads_and_of_those_who_need_them(with_store: Any) -> None:
    async def story(store: Any) -> None:
        ids = [f"upl_{number:032x}" for number in range(3)]

        def url(upload_id: str) -> str:
            return f"http://here/media/uploads/{upload_id}/a.png"

        def make(db: Any) -> None:
            for upload_id in ids:
                values = {"url": url(upload_id), "filename": "a.png", "mime": "image/png"}
                upload_rows.create(db, "prj_1", upload_id, host="h", length=None, path=None, **values)
            for number in range(5):
                holds.hold(db, "prj_1", f"post_{number}", [url(ids[0])])
            holds.hold(db, "prj_2", "post_other", [url(ids[1])])

        await store.write(make)

        def pages(db: Any) -> list[list[str]]:
            every = (upload_rows.listed(db, "prj_1", limit=2, offset=offset) for offset in (0, 2))
            return [[row.id for row in page] for page in every]

        assert await store.read(pages) == [[ids[2], ids[1]], [ids[0]]]
        assert await store.read(lambda db: upload_rows.listed(db, "prj_2", limit=2, offset=0)) == []
        found = await store.read(lambda db: holds.holders(db, "prj_1", ids, limit=3))
        assert found == {ids[0]: (5, ["post_4", "post_3", "post_2"])}
        assert await store.read(lambda db: holds.holders(db, "prj_1", [], limit=3)) == {}
        # Another project's post keeps it, too.
        for upload_id, error in ((ids[0], Conflict), (ids[1], Conflict), ("upl_none", NotFound)):
            with pytest.raises(error):
                await store.write(lambda db, each=upload_id: upload_rows.withdraw(db, "prj_1", each))
        with pytest.raises(NotFound):
            await store.write(lambda db: upload_rows.withdraw(db, "prj_2", ids[2]))
        await store.write(lambda db: upload_rows.withdraw(db, "prj_1", ids[2]) and None)
        over = clock.now() + timedelta(seconds=1)
        due = await store.write(lambda db: upload_rows.due(db, ["h"], over))
        assert [row.id for row in due] == [ids[2]]

    with_store(story)

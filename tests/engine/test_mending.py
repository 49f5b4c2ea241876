"""Failed targets that are changed and tried again: once, as the change says, and never beside what was sent before."""

from __future__ import annotations

from typing import Any

import pytest

from polypost.errors import Conflict
from polypost.platforms.base import MediaRef
from polypost.posts import mending
from tests.engine.room import Room


async def mend(
    room: Room, post: str, text: str | None = "Better", *, force: bool = False, **more: Any
) -> None:
    wanted = mending.Mend(text, more.get("media"), more.get("changes"), force, "key_1")
    await room.store.write(lambda db: mending.mend_failed(db, room.context, room.project, post, wanted))


def texts(visible: list[dict[str, Any]]) -> list[str]:
    return [each["text"] for each in visible]


def test_what_was_refused_goes_out_as_it_was_changed(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("duplicate")
        row = await room.publish("Hello")
        assert row.state == "failed"
        await mend(room, row.post_id)
        (row,) = await room.settle(row.post_id)
        assert row.state == "published", row.error_message
        assert texts(await room.visible()) == ["Better"]
        assert (row.content, row.generation) == ("Better", 2)
        assert await room.ledger(row.post_id) == [
            (1, "release"),
            (1, "reserve"),
            (2, "reserve"),
            (2, "settle"),
        ]
        assert "changed" in await room.said(row.post_id)
        await room.healthy()

    tell(story)


def test_lost_and_not_there_goes_out_with_force_alone(tell):
    async def story(room: Room) -> None:
        await room.start()
        await room.fault("reset_before", times=2)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        with pytest.raises(Conflict) as refused:
            await mend(room, row.post_id)
        assert refused.value.code == "outcome_unknown"
        await mend(room, row.post_id, force=True)
        (row,) = await room.settle(row.post_id)
        assert row.state == "published", row.error_message
        assert texts(await room.visible()) == ["Better"]
        await room.healthy()

    tell(story)

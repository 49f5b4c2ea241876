"""Bluesky in the real pipeline: what only the engine around the connector can show."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.conformance.bluesky import CASE
from tests.platforms.conformance.stage import Stage

from polypost.integrations.signin import SignIn

KINDS = {kind.name: kind for kind in CASE.kinds}


@pytest.mark.parametrize(("kind", "warned"), [("pictures", False), ("card", False), ("video", True)])
def test_forgotten_files_cost_a_refused_try_and_nothing_else(on_stage: Any, kind: str, warned: bool) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("blob_lost")
        row = await stage.publish(KINDS[kind])
        assert (row.state, row.error_message) == ("published", None)
        assert bool(row.warning) is warned
        assert len(await stage.visible()) == 1
        assert await stage.room.used() == 1

    on_stage(CASE, story)


@pytest.mark.parametrize(
    ("fault", "times", "kind", "code"),
    [
        ("account_takedown", None, "text", "account_restricted"),
        ("blob_lost", None, "pictures", "media_rejected"),
        ("email_unconfirmed", None, "video", "not_permitted"),
        ("video_failed", None, "video", "media_rejected"),
    ],
)
def test_how_targets_end(on_stage: Any, fault: str, times: Any, kind: str, code: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault(fault, times=times)
        row = await stage.publish(KINDS[kind])
        assert (row.state, row.error_code) == ("failed", code)
        assert await stage.visible() == []
        assert await stage.room.used() == 0

    on_stage(CASE, story)


def test_a_thread_whose_middle_is_lost_and_found_goes_on(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("lost_answer", times=3)
        row = await stage.publish(KINDS["thread"])
        assert (row.state, row.warning) == ("published", None)
        seen = await stage.visible()
        assert [each["raw"]["record"].get("reply", {}).get("parent", {}).get("uri") for each in seen] == [
            None,
            seen[0]["id"],
            seen[1]["id"],
        ]

    on_stage(CASE, story)


def test_signing_in_stores_an_account_that_can_publish(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        room = stage.room
        found = await SignIn(room.store, room.vault, room.networks).by_password(
            room.project.id, "bluesky", f"@{stage.entry['identifier']}", stage.entry["appPassword"]
        )
        assert found.username == stage.entry["username"]
        stage.account = found.id
        row = await stage.publish(KINDS["text"])
        assert row.state == "published"

    on_stage(CASE, story)

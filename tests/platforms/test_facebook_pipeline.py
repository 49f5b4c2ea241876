"""Facebook through the real pipeline: what only the store, the media library and the engine can show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.platforms.conformance import Kind
from tests.platforms.conformance.facebook import CASE
from tests.platforms.conformance.stage import Stage

from polypost.integrations import service as integrations

KINDS = {kind.name: kind for kind in CASE.kinds}


@pytest.mark.parametrize("kind", ["video", "reel", "video story"])
def test_a_film_that_cannot_be_processed_is_no_publication(kind: str, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("processing_failed")
        row = await stage.publish(KINDS[kind])
        assert (row.state, row.error_code) == ("failed", "media_rejected")
        assert await stage.visible() == []
        assert await stage.room.used() == 0

    on_stage(CASE, story)


def test_a_lost_answer_to_a_reel_that_cannot_be_processed(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("processing_failed")
        await stage.fault("lost_answer")
        row = await stage.publish(KINDS["reel"])
        assert (row.state, row.error_code) == ("failed", "media_rejected")
        assert await stage.visible() == []

    on_stage(CASE, story)


def test_a_thumbnail_that_cannot_be_fetched_only_warns(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        missing = {"videoThumbnailUrl": stage.url("nothing-there.jpg")}
        row = await stage.publish(replace(KINDS["video"], options=lambda _: missing))
        assert row.state == "published"
        assert "without its thumbnail" in row.warning
        assert len(await stage.visible()) == 1

    on_stage(CASE, story)


@pytest.mark.parametrize(
    "options",
    [{"published": False}, {"published": False, "contentType": "reel"}, {"published": False, "title": "A"}],
)
def test_what_is_unpublished_is_done_and_seen_by_nobody(options: dict[str, Any], on_stage: Any) -> None:
    media = () if len(options) == 1 else ("tall.mp4",)

    async def story(stage: Stage) -> None:
        row = await stage.publish(Kind("unpublished", media=media, options=lambda _: options))
        assert (row.state, row.error_message) == ("published", None)
        assert row.proof_id
        assert await stage.visible() == []

    on_stage(CASE, story)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("page_role_lost", "access_revoked"),
        ("checkpoint", "security_invalidation"),
        ("token_expired", "token_expired"),
    ],
)
def test_an_account_says_why_it_needs_a_new_login(fault: str, reason: str, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault(fault)
        row = await stage.publish(KINDS["text"])
        assert (row.state, row.error_code) == ("failed", "reconnect_required")
        found = await stage.room.store.read(
            lambda db: integrations.get(db, stage.room.project.id, stage.account)
        )
        assert (found.auth_status, found.auth_failure_reason) == ("reconnect_required", reason)

    on_stage(CASE, story)


def test_an_account_rests_before_facebook_refuses(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("usage_high", times=2, seconds=600)
        first = await stage.publish(KINDS["text"], mark="one")
        second = await stage.publish(KINDS["text"], mark="two")
        assert {first.state, second.state} == {"published"}
        assert (second.updated_at - first.updated_at).total_seconds() > 500

    on_stage(CASE, story)

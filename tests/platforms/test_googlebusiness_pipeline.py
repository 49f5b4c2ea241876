"""Google Business through the real pipeline: a verdict that comes later, and trouble that ends or does not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.conformance import Kind
from tests.platforms.conformance.googlebusiness import CASE
from tests.platforms.conformance.stage import Stage

TEXT, PHOTO = CASE.kinds[0], CASE.kinds[2]


async def end(stage: Stage, kind: Kind = TEXT) -> tuple[str, str | None, int, int]:
    """State, code, number of visible posts and credits of a post that was published to its end."""
    row = await stage.publish(kind)
    return row.state, row.error_code, len(await stage.visible()), await stage.room.used()


@pytest.mark.parametrize("also", [None, "processing", "lost_answer", "error_after"])
def test_a_rejected_post_has_failed_and_is_free(also: str | None, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("rejected")
        if also:
            await stage.fault(also)
        assert await end(stage) == ("failed", "rejected", 0, 0)

    on_stage(CASE, story)


def test_a_post_that_google_sits_on_is_published_with_a_warning(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("suspended")
        row = await stage.publish(TEXT)
        assert (row.state, row.error_code) == ("published", None)
        assert "may still reject it" in row.warning
        # Without a page of its own it leads to the business.
        assert "/maps?cid=" in row.proof_url

    on_stage(CASE, story)


def test_a_post_that_gets_lost_on_the_way_is_not_sent_twice(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("nameless")
        assert await end(stage, PHOTO) == ("published", None, 1, 1)

    on_stage(CASE, story)


@pytest.mark.parametrize(
    ("fault", "times", "code", "count"),
    [
        ("fetch_failed", 1, None, 1),
        ("fetch_failed", None, "media_unreachable", 0),
        ("role_lost", 1, "not_permitted", 0),
        ("quota_zero", None, "platform_setup", 0),
        ("api_disabled", None, "platform_setup", 0),
        ("scope_missing", None, "reconnect_required", 0),
        ("token_expired", 1, None, 1),
    ],
)
def test_trouble(fault: str, times: int | None, code: str | None, count: int, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault(fault, times=times)
        state = "published" if code is None else "failed"
        assert await end(stage, PHOTO) == (state, code, count, count)

    on_stage(CASE, story)


def test_an_offer_that_google_wants_a_time_for_says_so(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("offer_needs_event")
        row = await stage.publish(CASE.kinds[5])
        assert (row.state, row.error_code) == ("failed", "rejected")
        assert "eventTitle" in row.error_message

    on_stage(CASE, story)


def test_a_thumbnail_stands_for_a_video_and_is_said_to(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        row = await stage.publish(CASE.kinds[3])
        assert row.state == "published"
        assert "thumbnail" in row.warning
        ((picture,),) = [post["media"] for post in await stage.visible()]
        assert picture["kind"] == "image"

    on_stage(CASE, story)


def test_twenty_posts_wait_for_ten_changes_a_minute(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        posts = [await stage.accept(TEXT, mark=f"number {n}") for n in range(20)]
        rows = await stage.room.settle(*posts)
        assert {row.state for row in rows} == {"published"}
        assert len(await stage.visible()) == 20

    on_stage(CASE, story)

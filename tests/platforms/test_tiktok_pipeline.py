"""TikTok posts through the real pipeline: what a network that confirms later does to states, credits and retries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import media
from tests.platforms.conformance import Kind
from tests.platforms.conformance.stage import Stage
from tests.platforms.conformance.tiktok import CASE

from polypost.integrations import service as integrations

FILM, PHOTOS, DRAFT, PHOTO_DRAFT = CASE.kinds


async def end(stage: Stage, kind: Kind = FILM) -> tuple[str, str | None, int, int]:
    """State, code, number of visible posts and credits of a post that was published to its end."""
    row = await stage.publish(kind)
    return row.state, row.error_code, len(await stage.visible()), await stage.room.used()


@pytest.mark.parametrize(
    ("reason", "code", "also"),
    [
        ("spam_risk_text", "rejected", None),
        ("spam_risk_user_banned_from_posting", "account_restricted", None),
        ("auth_removed", "reconnect_required", "lost_answer"),
        ("internal", "platform_unavailable", "error_after"),
    ],
)
def test_a_verdict_after_the_work_is_a_failure_and_free(reason, code, also, on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault(f"fails_{reason}")
        if also:
            await stage.fault(also)
        assert await end(stage) == ("failed", code, 0, 0)

    on_stage(CASE, story)


def test_what_was_refused_after_the_work_can_be_tried_again(on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault("fails_internal")
        post = await stage.accept(FILM)
        (row,) = await stage.room.settle(post)
        assert (row.state, await stage.room.outcomes(post)) == ("failed", ["refused"])
        await stage.room.retry(post)
        (row,) = await stage.room.settle(post)
        assert (row.state, await stage.room.used()) == ("published", 1)
        assert len(await stage.visible()) == 1

    on_stage(CASE, story)


def test_an_authorisation_that_ends_while_tiktok_works_leaves_the_outcome_unknown(on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault("processing", times=None, seconds=45)
        post = await stage.accept(FILM)
        await stage.room.until_state(post, "waiting")
        await stage.fault("token_dead")
        (row,) = await stage.room.settle(post)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert await stage.room.used() == 0
        account = await stage.room.store.read(
            lambda db: integrations.get(db, stage.room.project.id, stage.account)
        )
        assert account.auth_status == "reconnect_required"
        # Connected again, a forced retry finds what TikTok has made of it meanwhile, and charges nothing.
        listed = await stage.room.control.get("/_sandbox/accounts", params={"platform": "tiktok"})
        own = stage.entry["platformUserId"]
        stage.entry = next(each for each in listed.json()["accounts"] if each["platformUserId"] == own)
        await stage.connect()
        await stage.room.pass_time(timedelta(minutes=2))
        await stage.room.retry(post, force=True)
        (row,) = await stage.room.settle(post)
        assert (row.state, row.error_message) == ("published", None)
        assert (len(await stage.visible()), await stage.room.used()) == (1, 0)

    on_stage(CASE, story)


def test_work_without_an_end_leaves_the_outcome_unknown(on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault("processing", seconds=86_400)
        row = await stage.publish(FILM)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert "has not said whether it is published" in row.error_message

    on_stage(CASE, story)


@pytest.mark.parametrize("fault", ["lost_answer", "error_before", "reset_before"])
def test_a_video_of_several_chunks_goes_out_once(fault, on_stage):
    async def story(stage: Stage) -> None:
        data = media.mp4(seconds=20, width=720, height=1280, size=11_000_000)
        ref = stage.room.shelf.put("long.mp4", data, "video")
        await stage.fault(fault)
        post = await stage.room.post("long", accounts={"tiktok": stage.account}, media=(ref,))
        (row,) = await stage.room.settle(post)
        assert (row.state, row.error_message) == ("published", None)
        (seen,) = await stage.visible()
        assert seen["media"][0]["duration"] == pytest.approx(20, abs=0.1)

    on_stage(CASE, story)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("url_ownership_unverified", PHOTOS, "platform_setup"),
        ("unaudited_client_can_only_post_to_private_accounts", FILM, "platform_setup"),
        ("creator_spam_risk_user_banned_from_posting", FILM, "account_restricted"),
        ("private_account", PHOTOS, "not_permitted"),
        ("restricted_creator", FILM, "not_permitted"),
        ("app_version_check_failed", PHOTO_DRAFT, "not_permitted"),
    ],
)
def test_a_refusal_says_who_has_to_do_something(fault, kind, code, on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault(fault)
        assert await end(stage, kind) == ("failed", code, 0, 0)

    on_stage(CASE, story)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("creator_spam_risk_too_many_posts", FILM),
        ("reached_active_user_cap", PHOTOS),
        ("spam_risk_too_many_pending_share", DRAFT),
        ("upload_url_expired", FILM),
        ("upload_unknown", DRAFT),
        ("upload_busy", FILM),
        ("ids_as_text", PHOTOS),
    ],
)
def test_what_passes_is_waited_for(fault, kind, on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault(fault)
        assert await end(stage, kind) == ("published", None, 1, 1)

    on_stage(CASE, story)


def test_sixteen_posts_of_a_day_and_the_one_that_has_to_wait_for_the_next(on_stage):
    async def story(stage: Stage) -> None:
        for number in range(15):
            row = await stage.publish(PHOTOS, mark=f"number {number}")
            assert row.state == "published"
        await stage.room.pass_time(timedelta(hours=3))
        late = await stage.publish(PHOTOS, mark="one too many")
        assert late.state == "published"
        assert late.published_at - row.published_at > timedelta(hours=20)

    on_stage(CASE, story)


def test_refresh_tokens_that_do_not_change_are_kept(on_stage):
    async def story(stage: Stage) -> None:
        await stage.fault("fixed_refresh_token", times=None)
        for _ in range(2):
            await stage.room.pass_time(timedelta(days=1, hours=1))
            assert (await stage.publish(FILM)).state == "published"
        assert await stage.renewals() == 2

    on_stage(CASE, story)

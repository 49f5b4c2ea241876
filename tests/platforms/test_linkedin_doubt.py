"""Lost answers on LinkedIn with the real pipeline around the connector (RELIABILITY R2): both kinds of apps, and ghosts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.platforms.conformance.linkedin import CASE
from tests.platforms.conformance.stage import Stage

from polypost.platforms.linkedin.spec import OAUTH

APP, BACK = "sandbox-self-serve-app", "https://app.example/back"
TEXT = CASE.kinds[0]


async def become_self_serve(stage: Stage) -> None:
    """Connect the account anew, to an app that LinkedIn has not vetted."""
    url = stage.room.networks.overrides["linkedin"].rstrip("/")
    query = {
        "response_type": "code",
        "client_id": APP,
        "redirect_uri": BACK,
        "scope": " ".join(OAUTH.scopes),
        "sandbox_decision": "approve",
        "sandbox_account": stage.entry["platformUserId"],
    }
    async with httpx2.AsyncClient(trust_env=False) as web:
        back = await web.get(f"{url}/oauth/v2/authorization", params=query)
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        token = await web.post(
            f"{url}/oauth/v2/accessToken", data={**form, "client_id": APP, "client_secret": "any"}
        )
    given = token.json()["access_token"]
    stage.entry = {**stage.entry, "accessToken": given, "refreshToken": None, "scopes": list(OAUTH.scopes)}
    stage.account = await stage.connect()


@pytest.mark.parametrize(("fault", "visible"), [("lost_answer", 1), ("error_after", 1), ("error_before", 0)])
def test_an_account_that_may_not_read_ends_in_doubt_and_sends_nothing_again(
    on_stage: Any, fault: str, visible: int
) -> None:
    async def story(stage: Stage) -> None:
        await become_self_serve(stage)
        await stage.fault(fault)
        row = await stage.publish(TEXT)
        assert (row.state, row.error_code) == ("failed", "outcome_unknown")
        assert len(await stage.visible()) == visible
        assert await stage.room.used() == 0

    on_stage(CASE, story)


def test_a_list_that_lags_for_hours_is_made_good_by_the_refusal(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("listing_lag", times=None, seconds=86_400)
        await stage.fault("lost_answer")
        row = await stage.publish(TEXT)
        (seen,) = await stage.visible()
        assert (row.state, row.proof_id) == ("published", seen["id"])
        assert await stage.room.used() == 1

    on_stage(CASE, story)


def test_a_refusal_that_names_a_ghost_publishes_nothing(on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("error_before")
        # The first call meets the error; the one after the last look meets the ghost.
        post = await stage.accept(TEXT)
        await stage.room.until_state(post, "unknown")
        await stage.fault("ghost_duplicate", times=None)
        (row,) = await stage.room.settle(post)
        assert row.state == "failed"
        assert row.error_code in {"duplicate", "outcome_unknown"}
        assert await stage.visible() == []

    on_stage(CASE, story)

"""Connecting an Instagram account and keeping its token alive."""

from __future__ import annotations

import pytest
from tests.platforms.scripted_instagram import (
    Script,
    run_on,
    with_network,
)

from polypost.errors import (
    Rejected,
)
from polypost.platforms.instagram import CONNECTOR


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_account_is_the_professional_one(wrapped):
    async def story(net: Script) -> None:
        me = {"id": "99", "user_id": 1784, "username": "demo", "name": "", "account_type": "MEDIA_CREATOR"}
        net.on("GET /v26.0/me", (200, {"data": [me]} if wrapped else me))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("1784", "demo", "demo")
        assert account.profile_url == "https://www.instagram.com/demo/"

    with_network(story)


@pytest.mark.parametrize("me", [{"id": "99"}, {"user_id": "1", "account_type": "PERSONAL"}])
def test_an_account_that_cannot_publish_is_not_connected(me):
    async def story(net: Script) -> None:
        net.on("GET /v26.0/me", (200, me))
        with pytest.raises(Rejected):
            await CONNECTOR.identify(run_on(net))

    with_network(story)

"""X: connecting, renewing and ending an authorisation."""

from __future__ import annotations

import pytest
from tests.platforms.scripted_twitter import ME, Script, run_on, tell

from polypost.errors import TokenExpired, Unavailable
from polypost.outbound import NetworkClient
from polypost.platforms.twitter import CONNECTOR


def test_who_am_i() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        me = {
            "id": "12",
            "name": "Polly Post",
            "username": "polly",
            "profile_image_url": "https://pbs.example.com/polly.jpg",
            "subscription_type": "Premium",
            "verified": True,
        }
        net.on(ME, (200, {"data": me}), (200, {"data": {"id": "12"}}), (401, {"title": "Unauthorized"}))
        (account,) = await CONNECTOR.identify(run_on(http))
        assert (account.id, account.username, account.name) == ("12", "polly", "Polly Post")
        assert account.profile_url == "https://x.com/polly"
        assert account.image_url == "https://pbs.example.com/polly.jpg"
        assert account.metadata == {"subscription_type": "Premium"}
        assert "subscription_type" in net.asked[0].query["user.fields"]
        with pytest.raises(Unavailable):
            await CONNECTOR.identify(run_on(http))
        with pytest.raises(TokenExpired):
            await CONNECTOR.identify(run_on(http))

    tell(story)

"""Connecting a Threads profile and keeping its token alive."""

from __future__ import annotations

import pytest
from tests.platforms.scripted_threads import Script, run_on, with_network

from polypost.errors import Rejected
from polypost.platforms.threads import CONNECTOR


def test_the_profile_behind_a_token():
    async def story(net: Script) -> None:
        me = {
            "id": 24876543210987001,
            "username": "demo",
            "name": "",
            "threads_profile_picture_url": "https://a.example/p.png",
            "is_verified": True,
        }
        net.on("GET /v1.0/me", (200, me))
        (account,) = await CONNECTOR.identify(run_on(net))
        assert (account.id, account.username, account.name) == ("24876543210987001", "demo", "demo")
        assert account.profile_url == "https://www.threads.net/@demo"
        assert account.image_url == "https://a.example/p.png"
        assert account.metadata == {"is_verified": True}

    with_network(story)


def test_a_profile_without_an_id_is_not_connected():
    async def story(net: Script) -> None:
        net.on("GET /v1.0/me", (200, {"username": "demo"}))
        with pytest.raises(Rejected):
            await CONNECTOR.identify(run_on(net))

    with_network(story)

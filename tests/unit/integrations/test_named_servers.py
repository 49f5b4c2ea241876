"""Apps on servers that people name: registered once, and anew when the server has forgotten them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from polypost.errors import Rejected
from polypost.integrations import Connect, apps
from polypost.platforms import base


class OnServers:
    """What makes a connector one of many servers; `refusal` is the code of the next exchange's refusal."""

    def __init__(self, plain):
        self._plain = plain
        self.spec = replace(plain.spec, oauth=None, own_servers=True)
        self.refusal = None
        self.made = 0

    @property
    def login(self):
        return self

    async def find_server(self, http, named):
        if not named.endswith(".example"):
            raise Rejected("There is no such server.", code="no_server")
        return named

    async def register(self, http, server, redirect_uri):
        self.made += 1
        return base.App(f"client-{self.made}", f"secret-{self.made}")

    async def consent(self, http, server):
        return replace(self._plain.spec.oauth, authorize_url=f"https://{server}/oauth/authorize")

    async def adopt(self, http, server, token):
        return base.Tokens(token)

    async def exchange(self, http, app, grant):
        if self.refusal is not None:
            raise Rejected("No.", code=self.refusal)
        assert (grant.server, app.client_id) == ("a.example", f"client-{self.made}")
        return await self._plain.exchange(http, app, grant)

    async def identify(self, session):
        return await self._plain.identify(session)


async def begun(world, project="prj_a", server="a.example"):
    """A Connect room, and the client id and state of a link that it made."""
    if not isinstance(world.connector, OnServers):
        world.connector = OnServers(world.connector)
    connect = world.make(Connect, lambda: "https://post.example.org")
    url = await connect.begin(project, "fake", server=server)
    asked = parse_qs(urlsplit(url).query)
    return connect, asked["client_id"][0], asked["state"][0]


async def kept(world, project="prj_a", server="a.example"):
    return await world.store.read(lambda db: world.apps.on_server(db, project, "fake", server))


def test_an_app_is_registered_once(in_world):
    async def story(world):
        for _ in range(2):
            connect, client_id, state = await begun(world)
            assert client_id == "client-1"
            assert (await connect.finish("fake", {"state": state, "code": "c"})).error is None

    in_world(story)


@pytest.mark.parametrize("used", [True, False])
def test_an_app_that_the_server_forgot_is_forgotten_here(in_world, used):
    async def story(world):
        connect, _, state = await begun(world)
        if used:
            assert (await connect.finish("fake", {"state": state, "code": "c"})).error is None
            connect, _, state = await begun(world)
        world.connector.refusal = "app_unknown"
        assert (await connect.finish("fake", {"state": state, "code": "c"})).error
        assert await kept(world) is None
        world.connector.refusal = None
        connect, client_id, state = await begun(world)
        assert client_id == "client-2"
        assert (await connect.finish("fake", {"state": state, "code": "c"})).error is None

    in_world(story)


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "invalid_scope"])
def test_a_consent_page_may_say_the_same(in_world, error):
    async def story(world):
        connect, _, state = await begun(world)
        assert (await connect.finish("fake", {"state": state, "error": error})).error
        assert await kept(world) is None

    in_world(story)


@pytest.mark.parametrize("refusal", ["rejected", "platform_setup"])
def test_any_other_refusal_leaves_the_app(in_world, refusal):
    async def story(world):
        connect, _, state = await begun(world)
        world.connector.refusal = refusal
        assert (await connect.finish("fake", {"state": state, "code": "c"})).error
        assert (await connect.finish("fake", {"state": state, "error": "server_error"})).error
        found = await kept(world)
        assert found is not None
        assert found.client_id == "client-1"

    in_world(story)


def test_only_this_app_is_forgotten(in_world):
    async def story(world):
        connect, _, state = await begun(world)
        await begun(world, server="b.example")
        await begun(world, project="prj_b")
        own = await world.store.write(
            lambda db: apps.create(
                db, world.vault, "prj_a", platform="fake", name="Own", client_id="own", client_secret="s"
            )
        )
        world.connector.refusal = "app_unknown"
        await connect.finish("fake", {"state": state, "code": "c"})
        assert await kept(world) is None
        assert await kept(world, server="b.example") is not None
        assert await kept(world, project="prj_b") is not None
        # An app that people made themselves is never forgotten in this way.
        await world.store.write(lambda db: apps.forget(db, "prj_a", own.id))
        assert await world.store.read(lambda db: apps.get(db, "prj_a", own.id))

    in_world(story)


def test_an_app_of_ones_own_is_kept_whatever_a_network_says(in_world):
    async def story(world):
        connect = world.make(Connect, lambda: "https://post.example.org")
        url = await connect.begin("prj_a", "fake")
        state = parse_qs(urlsplit(url).query)["state"][0]
        finished = await connect.finish("fake", {"state": state, "error": "invalid_client"})
        assert "sent no authorization" in finished.error

    in_world(story)

"""Apps of projects' own: kept sealed, used for their accounts alone, not forgotten while one depends on them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from polypost.errors import Conflict, NotFound
from polypost.integrations import Connect, TokenSource, apps, service
from polypost.integrations.tables import apps as table


def public_url():
    return "https://polypost.example"


async def own_app(world, project="prj_a", **more):
    values = {"platform": "fake", "name": "Ours", "client_id": "own-id", "client_secret": "own-secret"} | more
    return await world.store.write(lambda db: apps.create(db, world.vault, project, **values))


async def through(world, app_id):
    """Connect under an app; the account's id."""
    connect = world.make(Connect, public_url)
    url = await connect.begin("prj_a", "fake", app_id=app_id)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    finished = await connect.finish("fake", {"state": asked["state"], "code": "c"})
    assert finished.error is None
    return asked, finished.integrations[0]


def test_an_account_is_connected_and_renewed_under_its_own_app(in_world):
    async def story(world):
        seen = []
        exchange, refresh = world.connector.exchange, world.connector.refresh

        async def noted_exchange(http, app, grant):
            seen.append(app)
            return await exchange(http, app, grant)

        async def noted_refresh(http, app, tokens):
            seen.append(app)
            return await refresh(http, app, tokens)

        world.connector.exchange, world.connector.refresh = noted_exchange, noted_refresh
        made = await own_app(world)
        world.app = None
        asked, account = await through(world, made.id)
        assert asked["client_id"] == "own-id"
        assert account.app_id == made.id
        held = await world.make(TokenSource).live("prj_a", account.id, refused="access-1")
        assert held.access_token
        assert [(app.client_id, app.client_secret, app.id) for app in seen] == [
            ("own-id", "own-secret", made.id)
        ] * 2
        again = await world.store.read(lambda db: apps.get(db, "prj_a", made.id))
        assert again.integration_count == 1

    in_world(story)


def test_another_projects_app_is_none_at_all(in_world):
    async def story(world):
        made = await own_app(world, "prj_b")
        connect = world.make(Connect, public_url)
        with pytest.raises(NotFound) as refused:
            await connect.begin("prj_a", "fake", app_id=made.id)
        assert refused.value.code == "app_not_found"
        for act in (
            lambda db: apps.get(db, "prj_a", made.id),
            lambda db: apps.change(db, world.vault, "prj_a", made.id, name="Mine"),
            lambda db: apps.remove(db, "prj_a", made.id),
        ):
            with pytest.raises(NotFound):
                await world.store.write(act)
        total, found = await world.store.read(lambda db: apps.list_apps(db, "prj_a", limit=10, offset=0))
        assert (total, found) == (0, [])

    in_world(story)


def test_an_app_in_use_stays(in_world):
    async def story(world):
        made = await own_app(world)
        _, account = await through(world, made.id)
        with pytest.raises(Conflict) as refused:
            await world.store.write(lambda db: apps.remove(db, "prj_a", made.id))
        assert refused.value.code == "app_in_use"
        await world.store.write(lambda db: service.disconnect(db, "prj_a", account.id))
        await world.store.write(lambda db: apps.remove(db, "prj_a", made.id))

    in_world(story)


def test_the_same_client_id_twice_is_a_conflict(in_world):
    async def story(world):
        await own_app(world)
        await own_app(world, "prj_b")
        with pytest.raises(Conflict):
            await own_app(world)

    in_world(story)


def test_the_secret_is_sealed_and_can_be_changed(in_world):
    async def story(world):
        made = await own_app(world)
        kept = await world.store.read(lambda db: db.execute(select(table.c.client_secret)).scalar_one())
        assert "own-secret" not in kept
        changed = await world.store.write(
            lambda db: apps.change(db, world.vault, "prj_a", made.id, client_secret="newer", name="Other")
        )
        assert changed.name == "Other"
        found = await world.store.read(lambda db: world.apps.find(db, "prj_a", "fake", made.id))
        assert found.client_secret == "newer"

    in_world(story)


def test_lists_are_narrowed_by_network_and_name(in_world):
    async def story(world):
        for number in range(3):
            await own_app(world, name=f"App {number}%", client_id=f"id-{number}")
        await own_app(world, platform="other", name="App X", client_id="id-x")
        await own_app(world, name="Made by Polypost", client_id="id-s", server="a.example")

        async def listed(**how):
            return await world.store.read(lambda db: apps.list_apps(db, "prj_a", **how))

        total, found = await listed(limit=2, offset=0)
        assert (total, [each.name for each in found]) == (4, ["App X", "App 2%"])
        total, found = await listed(platforms=["fake"], name="app 1%", limit=10, offset=0)
        assert (total, [each.name for each in found]) == (1, ["App 1%"])

    in_world(story)

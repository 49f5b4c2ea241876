"""While lists are being read, keys are looked up and posts accepted and published."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx2
import pytest

from polypost import access
from polypost.access import Keyring
from tests.contract.tenant import close, new_tenant
from tests.engine.room import PATIENCE, Room
from tests.processes import World
from tests.unit.storage.test_lists import Held

LISTS_AT_ONCE = 20
CONNECTIONS = 6
_CONNECTED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'polypost%'
"""


def test_a_key_is_known_and_a_post_published_while_lists_are_read(tell: Any) -> None:
    async def story(room: Room) -> None:
        lists = [Held(room.store.dialect, [], "list") for _ in range(LISTS_AT_ONCE)]
        reading = [
            asyncio.create_task(room.store.browse(f"project {place}", each))
            for place, each in enumerate(lists)
        ]
        keyring = Keyring(room.store)
        try:
            await lists[0].began.wait()
            async with asyncio.timeout(PATIENCE):
                _, secret = await room.store.write(
                    lambda db: access.create_key(db, room.project.id, name="key")
                )
                assert (await keyring.authenticate(secret)).project.id == room.project.id
                await room.start()
                published = await room.publish("Hello")
            assert published.state == "published"
            assert not any(task.done() for task in reading)
        finally:
            for each in lists:
                each.let_go()
            await asyncio.gather(*reading)
            await keyring.aclose()

    tell(story)


@pytest.mark.anyio
async def test_lists_that_cannot_be_read_hold_up_no_post(crowded: World) -> None:
    """Real requests for lists, more than there are connections; they wait for a table that somebody else holds."""
    assert crowded.database_url is not None
    holder = await asyncpg.connect(crowded.database_url)
    tenants = [await asyncio.to_thread(new_tenant, crowded) for _ in range(3)]
    await asyncio.to_thread(tenants[0].connect, "twitter")
    client = httpx2.AsyncClient(base_url=crowded.url, timeout=60, trust_env=False)
    try:
        await holder.execute("BEGIN; LOCK TABLE schedules IN ACCESS EXCLUSIVE MODE")
        asking = [
            asyncio.create_task(client.get("/v1/schedules", headers={"x-access-key": tenant.key}))
            for tenant in tenants
            for _ in range(LISTS_AT_ONCE // 2)
        ]
        await asyncio.sleep(0.5)
        body = await asyncio.to_thread(tenants[0].published, "twitter")
        assert body["status"] == "published"
        assert not any(task.done() for task in asking)
        assert await holder.fetchval(_CONNECTED) <= CONNECTIONS
        ended = await next(asyncio.as_completed(asking))
        assert (ended.status_code, ended.json()["code"]) == (503, "list_too_slow")
        assert int(ended.headers["retry-after"]) > 0
    finally:
        await holder.close()
    answers = await asyncio.gather(*asking)
    await client.aclose()
    close(tenants)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all(answer.json()["code"] == "list_too_slow" for answer in answers if answer.status_code == 503)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Any:
    """A server on PostgreSQL."""
    from tests.databases import fresh_database

    env = {"POLYPOST_DATABASE_CONNECTIONS": str(CONNECTIONS)}
    world = World(tmp_path_factory.mktemp("crowded"), database_url=fresh_database(postgres_url), env=env)
    world.start()
    world.control("POST", "limits", json={"enforced": False})
    yield world
    world.stop()

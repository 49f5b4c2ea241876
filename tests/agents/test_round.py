"""The whole round by a client made from the official SDK, in both eras of the protocol, on both stores."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.agents.agent import ERAS, Agent, agent, key_of, once
from tests.contract.tenant import Tenant, later, words
from tests.dashboard.approving import approve, place, version
from tests.processes import World


def post_of(tenant: Tenant, text: str, platform: str = "twitter") -> dict[str, Any]:
    return {"content": text, "platforms": [tenant.entry(platform)]}


@pytest.mark.parametrize("era", ERAS)
def test_the_whole_round(tenant: Tenant, era: str) -> None:
    tenant.account("twitter")

    async def story() -> None:
        async with agent(tenant.world.url, tenant.key, era) as one:
            await _looks_around(one, tenant)
            await _publishes(one, tenant)
            await _schedules_and_cancels(one, tenant)
            await _mends(one, tenant)

    asyncio.run(story())


async def _looks_around(one: Agent, tenant: Tenant) -> None:
    found = await one.good("list_accounts")
    mine = tenant.account("twitter")
    assert found["project"]["id"] == tenant.project_id
    assert mine.id in {each["accountId"] for each in found["accounts"]}
    assert found["keyMay"] == ["read", "draft", "publish", "connect"]
    assert (await one.good("get_limits", platform="twitter"))["textLimit"].startswith("280")
    assert len((await one.good("get_limits"))["networks"]) >= 12
    checked = await one.good("check_post", **post_of(tenant, "x" * 300))
    assert "content" in checked.paths
    assert (await one.good("check_post", **post_of(tenant, words()))).paths == set()


async def _publishes(one: Agent, tenant: Tenant) -> None:
    text = words()
    drawn = await one.good("preview_post", **post_of(tenant, text))
    assert text in drawn["platforms"][0]["parts"][0]["text"]
    key = once()
    kept = await one.good("create_draft", **post_of(tenant, text), idempotencyKey=key)
    again = await one.good("create_draft", **post_of(tenant, text), idempotencyKey=key)
    post_id = kept["postId"]
    assert (again["postId"], again["receipt"]["replayed"]) == (post_id, True)
    assert tenant.on_network(text) == []
    assert text in (await one.good("preview_post", postId=post_id))["platforms"][0]["parts"][0]["text"]
    edited = words()
    await one.good("edit_post", postId=post_id, content=edited, idempotencyKey=once())
    key = once()
    out = await one.good("publish_post", postId=post_id, idempotencyKey=key)
    assert out["status"] == "published"
    assert out["platforms"][0]["platformPostUrl"]
    repeated = await one.good("publish_post", postId=post_id, idempotencyKey=key)
    assert repeated["receipt"]["replayed"] is True
    assert len(tenant.on_network(edited)) == 1
    shown = await one.good("get_post", postId=post_id, timeline=True)
    assert shown["status"] == "published"
    assert shown["timeline"]
    found = await one.good("list_posts", search=edited.split()[1])
    assert [each["postId"] for each in found["posts"]] == [post_id]


async def _schedules_and_cancels(one: Agent, tenant: Tenant) -> None:
    kept = await one.good("create_draft", **post_of(tenant, words()), idempotencyKey=once())
    post_id = kept["postId"]
    timed = await one.good(
        "schedule_post", postId=post_id, scheduledFor=later(7200), timezone="UTC", idempotencyKey=once()
    )
    assert timed["status"] == "scheduled"
    moved = await one.good("edit_post", postId=post_id, scheduledFor=later(3600), idempotencyKey=once())
    assert moved["scheduledFor"] != timed["scheduledFor"]
    text = words()
    await one.good("edit_post", postId=post_id, content=text, idempotencyKey=once())
    shown = await one.good("get_post", postId=post_id)
    assert (shown["content"], shown["scheduledFor"]) == (text, moved["scheduledFor"])
    calendar = await one.good("get_calendar", timezone="Europe/Berlin")
    assert post_id in {each["postId"] for each in calendar["posts"]}
    key = once()
    off = await one.good("cancel_post", postId=post_id, idempotencyKey=key)
    assert off["status"] == "draft"
    assert (await one.good("cancel_post", postId=post_id, idempotencyKey=key))["receipt"]["replayed"] is True


async def _mends(one: Agent, tenant: Tenant) -> None:
    mine, text, other = tenant.account("twitter"), words(), words()
    for mend, out in (("retry_post", text), ("edit_post", other)):
        kept = await one.good("create_draft", **post_of(tenant, text), idempotencyKey=once())
        post_id = kept["postId"]
        tenant.fault("duplicate", mine, times=1)
        failed = await one.good("publish_post", postId=post_id, idempotencyKey=once())
        assert failed["status"] == "failed"
        assert failed["platforms"][0]["error"]["code"]
        assert mend in failed["next"]
        change = {"content": other} if mend == "edit_post" else {}
        key = once()
        await one.good(mend, postId=post_id, idempotencyKey=key, **change)
        tenant.settle(post_id)
        assert (await one.good(mend, postId=post_id, idempotencyKey=key, **change))["receipt"][
            "replayed"
        ] is True
        assert (await one.good("get_post", postId=post_id))["status"] == "published"
        assert len(tenant.on_network(out)) == 1


def test_a_key_that_may_not_publish_has_a_person_asked(tenant: Tenant, members: Any) -> None:
    tenant.account("twitter")
    key, editor, text = key_of(tenant, "read", "draft"), members(tenant, "editor"), words()

    async def ask() -> str:
        async with agent(tenant.world.url, key) as one:
            assert (await one.good("list_accounts"))["keyMay"] == ["read", "draft"]
            kept = await one.good("create_draft", **post_of(tenant, text), idempotencyKey=once())
            post_id = str(kept["postId"])
            asked = await one.good("publish_post", postId=post_id, note="As we said.", idempotencyKey=once())
            assert "Nothing was published" in asked["happened"]
            assert asked["approvalPage"].endswith(f"/dashboard/{tenant.project_id}/approvals/{post_id}")
            assert asked["status"] == "draft"
            assert (await one.good("get_post", postId=post_id))["approval"] == "waiting"
            for tool in ("retry_post", "cancel_post"):
                refused = await one.call(tool, postId=post_id, idempotencyKey=once())
                assert (refused.error, refused.code) == (True, "missing_scope")
            return post_id

    post_id = asyncio.run(ask())
    assert tenant.on_network(text) == []
    page = editor.get(place(tenant, post_id))
    assert "As we said." in page.text
    assert approve(tenant, editor, post_id, version(page)).status_code == 200
    tenant.settle(post_id)
    assert len(tenant.on_network(text)) == 1


def test_an_hour_is_asked_for_as_well(tenant: Tenant, members: Any) -> None:
    tenant.account("twitter")
    key, editor = key_of(tenant, "read", "draft"), members(tenant, "editor")

    async def ask() -> str:
        async with agent(tenant.world.url, key) as one:
            kept = await one.good("create_draft", **post_of(tenant, words()), idempotencyKey=once())
            how = {"postId": kept["postId"], "scheduledFor": later(7200), "idempotencyKey": once()}
            asked = await one.good("schedule_post", **how)
            assert (await one.good("schedule_post", **how))["receipt"]["replayed"] is True
            assert asked["scheduledFor"]
            past = await one.call(
                "schedule_post",
                postId=kept["postId"],
                scheduledFor="2020-01-01T00:00:00Z",
                idempotencyKey=once(),
            )
            assert past.paths == {"scheduledFor"}
            return str(kept["postId"])

    post_id = asyncio.run(ask())
    assert approve(tenant, editor, post_id).status_code == 200
    assert tenant.get(post_id)["status"] == "scheduled"


def test_files_by_address_and_by_link(tenant: Tenant, tmp_path: Path) -> None:
    tenant.account("twitter")
    picture = tenant.world.demo_image()

    async def story() -> None:
        async with agent(tenant.world.url, key_of(tenant, "read", "draft")) as one:
            key = once()
            by_url = await one.good("add_media", url=picture, type="image", idempotencyKey=key)
            again = await one.good("add_media", url=picture, type="image", idempotencyKey=key)
            assert again["mediaItem"] == by_url["mediaItem"]
            assert again["receipt"]["replayed"] is True
            refused = await one.call(
                "add_media", url="http://10.0.0.1/a.png", type="image", idempotencyKey=once()
            )
            assert refused.paths == {"url"}
            local = tmp_path / "a b.png"
            local.write_bytes((Path(__file__).parent / "dot.png").read_bytes())
            link = await one.good(
                "add_media", filename=local.name, mimeType="image/png", idempotencyKey=once()
            )
            done = subprocess.run(
                ["/bin/sh", "-c", link["curl"]], cwd=tmp_path, capture_output=True, check=False, timeout=30
            )
            assert done.returncode == 0, done.stderr
            post = post_of(tenant, words()) | {"mediaItems": [by_url["mediaItem"], link["mediaItem"]]}
            assert (await one.good("check_post", **post, probeMedia=True)).paths == set()

    asyncio.run(story())


def test_the_key_as_a_bearer(tenant: Tenant) -> None:
    async def story() -> None:
        async with agent(tenant.world.url, tenant.key, header="authorization") as one:
            assert (await one.good("list_accounts"))["project"]["id"] == tenant.project_id

    asyncio.run(story())


def test_free_slots(tenant: Tenant) -> None:
    tenant.account("twitter")
    slots = [{"weekday": day, "time": "09:00"} for day in ("monday", "thursday")]
    put = {"timezone": "Europe/Berlin", "slots": slots}
    assert tenant.client.put("/v1/queue/slots", json=put).status_code == 200

    async def story(world: World) -> None:
        async with agent(world.url, tenant.key) as one:
            free = (await one.good("get_calendar"))["freeSlots"]
            kept = await one.good("create_draft", **post_of(tenant, words()), idempotencyKey=once())
            await one.good("schedule_post", postId=kept["postId"], queue=True, idempotencyKey=once())
            assert (await one.good("get_calendar"))["freeSlots"][0] == free[1]
            await one.good("cancel_post", postId=kept["postId"], idempotencyKey=once())

    asyncio.run(story(tenant.world))

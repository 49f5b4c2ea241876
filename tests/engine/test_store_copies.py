"""Copies of a store beside networks that live on: what went out since the copy was made never goes out twice."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, text

from polypost.storage import open_store
from tests import databases
from tests.preloaded import Nursery
from tests.processes import Process, World, lasting_port

FILMS = {"facebook", "instagram", "pinterest", "tiktok", "youtube"}
# What these networks do not find by what a post says alone: `Spec.lists`.
LOST = {"facebook", "tiktok"}
HOUR_MICROSECONDS = 3_600_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def original(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    url = None
    if request.param == "postgresql":
        url = databases.fresh_database(request.getfixturevalue("postgres_url"))
    world = World(tmp_path / "original", database_url=url, nursery=nursery)
    world.start()
    try:
        yield world
    finally:
        world.stop()


@pytest.fixture
def box(tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    """A sandbox with a server on SQLite, whose folder is copied."""
    world = World(tmp_path / "box", nursery=nursery)
    world.start()
    try:
        yield world
    finally:
        world.stop()


def beside(world: World, folder: Path, *, database_url: str | None = None) -> World:
    """Another server's world, not started, around the same networks."""
    other = World(folder, database_url=database_url, nursery=world.nursery)
    other.sandbox = world.sandbox
    other.accounts, other.options = world.accounts, world.options
    other.env["POLYPOST_SANDBOX_URL"] = world.env["POLYPOST_SANDBOX_URL"]
    arguments = ["serve", "--sandbox", "--json", "--port", str(lasting_port())]
    other.server = Process(*arguments, log=folder / "server.log", env=other.env, nursery=world.nursery)
    return other


def command(world: World, *arguments: str) -> Any:
    """What a command prints as JSON, by a process that need not load everything first."""
    process = Process(
        *arguments, "--json", log=world.folder / "command.log", env=world.env, nursery=world.nursery
    )
    told = process.start()
    assert process.wait_dead(60)
    process.stop()
    return told


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def hour_comes(world: World) -> None:
    """What is due within the next hour or so is due now, in the store of this world alone."""
    database_url = world.database_url
    passed = HOUR_MICROSECONDS

    def write(db: Connection) -> None:
        due = "due_at < (SELECT MAX(due_at) FROM targets) - 86400000000 AND state = 'scheduled'"
        db.execute(
            text(f"UPDATE targets SET due_at = due_at - {passed}, next_at = next_at - {passed} WHERE {due}")
        )

    async def main() -> None:
        store = open_store(Path(world.env["POLYPOST_DATA"]), database_url)
        try:
            await store.write(write)
        finally:
            await store.close()

    asyncio.run(main())


def scheduled(world: World, platform: str, text: str, at: str, **more: Any) -> str:
    """Schedule a post on one network; its id."""
    body = {"content": text, "scheduledFor": at, "platforms": [world.target(platform)], **more}
    with world.client() as client:
        answer = client.post("/v1/posts", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["postId"])


def seen(world: World) -> Counter[tuple[str, str]]:
    """How often each text became visible on each network."""
    return Counter((post["platform"], post["text"]) for post in world.visible())


def asked(world: World) -> int:
    """How many calls the networks have had."""
    return sum(
        len(world.control("GET", f"requests?platform={platform}&limit=500")["requests"])
        for platform in world.accounts
    )


def states(world: World, post_ids: dict[str, str]) -> dict[str, tuple[str, str | None]]:
    found = world.settle(list(post_ids.values()))
    return {
        name: (found[post_id]["status"], found[post_id]["platforms"][0].get("errorCode"))
        for name, post_id in post_ids.items()
    }


def ready(world: World) -> tuple[int, dict[str, Any]]:
    answer = httpx2.get(f"{world.url}/healthz/ready", trust_env=False)
    return answer.status_code, answer.json()


def wait_until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_held(world: World) -> None:
    """It says so at its start and when asked, accepts nothing, and asks no network for anything."""
    before = asked(world)
    world.start_server()
    assert "polypost restore --confirm" in world.server.ready["held"]
    status, report = ready(world)
    assert status == 503
    assert "held" in str(report)
    with world.client() as client:
        refused = client.post(
            "/v1/posts", json={"content": "No", "publishNow": True, "platforms": [world.target("twitter")]}
        )
        assert (refused.status_code, refused.json()["code"]) == (503, "store_held")
    assert asked(world) == before


def test_a_restored_backup_sends_nothing_twice(
    original: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    video, at = original.demo_video(), ahead(3600)
    posts = {
        platform: scheduled(
            original,
            platform,
            f"Sent on {platform}",
            at,
            **({"mediaItems": [video]} if platform in FILMS else {}),
        )
        for platform in original.accounts
    }
    moved = scheduled(original, "bluesky", "Sent at another time", at)
    unsent = scheduled(original, "twitter", "Not sent by the original", at)
    later = scheduled(original, "twitter", "Due in a year", ahead(360 * 86400))
    made = command(original, "backup", str(tmp_path / "backups"), "--master-key")
    assert made["findings"] in ([], None)
    # Since then the original has gone on: a post was even sent at another time, and one was not sent at all.
    with original.client() as client:
        body = {
            "content": "Sent at another time",
            "scheduledFor": ahead(3000),
            "platforms": [original.target("bluesky")],
        }
        earlier = client.put(f"/v1/posts/scheduled/{moved}", json=body)
        assert earlier.status_code == 200, earlier.text
        assert client.delete(f"/v1/posts/scheduled/{unsent}").status_code == 200
    hour_comes(original)
    assert {state for state, _ in states(original, {**posts, "moved": moved}).values()} == {"published"}
    original.server.stop()
    before = seen(original)

    url = None
    if original.database_url is not None:
        url = databases.fresh_database(request.getfixturevalue("postgres_url"))
    copy = beside(original, tmp_path / "copy", database_url=url)
    try:
        told = command(copy, "restore", str(tmp_path / "backups"))
        assert told["takenAt"] == made["takenAt"]
        hour_comes(copy)
        is_held(copy)
        assert seen(copy) == before
        confirmed = command(copy, "restore", "--confirm", "older")
        assert confirmed["targets"] == len(posts) + 2
        wait_until(lambda: ready(copy)[0] == 200)
        ended = states(copy, posts)
        for platform, (state, code) in ended.items():
            expected = ("failed", "outcome_unknown") if platform in LOST else ("published", None)
            assert (state, code) == expected, platform
        assert states(copy, {"moved": moved, "unsent": unsent}) == dict.fromkeys(
            ("moved", "unsent"), ("published", None)
        )
        assert seen(copy) == before + Counter({("twitter", "Not sent by the original"): 1})
        with copy.client() as client:
            assert client.get(f"/v1/posts/{later}").json()["post"]["status"] == "scheduled"
        assert command(copy, "doctor")["findings"] == []
    finally:
        copy.server.stop()


def test_a_copied_folder_is_held_and_a_renamed_one_is_not(box: World, tmp_path: Path) -> None:
    data = Path(box.env["POLYPOST_DATA"])
    scheduled(box, "twitter", "Due in a year", ahead(360 * 86400))
    posts = {
        platform: scheduled(box, platform, f"Copied on {platform}", ahead(3600))
        for platform in ("twitter", "bluesky", "facebook")
    }
    # As people do it: the folder of a server that runs.
    shutil.copytree(data, tmp_path / "copy" / "data")
    hour_comes(box)
    assert {state for state, _ in states(box, posts).values()} == {"published"}
    waiting = scheduled(box, "twitter", "Waiting in the moved folder", ahead(3600))
    box.server.stop()
    before = seen(box)

    copy = beside(box, tmp_path / "copy")
    hour_comes(copy)
    try:
        is_held(copy)
        # It does not go away by itself.
        copy.server.stop()
        is_held(copy)
        assert command(copy, "restore", "--confirm", "older")["targets"] == len(posts)
        assert {state for state, _ in states(copy, posts).values()} == {"published"}
        assert seen(copy) == before
    finally:
        copy.server.stop()

    # The original under another name is the same store, and carries on; on another disk it has to be told so.
    renamed = beside(box, tmp_path / "renamed")
    data.rename(tmp_path / "renamed" / "data")
    try:
        renamed.start_server()
        assert "held" not in renamed.server.ready
        hour_comes(renamed)
        assert states(renamed, {"it": waiting}) == {"it": ("published", None)}
        late = scheduled(renamed, "twitter", "Late in the moved folder", ahead(3600))
    finally:
        renamed.server.stop()
    elsewhere = beside(box, tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "renamed" / "data", tmp_path / "elsewhere" / "data")
    shutil.rmtree(tmp_path / "renamed" / "data")
    hour_comes(elsewhere)
    try:
        is_held(elsewhere)
        command(elsewhere, "restore", "--confirm", "moved")
        assert states(elsewhere, {"it": late}) == {"it": ("published", None)}
        texts = [post["text"] for post in elsewhere.visible("twitter")]
        assert texts.count("Late in the moved folder") == texts.count("Waiting in the moved folder") == 1
        assert command(elsewhere, "doctor")["findings"] == []
    finally:
        elsewhere.server.stop()

"""A master key exchanged while posts go out: by real processes, on both stores; and what a start does with older zones."""

from __future__ import annotations

import base64
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from polypost import clock
from polypost.integrations.tables import data_keys
from polypost.posts.tables import posts, targets
from tests import databases
from tests.contract.tenant import close, new_tenant, operator
from tests.contract.uploading import asked, sent
from tests.media import png
from tests.preloaded import Nursery
from tests.processes import World

# Networks that take a text alone.
WORDS = ("twitter", "bluesky", "mastodon")
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    """One process on SQLite; on PostgreSQL a server and a worker with one key file."""
    shared = request.param == "postgresql"
    url = databases.fresh_database(request.getfixturevalue("postgres_url")) if shared else None
    env = {"POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000", "POLYPOST_LEASE_SECONDS": "15"}
    made = World(tmp_path, database_url=url, env=env, nursery=nursery)
    if shared:
        file = tmp_path / "shared.key"
        file.write_text(made.env.pop("POLYPOST_MASTER_KEY") + "\n")
        made.env["POLYPOST_MASTER_KEY_FILE"] = str(file)
    made.start(workers=int(shared))
    made.control("POST", "limits", json={"enforced": False})
    yield made
    made.stop()


class Load:
    """Somebody who posts to several networks, one post after the other, until it is enough."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._post)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _post(self) -> None:
        with self.world.client() as client:
            while not self._enough.is_set():
                body = {
                    "content": f"Rotating {uuid.uuid4().hex}",
                    "publishNow": True,
                    "platforms": [self.world.target(platform) for platform in WORDS],
                }
                answer = client.post("/v1/posts", json=body)
                if answer.status_code == 202:
                    self.accepted.append(answer.json()["postId"])
                else:
                    self.refused.append(answer.text)

    def goes_on(self, more: int = 3) -> None:
        """Wait until it has posted so many more."""
        wanted = len(self.accepted) + more
        while len(self.accepted) < wanted and not self.refused and self._thread.is_alive():
            self._enough.wait(0.02)


def wrappings(world: World) -> list[str]:
    return operator(
        world, lambda db: [row.wrapped.partition(".")[0] for row in db.execute(data_keys.select())]
    )


def subscribed(client: Any, url: str) -> str:
    body = {"channel": "webhook", "webhook": {"url": url}, "eventTypes": ["post.published"]}
    answer = client.post("/v1/webhooks", json=body)
    assert answer.status_code < 300, answer.text
    return str(answer.json()["webhook"]["id"])


def test_nothing_is_unreadable(world: World) -> None:
    before, late = new_tenant(world), new_tenant(world)
    before.connect("mastodon")
    early, kept = asked(before), asked(before)
    with world.client() as client, Load(world) as load:
        hook = subscribed(client, f"{world.hooks()}/rotating")
        load.goes_on()
        assert len(set(wrappings(world))) == 1
        done = world.command("keys", "rotate-master")
        assert (done["masterKeys"], done["wrapped"]) == (2, len(wrappings(world)))
        load.goes_on()
        # Whose key is made now, what was signed before, and what comes for the first time since.
        late.connect("twitter")
        assert len(set(wrappings(world))) == 1
        assert sent(early, png(8, 8)).status_code == 200
        assert before.published("mastodon")["status"] == "published"
        assert world.command("keys", "rotate-master")["wrapped"] == 0
        with pytest.raises(RuntimeError, match="in use until"):
            world.command("keys", "rotate-master", "--finish")
        assert sent(asked(before), png(8, 8)).status_code == 200
        finished = world.command("keys", "rotate-master", "--finish", "--now")
        assert (finished["masterKeys"], finished["wrapped"], finished["until"]) == (1, 0, None)
        assert sent(kept, png(8, 8)).status_code == 404
        load.goes_on()
    assert load.refused == []
    ended = world.settle(load.accepted)
    assert {post["status"] for post in ended.values()} == {"published"}
    texts = [post["text"] for post in world.visible() if post["text"].startswith("Rotating")]
    assert len(texts) == len(load.accepted) * len(WORDS)

    # Processes that never knew the older key.
    moved = _waiting(world)
    restart(world, moved)
    for tenant, platform in ((before, "mastodon"), (late, "twitter")):
        assert tenant.published(platform)["status"] == "published"
    with world.client() as client:
        # Each kind of token and secret is opened by the same code on either store.
        names = WORDS if world.database_url else world.accounts
        everywhere = [world.target(name) for name in names]
        body = {
            "content": "",
            "mediaItems": [world.demo_video()],
            "publishNow": True,
            "platforms": everywhere,
        }
        body["content"] = f"Everywhere {uuid.uuid4().hex}"
        answer = client.post("/v1/posts", json=body)
        assert answer.status_code == 202, answer.text
        (post,) = world.settle([answer.json()["postId"]]).values()
        ended = {each["platform"]: each["status"] for each in post["platforms"]}
        assert set(ended.values()) == {"published"}, post
        found = client.get(f"/v1/webhooks/{hook}/deliveries").json()["deliveries"]
        assert {each["state"] for each in found} <= {"delivered", "pending"}
        assert client.get(f"/v1/posts/{moved}").json()["post"]["scheduledFor"] == clock.iso(_hour())
    close([before, late])
    assert "a post moved with its zone" in "".join(log.read_text() for log in world.folder.glob("*.log"))
    assert world.command("doctor")["ok"]


def _hour() -> datetime:
    tomorrow = (datetime.now(UTC) + timedelta(days=20)).replace(hour=9, minute=0, second=0, microsecond=0)
    return clock.resolve_local(tomorrow.replace(tzinfo=None), "Europe/Berlin").instant


def _waiting(world: World) -> str:
    """A post for nine in the morning somewhere."""
    wall = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%dT09:00:00")
    body = {"content": "At nine", "platforms": [world.target("twitter")], "scheduledFor": wall}
    with world.client() as client:
        answer = client.post("/v1/posts", json=body | {"timezone": "Europe/Berlin"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["postId"])


def restart(world: World, post_id: str) -> None:
    """Start the processes again, on a store whose post was worked out with another release of the zones."""
    for process in (*world.workers, world.server):
        process.stop()

    def older(db: Connection) -> None:
        later = _hour() + HOUR
        mine = posts.c.id == post_id
        db.execute(update(posts).where(mine).values(scheduled_for=later, tzdata="2000a"))
        due = update(targets).where(targets.c.post_id == post_id)
        db.execute(due.values(due_at=later, next_at=later))

    operator(world, older)
    for worker in world.workers:
        worker.start()
    world.start_server()


def test_a_key_of_a_setting_says_what_to_do(tmp_path: Path) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    world = World(tmp_path, env={"POLYPOST_MASTER_KEY": key})
    world.command("projects", "create", "One")
    with pytest.raises(RuntimeError, match="POLYPOST_MASTER_KEY"):
        world.command("keys", "rotate-master")

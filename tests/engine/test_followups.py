"""What follows a publication: the result stands before it begins, nothing in it touches the result, and nothing that others can see is done twice (S7, E2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from polypost.errors import (
    Conflict,
    NoAnswer,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    Unavailable,
    Undone,
)
from polypost.events import outbox
from polypost.integrations import service as integrations
from polypost.platforms.base import Post, Proof, Run
from polypost.platforms.twitter.connector import TwitterConnector
from polypost.posts import changes
from tests.engine.room import LEASE, PATIENCE, Room
from tests.engine.stand_ins import Shaky
from tests.processes import World

PAGE = "/demo/status/1"
LOST = "The post is out without its comment."
Follow = Callable[[Run], Awaitable[None]]


class Following(TwitterConnector):
    """X, whose posts a test lets something follow."""

    def __init__(self, follow: Follow) -> None:
        self._follow = follow

    async def publish(self, run: Run, post: Post) -> Proof:
        proof = await super().publish(run, post)
        await self._follow(run)
        return Proof(proof.id, f"https://x.com{PAGE}")


class Comment:
    """A comment that can be held up or go wrong; `written` says how often the network has got it."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.written = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def write(self) -> str:
        self.written += 1
        self.begun.set()
        # Bounded, so that a test that fails before it lets go can end.
        async with asyncio.timeout(PATIENCE):
            await self.may_end.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        return "comment"

    async def follow(self, run: Run) -> None:
        await run.after("first-comment", self.write, warning=LOST, visible=True)


async def start(room: Room, follow: Follow, *, beat: bool = False, **more: Any) -> None:
    await room.start(room.worker(connectors=lambda _: Following(follow), **more), beat=beat)


async def held(room: Room, **more: Any) -> tuple[Comment, str]:
    """A comment that is just being written, and the post that it stands below."""
    comment = Comment()
    await start(room, comment.follow, **more)
    post = await room.post("Hello")
    async with asyncio.timeout(PATIENCE):
        await comment.begun.wait()
    return comment, post


async def take_over(room: Room, follow: Follow) -> None:
    """Another worker, once the lease of the first has run out."""
    await room.pass_time(LEASE + timedelta(seconds=1))
    await start(room, follow, owner="run_2")
    await room.wake_up()


def test_the_result_stands_before_anything_that_follows(tell):
    async def story(room: Room) -> None:
        # However long it takes to look at everything, it is still its lane.
        comment, post = await held(room, beat=True)
        row = await room.target(post)
        assert (row.state, row.error_code) == ("published", None)
        assert await room.status(post) == "published"
        assert await room.ledger(post) == [(1, "reserve"), (1, "settle")]
        assert await room.events(post) == ["post.published"]
        await room.healthy()
        # The account is not free yet.
        another = await room.post("The next")
        comment.may_end.set()
        rows = await room.settle(post, another)
        assert [(row.state, row.warning) for row in rows] == [("published", None)] * 2
        assert all(row.proof_url.endswith(PAGE) for row in rows)
        assert comment.written == 2
        assert [each["text"] for each in await room.visible()] == ["Hello", "The next"]
        await room.healthy()

    tell(story)


def test_a_text_that_nothing_follows_is_published_in_the_commits_of_before(tell):
    async def story(room: Room) -> None:
        async def nothing(_run: Run) -> None:
            return

        await start(room, nothing)
        row = await room.publish("Hello")
        assert (row.state, row.next_at, row.journal) == ("published", None, None)

    tell(story)


TROUBLES = [
    KeyError("id"),
    NoAnswer(),
    OutcomeUnknown(),
    Rejected("No."),
    Undone("Gone."),
    ReconnectRequired("The token is dead."),
    Unavailable("Down."),
]
# After these nothing can have been written.
SURE = (Rejected, ReconnectRequired)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
@pytest.mark.parametrize("where", ["in the call", "beside it"])
def test_whatever_goes_wrong_afterwards_is_a_warning(tell_once, trouble, where):
    async def story(room: Room) -> None:
        comment = Comment(*[trouble] * (where == "in the call"))
        comment.may_end.set()

        async def follow(run: Run) -> None:
            await comment.follow(run)
            if where == "beside it":
                raise trouble

        await start(room, follow)
        row = await room.publish("Hello")
        assert (row.state, row.error_code) == ("published", None)
        assert row.warning
        doubtful = where == "in the call" and not isinstance(trouble, SURE)
        assert ("(first comment)" in row.warning) == doubtful
        assert comment.written == 1
        assert await room.ledger(row.post_id) == [(1, "reserve"), (1, "settle")]
        assert len(await room.visible()) == 1
        await room.healthy()

    tell_once(story)


def test_a_limit_afterwards_is_waited_for_and_the_post_stays_published(tell):
    async def story(room: Room) -> None:
        limits = [600.0, 9 * 86_400.0]

        async def follow(run: Run) -> None:
            async def look() -> str:
                return PAGE

            await run.after("permalink", look, warning="-")
            if limits:
                raise RateLimited(run.now() + timedelta(seconds=limits.pop(0)))

        await start(room, follow)
        post = await room.post("Hello")
        row = await room.until_state(post, "published")
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert row.warning.startswith("Published; what should have followed could not be done")
        assert "published" in await room.said(post)
        assert "failed" not in await room.said(post)
        await room.healthy()

    tell(story)


def test_a_take_over_in_the_call_does_not_repeat_it(tell):
    async def story(room: Room) -> None:
        comment, post = await held(room)
        await take_over(room, comment.follow)
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert row.proof_url.endswith(PAGE)
        assert "not known" in row.warning
        # What the first worker learns now changes nothing any more.
        comment.may_end.set()
        await room.stop()
        assert await room.target(post) == row
        assert (comment.written, len(await room.visible())) == (1, 1)
        await room.healthy()

    tell(story)


def test_a_look_up_in_which_the_worker_dies_is_made_again(tell):
    async def story(room: Room) -> None:
        comment = Comment()

        async def look(run: Run) -> None:
            await run.after("permalink", comment.write, warning="-")

        await start(room, look)
        post = await room.post("Hello")
        await comment.begun.wait()
        comment.begun.clear()
        await take_over(room, look)
        await comment.begun.wait()
        comment.may_end.set()
        (row,) = await room.settle(post)
        assert (row.state, row.warning, comment.written) == ("published", None, 2)
        await room.stop()
        assert await room.events(post) == ["post.published"]
        await room.healthy()

    tell(story)


def test_what_follows_is_made_up_for_days_later(tell_once):
    async def story(room: Room) -> None:
        comment = Comment()

        async def look(run: Run) -> None:
            await run.after("permalink", comment.write, warning="-")

        await start(room, look)
        post = await room.post("Hello")
        await comment.begun.wait()
        await room.pass_time(timedelta(days=3))
        await start(room, look, owner="run_2")
        await room.wake_up()
        comment.may_end.set()
        (row,) = await room.settle(post)
        assert (row.state, row.warning) == ("published", None)
        assert row.proof_url.endswith(PAGE)

    tell_once(story)


def test_a_store_that_fails_afterwards_leaves_the_post_published(tell):
    async def story(room: Room) -> None:
        comment = Comment()
        store = Shaky(room.store)

        async def follow(run: Run) -> None:
            await comment.follow(run)
            store.fails_at, store.failures = "UPDATE targets SET next_at", 1

        comment.may_end.set()
        await start(room, follow, store=store)
        post = await room.post("Hello")
        await room.until_state(post, "published")
        await take_over(room, comment.follow)
        (row,) = await room.settle(post)
        assert (row.state, row.warning, comment.written) == ("published", None, 1)
        await room.healthy()

    tell(story)


def test_changes_meanwhile_meet_a_published_post(tell):
    async def story(room: Room) -> None:
        comment, post = await held(room)
        with pytest.raises(Conflict):
            await room.store.write(lambda db: changes.cancel(db, room.project.id, post))
        with pytest.raises(Conflict):
            await room.retry(post)
        await room.store.write(lambda db: changes.remove(db, room.project.id, post))
        comment.may_end.set()
        (row,) = await room.settle(post)
        assert (row.state, row.warning) == ("published", None)
        await room.healthy()

    tell(story)


def test_an_account_that_is_disconnected_meanwhile_leaves_a_warning(tell):
    async def story(room: Room) -> None:
        comment, post = await held(room)
        await room.store.write(
            lambda db: integrations.disconnect(db, room.project.id, room.accounts["twitter"])
        )
        await take_over(room, comment.follow)
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert "no longer connected" in row.warning
        comment.may_end.set()

    tell(story)


def test_a_commit_call_after_a_follow_up_is_a_fault_and_is_not_made(tell_once):
    async def story(room: Room) -> None:
        comment, sent = Comment(), []
        comment.may_end.set()

        async def send() -> Proof:
            sent.append(1)
            return Proof("2")

        async def follow(run: Run) -> None:
            await comment.follow(run)
            await run.commit("second", send)

        await start(room, follow)
        row = await room.publish("Hello")
        assert (row.state, sent) == ("published", [])
        await room.healthy()

    tell_once(story)


def test_the_event_says_what_is_known_with_the_result(tell_once):
    async def story(room: Room) -> None:
        comment, post = await held(room)
        comment.may_end.set()
        (row,) = await room.settle(post)
        query = select(outbox.c.payload).where(outbox.c.subject == post)
        (payload,) = await room.store.read(lambda db: db.execute(query).scalars().all())
        assert payload["platforms"][0]["platformPostId"] == row.proof_id
        assert payload["platforms"][0]["status"] == "published"

    tell_once(story)


# Real deaths


def _killed(world: World, point: str) -> tuple[dict[str, Any], int]:
    """A post with a first comment on LinkedIn whose server dies at `point`: as it ends, and how many comments there are."""
    doing = world.workers[0] if world.workers else world.server
    text = f"killed at {point}"
    world.control("POST", "limits", json={"enforced": False})
    body = {
        "content": text,
        "publishNow": True,
        "platforms": [
            {
                "platform": "linkedin",
                "accountId": world.accounts["linkedin"],
                "platformSpecificData": {"firstComment": "First!"},
            }
        ],
    }
    with world.client() as client:
        post_id = client.post("/v1/posts", json=body, headers={"prefer": "respond-async"}).json()["postId"]
    assert doing.wait_dead(60)
    doing.kill()
    if world.workers:
        doing.start()
    else:
        world.start_server()
    world.settle([post_id])
    end = time.monotonic() + 60
    with world.client() as client:
        while not (post := client.get(f"/v1/posts/{post_id}").json()["post"])["platforms"][0][
            "warningMessage"
        ]:
            assert time.monotonic() < end
            time.sleep(0.1)
    calls = world.control("GET", "requests?platform=linkedin&limit=500")["requests"]
    assert sum(text in f"{each['text']}" for each in world.visible("linkedin")) == 1
    assert world.command("doctor")["findings"] == []
    return post, sum(each["path"].endswith("/comments") and each["method"] == "POST" for each in calls)


def _world(folder: Path, database_url: str | None, point: str) -> tuple[dict[str, Any], int]:
    world = World(folder, database_url=database_url)
    try:
        world.start(
            workers=1 if database_url else 0, **({} if database_url else {"POLYPOST_FAIL_POINT": point})
        )
        if database_url:
            world.workers[0].kill()
            world.workers[0].start(POLYPOST_FAIL_POINT=point)
        return _killed(world, point)
    finally:
        world.stop()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_kill_in_the_call_does_not_repeat_the_comment(tmp_path, database, request):
    url = request.getfixturevalue("fresh_database") if database == "postgresql" else None
    post, comments = _world(tmp_path, url, "P21:linkedin")
    assert post["status"] == "published"
    assert comments == 1
    assert "not known" in post["platforms"][0]["warningMessage"]

"""What is written when: three commits for a text, and the network's proof before whatever comes next (S5, S7)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from polypost.integrations import Apps, TokenSource
from polypost.media import records
from polypost.media.tables import media_files
from polypost.platforms.base import Post, Proof, Run
from polypost.platforms.twitter.connector import TwitterConnector
from polypost.storage import CommitUnknown
from tests.engine.room import LEASE, Room
from tests.engine.stand_ins import Shaky

POSTS = "/2/tweets"
Next = Callable[[Run], Awaitable[Any]]


class Going(TwitterConnector):
    """X, where a test says what comes after the commit call."""

    def __init__(self, go_on: Next) -> None:
        self._go_on = go_on

    async def publish(self, run: Run, post: Post) -> Proof:
        proof = await super().publish(run, post)
        await self._go_on(run)
        return proof


async def carry(room: Room, post: str, store: Any, go_on: Next | None = None) -> None:
    """What the engine does when it rings for a target; no engine runs, so that nothing else is written."""
    more = {} if go_on is None else {"connectors": lambda _: Going(go_on)}
    await room.worker(store=store, **more).publisher.run((await room.target(post)).id)


def test_a_text_is_three_commits_and_no_look(tell):
    async def story(room: Room) -> None:
        shaky, post = Shaky(room.store), await room.post("Hello")
        tokens = TokenSource(shaky, room.vault, room.networks, Apps(room.vault, {}.get))
        await carry(replace(room, tokens=tokens), post, shaky)
        assert (await room.target(post)).state == "published"
        assert (shaky.writes, shaky.reads) == (3, 0)
        assert await room.outcomes(post) == ["published"]
        await room.healthy()

    tell(story)


def test_a_file_that_a_text_had_before_it_was_edited_goes_a_day_after_its_end(tell):
    async def story(room: Room) -> None:
        post = await room.post("Hello")
        item = records.Item(room.project.id, post, "https://example.com/a.jpg", "here")
        await room.store.write(lambda db: records.claim(db, item, "image", "here"))
        await carry(room, post, room.store)
        (goes,) = await room.store.read(
            lambda db: db.execute(select(media_files.c.delete_at)).scalars().all()
        )
        assert goes <= room.now() + timedelta(days=1)

    tell(story)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_an_accounts_next_text_is_claimed_with_the_end_of_the_one_before(tell):
    async def story(room: Room) -> None:
        shaky = Shaky(room.store)
        posts = [await room.post(f"Text {number}") for number in range(4)]
        await room.start(room.worker(store=shaky), beat=False)
        for post in posts:
            await room.until_state(post, "published")
        assert shaky.writes == 3 + 2 * (len(posts) - 1)
        assert [each["text"] for each in await room.visible("twitter")] == [f"Text {n}" for n in range(4)]
        await room.healthy()

    tell(story)


class Unreadable(TokenSource):
    """Tokens that cannot be read when the second target is claimed for the first time."""

    asked = 0

    def at_hand(self, *asked_for: Any) -> Any:
        self.asked += 1
        if self.asked == 2:
            raise RuntimeError("No such key.")
        return super().at_hand(*asked_for)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_is_wrong_with_the_next_target_does_not_touch_the_end_of_the_one_before(tell):
    async def story(room: Room) -> None:
        tokens = Unreadable(room.store, room.vault, room.networks, Apps(room.vault, {}.get))
        posts = [await room.post(text) for text in ("First", "Second")]
        await room.start(replace(room, tokens=tokens).worker(), beat=False)
        for post in posts:
            await room.until_state(post, "published")
            assert await room.outcomes(post) == ["published"]
        assert tokens.asked == 3
        assert [each["text"] for each in await room.visible("twitter")] == ["First", "Second"]
        await room.healthy()

    tell(story)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_text_is_six_statements_on_postgresql(tell):
    async def story(room: Room) -> None:
        await carry(room, await room.post("The account's first"), room.store)
        shaky, post = Shaky(room.store), await room.post("Hello")
        await carry(room, post, shaky)
        assert (await room.target(post)).state == "published"
        begin = [each.split()[0] for each in shaky.statements]
        claim, intent, end = ["SELECT", "WITH"], ["WITH"], ["SELECT", "SELECT", "WITH"]
        assert begin == [*claim, *intent, *end]
        await room.healthy()

    tell(story)


class Onward:
    """What a story may go on with; `before` is what the store says of the first commit call by then."""

    def __init__(self, room: Room, post: str) -> None:
        self.room, self.post = room, post
        self.before: list[str | None] = []

    async def look(self) -> str:
        self.before = await self.room.outcomes(self.post)
        return "seen"

    async def step(self, run: Run) -> None:
        await run.step("more", self.look)

    async def until(self, run: Run) -> None:
        await run.until("ready", self.look, every=timedelta(seconds=1), at_most=timedelta(hours=1))

    async def part(self, run: Run) -> None:
        async def send() -> Proof:
            await self.look()
            return Proof("second")

        await run.commit("second", send)

    async def after(self, run: Run) -> None:
        await run.after("comment", self.look, warning="-", visible=True)

    async def hold(self, run: Run) -> None:
        await run.hold(run.now())
        await self.look()

    async def learn(self, run: Run) -> None:
        await run.learn({"known": True})
        await self.look()

    async def request(self, run: Run) -> None:
        await run.http.request("GET", "https://api.x.com/2/users/me")
        await self.look()

    async def renewal(self, run: Run) -> None:
        await run.authorise()  # type: ignore[attr-defined]  # of the engine's run, not of the connector's
        await self.look()


@pytest.mark.parametrize("way", ["step", "until", "part", "after", "hold", "learn", "request", "renewal"])
def test_the_proof_is_written_before_whatever_comes_next(tell_once, way):
    async def story(room: Room) -> None:
        post = await room.post("Hello")
        onward = Onward(room, post)
        await carry(room, post, room.store, getattr(onward, way))
        # Of a part the intent is written together with it.
        assert onward.before == ["published", *([None] if way == "part" else [])]
        assert (await room.target(post)).state == "published"
        await room.healthy()

    tell_once(story)


def test_a_fault_after_the_answer_keeps_the_proof(tell_once):
    async def story(room: Room) -> None:
        async def fail(_run: Run) -> None:
            raise KeyError("id")

        post = await room.post("Hello")
        await carry(room, post, room.store, fail)
        row = await room.target(post)
        assert (row.state, row.wait_reason) == ("waiting", "back_off")
        assert await room.outcomes(post) == ["published"]
        await room.start()
        (row,) = await room.settle(post)
        assert (row.state, await room.calls(POSTS)) == ("published", 1)
        await room.healthy()

    tell_once(story)


@pytest.mark.parametrize("follows", [False, True])
def test_a_result_whose_commit_is_not_answered_is_not_written_twice(tell, follows):
    async def story(room: Room) -> None:
        done = []

        async def comment(run: Run) -> None:
            async def write() -> None:
                done.append("comment")

            if follows:
                await run.after("comment", write, warning="-", visible=True)

        shaky, post = Shaky(room.store), await room.post("Hello")
        shaky.loses_after = "ledger"
        with contextlib.suppress(CommitUnknown):
            await carry(room, post, shaky, comment)
        assert shaky.loses_after == ""
        assert (await room.target(post)).state == "published"
        assert await room.outcomes(post) == ["published"]
        await room.pass_time(LEASE + timedelta(seconds=1))
        await room.start(room.worker(connectors=lambda _: Going(comment)))
        await room.wake_up()
        (row,) = await room.settle(post)
        assert row.state == "published"
        assert await room.calls(POSTS) == 1
        assert await room.events(post) == ["post.published"]
        assert await room.ledger(post) == [(1, "reserve"), (1, "settle")]
        # It had its mark, in the commit that nobody answered for.
        assert done == []
        await room.healthy()

    tell(story)

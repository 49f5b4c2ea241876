"""Posts come in by the door, without any wire: read once, promised, accepted once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests import media as images
from tests.unit.test_posts import Desk

from polypost import access, clock
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import InvalidRequest, KeyReused, ServiceUnavailable
from polypost.intake import BodyReader, Intake, Submitter
from polypost.intake.door import Created
from polypost.intake.in_flight import Taken
from polypost.media import Signer, Uploads
from polypost.outbound import Guard
from polypost.planning.planner import Planner
from polypost.posts.media_fit import ORDINARY, Rules
from polypost.posts.orders import Context
from polypost.posts.tables import idempotency, posts
from polypost.storage import Store

PICTURE = {"type": "image", "url": "https://example.com/picture.jpg"}
Story = Callable[["Entrance"], Awaitable[None]]


class Heard(EmbeddedEngine):
    """Works for nobody, but is there."""

    async def silence(self) -> float:
        return 0.0


async def answer(made: Created) -> tuple[str, bool]:
    """The post's id, and whether an equal request had made it."""
    return made.taken.accepted.post_id, made.taken.accepted.replayed


async def nobody(taken: Taken) -> None:
    raise AssertionError(f"{taken} was accepted")


class Entrance:
    """Any entrance: it knows who asks and what, and nothing else."""

    def __init__(self, desk: Desk, folder: Path, context: Context, rules: Rules) -> None:
        store, unused = desk.store, Any
        uploads = Uploads(
            store,
            folder / "uploads",
            host="here",
            signer=Signer(lambda: [bytes(32)]),
            bucket=None,
            quota=None,
        )
        reader = BodyReader(store, Guard([]), uploads, horizon=clock.HORIZON, rules=rules)
        self.uploads = uploads
        self.desk = desk
        self.intake = Intake(store, context, reader, unused, seconds=20)  # type: ignore[arg-type]  # no media are probed here
        self.planner = Planner(store, context, self.intake)

    def submitter(self, key: str | None = None, *, gone: asyncio.Event | None = None) -> Submitter:
        async def has_gone() -> bool:
            return gone is not None and gone.is_set()

        return Submitter(access.Principal(self.desk.project, "key_1", ()), key, has_gone)

    def body(self, text: str = "hello", **more: Any) -> dict[str, Any]:
        entry = {"platform": "instagram", "accountId": self.desk.accounts[0]}
        hour = clock.iso(clock.now() + timedelta(hours=1))
        return {"content": text, "platforms": [entry], "mediaItems": [PICTURE], "scheduledFor": hour} | more

    async def create(self, submitter: Submitter, body: dict[str, Any]) -> tuple[str, bool]:
        return await self.intake.create(submitter, body, answer)

    async def count(self, table: Any = posts) -> int:
        query = select(func.count()).select_from(table)
        return int(await self.desk.store.read(lambda db: db.execute(query).scalar_one()))


@pytest.fixture
def at_the_door(with_store: Callable[..., Any], tmp_path: Path) -> Callable[..., None]:
    """Run a story with an entrance: `at_the_door(story)`."""

    def run(story: Story, *, silent: bool = False, rules: Rules = ORDINARY) -> None:
        async def main(store: Store) -> None:
            desk = await Desk(store).open()
            # An engine that was never started is silent.
            context = desk.context if silent else replace(desk.context, engine=Heard(store))
            await story(Entrance(desk, tmp_path, context, rules))

        with_store(main)

    return run


def test_a_key_stands_for_one_post(at_the_door: Callable[..., None]) -> None:
    async def story(door: Entrance) -> None:
        body = door.body()
        several = [door.create(door.submitter("once"), body) for _ in range(3)]
        made = await asyncio.gather(*several)
        assert len({post_id for post_id, _ in made}) == 1
        assert sorted(replayed for _, replayed in made) == [False, True, True]
        with pytest.raises(KeyReused):
            await door.create(door.submitter("once"), door.body("another"))
        assert await door.count() == await door.count(idempotency) == 1

    at_the_door(story)


def test_a_body_whose_client_left_stands_for_one_post(at_the_door: Callable[..., None]) -> None:
    async def story(door: Entrance) -> None:
        body, gone = door.body(), asyncio.Event()

        async def too_late(made: Created) -> tuple[str, bool]:
            gone.set()
            return await answer(made)

        first = await door.intake.create(door.submitter(gone=gone), body, too_late)
        again = await door.create(door.submitter(), body)
        further = await door.create(door.submitter(), body)
        assert first == (again[0], False)
        assert again[1]
        assert further[0] != first[0]
        assert not further[1]

    at_the_door(story)


def test_every_problem_is_said_and_nothing_is_stored(at_the_door: Callable[..., None]) -> None:
    async def story(door: Entrance) -> None:
        entry = {"platform": "instagram", "accountId": "int_other", "platformSpecificData": {"no": 1}}
        picture = {"type": "image", "url": "http://127.0.0.1/picture.jpg"}
        body = door.body(platforms=[entry], mediaItems=[picture], timezone="Nowhere", further=1)
        with pytest.raises(InvalidRequest) as refused:
            await door.create(door.submitter("k"), body)
        assert {problem.path: problem.code for problem in refused.value.problems} == {
            "further": "unknown_key",
            "mediaItems[0].url": "address_refused",
            "timezone": "unknown_zone",
            "platforms[0].accountId": "unknown_account",
            "platforms[0].platformSpecificData.no": "unknown_key",
        }
        assert await door.count() == await door.count(idempotency) == 0

    at_the_door(story)


def test_a_change_is_made_once(at_the_door: Callable[..., None]) -> None:
    async def story(door: Entrance) -> None:
        post_id, _ = await door.create(door.submitter(), door.body())
        later = {"scheduledFor": clock.iso(clock.now() + timedelta(hours=2))}
        moved = await door.intake.reschedule(door.submitter("k"), post_id, later)
        await door.intake.edit(door.submitter(), post_id, door.body("edited"))
        again = await door.intake.reschedule(door.submitter("k"), post_id, later)
        assert (moved.replayed, again.replayed) == (False, True)
        assert moved.at == again.at
        # The repeat has moved nothing: the edit's hour stands.
        query = select(posts.c.scheduled_for).where(posts.c.id == post_id)
        stands = await door.desk.store.read(lambda db: db.execute(query).scalar_one())
        assert stands < moved.at

    at_the_door(story)


@pytest.mark.parametrize("lends", [True, False])
def test_a_draft_gets_its_hour_only_where_the_network_can_have_its_media(
    at_the_door: Callable[..., None], *, lends: bool
) -> None:
    async def story(door: Entrance) -> None:
        asked, project = door.submitter(), door.desk.project.id
        url, _ = await door.uploads.keep(
            project, images.png(900, 900), base="https://polypost.example.com", filename="a.png"
        )
        hour = {"scheduledFor": clock.iso(clock.now() + timedelta(hours=1))}
        untimed = {name: value for name, value in door.body().items() if name != "scheduledFor"}
        # Instagram fetches what it is given, and a PNG has to be changed for it.
        drafted = untimed | {"mediaItems": [{"type": "image", "url": url}]}
        for way in (door.intake.reschedule, door.planner.schedule_draft):
            post_id = (await door.intake.keep_draft(asked, drafted)).post.post.id
            if lends:
                await way(asked, post_id, hour)
                continue
            with pytest.raises(InvalidRequest) as refused:
                await way(asked, post_id, hour)
            assert [problem.code for problem in refused.value.problems] == ["media_not_public"]

    at_the_door(story, rules=Rules(lends=lends))


def test_nothing_is_accepted_that_nobody_would_carry_out(at_the_door: Callable[..., None]) -> None:
    async def story(door: Entrance) -> None:
        asked = door.submitter()
        hour = {"scheduledFor": clock.iso(clock.now() + timedelta(hours=1))}
        rule = {"rule": "FREQ=DAILY", "startsAt": "2027-01-04T09:00:00"}
        untimed = {name: value for name, value in door.body().items() if name != "scheduledFor"}
        kept = await door.intake.keep_draft(asked, untimed)
        post_id = kept.post.post.id
        refused = [
            door.create(asked, door.body()),
            door.intake.retry(asked, post_id, {}),
            door.intake.reschedule(asked, post_id, hour),
            door.intake.edit(asked, post_id, door.body()),
            door.planner.schedule_draft(asked, post_id, hour),
            door.planner.queue(asked, untimed, nobody),
            door.planner.create(asked, untimed | rule),
            door.planner.change(asked, "sch_1", {}),
            door.planner.resume(asked, "sch_1"),
        ]
        for each in refused:
            with pytest.raises(ServiceUnavailable) as said:
                await each
            assert said.value.code == "no_worker"
        assert await door.count() == 1

    at_the_door(story, silent=True)

"""The short form of `make unfair`: what is out before what, on both stores; the command measures the seconds.

Long lists are the command's alone: how long they take is no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from polypost.posts.tables import targets
from tests.contract.tenant import Tenant, operator
from tests.engine.loud import Out, Stage, on_stage
from tests.engine.nameless import NoSuchMachine, names_that_hang
from tests.engine.unfair import Sizes, dead, films, names, orphaned, stumbling
from tests.preloaded import Nursery

# How long a post is waited for that never comes.
NEVER = 15.0
SMALL = Sizes(accounts=12, lease=9)
FEW_SEATS = {"POLYPOST_WORKERS": "8"}
Room = Callable[..., Stage]


@pytest.fixture
def room(tmp_path: Path, store_url: str | None, nursery: Nursery) -> Iterator[Room]:
    """Opens the stage on a store, with the keywords of `on_stage`."""
    with ExitStack() as closing:

        def build(**how: Any) -> Stage:
            stage = on_stage(tmp_path / "world", store_url, nursery=nursery, film_bytes=4_000_000, **how)
            return closing.enter_context(stage)

        yield build


def out(stage: Stage, who: Tenant | None = None) -> Out:
    """A text of B's (or of `who`) that is out, whatever A holds."""
    seen = stage.seen(stage.say(who=who), NEVER, who)
    assert seen.seen is not None, "it waits for what another project does"
    return seen


def test_texts_are_out_while_films_for_more_accounts_than_seats_are_held(room: Room) -> None:
    stage = room(**FEW_SEATS)
    with films(stage, SMALL):
        out(stage)
        out(stage, stage.loud)
        assert not stage.host.through


def test_a_post_that_came_due_is_out_before_the_backlog_of_another_account(room: Room) -> None:
    stage = room()
    stage.slow_network(0.1)
    due = stage.say(seconds=3600)
    stage.backlog(2250)
    stage.bring_forward(due)
    assert stage.seen(due, NEVER).seen is not None, "it waits for another account's backlog"


def test_a_text_is_out_before_most_of_a_crowd(room: Room) -> None:
    stage = room(**FEW_SEATS)
    stage.slow_network(1.0)
    stage.shout(stage.copies("twitter", 80))
    out(stage)
    assert stage.visible() < 40


def test_a_dead_server_of_one_project_rests_nobody_else(room: Room) -> None:
    stage = room(POLYPOST_LEASE_SECONDS=str(SMALL.lease), POLYPOST_HEARTBEAT_SECONDS="1")
    with dead(stage, SMALL):
        quiet = out(stage)
    # Whoever rests is claimed once more afterwards.
    claims = select(targets.c.epoch).where(targets.c.post_id == quiet.post_id)
    assert operator(stage.world, lambda db: db.execute(claims).scalar_one()) == 1


def test_a_picture_by_name_is_out_while_look_ups_of_another_project_hang(room: Room, tmp_path: Path) -> None:
    with ExitStack() as closing:
        try:
            machine = closing.enter_context(names_that_hang(tmp_path / "machine"))
        except NoSuchMachine as reason:
            pytest.skip(str(reason))
        stage = room(before=machine)
        with names(stage, SMALL):
            out(stage)


def test_a_media_host_that_stumbles_makes_no_post_fail(room: Room) -> None:
    stage = room()
    with stumbling(stage, SMALL):
        out(stage)


def test_the_next_post_is_out_long_before_the_lease_of_a_killed_worker_ends(room: Room) -> None:
    stage = room(workers=2, POLYPOST_LEASE_SECONDS="600", POLYPOST_HEARTBEAT_SECONDS="1")
    _, next_one = orphaned(stage, 600)
    assert stage.seen(next_one, NEVER).seen is not None, "it waits for the lease"

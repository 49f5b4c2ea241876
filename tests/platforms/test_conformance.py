"""What every network is put through, against its simulator, with the real pipeline around the connector."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from tests.platforms.conformance import Case, Edge, Kind
from tests.platforms.conformance.stage import Stage
from tests.platforms.run import Died

from polypost.integrations import service as integrations
from polypost.platforms.registry import BUILT_IN, connector

CASES: dict[str, Case] = {
    platform: import_module(f"tests.platforms.conformance.{platform}").CASE for platform in BUILT_IN
}
KINDS = [(case, kind) for case in CASES.values() for kind in case.kinds]
EDGES = [(case, edge) for case in CASES.values() for edge in case.edges]


# What is said only of some: tokens that end, kinds that the network processes.
ENDING = [case for case in CASES.values() if case.lasting is not None]
PROCESSED = [(case, kind) for case, kind in KINDS if kind.processes]


def kind_id(pair: tuple[Case, Kind]) -> str:
    return f"{pair[0].platform}-{pair[1].name}"


def edge_id(pair: tuple[Case, Edge]) -> str:
    return f"{pair[0].platform}-{pair[1].name}"


each_network = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_kind = pytest.mark.parametrize("told", KINDS, ids=map(kind_id, KINDS))


@each_network
def test_every_kind_of_post_is_told(case: Case) -> None:
    network = connector(case.platform)
    assert network is not None
    assert len(case.kinds) >= len(network.spec.post_kinds)
    assert len({kind.name for kind in case.kinds}) == len(case.kinds)


@each_kind
def test_a_post_goes_out_and_has_a_page(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        row = await stage.publish(kind)
        assert (row.state, row.error_message) == ("published", None)
        seen = await stage.visible()
        assert len(seen) == kind.visible
        assert row.proof_url is not None
        page = await stage.page(row.proof_url)
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]
        assert await stage.room.used() == 1

    on_stage(case, story)


@each_kind
@pytest.mark.parametrize("fault", ["lost_answer", "error_after"])
def test_an_answer_lost_after_storing(told: tuple[Case, Kind], fault: str, on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault(fault)
        row = await stage.publish(kind)
        seen = await stage.visible()
        assert ended(row) == kind.stored
        # Never twice; what follows a part whose answer stayed lost is not sent.
        assert 1 <= len(seen) <= kind.visible
        if kind.stored == "published":
            assert len(seen) == kind.visible
        assert await stage.room.used() == (1 if kind.stored == "published" else 0)

    on_stage(case, story)


@each_kind
@pytest.mark.parametrize("fault", ["reset_before", "error_before"])
def test_an_answer_lost_and_nothing_stored(told: tuple[Case, Kind], fault: str, on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault(fault)
        row = await stage.publish(kind)
        seen = await stage.visible()
        assert ended(row) == kind.absent
        assert len(seen) == (kind.visible if kind.absent == "published" else 0)

    on_stage(case, story)


@each_kind
def test_a_death_at_every_step(told: tuple[Case, Kind], on_stage: Any) -> None:
    """The process dies before each step, and again when it is done but not written down; the story is told anew."""
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.unlimited()
        whole, post = stage.told(kind, mark="whole")
        await stage.finish(whole, post)
        committed = {attempt.part for attempt in whole.attempts}
        counts = [each["mediaCount"] for each in await stage.visible()]
        assert len(counts) == kind.visible
        assert await stage.followed() == kind.followed
        assert not kind.followed or any(name.endswith(".sent") for name in whole.rows)
        steps = [name for name in whole.rows if not name.endswith(".sent")]
        deaths = [("dies_at", name) for name in steps]
        deaths += [("dies_after", name) for name in steps if name not in committed]
        for number, (when, name) in enumerate(deaths, 2):
            rows: dict[str, Any] = {}
            run, post = stage.told(kind, mark=f"{when} {name}", rows=rows, **{when: name})
            with pytest.raises(Died):
                await stage.finish(run, post)
            run, post = stage.told(kind, mark=f"{when} {name}", rows=rows)
            await stage.finish(run, post)
            seen = [each["mediaCount"] for each in await stage.visible()]
            assert seen == counts * number, (when, name)
            assert await stage.followed() == number * kind.followed, (when, name)

    on_stage(case, story)


@each_network
def test_a_list_that_lags(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        kind = case.kinds[0]
        await stage.fault("listing_lag", times=None, seconds=90)
        await stage.fault("lost_answer")
        row = await stage.publish(kind)
        assert ended(row) == kind.stored
        assert len(await stage.visible()) == kind.visible

    on_stage(case, story)


@each_network
def test_a_limit_is_waited_for(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        kind = case.kinds[0]
        await stage.fault("rate_limited", seconds=120)
        row = await stage.publish(kind)
        assert row.state == "published"
        assert len(await stage.visible()) == kind.visible

    on_stage(case, story)


@each_network
def test_a_dead_token_is_said(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("token_dead")
        row = await stage.publish(case.kinds[0])
        assert (row.state, row.error_code) == ("failed", "reconnect_required")
        assert await stage.visible() == []
        found = await stage.room.store.read(
            lambda db: integrations.get(db, stage.room.project.id, stage.account)
        )
        assert found.auth_status == "reconnect_required"
        assert await stage.room.used() == 0

    on_stage(case, story)


@each_network
def test_a_token_that_expired_is_renewed_or_said(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("token_expired")
        row = await stage.publish(case.kinds[0])
        found = await stage.room.store.read(
            lambda db: integrations.get(db, stage.room.project.id, stage.account)
        )
        renewed = case.refreshes is not None
        expected = case.refuses.get("token_expired", "published" if renewed else "reconnect_required")
        assert ended(row) == expected
        if expected != "published":
            assert found.auth_status == "reconnect_required"
            assert await stage.visible() == []
            assert await stage.room.used() == 0
            return
        assert found.auth_status == "active"
        assert not renewed or await stage.renewals() == 1
        assert len(await stage.visible()) == case.kinds[0].visible

    on_stage(case, story)


@each_network
def test_a_duplicate_is_said(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.fault("duplicate")
        row = await stage.publish(case.kinds[0])
        expected = case.refuses.get("duplicate", "duplicate")
        if expected == "published":
            assert row.state == "published"
        else:
            assert (row.state, row.error_code) == ("failed", expected)
            assert await stage.visible() == []

    on_stage(case, story)


@pytest.mark.parametrize("case", ENDING, ids=lambda case: case.platform)
def test_twenty_posts_at_the_end_of_a_token(case: Case, on_stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.unlimited()
        stage.account = await stage.connect(ends_known=False)
        await stage.room.pass_time(timedelta(seconds=case.lasting or 0) + timedelta(minutes=1))
        posts = [await stage.accept(case.kinds[0], mark=f"number {n}") for n in range(20)]
        rows = await stage.room.settle(*posts)
        if case.refreshes is None:
            assert {(row.state, row.error_code) for row in rows} == {("failed", "reconnect_required")}
            return
        assert {(row.state, row.error_message) for row in rows} == {("published", None)}
        assert await stage.renewals() == 1
        assert len(await stage.visible()) == 20 * case.kinds[0].visible

    on_stage(case, story)


@pytest.mark.parametrize("told", PROCESSED, ids=map(kind_id, PROCESSED))
def test_processing_gives_the_worker_back(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        await stage.fault("processing", times=None, seconds=45)
        post = await stage.accept(kind)
        await stage.room.until_state(post, "waiting")
        assert await stage.visible() == []
        await stage.room.no_faults()
        (row,) = await stage.room.settle(post)
        assert row.state == "published"

    on_stage(case, story)


# Tokens of a day and more outlive the time in which a post may still go out.
HOURS = 6 * 3600
MIDWAY = [(case, kind) for case, kind in PROCESSED if (case.lasting or 2 * HOURS) < HOURS]


@pytest.mark.parametrize("told", MIDWAY, ids=map(kind_id, MIDWAY))
def test_a_token_that_ends_while_the_network_works(told: tuple[Case, Kind], on_stage: Any) -> None:
    case, kind = told

    async def story(stage: Stage) -> None:
        stage.account = await stage.connect(ends_known=False)
        await stage.fault("processing", times=None, seconds=45)
        post = await stage.accept(kind)
        await stage.room.until_state(post, "waiting")
        await stage.room.no_faults()
        await stage.room.pass_time(timedelta(seconds=case.lasting or 0) + timedelta(minutes=1))
        (row,) = await stage.room.settle(post)
        assert (row.state, row.error_message) == ("published", None)
        assert await stage.renewals() == 1
        assert len(await stage.visible()) == kind.visible

    on_stage(case, story)


@pytest.mark.parametrize("told", EDGES, ids=map(edge_id, EDGES))
def test_a_limit_at_its_edge(told: tuple[Case, Edge]) -> None:
    case, edge = told
    network = connector(case.platform)
    assert network is not None
    assert network.check(edge.fits) == []
    problems = network.check(edge.over)
    assert edge.path in {problem.path for problem in problems}
    assert all(problem.hint for problem in problems)


def ended(row: Any) -> str:
    """`published`, or the code with which a target ended."""
    return "published" if row.state == "published" else str(row.error_code)

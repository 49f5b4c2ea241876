"""Figures of a profile's posts, and the permission that Threads wants for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.measured import HOUR, Shown, on_show
from tests.platforms.scripted_threads import Script, refused, run_on

from polypost.errors import RateLimited, Rejected, TokenExpired, Unavailable
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Proof
from polypost.platforms.families.meta.errors import PermissionMissing
from polypost.platforms.threads import CONNECTOR

pytestmark = pytest.mark.anyio

INSIGHTS, LIST = "GET /v1.0/55/insights", "GET /v1.0/2487/threads"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def insights(**numbers: object) -> tuple[int, dict[str, object]]:
    return 200, {"data": [{"name": name, "values": [{"value": value}]} for name, value in numbers.items()]}


async def measure(net, *ids):
    return await CONNECTOR.measure(run_on(net), [Proof(each) for each in ids or ("55",)])


def test_each_kind_and_the_list_tell_the_same():
    async def story(shown: Shown) -> None:
        young = await shown.figures()
        await shown.stage.room.pass_time(HOUR)
        figures = await shown.figures()
        for kind, now in figures.items():
            assert now.views > young[kind].views
            assert now.likes >= young[kind].likes
            assert now.comments == (1 if kind in {"thread", "chain"} else now.comments)
            assert now.shares is not None
            assert {now.impressions, now.reach, now.clicks, now.saves, now.engagement_rate} == {None}
        listed = await shown.listed()
        assert {each.proof.id: each.metrics for each in listed} == {
            proof.id: figures[kind] for kind, proof in shown.proofs.items()
        }
        assert all(each.proof.url for each in listed)
        assert len(await shown.listed(most=1)) == 1
        told = await CONNECTOR.measure(shown.session, [Proof("1"), Proof("x/../me"), *shown.proofs.values()])
        assert set(told) == {proof.id for proof in shown.proofs.values()}

    on_show("threads", story)


async def test_what_passes_a_post_on_is_added_up(net: Script):
    net.on(
        INSIGHTS,
        insights(views=9, likes=8, replies=7, reposts=1, quotes=2, shares=3),
        insights(views=9, shares=3),
        (200, {"data": []}),
        insights(views="9", likes=True),
    )
    assert await measure(net) == {"55": Metrics(views=9, likes=8, comments=7, shares=6)}
    assert await measure(net) == {"55": Metrics(views=9, shares=3)}
    assert await measure(net) == {"55": Metrics()}
    assert await measure(net) == {"55": Metrics()}
    assert {call.fields["metric"] for call in net.calls[INSIGHTS]} == {
        "views,likes,replies,reposts,quotes,shares"
    }


async def test_the_missing_permission_is_named(net: Script):
    net.on(INSIGHTS, (403, refused(10)))
    with pytest.raises(PermissionMissing, match="threads_manage_insights"):
        await measure(net)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, refused(190, 463)), TokenExpired),
        ((400, refused(4)), RateLimited),
        ((500, refused(2)), Unavailable),
        ((400, refused(100)), Rejected),
    ],
    ids=lambda value: repr(value) if isinstance(value, tuple) else value.__name__,
)
async def test_refusals(net: Script, answer, error):
    net.on(INSIGHTS, answer)
    net.on(LIST, answer)
    with pytest.raises(error):
        await measure(net)
    with pytest.raises(error):
        await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=5)


async def test_reposts_and_other_days_are_left_out_of_the_list(net: Script):
    rows = [
        {"id": 55, "text": "Ours", "timestamp": "2026-11-20T10:00:00+0000", "media_type": "TEXT_POST"},
        {"id": "56", "timestamp": "2026-11-20T09:00:00+0000", "media_type": "REPOST_FACADE"},
        {"id": "57", "timestamp": "2026-11-19T09:00:00+0000", "media_type": "IMAGE"},
        {"id": "58"},
        "no",
    ]
    net.on(LIST, (200, {"data": rows}))
    net.on(INSIGHTS, insights(views=1))
    listed = await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=9)
    assert [(each.proof.id, each.text, each.metrics.views) for each in listed] == [("55", "Ours", 1)]

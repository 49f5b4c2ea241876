"""Figures of an account's media: each kind asked for what it has, and what is left when Instagram tells less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.measured import HOUR, Shown, on_show
from tests.platforms.scripted_instagram import Script, refused, run_on

from polypost.errors import RateLimited, TokenExpired, Unavailable
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Proof
from polypost.platforms.instagram import CONNECTOR

pytestmark = pytest.mark.anyio

NODE, INSIGHTS = "GET /v26.0/55", "GET /v26.0/55/insights"
MEDIA, STORIES = "GET /v26.0/1784/media", "GET /v26.0/1784/stories"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def insights(**numbers: object) -> tuple[int, dict[str, object]]:
    return 200, {"data": [{"name": name, "values": [{"value": value}]} for name, value in numbers.items()]}


def node(product: str = "FEED", **more: object) -> tuple[int, dict[str, object]]:
    return 200, {"id": "55", "media_product_type": product, "like_count": 6, "comments_count": 7, **more}


async def measure(net, *ids):
    return await CONNECTOR.measure(run_on(net), [Proof(each) for each in ids or ("55",)])


def test_each_kind_and_the_list_tell_the_same():
    async def story(shown: Shown) -> None:
        young = await shown.figures()
        await shown.stage.room.pass_time(HOUR)
        figures = await shown.figures()
        for kind, now in figures.items():
            assert now.views > young[kind].views
            assert now.views >= now.reach > 0
            assert (now.likes is None) == (now.saves is None) == ("story" in kind)
            assert now.comments == 0
            assert {now.impressions, now.clicks, now.engagement_rate} == {None}
        listed = await shown.listed()
        assert {each.proof.id: each.metrics for each in listed} == {
            proof.id: figures[kind] for kind, proof in shown.proofs.items()
        }
        assert [each.published_at for each in listed] == sorted(
            (each.published_at for each in listed), reverse=True
        )
        assert len(await shown.listed(most=1)) == 1
        told = await CONNECTOR.measure(shown.session, [Proof("1"), Proof("x/../me"), *shown.proofs.values()])
        assert set(told) == {proof.id for proof in shown.proofs.values()}

    on_show("instagram", story)


def test_a_story_after_its_day_tells_nothing_more():
    async def story(shown: Shown) -> None:
        await shown.stage.room.pass_time(25 * HOUR)
        figures = await shown.figures()
        assert figures["story"] == figures["video story"] == Metrics()
        assert all(told.views for kind, told in figures.items() if "story" not in kind)

    on_show("instagram", story)


async def test_a_medium_and_a_story_are_asked_for_what_they_have(net: Script):
    net.on(NODE, node(), node("STORY"))
    net.on(
        INSIGHTS,
        insights(reach=3, views=4, likes=5, comments=1, saved=2, shares=0),
        insights(reach=3, views=4, replies=1, shares=0),
    )
    assert await measure(net) == {"55": Metrics(reach=3, views=4, likes=5, comments=1, saves=2, shares=0)}
    assert await measure(net) == {"55": Metrics(reach=3, views=4, comments=1, shares=0)}
    assert [call.fields["metric"] for call in net.calls[INSIGHTS]] == [
        "reach,views,likes,comments,saved,shares",
        "reach,views,replies,shares",
    ]


@pytest.mark.parametrize(
    "answer", [(403, refused(10)), (403, refused(200)), (400, refused(100)), (200, {"data": "no"})], ids=repr
)
async def test_without_insights_the_counts_are_left(net: Script, answer):
    net.on(NODE, node())
    net.on(INSIGHTS, answer)
    assert await measure(net) == {"55": Metrics(likes=6, comments=7)}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, refused(190, 463)), TokenExpired),
        ((400, refused(80002)), RateLimited),
        ((500, refused(2)), Unavailable),
    ],
    ids=lambda value: repr(value) if isinstance(value, tuple) else value.__name__,
)
async def test_refusals(net: Script, answer, error):
    net.on(NODE, node())
    for route in (INSIGHTS, NODE):
        net.on(route, answer)
        with pytest.raises(error):
            await measure(net)
    net.on(MEDIA, answer)
    with pytest.raises(error):
        await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=5)


async def test_lists_go_on_until_they_end_and_old_stories_are_not_looked_for(net: Script):
    def listed(*stamps: str, after: str = "") -> tuple[int, dict[str, object]]:
        rows = [{"id": "55", "timestamp": f"{stamp}T10:00:00+0000", "caption": stamp} for stamp in stamps]
        paging = {"cursors": {"after": after}, "next": "https://x"} if after else {}
        return 200, {"data": rows, "paging": paging}

    net.on(INSIGHTS, insights(views=1))
    net.on(
        MEDIA,
        listed("2026-11-21", "2026-11-20", after="a"),
        listed("2026-11-20", "2026-11-19", after="b"),
    )
    rows = await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=9)
    assert [each.text for each in rows] == ["2026-11-20", "2026-11-20"]
    # The second page ended before the span, so no third is asked for.
    assert [call.fields.get("after") for call in net.calls[MEDIA]] == [None, "a"]
    assert net.calls[STORIES] == []

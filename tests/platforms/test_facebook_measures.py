"""Figures of a Page's posts: what Facebook tells of each kind, in few calls, and what is left when it tells less."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.platforms.measured import HOUR, Shown, on_show
from tests.platforms.scripted_facebook import POSTS, Script, refused, run_on

from polypost.errors import RateLimited, ReconnectRequired, Unavailable
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Proof
from polypost.platforms.facebook import CONNECTOR
from polypost.platforms.families.meta.errors import PermissionMissing

pytestmark = pytest.mark.anyio

ALL = "GET /v26.0/"
STORIES = {"story", "video story"}
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def row(views: int = 10, **more: object) -> dict[str, object]:
    """A post with counts and insights."""
    insights = [
        ("post_media_view", views),
        ("post_total_media_view_unique", 8),
        ("post_clicks", 2),
    ]
    return {
        "shares": {"count": 3},
        "comments": {"data": [], "summary": {"total_count": 4}},
        "reactions": {"data": [], "summary": {"total_count": 5}},
        "insights": {"data": [{"name": name, "values": [{"value": value}]} for name, value in insights]},
        **more,
    }


FULL = Metrics(views=10, reach=8, clicks=2, likes=5, comments=4, shares=3)


def measure(net: Script, *ids: str) -> object:
    return CONNECTOR.measure(run_on(net), [Proof(each) for each in ids])


def test_each_kind_and_the_list_tell_the_same():
    async def story(shown: Shown) -> None:
        young = await shown.figures()
        await shown.stage.room.pass_time(HOUR)
        figures = await shown.figures()
        for kind, now in figures.items():
            assert now.views > young[kind].views
            assert now.views >= now.reach > 0
            assert now.likes >= young[kind].likes
            assert now.comments == (1 if kind == "link" else 0)
            assert None not in {now.clicks, now.shares}
            assert {now.impressions, now.saves, now.engagement_rate} == {None}
        listed = await shown.listed()
        assert [each.published_at for each in listed] == sorted(
            (each.published_at for each in listed), reverse=True
        )
        ids = {proof.id: kind for kind, proof in shown.proofs.items()}
        assert {each.proof.id for each in listed} == {
            proof.id for kind, proof in shown.proofs.items() if kind not in STORIES
        }
        assert {each.proof.id: each.metrics for each in listed} == {
            each.proof.id: figures[ids[each.proof.id]] for each in listed
        }
        assert all(each.proof.url and each.text for each in listed)
        assert len(await shown.listed(most=2)) == 2
        everything = [*shown.proofs.values(), Proof("1_1"), Proof("999"), Proof("../me")]
        told = await CONNECTOR.measure(shown.session, everything)
        assert set(told) == set(ids)

    on_show("facebook", story)


async def test_fifty_posts_are_one_call(net: Script):
    ids = [f"111_{number}" for number in range(60)]
    net.on(ALL, (200, {each: row() for each in ids}))
    told = await measure(net, *ids)
    assert told == dict.fromkeys(ids, FULL)
    assert [len(call.fields["ids"].split(",")) for call in net.calls[ALL]] == [50, 10]
    assert "post_impressions" not in net.calls[ALL][0].fields["fields"]
    assert net.calls[ALL][0].headers["authorization"] == "Bearer page-token"


async def test_a_film_has_figures_of_its_own_and_counts_of_its_post(net: Script):
    insights = {"data": [{"name": "total_video_views", "values": [{"value": 70}]}]}
    net.on(
        ALL,
        (200, {"9": {"post_id": "7", "video_insights": insights}, "8": {"post_id": "111_6"}}),
        (200, {"111_7": row(), "111_6": row(views=20)}),
    )
    told = await measure(net, "9", "8")
    assert (told["9"].views, told["9"].reach, told["9"].likes) == (70, 8, 5)
    assert told["8"].views == 20


async def test_one_that_is_missing_does_not_hide_the_others(net: Script):
    gone = (400, refused(100, 33))
    net.on(ALL, gone, (200, {"111_1": row()}), gone)
    assert await measure(net, "111_1", "111_2") == {"111_1": FULL}
    assert [call.fields["ids"] for call in net.calls[ALL]] == ["111_1,111_2", "111_1", "111_2"]


@pytest.mark.parametrize("answer", [(403, refused(200)), (400, refused(10)), (400, refused(100))], ids=repr)
async def test_without_insights_the_counts_are_left(net: Script, answer):
    counts = {name: value for name, value in row().items() if name != "insights"}
    net.on(ALL, answer, (200, {"111_1": counts}))
    told = await measure(net, "111_1")
    assert told == {"111_1": Metrics(likes=5, comments=4, shares=3)}


async def test_without_any_permission_the_missing_one_is_named(net: Script):
    net.on(ALL, (403, refused(200)))
    with pytest.raises(PermissionMissing, match="read_insights"):
        await measure(net, "111_1")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, refused(190, 460)), ReconnectRequired),
        ((400, refused(4)), RateLimited),
        ((500, refused(2)), Unavailable),
        ((200, b"<html>"), Unavailable),
    ],
    ids=lambda value: repr(value) if isinstance(value, tuple) else value.__name__,
)
async def test_refusals(net: Script, answer, error):
    net.on(ALL, answer)
    net.on(POSTS, answer)
    with pytest.raises(error):
        await measure(net, "111_1")
    with pytest.raises(error):
        await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=5)


async def test_what_is_not_a_number_is_not_told(net: Script):
    odd = {
        "shares": {"count": "many"},
        "comments": {"summary": {"total_count": True}},
        "reactions": [],
        "insights": {"data": [{"name": "post_clicks", "values": []}, {"values": [{"value": {}}]}, 5]},
    }
    net.on(ALL, (200, {"111_1": odd, "111_2": {}, "111_3": "no"}))
    assert await measure(net, "111_1", "111_2", "111_3") == {
        "111_1": Metrics(),
        # A post that nobody shared comes without the count.
        "111_2": Metrics(),
    }


async def test_a_list_goes_on_until_it_ends_or_is_long_enough(net: Script):
    def listed(number: int, more: bool) -> tuple[int, dict[str, object]]:
        made = {"id": f"111_{number}", "created_time": "2026-11-20T10:00:00+0000", "message": "Hello"}
        paging = {"cursors": {"after": f"c{number}"}} | ({"next": "https://x"} if more else {})
        return 200, {
            "data": [made, {"id": "111_0", "created_time": "2026-01-01T00:00:00+0000"}],
            "paging": paging,
        }

    async def ask(net, most):
        return await CONNECTOR.recent(run_on(net), since=NOW, until=NOW + timedelta(days=1), most=most)

    net.on(POSTS, listed(1, True), listed(2, True), listed(3, False))
    net.on(ALL, (200, {"111_1": row(), "111_3": row()}))
    rows = await ask(net, 10)
    assert [each.proof.id for each in rows] == ["111_1", "111_2", "111_3"]
    assert [each.metrics for each in rows] == [FULL, Metrics(), FULL]
    assert [call.fields.get("after") for call in net.calls[POSTS]] == [None, "c1", "c2"]
    net.on(POSTS, listed(1, True), listed(2, True))
    assert len(await ask(net, 2)) == 2
    assert len(net.calls[POSTS]) == 5


async def test_nothing_to_ask_is_no_call(net: Script):
    assert await measure(net) == {}
    assert net.calls == {}
    await asyncio.sleep(0)

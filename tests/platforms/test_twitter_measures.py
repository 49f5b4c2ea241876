"""Figures of posts on X: batches, private figures and their end, what is foreign or gone, the account's list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost import clock
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.twitter import CONNECTOR

ME = Account("12", username="polly")
PUBLIC = {
    "impression_count": 900,
    "like_count": 8,
    "reply_count": 3,
    "retweet_count": 2,
    "quote_count": 1,
    "bookmark_count": 5,
}
FIGURES = Metrics(impressions=900, likes=8, comments=3, shares=2, saves=5)


def number(when: datetime, nth: int = 0) -> str:
    """An id that X would have given at that time."""
    return str((int(when.timestamp() * 1000) - 1_288_834_974_657 << 22) + nth)


def post(number: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "text": "Hello", "author_id": "12", "public_metrics": PUBLIC} | more


def tell(answers: Any, story: Any) -> None:
    with_answers("twitter", ME, answers, story)


def test_a_hundred_at_a_time() -> None:
    now = clock.now()
    ids = [number(now - timedelta(days=2), nth) for nth in range(205)]

    def answers(asked: Asked) -> Answer:
        private = {"non_public_metrics": {"url_link_clicks": 4}}
        return 200, {"data": [post(each, **private) for each in asked.one("ids").split(",")]}

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(each) for each in (*ids, *ids)])
        assert set(found) == set(ids)
        assert found[ids[0]] == Metrics(impressions=900, likes=8, comments=3, shares=2, saves=5, clicks=4)
        assert [len(asked.one("ids").split(",")) for asked in net.asked] == [100, 100, 5]
        assert all(asked.path == "/2/tweets" for asked in net.asked)
        assert net.asked[0].headers["authorization"] == "Bearer token-1"

    tell(answers, story)


def test_private_figures_are_not_asked_of_old_posts() -> None:
    now = clock.now()
    young, old = number(now - timedelta(days=29)), number(now - timedelta(days=31))

    def answers(asked: Asked) -> Answer:
        return 200, {"data": [post(each) for each in asked.one("ids").split(",")]}

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(old), Proof(young)])
        assert found == {old: FIGURES, young: FIGURES}
        asked = {each.one("ids"): "non_public_metrics" in each.one("tweet.fields") for each in net.asked}
        assert asked == {young: True, old: False}

    tell(answers, story)


def test_a_post_without_private_figures_is_asked_for_again() -> None:
    """X leaves such a post out and names the field; a post that is gone is left out of both answers."""
    one, gone = number(clock.now() - timedelta(hours=1)), number(clock.now(), 1)
    refused = {"resource_id": one, "type": "https://api.x.com/2/problems/not-authorized-for-field"}

    def answers(asked: Asked) -> Answer:
        if "non_public_metrics" in asked.one("tweet.fields"):
            return 200, {"errors": [refused]}
        return 200, {"data": [post(one)], "errors": [{"resource_id": gone, "title": "Not Found Error"}]}

    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof(one), Proof(gone)]) == {one: FIGURES}
        assert len(net.asked) == 2

    tell(answers, story)


def test_a_strangers_post_is_left_out() -> None:
    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof("20")]) == {}

    tell(lambda _: (200, {"data": [post("20", author_id="13")]}), story)


def test_views_are_those_of_the_only_video() -> None:
    film = {"media_key": "7_1", "type": "video", "public_metrics": {"view_count": 55}}
    other = {"media_key": "7_2", "type": "video", "public_metrics": {"view_count": 1}}
    photo = {"media_key": "3_1", "type": "photo"}
    shown = {"1": ["7_1", "3_1"], "2": ["7_1", "7_2"], "3": ["3_1"]}
    data = [post(each, attachments={"media_keys": keys}) for each, keys in shown.items()]

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(each) for each in shown])
        assert {each: metrics.views for each, metrics in found.items()} == {"1": 55, "2": None, "3": None}

    tell(lambda _: (200, {"data": data, "includes": {"media": [film, other, photo]}}), story)


def test_either_of_the_two_names_is_read() -> None:
    renamed = {name.replace("retweet", "repost"): value for name, value in PUBLIC.items()}

    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof("1")]) == {"1": FIGURES}

    tell(lambda _: (200, {"data": [post("1", public_metrics=renamed)]}), story)


def test_the_list_is_read_page_by_page() -> None:
    now = datetime.now(UTC)
    ids = [number(now - timedelta(minutes=nth + 1)) for nth in range(250)]
    times = {each: clock.iso(now - timedelta(minutes=nth + 1)) for nth, each in enumerate(ids)}

    def answers(asked: Asked) -> Answer:
        start = int(asked.query.get("pagination_token", "0"))
        page = ids[start : start + 100]
        meta = {"result_count": len(page)} | ({"next_token": str(start + 100)} if start < 200 else {})
        return 200, {"data": [post(each, created_at=times[each]) for each in page], "meta": meta}

    async def story(net: Net) -> None:
        since = now - timedelta(days=1)
        found = await CONNECTOR.recent(net.session, since=since, until=now, most=120)
        assert [each.proof.id for each in found] == ids[:120]
        assert found[0].proof.url == f"https://x.com/polly/status/{ids[0]}"
        assert (found[0].text, found[0].metrics) == ("Hello", FIGURES)
        assert len(net.asked) == 2
        first = net.asked[0]
        assert (first.path, first.one("exclude")) == ("/2/users/12/tweets", "replies,retweets")
        # X knows best what is newest; its clock may differ.
        assert "end_time" not in first.query
        few = await CONNECTOR.recent(net.session, since=since, until=now, most=1)
        assert [each.proof.id for each in few] == ids[:1]
        assert net.asked[-1].one("max_results") == "5"

    tell(answers, story)


def test_a_long_time_is_read_with_and_without_private_figures() -> None:
    now = datetime.now(UTC)

    async def story(net: Net) -> None:
        since, until = now - timedelta(days=80), now - timedelta(days=3)
        assert await CONNECTOR.recent(net.session, since=since, until=until, most=10) == []
        young, old = net.asked
        assert "non_public_metrics" in young.one("tweet.fields")
        assert "non_public_metrics" not in old.one("tweet.fields")
        assert old.one("start_time") == f"{since:%Y-%m-%dT%H:%M:%SZ}"
        assert old.one("end_time") >= young.one("start_time")
        assert young.one("end_time")[:16] == f"{until + timedelta(seconds=1):%Y-%m-%dT%H:%M}"

    tell(lambda _: (200, {"meta": {"result_count": 0}}), story)

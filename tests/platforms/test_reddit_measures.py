"""Figures of posts on Reddit: batches, what is foreign or deleted, the account's submissions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost.errors import ReconnectRequired
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.reddit import CONNECTOR

ME = Account("p1", "polly")
FIGURES = Metrics(likes=8, comments=3, shares=1)
NOW = datetime.now(UTC)


def post(number: str, **more: Any) -> dict[str, Any]:
    data = {
        "id": number,
        "name": f"t3_{number}",
        "author": "polly",
        "author_fullname": "t2_p1",
        "title": "Hello",
        "selftext": "World",
        "permalink": f"/r/sandbox/comments/{number}/hello/",
        "created_utc": NOW.timestamp(),
        "score": 8,
        "ups": 8,
        "num_comments": 3,
        "num_crossposts": 1,
        "view_count": None,
        "removed_by_category": None,
    }
    return {"kind": "t3", "data": data | more}


def listing(*children: Any, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(children), "after": after, "before": None}}


def tell(answers: Any, story: Any, account: Account = ME) -> None:
    with_answers("reddit", account, answers, story)


def test_a_hundred_at_a_time() -> None:
    def answers(asked: Asked) -> Answer:
        names = [each.removeprefix("t3_") for each in asked.one("id").split(",")]
        return 200, listing(*(post(each) for each in names if each != "a3"))

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(f"a{nth}") for nth in range(150)])
        assert set(found) == {f"a{nth}" for nth in range(150) if nth != 3}
        assert found["a0"] == FIGURES
        assert [len(asked.one("id").split(",")) for asked in net.asked] == [100, 50]
        assert net.asked[0].path == "/api/info"
        assert net.asked[0].one("raw_json") == "1"

    tell(answers, story)


def test_strangers_and_deleted_posts_are_left_out() -> None:
    listed = [
        post("a1", author="other", author_fullname="t2_q2"),
        post("a2", author="[deleted]"),
        post("a3", removed_by_category="deleted"),
        # Moderators have removed it; its author still sees what it brought.
        post("a4", removed_by_category="moderator"),
        {"kind": "t1", "data": {"id": "a5", "author_fullname": "t2_q2"}},
    ]

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(f"a{nth}") for nth in range(1, 6)])
        assert set(found) == {"a4"}

    tell(lambda _: (200, listing(*listed)), story)


def test_the_list_is_read_until_it_is_older() -> None:
    def answers(asked: Asked) -> Answer:
        start = int(asked.query.get("after", "t3_0").removeprefix("t3_"))
        page = [
            post(str(nth), created_utc=(NOW - timedelta(hours=nth)).timestamp())
            for nth in range(start + 1, start + 101)
        ]
        return 200, listing(*page, after=f"t3_{start + 100}")

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=150, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=500)
        assert [each.proof.id for each in found] == [str(nth) for nth in range(2, 151)]
        assert (found[0].text, found[0].metrics) == ("Hello\n\nWorld", FIGURES)
        assert found[0].proof.url == "https://www.reddit.com/r/sandbox/comments/2/hello/"
        assert len(net.asked) == 2
        assert net.asked[0].path == "/user/polly/submitted"
        assert len(await CONNECTOR.recent(net.session, since=since, until=until, most=3)) == 3

    tell(answers, story)


def test_the_lists_scope_is_named() -> None:
    challenge = {"www-authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}

    async def story(net: Net) -> None:
        with pytest.raises(ReconnectRequired, match="scope history"):
            await CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=9)

    tell(lambda _: (403, {}, challenge), story)

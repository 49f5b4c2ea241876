"""Figures of posts on Mastodon: batches where the server can, what is foreign or gone, the account's list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost import clock
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.mastodon import CONNECTOR

SERVER = "example.social"
ME = Account(f"42@{SERVER}", "polly", metadata={"apiVersion": 6})
FIGURES = Metrics(likes=8, comments=3, shares=2)
NOW = datetime.now(UTC)


def status(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "url": f"https://{SERVER}/@polly/{number}",
        "account": {"id": "42"},
        "created_at": clock.iso(NOW - timedelta(hours=number)),
        "content": "<p>Hello &amp; <b>welcome</b></p><p>to<br>you</p>",
        "in_reply_to_id": None,
        "reblog": None,
        "favourites_count": 8,
        "replies_count": 3,
        "reblogs_count": 2,
        "quotes_count": 1,
    } | more


def tell(answers: Any, story: Any, account: Account = ME) -> None:
    with_answers("mastodon", account, answers, story, server=SERVER)


def test_twenty_at_a_time() -> None:
    def answers(asked: Asked) -> Answer:
        ids = asked.every("id[]")
        if len(ids) > 20:
            return 422, {"error": "Mastodon::ValidationError"}
        return 200, [status(int(each)) for each in ids if each != "3"]

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(str(nth)) for nth in range(1, 46)])
        assert set(found) == {str(nth) for nth in range(1, 46) if nth != 3}
        assert found["1"] == FIGURES
        assert [len(asked.every("id[]")) for asked in net.asked] == [20, 20, 5]
        assert net.asked[0].path == "/api/v1/statuses"

    tell(answers, story)


@pytest.mark.parametrize("version", [None, 1])
def test_one_by_one_on_servers_that_cannot_do_more(version: int | None) -> None:
    def answers(asked: Asked) -> Answer:
        number = int(asked.path.rpartition("/")[2])
        return (200, status(number)) if number != 2 else (404, {"error": "Record not found"})

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof("1"), Proof("2"), Proof("3")])
        assert found == {"1": FIGURES, "3": FIGURES}
        assert [asked.path for asked in net.asked] == [f"/api/v1/statuses/{nth}" for nth in (1, 2, 3)]

    tell(answers, story, replace(ME, metadata={} if version is None else {"apiVersion": version}))


def test_strangers_posts_and_boosts_are_left_out() -> None:
    listed = [status(1, account={"id": "43"}), status(2, reblog=status(1)), status(3)]

    async def story(net: Net) -> None:
        assert set(await CONNECTOR.measure(net.session, [Proof("1"), Proof("2"), Proof("3")])) == {"3"}

    tell(lambda _: (200, listed), story)


def test_the_list_is_read_until_it_is_older() -> None:
    def answers(asked: Asked) -> Answer:
        first = int(asked.query.get("max_id", "0")) + 1
        # Whoever answers oneself goes on with a thread.
        return 200, [status(n, in_reply_to_id="1" if n == 5 else None) for n in range(first, first + 40)]

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=60, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=200)
        assert [each.proof.id for each in found] == [str(n) for n in range(2, 61) if n != 5]
        assert found[0].proof.url == f"https://{SERVER}/@polly/2"
        assert (found[0].text, found[0].metrics) == ("Hello & welcome\n\nto\nyou", FIGURES)
        assert len(net.asked) == 2
        first = net.asked[0]
        assert first.path == "/api/v1/accounts/42/statuses"
        assert (first.one("exclude_reblogs"), first.one("exclude_replies")) == ("true", "true")
        assert len(await CONNECTOR.recent(net.session, since=since, until=until, most=3)) == 3

    tell(answers, story)

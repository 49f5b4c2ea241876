"""Figures of posts on Bluesky: batches without a token, what is foreign or gone, the account's feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost import clock
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.bluesky import CONNECTOR

ME = Account("did:plc:polly", "polly.example")
COUNTS = {"likeCount": 8, "replyCount": 3, "repostCount": 2, "quoteCount": 1, "bookmarkCount": 5}
FIGURES = Metrics(likes=8, comments=3, shares=2, saves=5)
NOW = datetime.now(UTC)


def uri(nth: int, did: str = ME.id) -> str:
    return f"at://{did}/app.bsky.feed.post/3l{nth:011}"


def view(address: str, **record: Any) -> dict[str, Any]:
    return {"uri": address, "record": {"text": "Hello"} | record, **COUNTS}


def tell(answers: Any, story: Any) -> None:
    with_answers("bluesky", ME, answers, story, pds="https://pds.example")


def test_twenty_five_at_a_time_and_without_a_token() -> None:
    def answers(asked: Asked) -> Answer:
        # One that is gone is left out by the app's server.
        return 200, {"posts": [view(each) for each in asked.every("uris") if each != uri(3)]}

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(uri(nth)) for nth in range(52)])
        assert set(found) == {uri(nth) for nth in range(52) if nth != 3}
        assert found[uri(0)] == FIGURES
        assert [len(asked.every("uris")) for asked in net.asked] == [25, 25, 2]
        assert all("authorization" not in asked.headers for asked in net.asked)

    tell(answers, story)


def test_strangers_and_nonsense_are_not_asked_for() -> None:
    async def story(net: Net) -> None:
        wrong = [uri(1, "did:plc:another"), "3l00000000001", "at://did:plc:polly/app.bsky.feed.like/3l", ""]
        assert await CONNECTOR.measure(net.session, [Proof(each) for each in wrong]) == {}
        assert net.asked == []

    tell(lambda _: (400, {"error": "InvalidRequest"}), story)


def test_the_feed_is_read_until_it_is_older() -> None:
    def entry(nth: int) -> dict[str, Any]:
        return {"post": view(uri(nth), createdAt=clock.iso(NOW - timedelta(hours=nth)))}

    def answers(asked: Asked) -> Answer:
        start = int(asked.query.get("cursor", "0"))
        return 200, {"feed": [entry(nth) for nth in range(start, start + 100)], "cursor": str(start + 100)}

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=150, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=500)
        assert [each.proof.id for each in found] == [uri(nth) for nth in range(2, 151)]
        assert found[0].published_at == NOW.replace(microsecond=NOW.microsecond // 1000 * 1000) - timedelta(
            hours=2
        )
        assert (found[0].text, found[0].metrics) == ("Hello", FIGURES)
        assert found[0].proof.url == f"https://bsky.app/profile/did:plc:polly/post/3l{2:011}"
        assert len(net.asked) == 2
        assert net.asked[0].one("filter") == "posts_no_replies"
        few = await CONNECTOR.recent(net.session, since=since, until=until, most=7)
        assert len(few) == 7

    tell(answers, story)


def test_reposts_are_not_the_accounts_posts() -> None:
    mine = {"post": view(uri(1), createdAt=clock.iso(NOW))}
    again = {**mine, "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}
    theirs = {"post": view(uri(2, "did:plc:another"), createdAt=clock.iso(NOW))}

    async def story(net: Net) -> None:
        found = await CONNECTOR.recent(
            net.session, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1), most=9
        )
        assert [each.proof.id for each in found] == [uri(1)]

    tell(lambda _: (200, {"feed": [again, theirs, mine]}), story)


def test_a_record_from_the_future_came_when_it_was_seen() -> None:
    seen, claimed = clock.iso(NOW - timedelta(hours=1)), clock.iso(NOW + timedelta(days=400))
    post = {"post": view(uri(1), createdAt=claimed) | {"indexedAt": seen}}

    async def story(net: Net) -> None:
        (found,) = await CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=9)
        assert found.published_at is not None
        assert clock.iso(found.published_at) == seen

    tell(lambda _: (200, {"feed": [post]}), story)

"""Figures of videos on YouTube: batches, hidden counts, what is foreign or gone, the channel's uploads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.youtube import CONNECTOR

ME = Account("UCpolly", "polly")
FIGURES = Metrics(views=900, likes=8, comments=3)
NOW = datetime.now(UTC)


def number(nth: int) -> str:
    return f"v{nth:010}"


def video(number: str, channel: str = ME.id, **counts: Any) -> dict[str, Any]:
    told = {"viewCount": "900", "likeCount": "8", "favoriteCount": "0", "commentCount": "3"} | counts
    return {
        "id": number,
        "snippet": {"channelId": channel, "title": "Hello", "description": "World"},
        "statistics": {name: value for name, value in told.items() if value is not None},
    }


def tell(answers: Any, story: Any) -> None:
    with_answers("youtube", ME, answers, story)


def test_fifty_at_a_time() -> None:
    def answers(asked: Asked) -> Answer:
        return 200, {"items": [video(each) for each in asked.one("id").split(",") if each != number(3)]}

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(number(nth)) for nth in range(120)])
        assert set(found) == {number(nth) for nth in range(120) if nth != 3}
        assert found[number(0)] == FIGURES
        assert [len(asked.one("id").split(",")) for asked in net.asked] == [50, 50, 20]
        assert all(asked.one("part") == "snippet,statistics" for asked in net.asked)

    tell(answers, story)


def test_a_count_that_is_hidden_is_not_zero() -> None:
    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(number(1))])
        assert found == {number(1): Metrics(views=900)}

    tell(lambda _: (200, {"items": [video(number(1), likeCount=None, commentCount=None)]}), story)


def test_a_strangers_video_is_left_out() -> None:
    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof(number(1))]) == {}

    tell(lambda _: (200, {"items": [video(number(1), channel="UCother")]}), story)


def test_the_uploads_are_read_until_they_are_older() -> None:
    def entry(nth: int) -> dict[str, Any]:
        at = f"{NOW - timedelta(hours=nth):%Y-%m-%dT%H:%M:%SZ}"
        return {"snippet": {"publishedAt": at}, "contentDetails": {"videoId": number(nth)}}

    def answers(asked: Asked) -> Answer:
        if asked.path.endswith("/videos"):
            # In whatever order YouTube likes; one went between the two calls.
            wanted = sorted(asked.one("id").split(","), reverse=True)
            return 200, {"items": [video(each) for each in wanted if each != number(7)]}
        start = int(asked.query.get("pageToken", "0"))
        page = [entry(nth) for nth in range(start, start + 50)]
        return 200, {"items": page, "nextPageToken": str(start + 50)}

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=70, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=500)
        assert [each.proof.id for each in found] == [number(nth) for nth in range(2, 71) if nth != 7]
        assert (found[0].text, found[0].metrics) == ("Hello\n\nWorld", FIGURES)
        assert found[0].proof.url == f"https://www.youtube.com/watch?v={number(2)}"
        assert [asked.path.rpartition("/")[2] for asked in net.asked] == [
            "playlistItems",
            "playlistItems",
            "videos",
            "videos",
        ]
        assert net.asked[0].one("playlistId") == "UUpolly"
        few = await CONNECTOR.recent(net.session, since=since, until=until, most=3)
        assert [each.proof.id for each in few] == [number(nth) for nth in (2, 3, 4)]

    tell(answers, story)


def test_a_channel_without_uploads_has_no_list() -> None:
    missing = {"error": {"code": 404, "message": "No list", "errors": [{"reason": "playlistNotFound"}]}}

    async def story(net: Net) -> None:
        assert await CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=9) == []

    tell(lambda _: (404, missing), story)

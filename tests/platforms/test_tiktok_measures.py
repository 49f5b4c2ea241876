"""Figures of videos on TikTok: batches, posts known by their handles, what is gone, the account's list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.answering import Answer, Asked, Net, with_answers

from polypost.errors import Rejected
from polypost.platforms.abilities import Metrics
from polypost.platforms.base import Account, Proof
from polypost.platforms.tiktok import CONNECTOR

ME = Account("open-id-1", "polly")
FIGURES = Metrics(views=900, likes=8, comments=3, shares=2)
NOW = datetime.now(UTC)
HANDLE = "v_pub_file~v2-1.7560000000000000001"
FIRST = 7_560_000_000_000_000_000


def video(number: int | str, **more: Any) -> dict[str, Any]:
    counts = {"view_count": 900, "like_count": 8, "comment_count": 3, "share_count": 2}
    return {"id": str(number), **counts, "create_time": int(NOW.timestamp())} | more


def good(data: dict[str, Any]) -> Answer:
    return 200, {"data": data, "error": {"code": "ok", "message": "", "log_id": "1"}}


def refused(code: str, status: int = 400) -> Answer:
    return status, {"data": {}, "error": {"code": code, "message": "", "log_id": "1"}}


def tell(answers: Any, story: Any) -> None:
    with_answers("tiktok", ME, answers, story)


def test_twenty_at_a_time() -> None:
    def answers(asked: Asked) -> Answer:
        ids = asked.json["filters"]["video_ids"]
        # Those of strangers, and those that are gone or not public, are left out.
        return good({"videos": [video(each) for each in ids if each != str(FIRST + 3)]})

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(str(FIRST + nth)) for nth in range(45)])
        assert set(found) == {str(FIRST + nth) for nth in range(45) if nth != 3}
        assert found[str(FIRST)] == FIGURES
        assert [len(asked.json["filters"]["video_ids"]) for asked in net.asked] == [20, 20, 5]
        assert net.asked[0].path == "/v2/video/query/"
        assert net.asked[0].one("fields").split(",") == [
            "id",
            "view_count",
            "like_count",
            "comment_count",
            "share_count",
        ]

    tell(answers, story)


@pytest.mark.parametrize(
    "told", [{"publicaly_available_post_id": [FIRST]}, {"publicly_available_post_id": [str(FIRST)]}]
)
def test_a_handle_is_asked_for_the_post_it_became(told: dict[str, Any]) -> None:
    def answers(asked: Asked) -> Answer:
        if asked.path.endswith("/status/fetch/"):
            assert asked.json == {"publish_id": HANDLE}
            return good({"status": "PUBLISH_COMPLETE", **told})
        return good({"videos": [video(each) for each in asked.json["filters"]["video_ids"]]})

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(HANDLE), Proof(str(FIRST))])
        assert found == {HANDLE: FIGURES, str(FIRST): FIGURES}
        assert len(net.asked) == 2

    tell(answers, story)


def test_nothing_is_told_of_a_post_that_is_not_public() -> None:
    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof(HANDLE), Proof(HANDLE)]) == {HANDLE: Metrics()}
        assert len(net.asked) == 1

    tell(lambda _: good({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": []}), story)


def test_photos_that_are_not_counted_are_not_taken_for_gone() -> None:
    photos = [Proof(str(FIRST + nth), f"https://www.tiktok.com/@polly/photo/{FIRST + nth}") for nth in (1, 2)]

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, photos)
        assert found == {photos[0].id: FIGURES, photos[1].id: Metrics()}

    tell(lambda _: good({"videos": [video(FIRST + 1)]}), story)


def test_many_handles_leave_room_for_publishing() -> None:
    handles = [f"v_pub_file~v2-1.{FIRST + nth}" for nth in range(40)]

    async def story(net: Net) -> None:
        found = await CONNECTOR.measure(net.session, [Proof(each) for each in handles])
        assert found == dict.fromkeys(handles, Metrics())
        assert len(net.asked) == 20

    tell(lambda _: good({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": []}), story)


@pytest.mark.parametrize("code", ["invalid_publish_id", "token_not_authorized_for_specified_publish_id"])
def test_a_handle_that_tiktok_does_not_know_is_left_out(code: str) -> None:
    async def story(net: Net) -> None:
        assert await CONNECTOR.measure(net.session, [Proof(HANDLE)]) == {}

    tell(lambda _: refused(code), story)


def test_the_list_begins_where_the_time_ends() -> None:
    def answers(asked: Asked) -> Answer:
        below = asked.json["cursor"] / 1000
        times = [each for each in (NOW.timestamp() - 3600 * nth for nth in range(100)) if each < below]
        page = times[: asked.json["max_count"]]
        videos = [
            video(
                FIRST + int(each),
                create_time=int(each),
                video_description="Hello",
                share_url="https://www.tiktok.com/@polly/video/1",
            )
            for each in page
        ]
        return good({"videos": videos, "cursor": int(page[-1] * 1000), "has_more": len(times) > len(page)})

    async def story(net: Net) -> None:
        since, until = NOW - timedelta(hours=30, minutes=1), NOW - timedelta(hours=2)
        found = await CONNECTOR.recent(net.session, since=since, until=until, most=100)
        assert len(found) == 29
        times = [each.published_at for each in found if each.published_at]
        assert times == sorted(times, reverse=True)
        assert since <= times[-1] <= times[0] <= until
        assert (found[0].text, found[0].metrics) == ("Hello", FIGURES)
        assert found[0].proof.url == "https://www.tiktok.com/@polly/video/1"
        assert len(net.asked) == 2
        assert net.asked[0].path == "/v2/video/list/"
        assert len(await CONNECTOR.recent(net.session, since=since, until=until, most=3)) == 3

    tell(answers, story)


def test_without_the_scope_people_read_what_to_do() -> None:
    async def story(net: Net) -> None:
        with pytest.raises(Rejected) as refusal:
            await CONNECTOR.recent(net.session, since=NOW - timedelta(days=1), until=NOW, most=9)
        assert refusal.value.code == "not_permitted"
        assert "video.list" in refusal.value.message
        assert "connect the account again" in refusal.value.next_step

    tell(lambda _: refused("scope_not_authorized", 401), story)

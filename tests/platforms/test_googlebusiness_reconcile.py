"""Looking for a post whose answer was lost, among those of its location."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.scripted_googlebusiness import (
    ACCOUNT,
    HOME,
    LIST,
    MAPS,
    SEARCH,
    Script,
    post,
    refused,
    run_on,
)

from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled
from polypost.platforms.googlebusiness import CONNECTOR
from polypost.platforms.googlebusiness.body import local_post
from polypost.platforms.googlebusiness.reconcile import handles

pytestmark = pytest.mark.anyio

BEGUN = datetime(2026, 11, 24, 12, 0, 0, 600_000, tzinfo=UTC)
OPTIONS = {
    "topicType": "EVENT",
    "callToActionType": "LEARN_MORE",
    "callToActionUrl": "https://example.com/",
    "eventTitle": "Gig",
    "eventStartDate": "2026-12-04",
    "eventStartTime": "20:30",
    "eventEndDate": "2026-12-05",
    "eventEndTime": "00:00",
}
POST = post(text="Some text", **OPTIONS)
SCHEDULE = {
    "startDate": {"year": 2026, "month": 12, "day": 4},
    "startTime": {"hours": 20, "minutes": 30},
    "endDate": {"year": 2026, "month": 12, "day": 5},
    # Midnight is nothing but zeros, which answers leave out.
    "endTime": {},
}


def entry(number: str = "1", *, after: float = 1, **more: Any) -> dict[str, Any]:
    told = {
        "name": f"{HOME}/localPosts/{number}",
        "createTime": f"{(BEGUN + timedelta(seconds=after)).isoformat(timespec='milliseconds')[:-6]}Z",
        "topicType": "EVENT",
        "summary": "Some text",
        "callToAction": {"actionType": "LEARN_MORE", "url": "https://example.com/"},
        "event": {"title": "Gig", "schedule": SCHEDULE},
        "searchUrl": SEARCH,
        "state": "PROCESSING",
    }
    return {name: value for name, value in {**told, **more}.items() if value is not None}


def page(*entries: Any, token: str | None = None) -> tuple[int, dict[str, Any]]:
    listed = {"localPosts": list(entries)} if entries else {}
    return 200, listed | ({"nextPageToken": token} if token else {})


async def looked(net: Script, *answers: Any, taken: set[str] | None = None) -> Reconciled:
    net.on(LIST, *answers)
    run = run_on(net)
    run.taken = taken or set()
    kept = handles(local_post(POST, ACCOUNT, run.warn))
    return await CONNECTOR.reconcile(run, POST, Attempt("post", 1, BEGUN, kept))


def found(number: str, url: str = SEARCH) -> Found:
    return Found(Proof(f"{HOME}/localPosts/{number}", url))


async def test_found_and_absent(net: Script) -> None:
    assert await looked(net, page(entry("9"))) == found("9")
    assert await looked(net, page()) == Absent()
    assert await looked(net, page(entry(after=-119))) == found("1")
    assert await looked(net, page(entry(after=-122))) == Absent()
    assert await looked(net, page(entry(searchUrl=None))) == found("1", MAPS)
    assert await looked(net, page(entry(state="REJECTED"))) == found("1")
    assert net.calls[LIST][0].fields == {"pageSize": "100"}


@pytest.mark.parametrize(
    "other",
    [
        {"topicType": "STANDARD"},
        {"summary": "Another"},
        {"summary": None},
        {"callToAction": None},
        {"callToAction": {"actionType": "LEARN_MORE", "url": "https://example.com/other"}},
        {"event": {"title": "Another", "schedule": SCHEDULE}},
        {"event": {"title": "Gig", "schedule": {**SCHEDULE, "endTime": {"hours": 1}}}},
        {"event": None},
        {"media": [{"mediaFormat": "PHOTO"}]},
        {"offer": {"couponCode": "A"}},
        {"createTime": None},
        {"createTime": "yesterday"},
        {"name": None},
        {"name": "../elsewhere"},
    ],
)
async def test_what_is_not_it(net: Script, other: dict[str, Any]) -> None:
    assert await looked(net, page(entry(**other))) == Absent()


async def test_what_a_network_does_to_texts(net: Script) -> None:
    zeros = {"hours": 0, "minutes": 0, "seconds": 0, "nanos": 0}
    shown = entry(
        summary=" Some  text\n",
        callToAction={"actionType": "LEARN_MORE", "url": "https://example.com"},
        event={"title": "Gig ", "schedule": {**SCHEDULE, "endTime": zeros}},
    )
    assert await looked(net, page(shown)) == found("1")


async def test_the_nearest_that_is_nobody_elses(net: Script) -> None:
    listed = page(entry("3", after=300), entry("2", after=2), entry("1", after=-60))
    names = {number: f"{HOME}/localPosts/{number}" for number in "123"}
    assert await looked(net, listed) == found("2")
    assert await looked(net, listed, taken={names["2"]}) == found("1")
    assert await looked(net, listed, taken=set(names.values())) == Absent()


async def test_all_pages_are_read_because_no_order_is_documented(net: Script) -> None:
    old = page(entry("5", after=-900), entry("4", after=-800), token="b")
    assert await looked(net, old, page(token="c"), page(entry("3"))) == found("3")
    assert [call.fields.get("pageToken") for call in net.calls[LIST]] == [None, "b", "c"]


async def test_too_many_to_look_through(net: Script) -> None:
    assert isinstance(await looked(net, page(entry(summary="x"), token="b")), CannotTell)
    assert len(net.calls[LIST]) == 20
    assert await looked(net, page(entry(), token="b")) == found("1")


@pytest.mark.parametrize(
    "answer",
    [
        refused(404, "NOT_FOUND"),
        refused(403, "PERMISSION_DENIED"),
        refused(429, "RESOURCE_EXHAUSTED"),
        refused(500, "INTERNAL"),
        (200, b"<html>"),
    ],
)
async def test_a_network_that_does_not_let_us_look(net: Script, answer: Any) -> None:
    assert isinstance(await looked(net, answer), CannotTell)

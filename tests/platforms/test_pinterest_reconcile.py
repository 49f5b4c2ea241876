"""Looking for a pin whose answer was lost, among those of its board."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.scripted_pinterest import LIST, Script, picture, post, run_on

from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled
from polypost.platforms.pinterest import CONNECTOR

pytestmark = pytest.mark.anyio

BEGUN = datetime(2026, 11, 24, 12, 0, 0, 600_000, tzinfo=UTC)
HANDLES = {
    "board": LIST.split("/")[3],
    "kind": "image",
    "title": "Title",
    "description": "Some text",
    "link": "https://example.com/",
}


def pin(number: str = "1", *, after: float = 1, **more: Any) -> dict[str, Any]:
    shown = {
        "id": number,
        "created_at": f"{BEGUN + timedelta(seconds=after):%Y-%m-%dT%H:%M:%S}",
        "title": "Title",
        "description": "Some text",
        "link": "https://example.com/",
        "is_owner": True,
        "media": {"media_type": "image"},
    }
    return shown | more


def page(*pins: Any, bookmark: str | None = None) -> tuple[int, dict[str, Any]]:
    return 200, {"items": list(pins), "bookmark": bookmark}


async def looked(net: Script, *answers: Any, taken: set[str] | None = None, **handles: Any) -> Reconciled:
    net.on(LIST, *answers)
    run = run_on(net)
    run.taken = taken or set()
    attempt = Attempt("pin", 1, BEGUN, HANDLES | handles)
    return await CONNECTOR.reconcile(run, post(picture()), attempt)


def found(number: str) -> Found:
    return Found(Proof(number, f"https://www.pinterest.com/pin/{number}/"))


async def test_found_and_absent(net: Script) -> None:
    assert await looked(net, page(pin("9"))) == found("9")
    assert await looked(net, page()) == Absent()
    assert await looked(net, page(pin(after=-119))) == found("1")
    assert await looked(net, page(pin(after=-122))) == Absent()
    assert await looked(net, page(pin(created_at="2026-11-24T12:00:01+00:00"))) == found("1")


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Another"},
        {"description": None},
        {"link": "https://example.com/other"},
        {"is_owner": False},
        {"media": {"media_type": "video"}},
        {"created_at": None},
        {"created_at": "yesterday"},
        {"id": ""},
    ],
)
async def test_what_is_not_it(net: Script, other: dict[str, Any]) -> None:
    assert await looked(net, page(pin(**other))) == Absent()


async def test_what_a_network_does_to_texts(net: Script) -> None:
    shown = pin(title=" Title ", description="Some  text\n", link="https://example.com")
    assert await looked(net, page(shown)) == found("1")
    empty = pin(title=None, description=None, link=None, media={})
    assert await looked(net, page(empty), title="", description="", link="") == found("1")
    composed = pin(description="é")
    assert await looked(net, page(composed), description="é") == found("1")


async def test_the_nearest_that_is_nobody_elses(net: Script) -> None:
    pins = page(pin("3", after=300), pin("2", after=2), pin("1", after=-60))
    assert await looked(net, pins) == found("2")
    assert await looked(net, pins, taken={"2"}) == found("1")
    assert await looked(net, pins, taken={"1", "2", "3"}) == Absent()


async def test_pages_until_they_are_too_old(net: Script) -> None:
    new = page(pin("5", after=50, title="x"), pin("4", after=40, title="x"), bookmark="b")
    old = page(pin("3", after=-10), pin("2", after=-900, title="x"), bookmark="c")
    assert await looked(net, new, old) == found("3")
    assert len(net.calls[LIST]) == 2


async def test_an_order_that_is_not_documented_is_not_relied_upon(net: Script) -> None:
    oldest_first = page(pin("1", after=-900, title="x"), pin("2", after=-800, title="x"), bookmark="b")
    assert await looked(net, oldest_first, page(pin("3"))) == found("3")


async def test_too_many_to_look_through(net: Script) -> None:
    endless = page(pin("5", after=50, title="x"), bookmark="b")
    assert isinstance(await looked(net, endless), CannotTell)
    assert len(net.calls[LIST]) == 8


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"code": 40, "message": "Board not found."}),
        (429, {"code": 8, "message": "slow"}),
        (500, {"code": 12, "message": "no"}),
        (200, b"<html>"),
    ],
)
async def test_a_network_that_does_not_let_us_look(net: Script, answer: Any) -> None:
    assert isinstance(await looked(net, answer), CannotTell)

"""Finding out on Threads whether a post is out, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.scripted import with_network
from tests.platforms.scripted_threads import STATUS, Script, post, refused, run_on

from polypost.errors import RateLimited, Rejected, TokenExpired
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof
from polypost.platforms.threads import CONNECTOR

pytestmark = pytest.mark.anyio

STARTED = datetime(2026, 11, 24, 12, tzinfo=UTC)
HANDLES = {
    "container": "c1",
    "text": "Hello #world",
    "media_type": "TEXT_POST",
    "reply_to": None,
    "quote": False,
}
POSTS, REPLIES = "GET /v1.0/2487/threads", "GET /v1.0/2487/replies"


def listed(
    number: str, seconds: float, text: str = "Hello #world", kind: str = "TEXT_POST", **more: Any
) -> dict[str, Any]:
    at = STARTED + timedelta(seconds=seconds)
    return {
        "id": number,
        "text": text,
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink": f"https://www.threads.net/@demo/post/{number}",
        "media_type": kind,
        "is_quote_post": False,
    } | more


def reconciled(state: Any, listing: Any = None, taken: set[str] | None = None, **handles: Any) -> Any:
    async def story(net: Script) -> Any:
        net.on(STATUS, state if isinstance(state, tuple) else (200, {"status": state}))
        if listing is not None:
            answer = listing if isinstance(listing, tuple) else (200, {"data": listing})
            net.on(REPLIES if handles.get("reply_to") else POSTS, answer)
        run = run_on(net)
        run.taken |= taken or set()
        attempt = Attempt("post", 1, STARTED, HANDLES | handles)
        found = await CONNECTOR.reconcile(run, post(), attempt)
        assert not any(route.startswith("POST") for route in net.calls)
        return found

    return with_network(Script, story)


def found(row: dict[str, Any]) -> Found:
    return Found(Proof(row["id"], row["permalink"]))


@pytest.mark.parametrize("state", ["FINISHED", "EXPIRED", "ERROR"])
def test_a_container_that_was_not_published(state):
    assert reconciled(state) == Absent()


@pytest.mark.parametrize(
    "state", ["IN_PROGRESS", "", (400, refused(24, 4279009)), (400, refused(100, 33)), (500, refused(2))]
)
def test_a_container_that_says_nothing_clear(state):
    assert isinstance(reconciled(state), CannotTell)


def test_a_dead_token_and_a_limit_are_not_hidden_by_reconciling():
    with pytest.raises(TokenExpired):
        reconciled((400, refused(190, 463)))
    with pytest.raises(RateLimited):
        reconciled((400, refused(17)))


def test_the_post_of_a_published_container():
    ours = listed("m9", 3, "Hello  world\n")
    others = [
        listed("m8", 3, "Hello"),
        listed("m7", -121),
        listed("m6", 2, kind="IMAGE"),
        listed("m5", 2, kind="REPOST_FACADE"),
        listed("m4", 2, is_quote_post=True),
        listed("m3", -9999),
        {"id": "m2"},
        "not a post",
    ]
    assert reconciled("PUBLISHED", [*others, ours]) == found(ours)
    assert reconciled("PUBLISHED", [listed("m1", -119)]) == found(listed("m1", -119))


def test_a_reply_is_found_among_the_replies_by_its_parent():
    ours = listed("r1", 2, "two", replied_to={"id": "m1"})
    other = listed("r2", 1, "two", replied_to={"id": "m0"})
    assert reconciled("PUBLISHED", [other, ours], text="two", reply_to="m1") == found(ours)
    without = {name: value for name, value in ours.items() if name != "replied_to"}
    assert reconciled("PUBLISHED", [without], text="two", reply_to="m1") == found(ours)


def test_replies_that_may_not_be_read_leave_the_question_open():
    assert isinstance(reconciled("PUBLISHED", (403, refused(10)), reply_to="m1"), CannotTell)


def test_a_picture_without_words_and_a_quote():
    bare = listed("m1", 2, kind="IMAGE")
    del bare["text"]
    assert reconciled("PUBLISHED", [bare], text="", media_type="IMAGE") == found(bare)
    quote = listed("m1", 2, is_quote_post=True)
    assert reconciled("PUBLISHED", [quote], quote=True) == found(quote)


def test_a_post_of_another_target_is_not_ours():
    both = [listed("m1", 2), listed("m2", 60)]
    assert reconciled("PUBLISHED", both) == found(both[0])
    assert reconciled("PUBLISHED", both, {"m1"}) == found(both[1])
    assert isinstance(reconciled("PUBLISHED", both, {"m1", "m2"}), CannotTell)


@pytest.mark.parametrize("listing", [[], (200, {}), (200, {"data": None}), (500, refused(2))])
def test_a_listing_that_lags_is_never_absence(listing):
    assert isinstance(reconciled("PUBLISHED", listing), CannotTell)


async def test_the_list_is_asked_for_since_the_attempt(net: Script) -> None:
    net.on(STATUS, (200, {"status": "PUBLISHED"}))
    net.on(POSTS, (200, {"data": []}))
    await CONNECTOR.reconcile(run_on(net), post(), Attempt("post", 1, STARTED, HANDLES))
    (call,) = net.calls[POSTS]
    assert int(call.fields["since"]) == int(STARTED.timestamp()) - 120


def test_one_more_try_is_always_allowed():
    assert CONNECTOR.retry_when_absent(post(), Attempt("post", 1, STARTED, HANDLES)) == "always"


DELETE = "DELETE /v1.0/m1"


@pytest.mark.parametrize(
    ("answer", "still_there", "deleted"),
    [
        ((200, {"success": True, "deleted_id": "m1"}), True, True),
        ((200, {"success": False}), True, False),
        ((400, refused(100, 33)), False, True),
        ((400, refused(24, 4279009)), False, True),
        ((400, refused(100, 33)), True, False),
        ((403, refused(10)), True, False),
        ((400, refused(100)), True, False),
    ],
)
async def test_deleting(net: Script, answer, still_there, deleted) -> None:
    net.on(DELETE, answer)
    net.on("GET /v1.0/m1", (200, {"id": "m1"}) if still_there else (400, refused(100, 33)))
    if deleted:
        await CONNECTOR.delete(run_on(net), Proof("m1"))
        return
    with pytest.raises(Rejected, match="does not let this app delete") as raised:
        await CONNECTOR.delete(run_on(net), Proof("m1"))
    assert raised.value.code == "delete_refused"
    assert "Threads app" in raised.value.message


async def test_a_dead_token_and_a_limit_are_no_refused_deletion(net: Script) -> None:
    net.on(DELETE, (400, refused(190, 463)), (400, refused(4)))
    with pytest.raises(TokenExpired):
        await CONNECTOR.delete(run_on(net), Proof("m1"))
    with pytest.raises(RateLimited):
        await CONNECTOR.delete(run_on(net), Proof("m1"))

"""Finding out on Instagram whether a post is out, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.scripted import with_network
from tests.platforms.scripted_instagram import Script, media, post, refused, run_on

from polypost.errors import (
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Found,
    Proof,
)
from polypost.platforms.instagram import CONNECTOR

pytestmark = pytest.mark.anyio

STARTED = datetime(2026, 11, 24, 12, tzinfo=UTC)
HANDLES = {"container": "c1", "story": False, "caption": "Hello #world", "media_type": "IMAGE"}
LISTING = "GET /v26.0/1784/media"


def listed(number: str, seconds: float, caption: str = "Hello #world", kind: str = "IMAGE") -> dict[str, Any]:
    at = STARTED + timedelta(seconds=seconds)
    return {
        "id": number,
        "caption": caption,
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "permalink": f"https://www.instagram.com/p/{number}/",
        "media_type": kind,
    }


def reconciled(state: Any, listing: Any = None, taken: set[str] | None = None, **handles: Any) -> Any:
    async def story(net: Script) -> Any:
        net.on("GET /v26.0/c1", state if isinstance(state, tuple) else (200, {"status_code": state}))
        if listing is not None:
            net.on("GET /v26.0/1784/stories" if handles.get("story") else LISTING, (200, {"data": listing}))
        run = run_on(net)
        run.taken |= taken or set()
        attempt = Attempt("publish", 1, STARTED, HANDLES | handles)
        found = await CONNECTOR.reconcile(run, post(media("image")), attempt)
        assert not any(route.startswith("POST") for route in net.calls)
        return found

    return with_network(Script, story)


@pytest.mark.parametrize("state", ["FINISHED", "EXPIRED", "ERROR"])
def test_a_container_that_was_not_published(state):
    assert reconciled(state) == Absent()


@pytest.mark.parametrize(
    "state",
    [
        "IN_PROGRESS",
        "",
        (400, refused(24, 2207008)),
        (400, refused(100, 33)),
        (500, refused(2)),
        (400, refused(4)),
    ],
)
def test_a_container_that_says_nothing_clear(state):
    assert isinstance(reconciled(state), CannotTell)


def test_a_dead_token_is_not_hidden_by_reconciling():
    with pytest.raises(TokenExpired):
        reconciled((400, refused(190, 463)))


def test_the_media_item_of_a_published_container():
    ours = listed("m5", 3, "Hello  #world\n")
    others = [
        listed("m4", 3, "Hello"),
        listed("m3", -121),
        listed("m2", 2, kind="VIDEO"),
        listed("m1", -9999),
    ]
    assert reconciled("PUBLISHED", [ours, *others]) == Found(Proof("m5", "https://www.instagram.com/p/m5/"))
    assert reconciled("PUBLISHED", [listed("m6", -119)]) == Found(
        Proof("m6", "https://www.instagram.com/p/m6/")
    )


def test_a_media_item_of_another_target_is_not_ours():
    both = [listed("m1", 2), listed("m2", 60)]
    assert reconciled("PUBLISHED", both) == Found(Proof("m1", both[0]["permalink"]))
    assert reconciled("PUBLISHED", both, {"m1"}) == Found(Proof("m2", both[1]["permalink"]))
    assert isinstance(reconciled("PUBLISHED", both, {"m1", "m2"}), CannotTell)


def test_a_listing_that_lags_is_never_absence():
    assert isinstance(reconciled("PUBLISHED", []), CannotTell)


def test_a_story_is_found_by_time():
    row = listed("s1", 4, "")
    row.pop("caption")
    assert reconciled("PUBLISHED", [row], story=True, caption="") == Found(Proof("s1", row["permalink"]))


DELETE = "DELETE /v26.0/m1"


@pytest.mark.parametrize(
    ("answer", "still_there", "deleted"),
    [
        ((200, {"success": True}), True, True),
        ((200, {"success": False}), True, False),
        ((400, refused(100, 33)), False, True),
        ((400, refused(100, 33)), True, False),
        ((403, refused(10)), True, False),
        ((400, refused(100)), True, False),
    ],
)
async def test_deleting(net: Script, answer, still_there, deleted) -> None:
    net.on(DELETE, answer)
    net.on("GET /v26.0/m1", (200, {"id": "m1"}) if still_there else (400, refused(100, 33)))
    if deleted:
        await CONNECTOR.delete(run_on(net), Proof("m1"))
        return
    with pytest.raises(Rejected, match="does not let this app delete"):
        await CONNECTOR.delete(run_on(net), Proof("m1"))


async def test_a_dead_token_is_not_a_refused_deletion(net: Script) -> None:
    net.on(DELETE, (400, refused(190, 463)))
    with pytest.raises(TokenExpired):
        await CONNECTOR.delete(run_on(net), Proof("m1"))

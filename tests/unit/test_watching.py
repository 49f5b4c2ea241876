"""What is looked up for the operator: bounded looks through the store, and slow steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
import structlog
from sqlalchemy import insert

from polypost import clock, webhooks
from polypost.access import people
from polypost.events import outbox
from polypost.integrations import service as integrations
from polypost.integrations.tables import integrations as accounts
from polypost.media import kept_bytes
from polypost.media.tables import media_files, uploads
from polypost.observability import metrics
from polypost.posts import waits
from polypost.posts.tables import lanes, targets
from polypost.posts.work import Claim
from polypost.publishing import ends
from polypost.storage import Store
from polypost.webhooks.tables import deliveries, subscriptions

NOW = clock.parse_stamp("2026-11-29T08:00:00Z")
EARLIER, LATER = NOW - timedelta(seconds=90), NOW + timedelta(hours=1)


def target(name: str, **more: Any) -> dict[str, Any]:
    """A row of targets that is due."""
    row = {
        "id": name, "post_id": "post_a", "project_id": "prj_a", "position": 0, "platform": "twitter",
        "integration_id": f"int_{name}", "options": {}, "state": "waiting", "price": 1, "generation": 1,
        "due_at": EARLIER, "next_at": EARLIER, "epoch": 0, "attempted": False, "tries": 0, "looks": 0,
        "updated_at": EARLIER, "wait_reason": None, "lease_until": None,
    }  # fmt: skip
    return row | more


def test_why_due_targets_wait(with_store: Callable[..., Any]) -> None:
    rows = [
        target("a"),
        target("b", wait_reason="rate_limited", next_at=LATER),
        target("c", wait_reason="processing, 37 %"),
        target("d", wait_reason="Facebook is working on the video"),
        target("e", integration_id="int_busy"),
        target("f", lease_until=LATER),
        target("g", due_at=LATER, next_at=LATER),
        target("h", next_at=None),
    ]

    async def story(store: Store) -> None:
        held = {"integration_id": "int_busy", "target_id": "x", "lease_until": LATER, "refusals": 0}
        await store.write(
            lambda db: (db.execute(insert(targets), rows), db.execute(insert(lanes).values(held)))
        )
        found = await store.read(lambda db: waits.by_reason(db, NOW))
        assert found == {"worker": 1, "rate_limited": 1, "processing": 2, "account": 1}

    with_store(story)


def test_what_is_still_to_be_told(with_store: Callable[..., Any]) -> None:
    def said(name: str, spread: bool) -> dict[str, Any]:
        row = {
            "id": name,
            "project_id": "prj_a",
            "type": "post.published",
            "subject": "post_a",
            "generation": "",
        }
        return row | {"payload": {}, "at": EARLIER, "spread_at": EARLIER if spread else None}

    def subscription(name: str, next_at: Any) -> dict[str, Any]:
        row = {"id": name, "project_id": "prj_a", "origin": "api", "channel": "webhook", "event_types": []}
        row |= {
            "only_scheduled": False,
            "enabled": True,
            "matching_since": EARLIER,
            "next_at": next_at,
            "epoch": 0,
        }
        return row | {"created_at": EARLIER, "updated_at": EARLIER}

    def delivery(name: str, next_at: Any) -> dict[str, Any]:
        row = {"id": name, "project_id": "prj_a", "subscription_id": "sub_a", "event_id": name, "tries": 0}
        row |= {"event_type": "post.published", "event_at": EARLIER, "body": "{}", "state": "waiting"}
        return row | {"next_at": next_at, "created_at": EARLIER}

    async def story(store: Store) -> None:
        nothing = await store.read(lambda db: webhooks.backlog(db, NOW))
        assert (nothing.events, nothing.deliveries, nothing.seconds) == (0, 0, 0.0)

        def write(db: Any) -> None:
            db.execute(insert(outbox), [said("evt_a", True), said("evt_b", False)])
            db.execute(insert(subscriptions), [subscription("sub_a", EARLIER), subscription("sub_b", LATER)])
            db.execute(
                insert(deliveries), [delivery("d_a", EARLIER), delivery("d_b", LATER), delivery("d_c", None)]
            )

        await store.write(write)
        found = await store.read(lambda db: webhooks.backlog(db, NOW))
        assert (found.events, found.deliveries, found.seconds) == (1, 2, 90.0)

    with_store(story)


def test_accounts_to_reconnect_and_bytes(with_store: Callable[..., Any]) -> None:
    def account(name: str, **more: Any) -> dict[str, Any]:
        row = {
            "id": name,
            "project_id": "prj_a",
            "platform": "twitter",
            "platform_user_id": name,
            "search": "",
        }
        row |= {
            "platform_metadata": {},
            "auth_status": "reconnect_required",
            "scopes": [],
            "token_version": 1,
        }
        row |= {"refresh_in_doubt": False, "disconnected_at": None, "created_at": NOW, "updated_at": NOW}
        return row | more

    def file(name: str, size: int | None, state: str) -> dict[str, Any]:
        row = {"id": name, "project_id": "prj_a", "post_id": name, "url": "u", "host": "h", "type": "image"}
        row |= {"state": state, "path": name, "size": size, "lease_owner": "x", "lease_until": NOW}
        return row | {"created_at": NOW, "delete_at": LATER}

    def upload(name: str, **more: Any) -> dict[str, Any]:
        row = {
            "id": name,
            "project_id": "prj_a",
            "host": name,
            "url": name,
            "filename": "f",
            "mime": "image/png",
        }
        row |= {"state": "complete", "offset": 0, "size": None, "created_at": NOW, "expires_at": LATER}
        return row | more

    async def story(store: Store) -> None:
        def write(db: Any) -> None:
            rows = [
                account("a"),
                account("b"),
                account("c", platform="bluesky"),
                account("d", auth_status="active"),
            ]
            db.execute(insert(accounts), [*rows, account("e", disconnected_at=NOW)])
            db.execute(insert(media_files), [file("f", 70, "ready"), file("g", None, "fetching")])
            db.execute(insert(uploads), [upload("u", size=500), upload("v", state="open", offset=30)])
            db.execute(insert(uploads), [upload("w", state="gone", size=9000)])

        await store.write(write)
        assert await store.read(integrations.to_reconnect) == {"twitter": 2, "bluesky": 1}
        assert await store.read(kept_bytes) == {"fetched": 70, "uploaded": 530}

    with_store(story)


def test_an_act_is_told_once_it_is_done(with_store: Callable[..., Any]) -> None:
    def act(db: Any, *, fails: bool) -> None:
        people.note(db, "key_created", person_id="usr_a", project_id="prj_a", key="key_a")
        if fails:
            raise KeyError

    async def story(store: Store) -> None:
        with structlog.testing.capture_logs() as said:
            with pytest.raises(KeyError):
                await store.write(lambda db: act(db, fails=True))
            await store.write(lambda db: act(db, fails=False))
        (line,) = said
        assert (line["event"], line["what"], line["person"]) == ("administrative act", "key_created", "usr_a")
        assert (line["project"], line["detail"]) == ("prj_a", {"key": "key_a"})

    with_store(story)


def test_a_slow_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Target:
        id, post_id, project_id, platform, integration_id = "tgt_a", "post_a", "prj_a", "slowest", "int_a"

    claimed = cast("Claim", type("Claimed", (), {"target": Target()}))
    with structlog.testing.capture_logs() as said:
        with ends.timed(claimed, "quick"):
            pass
        now = clock.monotonic()
        with ends.timed(claimed, "upload"):
            monkeypatch.setattr(clock, "monotonic", lambda: now + 11.0)
    (line,) = said
    assert (line["event"], line["step"], line["target"], line["log_level"]) == (
        "slow step",
        "upload",
        "tgt_a",
        "warning",
    )
    assert 10.9 < line["seconds"] < 11.1
    assert metrics.SLOW_STEPS.values["slowest",] == 1

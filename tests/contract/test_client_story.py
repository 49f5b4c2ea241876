"""Every method of the client against a running server: none is left out, none meets what it does not expect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from polypost import Refused, StillRunning, verify_webhook
from tests.client.fixtures import Opened
from tests.client.kinds import Either
from tests.client.servers import Asked, losing
from tests.client.test_operations import BESIDE, SELECTIONS, operations
from tests.contract.tenant import BACK, Tenant, later, words
from tests.media import png

HOUR = "2027-03-29T09:00:00"


def test_every_method(opened: Opened, local: Tenant) -> None:
    call = opened(local.world.url, local.key)
    _small_things(call)
    _groups_and_apps(call, local)
    _accounts(call, local)
    _posts(call, local)
    _drafts_and_queue(call, local)
    _plans(call, local)
    _hooks(call, local)
    _talk(call, local)
    named = {SELECTIONS.get(name, (name, None))[0] for name in operations()} - BESIDE
    assert named - call.called == set()


def _small_things(call: Either) -> None:
    assert call("health_check") == call("health_check_auth") == {"ok": True}
    assert call("ready")["checks"]
    assert call("list_platforms")["platforms"]
    assert call("get_platform", "twitter")["limits"]
    assert call("get_usage", from_="2026-01")["balance"]
    assert call("ai_write_content", "a walk by the sea", platforms=["twitter"])["content"]
    assert call("ai_generate_image", "a walk by the sea", aspect_ratio="square")["url"]


def _groups_and_apps(call: Either, tenant: Tenant) -> None:
    made = call("create_profile", "Shop", description="One of two")["profile"]
    assert call("update_profile", made["id"], description=None)["profile"]["description"] is None
    assert call("get_profile", made["id"])["profile"]["name"] == "Shop"
    assert made["id"] in {each["id"] for each in call("list_profiles", name="sho")["profiles"]}
    account = tenant.account("twitter").id
    assert call("move_integration", account, made["id"])["integration"]["profileId"] == made["id"]
    assert call("move_integration", account, None)["integration"]["profileId"] is None
    assert call("delete_profile", made["id"])["success"]
    app = call("create_app", "youtube", "Ours", words(), "secret")["app"]
    assert call("update_app", app["id"], name="Newer")["app"]["name"] == "Newer"
    assert call("get_app", app["id"])["app"]["id"] == app["id"]
    assert call("list_apps", platform="youtube")["total"] >= 1
    assert call("get_oauth_url", "youtube", app_id=app["id"])["url"]
    assert call("delete_app", app["id"])["success"]


def _accounts(call: Either, tenant: Tenant) -> None:
    for platform in ("linkedin", "facebook"):
        url = call("get_oauth_url", platform, redirect_uri=BACK, headless=True)["url"]
        with httpx2.Client(trust_env=False, timeout=30) as browser:
            callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
            away = browser.get(callback.headers["location"]).headers["location"]
        token = parse_qs(urlsplit(away).query)["selectionToken"][0]
        offer = call("get_selection", platform, token)
        assert (
            len(call("submit_selection", platform, token, [offer["accounts"][0]["id"]])["integrations"]) == 1
        )
    seeded = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    call("connect_bluesky", seeded["username"], seeded["appPassword"])
    (found,) = call("list_integrations", platform="bluesky", q=seeded["platformUserId"])["integrations"]
    assert call("get_integration", found["id"])["integration"]["tokenStatus"]["valid"]
    assert call("disconnect_integration", found["id"])["success"]
    with pytest.raises(Refused):
        call("connect_mastodon", "mastodon.example", "no-such-token")
    assert call("get_pinterest_boards", account_id=tenant.account("pinterest").id)["boards"]
    assert call("get_tiktok_creator_info", account_id=tenant.account("tiktok").id)["data"]


def _posts(call: Either, tenant: Tenant) -> None:
    entry = tenant.entry()
    assert call("create_media_upload", "dot.png", "image/png")["data"]["publicUrl"]
    media = [{**call("upload", png(32, 32), filename="dot.png"), "altText": "A dot"}]
    text = words()
    assert call("validate_post", text, [entry], media_items=media, publish_now=True)["valid"] is True
    assert call("preview_post", text, [entry], publish_now=True)["platforms"]
    made = call("create_post", text, [entry], media_items=media, publish_now=True, respond_async=True)
    post = call("wait", made["postId"])
    assert (post["status"], post["mediaItems"][0]["filename"]) == ("published", "dot.png")
    assert call("get_post", made["postId"])["content"] == text
    assert call("list_posts", status="published", platform=["twitter", "threads"])["total"] >= 1
    assert made["postId"] in {each["postId"] for each in call.every("list_posts", limit=1)}
    assert call("get_post_timeline", made["postId"])["timeline"]
    assert call("get_analytics", post_id=made["postId"])["post"]
    waits = call("create_post", words(), [entry], scheduled_for=HOUR, timezone="Europe/Rome")
    assert waits["scheduledFor"] == "2027-03-29T07:00:00.000Z"
    with pytest.raises(StillRunning) as raised:
        call("wait", waits["postId"], seconds=0.01)
    assert raised.value.last["status"] == "scheduled"
    assert call("list_scheduled_posts")["total"] >= 1
    assert call("reschedule_post", waits["postId"], "2027-04-01T10:00:00Z")["success"]
    assert call("edit_scheduled_post", waits["postId"], words(), [entry])["postId"] == waits["postId"]
    assert call("cancel_scheduled_post", waits["postId"])["success"]
    assert call("wait", waits["postId"])["status"] == "draft"
    failed = [_failed(call, tenant), _failed(call, tenant)]
    assert call("retry_post", failed[0])["status"] == "published"
    assert call("change_failed_post", failed[1], content=words())["status"] == "published"
    assert call("delete_post", made["postId"], delete_from_platforms=True)["creditsCharged"] == 1
    with pytest.raises(Refused) as gone:
        call("get_post", made["postId"])
    assert gone.value.status == 404
    assert gone.value.request_id


def _failed(call: Either, tenant: Tenant) -> str:
    """A post that its network refuses this once."""
    account = tenant.connect("twitter")
    tenant.fault("duplicate", account, times=1)
    entry = {"platform": "twitter", "accountId": account.id}
    made = call("create_post", words(), [entry], publish_now=True)
    assert made["status"] == "failed", made
    tenant.world.control("DELETE", "faults")
    return str(made["postId"])


def _drafts_and_queue(call: Either, tenant: Tenant) -> None:
    entry = tenant.entry()
    draft = call("create_draft", words(), [entry])["postId"]
    assert call("edit_draft", draft, words(), [entry])["status"] == "draft"
    assert call("schedule_draft", draft, publish_now=True)["status"] == "published"
    slots = [{"weekday": "monday", "time": "09:00"}, {"weekday": "friday", "time": "18:30"}]
    assert call("set_queue_slots", slots, timezone="Europe/Berlin")["queue"]["slots"] == slots
    assert call("get_queue_slots")["queue"]["timezone"] == "Europe/Berlin"
    free = call("list_next_slots", count=2)["slots"]
    taken = call("queue_post", words(), [entry])
    assert taken["scheduledFor"] == free[0]["at"]
    assert call("cancel_scheduled_post", taken["postId"])["success"]


def _plans(call: Either, tenant: Tenant) -> None:
    entry, rule = tenant.entry(), "FREQ=WEEKLY;BYDAY=MO"
    assert call("preview_schedule", rule, HOUR, limit=3)["occurrences"]
    made = call("create_schedule", words(), [entry], rule=rule, starts_at=HOUR, name="Mondays")["schedule"]
    assert call("get_schedule", made["id"])["schedule"]["name"] == "Mondays"
    assert made["id"] in {each["id"] for each in call.every("list_schedules")}
    assert call("update_schedule", made["id"], name=None)["schedule"]["name"] is None
    assert call("pause_schedule", made["id"])["schedule"]["status"] == "paused"
    assert call("resume_schedule", made["id"])["schedule"]["status"] == "active"
    assert call("list_schedule_occurrences", made["id"], limit=2)["occurrences"]
    assert call("delete_schedule", made["id"], keep_posts=True)["success"]
    rows = f"content,platforms,scheduledFor\n{words()},twitter:{entry['accountId']},{later(9000)}\nNobody,,\n".encode()
    judged = call("create_bulk_upload", rows, format="posts.csv", dry_run=True)
    assert (judged["valid"], judged["refused"]) == (1, 1)
    done = call("create_bulk_upload", rows, format=".csv")
    assert call("wait_bulk", done["bulkId"])["created"] == 1
    assert call("get_bulk_upload", done["bulkId"], status="refused")["rowsTotal"] == 1
    assert call("list_bulk_uploads", limit=5)["total"] >= 2
    assert call("stop_bulk_upload", done["bulkId"])["status"] == "done"


def _hooks(call: Either, tenant: Tenant) -> None:
    hook = {"url": f"{tenant.world.hooks()}/{words().replace(' ', '-')}"}
    assert call("test_notification", "webhook", webhook=hook)["success"]
    noted = call("create_notification", "webhook", ["post.failed"], webhook=hook)["notification"]
    assert call("get_notification", noted["id"])["notification"]["webhook"]["secret"].startswith("whsec_")
    assert noted["id"] in {each["id"] for each in call("list_notifications")["notifications"]}
    assert call("update_notification", noted["id"], enabled=False)["notification"]["enabled"] is False
    assert call("list_notification_deliveries", noted["id"])["total"] == 0
    assert call("rotate_notification_secret", noted["id"])["notification"]
    with pytest.raises(Refused):
        call("redeliver_notification", noted["id"], "dlv_none")
    assert call("delete_notification", noted["id"])["success"]
    made = call("create_webhook", ["post.published"], webhook=hook)["webhook"]
    tenant.published()
    shown = _delivered(call, made["id"])
    assert call("redeliver_webhook", made["id"], shown["id"])["delivery"]["eventId"] == shown["eventId"]
    received = httpx2.get(hook["url"], trust_env=False).json()
    _verified(received, made["webhook"]["secret"], shown["eventId"])
    assert call("test_webhook", webhook=hook)["success"]
    assert call("get_webhook", made["id"])["webhook"]["eventTypes"] == ["post.published"]
    assert made["id"] in {each["id"] for each in call("list_webhooks")["webhooks"]}
    assert call("update_webhook", made["id"], event_types=["post.failed"])["webhook"]["enabled"]
    assert (
        call("rotate_webhook_secret", made["id"])["webhook"]["webhook"]["secret"] != made["webhook"]["secret"]
    )
    assert call("delete_webhook", made["id"])["success"]


def _delivered(call: Either, webhook: str) -> dict[str, Any]:
    for _ in range(600):
        found = call("list_webhook_deliveries", webhook, state="delivered")["deliveries"]
        if found:
            return dict(found[0])
    raise AssertionError("nothing was delivered")


def _verified(received: Any, secret: str, event: str) -> None:
    hooks = received["hooks"] if isinstance(received, dict) else received
    mine = next(each for each in hooks if each["headers"].get("webhook-id") == event)
    assert verify_webhook(secret, mine["headers"], mine["body"])["id"] == event


def _talk(call: Either, tenant: Tenant) -> None:
    account = tenant.account("instagram")
    who = ("instagram", account.id)
    out = tenant.published("instagram")["platforms"][0]["platformPostId"]
    mine = call("create_comment", *who, words(), post_id=out)["commentId"]
    listed = {each["id"] for each in call.every("list_comments", *who, out, limit=10)}
    assert mine in listed
    seen = {"platform": "instagram", "postId": out, "text": words()}
    tenant.world.control("POST", "comments", json=seen)
    theirs = next(
        each for each in call("list_comments", *who, out)["comments"] if each["text"] == seen["text"]
    )
    assert call("hide_comment", theirs["id"], *who, hidden=True)["success"]
    assert call("delete_comment", theirs["id"], *who)["success"]
    written = {"platform": "instagram", "accountId": account.user_id, "text": words()}
    tenant.world.control("POST", "messages", json=written)
    talk = call("list_conversations", *who)["conversations"][0]
    told = call("get_conversation_messages", talk["id"], *who)["messages"]
    assert told[0]["text"] == written["text"]
    assert call("send_message", *who, told[0]["from"]["id"], words())["messageId"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(opened: Opened, tenant: Tenant) -> None:
    """On a running server, whichever store: one post."""
    lost: list[str] = []

    def twice(asked: Asked) -> bool:
        if asked.method == "POST":
            lost.append(asked.headers["idempotency-key"])
        return asked.method == "POST" and len(lost) <= 2

    text, entry = words(), tenant.entry()
    with losing(tenant.world.url, twice) as way:
        client = opened(way.url, tenant.key)
        made = client("create_post", text, [entry], publish_now=True)
        assert client("wait", made["postId"])["status"] == "published"
    assert len(lost) == 3
    assert len(set(lost)) == 1
    assert [each["text"] for each in tenant.world.visible("twitter")].count(text) == 1

"""The keys that strict clients require of an answer, on real answers, and the objects that may have no other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.tenant import Tenant, later

# Key → type; a tuple with None means that it may be null, but is there.
Shape = Mapping[str, Any]
POST: Shape = {
    "postId": str,
    "content": str,
    "status": str,
    "scheduledFor": (str, None),
    "timezone": str,
    "mediaItems": list,
    "platforms": list,
    "crosspostingEnabled": bool,
    "rawRequestBody": dict,
    "createdAt": str,
    "updatedAt": str,
}
MEDIA: Shape = {"type": str, "url": str, "filename": str, "size": int, "mimeType": str}
TARGET: Shape = {
    "platform": str,
    "status": str,
    "content": (str, None),
    "platformPostId": (str, None),
    "platformPostUrl": (str, None),
    "publishedAt": (str, None),
    "errorMessage": (str, None),
    "warningMessage": (str, None),
}
SCHEDULED: Shape = {
    "postId": str,
    "content": str,
    "scheduledFor": (str, None),
    "timezone": str,
    "mediaItems": list,
    "platforms": list,
    "createdAt": str,
}
INTEGRATION: Shape = {
    "id": str,
    "platform": str,
    "platformUserId": (str, None),
    "username": (str, None),
    "displayName": (str, None),
    "profileUrl": (str, None),
    "imageUrl": (str, None),
    "platformMetadata": dict,
    "profileId": (str, None),
    "appId": (str, None),
    "app": (dict, None),
    "byok": bool,
    "authStatus": str,
    "authFailureReason": (str, None),
    "createdAt": str,
}
DETAILS: Shape = {
    **INTEGRATION,
    "scopes": list,
    "accessTokenExpiresAt": (str, None),
    "refreshTokenExpiresAt": (str, None),
    "tokenStatus": dict,
    "updatedAt": str,
}
STATUSES = {"draft", "pending", "scheduled", "publishing", "published", "failed", "partial"}
FAILURES = {"token_expired", "access_revoked", "security_invalidation", "refresh_rejected", None}


def fits(value: Mapping[str, Any], shape: Shape, *, closed: bool = False) -> None:
    """Every key is there with its type; in a closed object no other."""
    for name, kind in shape.items():
        assert name in value, name
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert any(value[name] is None if each is None else type(value[name]) is each for each in kinds), (
            name,
            value[name],
        )
        if name.endswith(("At", "For")) and value[name] is not None:
            assert value[name].endswith("Z")
            assert len(value[name]) == len("2026-04-15T14:30:00.000Z")
            datetime.fromisoformat(value[name])
    assert not closed or set(value) <= set(shape), set(value) - set(shape)


@pytest.fixture(scope="module")
def kinds(tenant: Tenant) -> dict[str, str]:
    """A post of every kind, by what became of it."""
    good, bad = tenant.account("twitter"), tenant.connect("twitter")
    tenant.fault("duplicate", bad)
    two = [{"platform": "twitter", "accountId": each.id} for each in (good, bad)]
    items = [{"type": "image", "url": f"{tenant.world.demo_image()}?a=%20b#c"}]
    made = {
        "published": tenant.published("twitter", "instagram"),
        "picture": tenant.published(mediaItems=items),
        "partial": tenant.post(tenant.body() | {"platforms": two}).json(),
        "failed": tenant.post(tenant.body() | {"platforms": two[1:]}).json(),
        "scheduled": tenant.scheduled("twitter", "instagram"),
        "draft": tenant.scheduled(),
    }
    tenant.client.delete(f"/v1/posts/scheduled/{made['draft']['postId']}")
    return {name: post["postId"] for name, post in made.items()}


def test_posts_read_one_by_one(tenant: Tenant, kinds: dict[str, str]) -> None:
    for name, post_id in kinds.items():
        said = tenant.client.get(f"/v1/posts/{post_id}").json()
        assert said["success"] is True
        fits(said["post"], POST)
        assert said["post"]["status"] == {"picture": "published"}.get(name, name)
        for item in said["post"]["mediaItems"]:
            fits(item, MEDIA)
        for target in said["post"]["platforms"]:
            fits(target, TARGET)
            assert target["status"] in STATUSES
            assert (target["platformPostUrl"] is None) == (target["status"] != "published")
            assert (target["errorMessage"] is None) == (target["status"] != "failed")


def test_posts_listed(tenant: Tenant, kinds: dict[str, str]) -> None:
    said = tenant.client.get("/v1/posts").json()
    assert set(said) == {"success", "total", "posts"}
    assert type(said["total"]) is int
    assert {post["postId"] for post in said["posts"]} >= set(kinds.values())
    for post in said["posts"]:
        fits(post, POST)
        assert post == tenant.get(post["postId"])


def test_media_urls_are_echoed_unchanged_and_the_request_is_remembered(
    tenant: Tenant, kinds: dict[str, str]
) -> None:
    post = tenant.get(kinds["picture"])
    (item,) = post["mediaItems"]
    assert item["url"].endswith("?a=%20b#c")
    assert (item["filename"], item["size"], item["mimeType"]) == ("", 0, "")
    assert post["rawRequestBody"]["mediaItems"][0]["url"] == item["url"]
    assert post["rawRequestBody"]["publishNow"] is True


def test_scheduled_posts_listed(tenant: Tenant, kinds: dict[str, str]) -> None:
    said = tenant.client.get("/v1/posts/scheduled").json()
    assert set(said) == {"success", "total", "posts"}
    (post,) = (each for each in said["posts"] if each["postId"] == kinds["scheduled"])
    fits(post, SCHEDULED)
    for item in post["mediaItems"]:
        assert {"type", "url"} <= set(item) <= {"type", "url", "thumbnail"}
    for target in post["platforms"]:
        fits(target, {"platform": str, "status": str})
        assert target["status"] == "pending"


def test_a_thumbnail_is_shown_where_it_was_given_and_nowhere_null(tenant: Tenant) -> None:
    picture = "https://media.example.com/thumb.jpg"
    items = [{"type": "video", "url": "https://media.example.com/video.mp4", "thumbnail": picture}]
    post_id = tenant.scheduled(mediaItems=items)["postId"]
    listed = tenant.client.get("/v1/posts/scheduled", params={"limit": 100}).json()["posts"]
    (post,) = (each for each in listed if each["postId"] == post_id)
    assert post["mediaItems"] == items
    tenant.client.delete(f"/v1/posts/scheduled/{post_id}")


def test_documents_are_left_out_where_clients_do_not_know_them(tenant: Tenant, kinds: dict[str, str]) -> None:
    for post in tenant.client.get("/v1/posts").json()["posts"]:
        assert {item["type"] for item in post["mediaItems"]} <= {"image", "video", "gif"}


def test_integrations(tenant: Tenant, kinds: dict[str, str]) -> None:
    said = tenant.client.get("/v1/connect/integrations").json()
    assert set(said) == {"success", "total", "integrations"}
    for each in said["integrations"]:
        fits(each, INTEGRATION)
        assert each["authStatus"] in {"active", "reconnect_required"}
        assert each["authFailureReason"] in FAILURES
        for name in ("profileUrl", "imageUrl"):
            assert each[name] is None or urlsplit(each[name]).scheme in {"http", "https"}
        one = tenant.client.get(f"/v1/connect/integrations/{each['id']}").json()
        assert one["success"] is True
        fits(one["integration"], DETAILS)
        fits(
            one["integration"]["tokenStatus"],
            {"valid": bool, "autoRefreshes": bool, "reconnectRequired": bool, "reason": (str, None)},
        )


def test_the_small_answers(tenant: Tenant) -> None:
    platforms = tenant.client.get("/v1/platforms").json()
    assert set(platforms) == {"platforms"}
    for each in platforms["platforms"]:
        assert each["status"] in {"prod", "beta", "dev"}
        fits(each, {"name": str, "status": str}, closed=True)
    usage = tenant.client.get("/v1/usage").json()
    fits(usage, {"success": bool, "totalUsage": int, "usage": list, "balance": dict})
    fits(
        usage["balance"]["monthly"],
        {"limit": int, "used": int, "remaining": int, "cycleStart": str, "cycleEnd": str},
    )
    fits(usage["balance"]["purchased"], {"total": int, "used": int, "remaining": int})
    for month in usage["usage"]:
        fits(month, {"year": int, "month": int, "count": int, "platform": dict})


def test_answers_of_changes(tenant: Tenant) -> None:
    path = f"/v1/posts/scheduled/{tenant.scheduled()['postId']}"
    body = {"content": "Edited", "platforms": [tenant.entry()]}
    edited = tenant.client.put(path, json=body).json()
    fits(edited, {"success": bool, "message": str, "postId": str, "scheduledFor": str}, closed=True)
    moved = tenant.client.patch(path, json={"scheduledFor": later(900)}).json()
    fits(moved, {"success": bool, "message": str, "scheduledFor": str}, closed=True)
    gone = tenant.client.delete(path).json()
    fits(gone, {"success": bool, "message": str}, closed=True)


def test_json_is_said_to_be_json(local: Tenant) -> None:
    for path in ("/v1/posts", "/v1/health", "/v1/nothing"):
        assert local.client.get(path).headers["content-type"] == "application/json"

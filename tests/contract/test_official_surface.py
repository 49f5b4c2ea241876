"""All methods of the official Python client in one story: none is left out, none meets an answer it cannot read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import postpeer
import pytest

from tests.contract.tenant import BACK, Tenant, words
from tests.contract.test_official_client import Official

METHODS = 51
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def surface(client: Any, path: str = "") -> Iterator[str]:
    """The dotted names of every method of the client's resources."""
    for name in dir(client):
        part = getattr(client, name)
        if name.startswith("_"):
            continue
        if inspect.ismethod(part) and path:
            yield f"{path}{name}"
        elif type(part).__name__.endswith("Resource"):
            yield from surface(part, f"{path}{name}.")


class Noting:
    """Calls methods by their name and notes which."""

    def __init__(self, official: Official) -> None:
        self.official = official
        self.called: set[str] = set()

    def __call__(self, name: str, /, *args: Any, **options: Any) -> Any:
        self.called.add(name)
        return self.official(name, *args, **options)


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def test_every_method(official: Official) -> None:
    call, tenant = Noting(official), official.tenant
    assert len(set(surface(official.client))) == METHODS
    _small_things(call)
    _groups_and_apps(call, tenant)
    for platform in ("linkedin", "facebook"):
        _selection(call, platform)
    _accounts(call, tenant)
    _posts(call, tenant)
    _notifications(call, tenant)
    _talk(call, tenant)
    assert call.called == set(surface(official.client))


def _small_things(call: Noting) -> None:
    assert call("health.check").ok
    assert call("health.verify_access_key").ok
    assert call("platforms.list").platforms
    assert call("usage.get").balance
    assert call("ai.write", "a walk by the sea", platforms=["twitter"]).credits_charged == 2
    assert call("ai.generate_image", "a walk by the sea", aspect_ratio="square").credits_charged == 10


def _groups_and_apps(call: Noting, tenant: Tenant) -> None:
    made = call("profiles.create", "Shop", description="One of two").profile
    assert call("profiles.update", made.id, description="Two").profile.description == "Two"
    assert call("profiles.get", made.id).profile.name == "Shop"
    assert made.id in {each.id for each in call("profiles.list", page=1, limit=100, name="sho").profiles}
    account = tenant.account("twitter")
    assert call("connect.integrations.move", account.id, made.id).integration.profile_id == made.id
    assert call("connect.integrations.move", account.id, None).integration.profile_id is None
    assert call("profiles.delete", made.id).success
    app = call("apps.create", "youtube", "Ours", words(), "secret").app
    assert call("apps.update", app.id, name="Newer").app.name == "Newer"
    assert call("apps.get", app.id).app.id == app.id
    assert call("apps.list", platform="youtube").total >= 1
    assert call("connect.get_oauth_url", "youtube", app_id=app.id).url
    assert call("apps.delete", app.id).success


def _selection(call: Noting, platform: str) -> None:
    url = call("connect.get_oauth_url", platform, redirect_uri=BACK, headless=True).url
    with httpx2.Client(trust_env=False, timeout=30) as browser:
        callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
        away = browser.get(callback.headers["location"]).headers["location"]
    token = parse_qs(urlsplit(away).query)["selectionToken"][0]
    offer = call(f"connect.{platform}.get_selection", token)
    done = call(f"connect.{platform}.submit_selection", token, [offer.accounts[0].id])
    assert len(done.integrations) == 1


def _accounts(call: Noting, tenant: Tenant) -> None:
    opened = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    call("connect.bluesky", opened["username"], opened["appPassword"])
    (found,) = call("connect.integrations.list", platform="bluesky", q=opened["platformUserId"]).integrations
    assert call("connect.integrations.get", found.id).integration
    assert call("connect.integrations.disconnect", found.id).success
    assert call("pinterest.get_boards", account_id=tenant.account("pinterest").id).boards
    assert call("tiktok.get_creator_info", account_id=tenant.account("tiktok").id).data


def _posts(call: Noting, tenant: Tenant) -> None:
    place = call("media.upload", "dot.png", "image/png").data
    sent = httpx2.put(
        str(place.upload_url), content=PNG, headers={"content-type": "image/png"}, trust_env=False
    )
    assert sent.status_code == 200, sent.text
    entry = {"platform": "twitter", "account_id": tenant.account("twitter").id}
    media = [{"type": "image", "url": str(place.public_url)}]
    made = call("posts.create", content=words(), platforms=[entry], media_items=media, publish_now=True)
    assert made.status.value == "published"
    post = call("posts.get", made.post_id).post
    assert (post.media_items[0].filename, post.media_items[0].mime_type) == ("dot.png", "image/png")
    assert call("posts.list", status="published", platform=["twitter"]).total >= 1
    assert call("analytics.get", post_id=made.post_id)
    hour = "2027-03-29T09:00:00"
    later = call(
        "posts.create", content=words(), platforms=[entry], scheduled_for=hour, timezone="Europe/Rome"
    )
    assert call("posts.scheduled.list").total >= 1
    assert call("posts.scheduled.reschedule", later.post_id, "2027-04-01T10:00:00Z").success
    assert call("posts.scheduled.edit", later.post_id, words(), [entry]).post_id == later.post_id
    assert call("posts.scheduled.cancel", later.post_id).success
    assert call("posts.delete", made.post_id, delete_from_platforms=True).credits_charged == 1


def _notifications(call: Noting, tenant: Tenant) -> None:
    # The sandbox's own inbox is one of the places that a server beside it may reach.
    base = tenant.world.sandbox.ready["sandboxUrl"]
    about = httpx2.get(f"{base}/_sandbox", trust_env=False).json()
    hook = {"url": f"{about['hooksUrl']}/surface"}
    events = ["post.published", "post.failed"]
    assert call("notifications.test", "webhook", webhook=hook).success
    made = call("notifications.create", "webhook", events, webhook=hook).notification
    assert call("notifications.get", made.id).notification.webhook.secret.startswith("whsec_")
    assert made.id in {each.id for each in call("notifications.list").notifications}
    assert call("notifications.update", made.id, enabled=False).notification.enabled is False
    assert call("notifications.delete", made.id).success
    mail = {"recipients": ["team@example.com"]}
    letter = call("notifications.create", "email", events, email=mail).notification
    assert call("notifications.delete", letter.id).success


def _talk(call: Noting, tenant: Tenant) -> None:
    account = tenant.account("instagram")
    out = tenant.published("instagram")["platforms"][0]["platformPostId"]
    mine = call("comments.create", "instagram", account.id, words(), post_id=out)
    assert mine.comment_id
    seen = {"platform": "instagram", "postId": out, "text": words()}
    tenant.world.control("POST", "comments", json=seen)
    listed = call("comments.list", "instagram", account.id, out, limit=10).comments
    theirs = next(each for each in listed if each.text == seen["text"])
    assert call("comments.hide", theirs.id, "instagram", account.id, hidden=True).success
    assert call("comments.delete", "instagram", account.id, theirs.id).success
    written = {"platform": "instagram", "accountId": account.user_id, "text": words()}
    tenant.world.control("POST", "messages", json=written)
    (talk,) = call("messages.list", "instagram", account.id).conversations
    told = call("messages.get", "instagram", account.id, talk.id).messages
    assert told[0].text == written["text"]
    sender = told[0].from_.id
    assert call("messages.send", "instagram", account.id, sender, words()).message_id
    with pytest.raises(postpeer.NotFoundError):
        call("messages.get", "instagram", account.id, "no-such-conversation")

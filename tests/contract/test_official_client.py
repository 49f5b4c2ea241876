"""The official Python client, unmodified but for its base URL: every method of the surface served so far."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

import postpeer
import pytest

from tests.contract.tenant import Tenant, later, words

# What the client raises for a status it does not retry, or retries in vain.
QUICK = postpeer.RequestOptions(max_retries=0)


class Official:
    """The client in one of its two kinds, called by the dotted name of a method."""

    def __init__(self, kind: str, tenant: Tenant) -> None:
        self.tenant = tenant
        self.runner = asyncio.Runner() if kind == "async" else None
        made = postpeer.AsyncPostPeer if self.runner else postpeer.PostPeer
        self.client: Any = made(api_key=tenant.key, base_url=tenant.world.url)

    def __call__(self, name: str, /, *args: Any, **options: Any) -> Any:
        answer = attrgetter(name)(self.client)(*args, **options)
        return self.runner.run(answer) if self.runner else answer

    def close(self) -> None:
        """Close the connections."""
        if self.runner:
            self.runner.run(self.client.aclose())
            self.runner.close()
        else:
            self.client.close()


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Official]:
    client = Official(request.param, tenant)
    yield client
    client.close()


def entry(official: Official, platform: str = "twitter", **more: Any) -> dict[str, Any]:
    """A platform entry as the client takes it."""
    return {"platform": platform, "account_id": official.tenant.account(platform).id, **more}


def instant(answer: Any) -> str:
    """When an answer says a post is due; the client leaves some of these as text."""
    return datetime.fromisoformat(str(answer.scheduled_for)).isoformat()


def test_health_and_platforms(official: Official) -> None:
    assert official("health.check").ok is True
    assert official("health.verify_access_key").ok is True
    names = {platform.name.value for platform in official("platforms.list").platforms}
    assert {"twitter", "instagram"} <= names


def test_publish_read_and_delete(official: Official) -> None:
    text = words()
    picture = [{"type": "image", "url": official.tenant.world.demo_image()}]
    platforms = [entry(official, content="For X"), entry(official, "instagram")]
    platforms[0]["content"] = f"X {text}"
    made = official("posts.create", content=text, platforms=platforms, media_items=picture, publish_now=True)
    assert (made.success, made.status.value) == (True, "published")
    assert all(each.success and each.platform_post_url for each in made.platforms)
    post = official("posts.get", made.post_id).post
    assert (post.content, post.status.value, post.timezone) == (text, "published", "UTC")
    assert post.platforms[0].content == f"X {text}"
    assert post.media_items[0].url == picture[0]["url"]
    assert post.raw_request_body["content"] == text
    listed = official("posts.list", limit=100)
    assert made.post_id in {each.post_id for each in listed.posts}
    gone = official("posts.delete", made.post_id, delete_from_platforms=True)
    assert (gone.success, gone.credits_charged) == (True, 2)
    with pytest.raises(postpeer.NotFoundError):
        official("posts.get", made.post_id)


def test_lists_with_every_parameter(official: Official) -> None:
    made = official("posts.create", content=words(), platforms=[entry(official)], publish_now=True)
    found = official(
        "posts.list",
        status="published",
        platform=["twitter", "instagram"],
        profile_id="null",
        created_after=later(-600),
        created_before=later(600),
        limit=1,
        offset=0,
        sort="desc",
    )
    assert [each.post_id for each in found.posts] == [made.post_id]
    assert official("posts.list", scheduled_after=later(0), scheduled_before=later(1)).posts == []
    assert official("posts.list", profile_id="prof_unknown").total == 0


def test_numbers_as_the_client_writes_them(official: Official) -> None:
    data = {"poll": {"options": ["a", "b"], "durationMinutes": 60}}
    made = official(
        "posts.create",
        content=words(),
        platforms=[entry(official, platform_specific_data=data)],
        publish_now=True,
    )
    assert made.status.value == "published"


def test_schedule_reschedule_edit_cancel(official: Official) -> None:
    text = words()
    made = official(
        "posts.create",
        content=text,
        platforms=[entry(official)],
        scheduled_for="2027-03-29T09:00:00",
        timezone="America/New_York",
    )
    assert made.status.value == "scheduled"
    assert instant(made) == "2027-03-29T13:00:00+00:00"
    path = made.post_id
    waiting = official("posts.scheduled.list", limit=100, sort="asc")
    assert path in {each.post_id for each in waiting.posts}
    moved = official("posts.scheduled.reschedule", path, "2027-04-01T10:00:00.000Z", timezone="UTC")
    assert instant(moved) == "2027-04-01T10:00:00+00:00"
    edited = official(
        "posts.scheduled.edit",
        path,
        words(),
        [entry(official), entry(official, "instagram")],
        media_items=[{"type": "image", "url": official.tenant.world.demo_image()}],
        scheduled_for="2027-05-01T10:00:00+02:00",
        timezone="Europe/Berlin",
    )
    assert edited.post_id == path
    assert instant(edited) == "2027-05-01T08:00:00+00:00"
    assert official("posts.scheduled.list").success is True
    gone = official("posts.scheduled.cancel", path)
    assert gone.message == "Post cancelled and moved to draft."
    assert official("posts.get", path).post.status.value == "draft"
    assert official("posts.delete", path).success is True


def test_integrations(official: Official) -> None:
    account = official.tenant.account("twitter")
    found = official("connect.integrations.list", platform="twitter", q=account.username, sort="asc", limit=5)
    assert account.id in {each.id for each in found.integrations}
    one = official("connect.integrations.get", account.id).integration
    # This one answer has no model in the client.
    assert (one["id"] if isinstance(one, dict) else one.id) == account.id
    url = official("connect.get_oauth_url", "twitter", redirect_uri="http://localhost:9/back").url
    assert str(url).startswith(official.tenant.world.sandbox.ready["sandboxUrls"]["twitter"])
    leaving = official.tenant.connect("twitter")
    assert official("connect.integrations.disconnect", leaving.id).success is True
    with pytest.raises(postpeer.NotFoundError):
        official("connect.integrations.get", leaving.id)


def test_usage(official: Official) -> None:
    official("posts.create", content=words(), platforms=[entry(official)], publish_now=True)
    usage = official("usage.get")
    assert usage.total_usage >= 1
    assert usage.balance is not None
    assert usage.usage[-1].platform["twitter"] >= 1
    one = official(
        "usage.get", integration_id=official.tenant.account("twitter").id, from_="2026-01", to="2099-12"
    )
    assert one.balance is None


def test_every_kind_of_post_can_be_read(official: Official) -> None:
    tenant = official.tenant
    tenant.fault("duplicate", tenant.account("twitter"), times=1)
    failed = tenant.post(tenant.body(None, "twitter", "instagram")).json()
    assert failed["status"] == "partial"
    draft = tenant.scheduled()["postId"]
    tenant.client.delete(f"/v1/posts/scheduled/{draft}")
    for post_id in (failed["postId"], draft):
        assert official("posts.get", post_id).post.post_id == post_id
    assert official("posts.list", status="partial").total >= 1


def test_errors_arrive_as_the_clients_own(official: Official) -> None:
    with pytest.raises(postpeer.BadRequestError) as refused:
        official("posts.create", content="x" * 300, platforms=[entry(official)], publish_now=True)
    assert "weighted characters" in refused.value.message
    assert refused.value.code == "validation_error"
    assert refused.value.request_id
    with pytest.raises(postpeer.NotFoundError) as missing:
        official("connect.integrations.get", "int/with slash")
    assert missing.value.message
    made = official("posts.create", content=words(), platforms=[entry(official)], publish_now=True)
    with pytest.raises(postpeer.ConflictError):
        official("posts.scheduled.cancel", made.post_id, _request_options=QUICK)
    # The client repeats a DELETE on 409: three requests, one answer.
    with pytest.raises(postpeer.ConflictError):
        official("posts.scheduled.cancel", made.post_id)


def test_a_wrong_key_is_an_authentication_error(tenant: Tenant) -> None:
    with (
        postpeer.PostPeer(api_key="wrong", base_url=tenant.world.url) as client,
        pytest.raises(postpeer.AuthenticationError),
    ):
        client.posts.list()


def test_no_credits_are_an_api_error(tenant: Tenant, new: Any) -> None:
    poor = new(tenant.world, credits=0)
    client = Official("sync", poor)
    with pytest.raises(postpeer.APIError) as refused:
        client("posts.create", content=words(), platforms=[entry(client)], publish_now=True)
    assert refused.value.status == 402
    client.close()

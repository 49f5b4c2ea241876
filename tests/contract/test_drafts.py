"""`/v1/posts/drafts`: written now, scheduled later, on both stores."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import postpeer
import pytest

from polypost import access
from tests.contract.tenant import Tenant, later, operator, paths, words
from tests.processes import World


def body(tenant: Tenant, **more: Any) -> dict[str, Any]:
    return {"content": words(), "platforms": [tenant.entry()]} | more


def kept(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.post("/v1/posts/drafts", json=body(tenant, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def schedule(tenant: Tenant, draft: dict[str, Any], **asked: Any) -> httpx2.Response:
    answer: httpx2.Response = tenant.client.post(f"/v1/posts/drafts/{draft['postId']}/schedule", json=asked)
    return answer


def error(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.json()["success"] is False
    return answer.status_code, answer.json()["code"]


def test_a_draft_is_kept_and_costs_nothing(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=1)
    wanted = body(tenant, timezone="Europe/Berlin")
    answer = tenant.client.post("/v1/posts/drafts/", json=wanted)
    assert answer.status_code == 201
    draft = answer.json()
    assert (draft["success"], draft["status"], draft["warnings"]) == (True, "draft", [])
    assert [each["status"] for each in draft["platforms"]] == ["draft"]
    shown = tenant.get(draft["postId"])
    assert (shown["status"], shown["scheduledFor"], shown["rawRequestBody"]) == ("draft", None, wanted)
    assert tenant.left() == 1
    listed = tenant.client.get("/v1/posts", params={"status": "draft"}).json()
    assert [each["postId"] for each in listed["posts"]] == [draft["postId"]]
    assert tenant.client.delete(f"/v1/posts/{draft['postId']}").json()["success"] is True
    assert tenant.left() == 1


def test_what_a_post_would_be_refused_for_is_a_warning(tenant: Tenant) -> None:
    picture = [{"type": "image", "url": "http://10.0.0.1/a.png"}]
    draft = kept(tenant, content="x" * 300, mediaItems=picture)
    said = {(each["path"], each["code"]) for each in draft["warnings"]}
    assert ("mediaItems[0].url", "address_refused") in said
    assert "content" in {path for path, _ in said}
    assert "content" in paths(schedule(tenant, draft, publishNow=True))
    assert "mediaItems[0].url" in paths(schedule(tenant, draft, scheduledFor=later(60)))
    path = f"/v1/posts/scheduled/{draft['postId']}"
    assert "content" in paths(tenant.client.patch(path, json={"scheduledFor": later(60)}))
    assert tenant.get(draft["postId"])["status"] == "draft"
    better = tenant.client.put(f"/v1/posts/drafts/{draft['postId']}", json=body(tenant))
    assert better.json()["warnings"] == []
    assert schedule(tenant, draft, scheduledFor=later(3600)).json()["status"] == "scheduled"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"platforms": []}, "platforms"),
        ({"content": None}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"scheduledFor": "2027-01-01T09:00:00Z"}, "scheduledFor"),
        ({"publishNow": False}, "publishNow"),
        ({"timezone": "Mars"}, "timezone"),
        ({"platforms": [{"platform": "twitter", "accountId": "int_nobody"}]}, "platforms[0].accountId"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_even_a_draft_may_not_have(local: Tenant, change: dict[str, Any], where: str) -> None:
    draft = kept(local)
    assert paths(local.client.post("/v1/posts/drafts", json=body(local) | change)) == {where}
    assert paths(local.client.put(f"/v1/posts/drafts/{draft['postId']}", json=body(local) | change)) == {
        where
    }


def test_options_that_no_network_has_are_refused(local: Tenant) -> None:
    entry = local.entry(platformSpecificData={"colour": "red"})
    answer = local.client.post("/v1/posts/drafts", json=body(local, platforms=[entry]))
    assert paths(answer) == {"platforms[0].platformSpecificData.colour"}


def test_an_hour(tenant: Tenant) -> None:
    draft = kept(tenant, timezone="America/New_York")
    answer = schedule(tenant, draft, scheduledFor="2027-07-07T09:00:00")
    assert answer.status_code == 202, answer.text
    said = answer.json()
    assert (said["success"], said["status"], said["postId"]) == (True, "scheduled", draft["postId"])
    assert (said["scheduledFor"], said["timezone"]) == ("2027-07-07T13:00:00.000Z", "America/New_York")
    assert [each["status"] for each in said["platforms"]] == ["pending"]
    waiting = tenant.client.get("/v1/posts/scheduled", params={"limit": 100}).json()["posts"]
    assert draft["postId"] in {each["postId"] for each in waiting}
    assert error(schedule(tenant, draft, publishNow=True)) == (409, "not_a_draft")
    edit = tenant.client.put(f"/v1/posts/drafts/{draft['postId']}", json=body(tenant))
    assert error(edit) == (409, "not_a_draft")


def test_now(tenant: Tenant) -> None:
    draft = kept(tenant)
    answer = schedule(tenant, draft, publishNow=True)
    assert answer.status_code == 202
    assert answer.json()["status"] == "published"
    assert "scheduledFor" not in answer.json()
    assert len(tenant.on_network(tenant.get(draft["postId"])["content"])) == 1


def test_the_queue(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    first, second = kept(tenant), kept(tenant)
    assert error(schedule(tenant, first, queue=True)) == (409, "no_slots")
    slots = [{"weekday": "monday", "time": "09:00"}]
    tenant.client.put("/v1/queue/slots", json={"timezone": "UTC", "slots": slots})
    free = tenant.client.get("/v1/queue/next", params={"count": 2}).json()["slots"]
    taken = [schedule(tenant, draft, queue=True).json()["scheduledFor"] for draft in (first, second)]
    assert taken == [slot["at"] for slot in free]
    unknown = schedule(tenant, kept(tenant), queue=True, profileId="prof_nothing")
    assert error(unknown) == (404, "profile_not_found")


def test_a_cancelled_post_is_a_draft(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=1)
    post = tenant.scheduled()
    tenant.client.delete(f"/v1/posts/scheduled/{post['postId']}")
    assert tenant.left() == 1
    text = words()
    edited = tenant.client.put(f"/v1/posts/drafts/{post['postId']}", json=body(tenant, content=text))
    assert edited.status_code == 200, edited.text
    assert tenant.left() == 1
    assert schedule(tenant, post, publishNow=True).json()["status"] == "published"
    assert len(tenant.on_network(text)) == 1
    assert (tenant.left(), tenant.used()) == (0, 1)


def test_a_draft_may_go_back_and_forth(tenant: Tenant) -> None:
    draft = kept(tenant)
    path = f"/v1/posts/scheduled/{draft['postId']}"
    for _ in range(2):
        assert tenant.client.patch(path, json={"scheduledFor": later(3600)}).status_code == 200
        assert tenant.client.delete(path).status_code == 200
    assert schedule(tenant, draft, publishNow=True).json()["status"] == "published"
    assert tenant.world.command("doctor")["findings"] == []


def test_no_credits(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=0)
    draft = kept(tenant)
    assert error(schedule(tenant, draft, publishNow=True)) == (402, "insufficient_credits")
    assert tenant.get(draft["postId"])["status"] == "draft"


def test_exactly_one_time(local: Tenant) -> None:
    draft = kept(local)
    for asked, where in (
        ({}, "scheduledFor"),
        ({"publishNow": False}, "scheduledFor"),
        ({"publishNow": True, "queue": True}, "scheduledFor"),
        ({"publishNow": True, "scheduledFor": later(60)}, "scheduledFor"),
        ({"scheduledFor": later(-3600)}, "scheduledFor"),
        ({"scheduledFor": later(60), "timezone": "Mars"}, "timezone"),
        ({"publishNow": True, "timezone": "UTC"}, "timezone"),
        ({"publishNow": True, "profileId": "prof_1"}, "profileId"),
        ({"publishNow": True, "content": "x"}, "content"),
    ):
        assert paths(schedule(local, draft, **asked)) == {where}


def test_keys_make_repetition_harmless(tenant: Tenant) -> None:
    wanted, key = body(tenant), {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (tenant.client.post("/v1/posts/drafts", json=wanted, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = tenant.client.post("/v1/posts/drafts", json=body(tenant), headers=key)
    assert error(other) == (422, "idempotency_key_reused")
    path = f"/v1/posts/drafts/{first.json()['postId']}/schedule"
    out, same = (tenant.client.post(path, json={"publishNow": True}, headers=key) for _ in range(2))
    assert out.json() == same.json()
    assert same.headers["idempotency-replayed"] == "true"
    assert len(tenant.on_network(wanted["content"])) == 1


def test_strangers_see_nothing(local: Tenant, new: Callable[..., Tenant]) -> None:
    draft, stranger = kept(local), new(local.world)
    path = f"/v1/posts/drafts/{draft['postId']}"
    mine = {"content": "x", "platforms": [stranger.entry()]}
    assert error(stranger.client.put(path, json=mine)) == (404, "post_not_found")
    assert error(stranger.client.post(f"{path}/schedule", json={"publishNow": True})) == (
        404,
        "post_not_found",
    )
    assert error(local.client.put("/v1/posts/drafts/post_nothing", json=body(local))) == (
        404,
        "post_not_found",
    )


def test_the_official_client_reads_drafts_and_recurring_posts(tenant: Tenant) -> None:
    draft = kept(tenant)
    times = {"timezone": "UTC", "rule": "FREQ=YEARLY", "startsAt": "2027-07-07T09:00:00"}
    made = tenant.client.post("/v1/schedules", json=body(tenant) | times)
    assert made.status_code == 201, made.text
    with postpeer.PostPeer(api_key=tenant.key, base_url=tenant.world.url) as client:
        assert client.posts.get(draft["postId"]).post.status.value == "draft"
        assert draft["postId"] in {
            each.post_id for each in client.posts.list(status="draft", limit=100).posts
        }
        waiting = client.posts.scheduled.list(limit=100).posts
        assert any(str(each.scheduled_for).startswith("2027-07-07") for each in waiting)
        client.posts.scheduled.reschedule(draft["postId"], later(3600))
        assert client.posts.get(draft["postId"]).post.status.value == "scheduled"


def test_a_key_that_drafts_publishes_nothing(tenant: Tenant) -> None:
    key = operator(
        tenant.world, lambda db: access.create_key(db, tenant.project_id, name="agent", scopes=["draft"])[1]
    )
    with httpx2.Client(base_url=tenant.world.url, headers={"x-access-key": key}, trust_env=False) as drafting:
        made = drafting.post("/v1/posts/drafts", json=body(tenant))
        assert made.status_code == 201
        where = f"/v1/posts/drafts/{made.json()['postId']}"
        assert drafting.put(where, json=body(tenant)).status_code == 200
        assert drafting.post("/v1/posts?dryRun=true", json=tenant.body()).json()["valid"] is True
        assert drafting.post("/v1/posts/validate", json=tenant.body()).json()["valid"] is True
        for path, asked in ((f"{where}/schedule", {"publishNow": True}), ("/v1/posts", tenant.body())):
            assert error(drafting.post(path, json=asked)) == (403, "missing_scope")

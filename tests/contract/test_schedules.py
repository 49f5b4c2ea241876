"""`/v1/schedules`: recurring posts over HTTP, on both stores."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.contract.tenant import Tenant, later, paths, words


def start(days: float = 1) -> str:
    """A wall time from now, in UTC."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(tzinfo=None, microsecond=0).isoformat()


def body(tenant: Tenant, **more: Any) -> dict[str, Any]:
    return {
        "content": words(),
        "platforms": [tenant.entry()],
        "timezone": "UTC",
        "rule": "FREQ=DAILY",
        "startsAt": start(),
    } | more


def made(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.post("/v1/schedules/", json=body(tenant, **more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["schedule"])


def listed(tenant: Tenant, schedule: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = tenant.client.get(f"/v1/schedules/{schedule['id']}/occurrences", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["occurrences"])


def posts_of(tenant: Tenant, schedule: dict[str, Any]) -> list[dict[str, Any]]:
    """The schedule's posts that are still there, the first one first."""
    found = tenant.client.get("/v1/posts", params={"limit": 100}).json()["posts"]
    mine = [post for post in found if post.get("scheduleId") == schedule["id"]]
    return sorted(mine, key=lambda post: post["scheduledFor"])


def error(answer: httpx2.Response) -> tuple[int, str]:
    said = answer.json()
    assert said["success"] is False
    assert said["message"]
    return answer.status_code, said["code"]


def test_a_schedule_makes_ordinary_posts_a_week_ahead(tenant: Tenant) -> None:
    wanted = body(tenant, name="Every day")
    answer = tenant.client.post("/v1/schedules", json=wanted)
    assert answer.status_code == 201, answer.text
    schedule = answer.json()["schedule"]
    assert (schedule["name"], schedule["status"], schedule["rule"]) == ("Every day", "active", "FREQ=DAILY")
    assert schedule["nextLocalTime"] == wanted["startsAt"]
    posts = posts_of(tenant, schedule)
    assert len(posts) == 7
    assert {post["content"] for post in posts} == {wanted["content"]}
    assert {post["status"] for post in posts} == {"scheduled"}
    entries = listed(tenant, schedule, limit=10)
    assert [each["state"] for each in entries] == ["made"] * 7 + ["planned"] * 3
    assert [each["postId"] for each in entries[:7]] == [post["postId"] for post in posts]
    assert [each["at"] for each in entries[:7]] == [post["scheduledFor"] for post in posts]
    one = tenant.get(posts[0]["postId"])
    assert one["scheduleId"] == schedule["id"]
    assert one["rawRequestBody"]["scheduledFor"] == wanted["startsAt"]
    assert tenant.client.get(f"/v1/schedules/{schedule['id']}").json()["schedule"] == schedule


def test_the_next_post_stands_even_if_it_is_far(local: Tenant) -> None:
    schedule = made(local, rule="FREQ=MONTHLY;INTERVAL=2", startsAt=start(40))
    assert [each["state"] for each in listed(local, schedule, limit=3)] == ["made", "planned", "planned"]


def test_a_post_goes_out_and_the_next_one_is_made(tenant: Tenant) -> None:
    schedule = made(tenant, rule="FREQ=DAILY;INTERVAL=10", startsAt=start(3 / 86400))
    (post,) = posts_of(tenant, schedule)
    (done,) = tenant.settle(post["postId"])
    assert done["status"] == "published"
    assert len(tenant.on_network(schedule["content"])) == 1

    def two() -> bool:
        return len(posts_of(tenant, schedule)) == 2

    wait_for(two)
    past, ahead = listed(tenant, schedule, limit=2, **{"from": schedule["createdAt"]})
    assert (past["state"], past["postStatus"]) == ("made", "published")
    assert (ahead["state"], ahead["postStatus"]) == ("made", "scheduled")


def wait_for(look: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_a_schedule_ends(local: Tenant) -> None:
    schedule = made(local, rule="FREQ=DAILY;COUNT=2")
    assert [each["state"] for each in listed(local, schedule)] == ["made", "made"]
    assert schedule["status"] == "active"


def test_pause_takes_back_and_resume_goes_on(tenant: Tenant) -> None:
    schedule = made(tenant)
    path = f"/v1/schedules/{schedule['id']}"
    edited, cancelled = (post["postId"] for post in posts_of(tenant, schedule)[:2])
    own = words()
    change = {"content": own, "platforms": [tenant.entry()]}
    assert tenant.client.put(f"/v1/posts/scheduled/{edited}", json=change).status_code == 200
    assert tenant.client.delete(f"/v1/posts/scheduled/{cancelled}").status_code == 200
    for _ in range(2):
        paused = tenant.client.post(f"{path}/pause").json()["schedule"]
        assert (paused["status"], paused["nextAt"]) == ("paused", None)
    left = posts_of(tenant, schedule)
    # What somebody had a hand in stays, as a draft; nothing of the schedule is still to go out.
    assert {(post["postId"], post["status"]) for post in left} == {(edited, "draft"), (cancelled, "draft")}
    assert {each["state"] for each in listed(tenant, schedule, limit=10)} == {"made", "paused"}
    for _ in range(2):
        resumed = tenant.client.post(f"{path}/resume").json()["schedule"]
        assert resumed["status"] == "active"
    again = [post["status"] for post in posts_of(tenant, schedule)]
    assert again == ["draft", "draft", *["scheduled"] * 5]


def test_another_content_reaches_the_posts_that_wait(tenant: Tenant) -> None:
    schedule = made(tenant)
    posts = posts_of(tenant, schedule)
    own = words()
    change = {"content": own, "platforms": [tenant.entry()]}
    tenant.client.put(f"/v1/posts/scheduled/{posts[0]['postId']}", json=change)
    text = words()
    answer = tenant.client.patch(f"/v1/schedules/{schedule['id']}", json={"content": text, "name": None})
    assert answer.status_code == 200, answer.text
    changed = posts_of(tenant, schedule)
    assert [post["postId"] for post in changed] == [post["postId"] for post in posts]
    assert [post["content"] for post in changed] == [own, *[text] * 6]
    assert [post["scheduledFor"] for post in changed] == [post["scheduledFor"] for post in posts]


def test_other_times_make_the_posts_anew(tenant: Tenant) -> None:
    schedule = made(tenant)
    before = {post["postId"] for post in posts_of(tenant, schedule)}
    moved = start(1.5)
    answer = tenant.client.patch(
        f"/v1/schedules/{schedule['id']}", json={"startsAt": moved, "rule": "FREQ=DAILY;INTERVAL=3"}
    )
    assert answer.status_code == 200, answer.text
    after = posts_of(tenant, schedule)
    assert not before & {post["postId"] for post in after}
    assert after[0]["scheduledFor"][:19] == moved
    assert len(after) == 2


@pytest.mark.parametrize("keep", [False, True])
def test_delete(tenant: Tenant, keep: bool) -> None:
    schedule = made(tenant)
    path = f"/v1/schedules/{schedule['id']}"
    assert tenant.client.delete(path, params={"keepPosts": keep}).json()["success"] is True
    assert len(posts_of(tenant, schedule)) == (7 if keep else 0)
    assert error(tenant.client.get(path)) == (404, "schedule_not_found")
    assert error(tenant.client.delete(path)) == (404, "schedule_not_found")


def test_lists_have_pages_and_filters(world: Any, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    names = [made(tenant, name=f"{number}", rule="FREQ=YEARLY")["name"] for number in range(3)]
    first = tenant.client.get("/v1/schedules", params={"limit": 2}).json()
    assert (first["success"], first["total"]) == (True, 3)
    assert [each["name"] for each in first["schedules"]] == names[:0:-1]
    last = tenant.client.get("/v1/schedules/", params={"offset": 2, "sort": "asc"}).json()
    assert [each["name"] for each in last["schedules"]] == names[2:]
    tenant.client.post(f"/v1/schedules/{first['schedules'][0]['id']}/pause")
    paused = tenant.client.get("/v1/schedules", params={"status": "paused"}).json()
    assert [each["id"] for each in paused["schedules"]] == [first["schedules"][0]["id"]]
    assert error(tenant.client.get("/v1/schedules", params={"limit": 101}))[0] == 400


def test_credits(world: Any, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=3)
    assert error(tenant.client.post("/v1/schedules", json=body(tenant))) == (402, "insufficient_credits")
    assert tenant.client.get("/v1/schedules").json()["total"] == 0
    assert tenant.left() == 3
    schedule = made(tenant, rule="FREQ=DAILY;COUNT=3")
    assert tenant.left() == 0
    path = f"/v1/schedules/{schedule['id']}"
    assert tenant.client.post(f"{path}/pause").status_code == 200
    assert tenant.left() == 3
    one = tenant.scheduled()
    assert tenant.client.post(f"{path}/resume").status_code == 200
    states = [(each["state"], (each["reason"] or {}).get("code")) for each in listed(tenant, schedule)]
    assert states == [("made", None), ("made", None), ("skipped", "insufficient_credits")]
    # What was skipped is tried again when the schedule is next looked at.
    tenant.client.delete(f"/v1/posts/scheduled/{one['postId']}")
    assert tenant.client.patch(path, json={"content": words()}).status_code == 200
    assert {each["state"] for each in listed(tenant, schedule)} == {"made"}


def test_an_account_that_went_away_is_said(tenant: Tenant) -> None:
    account = tenant.connect("twitter")
    schedule = made(tenant, platforms=[{"platform": "twitter", "accountId": account.id}])
    path = f"/v1/schedules/{schedule['id']}"
    tenant.client.post(f"{path}/pause")
    tenant.disconnect(account)
    tenant.client.post(f"{path}/resume")
    entries = listed(tenant, schedule, limit=7)
    assert {(each["state"], each["reason"]["code"]) for each in entries} == {("skipped", "unknown_account")}
    assert posts_of(tenant, schedule) == []


def test_a_key_makes_repetition_harmless(tenant: Tenant) -> None:
    wanted, key = body(tenant, rule="FREQ=YEARLY"), {"Idempotency-Key": uuid.uuid4().hex}

    def send(_: int) -> httpx2.Response:
        return tenant.client.post("/v1/schedules", json=wanted, headers=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", *["true"] * 3]
    assert len(posts_of(tenant, answers[0].json()["schedule"])) == 1
    other = tenant.client.post("/v1/schedules", json=wanted | {"content": words()}, headers=key)
    assert error(other) == (422, "idempotency_key_reused")


def test_preview(local: Tenant) -> None:
    times = {"rule": "FREQ=MONTHLY;BYDAY=-1FR", "timezone": "Europe/Berlin", "startsAt": start()}
    answer = local.client.post("/v1/schedules/preview", json=times, params={"limit": 3}).json()
    assert (answer["success"], answer["timezone"], len(answer["occurrences"])) == (True, "Europe/Berlin", 3)
    for each in answer["occurrences"]:
        assert datetime.fromisoformat(each["localTime"]).weekday() == 4


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"rule": "FREQ=HOURLY"}, "rule"),
        ({"rule": "FREQ=DAILY;BYHOUR=9"}, "rule"),
        ({"rule": "every day"}, "rule"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101"}, "rule"),
        ({"rule": None}, "rule"),
        ({"startsAt": "2027-01-01T09:00:00Z"}, "startsAt"),
        ({"startsAt": "1950-01-01T09:00:00"}, "startsAt"),
        ({"startsAt": "soon"}, "startsAt"),
        ({"startsAt": 5}, "startsAt"),
        ({"timezone": "Mars"}, "timezone"),
        ({"timezone": 1}, "timezone"),
        ({"content": "x" * 300}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"platforms": []}, "platforms"),
        ({"platforms": [{"platform": "twitter", "accountId": "int_nobody"}]}, "platforms[0].accountId"),
        ({"mediaItems": [{"type": "image", "url": "http://10.0.0.1/a.png"}]}, "mediaItems[0].url"),
        ({"publishNow": True}, "publishNow"),
        ({"scheduledFor": "2027-01-01T09:00:00Z"}, "scheduledFor"),
        ({"name": ""}, "name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(local: Tenant, change: dict[str, Any], where: str) -> None:
    answer = local.client.post("/v1/schedules", json=body(local) | change)
    assert paths(answer) == {where}
    assert answer.json()["errors"][0]["hint"]


def test_every_problem_is_named_at_once(local: Tenant) -> None:
    wrong = body(local, rule=7, startsAt="soon", timezone="Mars", content="x" * 300)
    assert paths(local.client.post("/v1/schedules", json=wrong)) == {
        "rule",
        "startsAt",
        "timezone",
        "content",
    }


def test_a_change_that_is_refused_changes_nothing(tenant: Tenant) -> None:
    schedule = made(tenant)
    path = f"/v1/schedules/{schedule['id']}"
    before = posts_of(tenant, schedule)
    for wrong, where in (
        ({"content": None}, "content"),
        ({"rule": "FREQ=DAILY;UNTIL=20200101"}, "rule"),
        ({"platforms": []}, "platforms"),
        ({"status": "paused"}, "status"),
    ):
        assert where in paths(tenant.client.patch(path, json=wrong))
    assert posts_of(tenant, schedule) == before


def test_windows_of_occurrences(local: Tenant) -> None:
    schedule = made(local)
    ahead = listed(local, schedule, **{"from": later(10 * 86400), "to": later(13 * 86400)})
    assert [each["state"] for each in ahead] == ["planned"] * 3
    path = f"/v1/schedules/{schedule['id']}/occurrences"
    for query, where in (
        ({"from": "0001-01-01T00:00:00Z"}, "from"),
        ({"to": "9999-12-31T23:59:59Z"}, "to"),
        ({"to": later(-60)}, "to"),
        ({"limit": 501}, "limit"),
    ):
        assert paths(local.client.get(path, params=query)) == {where}


def test_strangers_see_nothing(local: Tenant, new: Callable[..., Tenant]) -> None:
    schedule = made(local)
    stranger = new(local.world)
    path = f"/v1/schedules/{schedule['id']}"
    for method, where, sent in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", None),
        ("POST", f"{path}/resume", None),
        ("GET", f"{path}/occurrences", None),
    ):
        foreign = stranger.client.request(method, where, json=sent)
        absent = stranger.client.request(method, where.replace(schedule["id"], "sch_nothing"), json=sent)
        assert error(foreign) == error(absent) == (404, "schedule_not_found")
    assert len(posts_of(local, schedule)) == 7

"""`/v1/queue`: weekly slots and the posts that fill them, on both stores."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.contract.tenant import Tenant, operator, paths, words
from tests.processes import World

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAILY = [{"weekday": day, "time": hour} for day in WEEK for hour in ("09:00", "18:30")]


@pytest.fixture
def queued(world: World, new: Callable[..., Tenant]) -> Tenant:
    """A project whose queue has two slots a day."""
    tenant = new(world)
    put(tenant)
    return tenant


def put(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.put("/v1/queue/slots", json={"timezone": "Europe/Berlin", "slots": DAILY} | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["queue"])


def body(tenant: Tenant, **more: Any) -> dict[str, Any]:
    return {"content": words(), "platforms": [tenant.entry()]} | more


def add(tenant: Tenant, **more: Any) -> dict[str, Any]:
    answer = tenant.client.post("/v1/queue/posts", json=body(tenant, **more))
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "scheduled"
    return dict(answer.json())


def free(tenant: Tenant, count: int = 1, **query: Any) -> list[str]:
    answer = tenant.client.get("/v1/queue/next", params={"count": count, **query})
    assert answer.status_code == 200, answer.text
    return [slot["at"] for slot in answer.json()["slots"]]


def error(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.json()["success"] is False
    return answer.status_code, answer.json()["code"]


def test_slots_are_set_and_read(tenant: Tenant) -> None:
    assert tenant.client.get("/v1/queue/slots").json()["queue"] == {
        "profileId": None,
        "timezone": "UTC",
        "slots": [],
        "updatedAt": None,
    }
    queue = put(tenant, slots=[DAILY[1], DAILY[0], DAILY[1]])
    assert (queue["timezone"], queue["slots"]) == ("Europe/Berlin", DAILY[:2])
    assert tenant.client.get("/v1/queue/slots/").json()["queue"] == queue
    assert put(tenant, slots=[])["slots"] == []
    assert free(tenant) == []
    assert error(tenant.client.post("/v1/queue/posts", json=body(tenant))) == (409, "no_slots")


def test_posts_take_one_slot_after_the_other(queued: Tenant) -> None:
    wanted = free(queued, 3)
    assert wanted == sorted(wanted)
    taken = [add(queued) for _ in range(3)]
    assert [post["scheduledFor"] for post in taken] == wanted
    assert {post["timezone"] for post in taken} == {"Europe/Berlin"}
    assert not set(wanted) & set(free(queued, 10))
    shown = queued.get(taken[0]["postId"])
    assert (shown["status"], shown["scheduledFor"]) == ("scheduled", wanted[0])


def test_a_slot_is_free_again_when_its_post_leaves_it(queued: Tenant) -> None:
    first, second, third = (add(queued) for _ in range(3))
    path = "/v1/posts/scheduled"
    queued.client.delete(f"{path}/{first['postId']}")
    assert free(queued) == [first["scheduledFor"]]
    elsewhere = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    queued.client.patch(f"{path}/{second['postId']}", json={"scheduledFor": elsewhere})
    queued.client.delete(f"{path}/{third['postId']}")
    queued.client.delete(f"/v1/posts/{third['postId']}")
    assert free(queued, 3) == [post["scheduledFor"] for post in (first, second, third)]
    assert [add(queued)["scheduledFor"] for _ in range(3)] == [
        post["scheduledFor"] for post in (first, second, third)
    ]
    # One that comes back to another slot of the queue holds that one.
    slot = free(queued, 2)[1]
    queued.client.patch(f"{path}/{first['postId']}", json={"scheduledFor": slot})
    assert slot not in free(queued, 5)


def test_requests_at_once_get_slots_of_their_own(queued: Tenant) -> None:
    wanted = free(queued, 12)
    bodies = [body(queued) for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda each: queued.client.post("/v1/queue/posts", json=each), bodies))
    assert {answer.status_code for answer in answers} == {202}
    assert sorted(answer.json()["scheduledFor"] for answer in answers) == wanted


def test_a_key_makes_repetition_harmless(queued: Tenant) -> None:
    wanted, key = body(queued), {"Idempotency-Key": uuid.uuid4().hex}

    def send(_: int) -> httpx2.Response:
        return queued.client.post("/v1/queue/posts", json=wanted, headers=key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert len({answer.json()["postId"] for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", *["true"] * 3]
    (next_free,) = free(queued)
    assert next_free > answers[0].json()["scheduledFor"]
    other = queued.client.post("/v1/queue/posts", json=body(queued), headers=key)
    assert error(other) == (422, "idempotency_key_reused")


def test_a_refused_post_takes_no_slot(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world, credits=0)
    put(tenant)
    before = free(tenant)
    assert error(tenant.client.post("/v1/queue/posts", json=body(tenant)))[0] == 402
    assert "content" in paths(tenant.client.post("/v1/queue/posts", json=body(tenant, content="x" * 300)))
    assert free(tenant) == before


def test_profiles_have_queues_of_their_own(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    profile = f"prof_{uuid.uuid4().hex[:20]}"
    for call in (
        tenant.client.get("/v1/queue/slots", params={"profileId": profile}),
        tenant.client.get("/v1/queue/next", params={"profileId": profile}),
        tenant.client.put("/v1/queue/slots", json={"profileId": profile, "timezone": "UTC", "slots": DAILY}),
        tenant.client.post("/v1/queue/posts", json=body(tenant, profileId=profile)),
    ):
        assert error(call) == (404, "profile_not_found")
    profile = tenant.client.post("/v1/profiles", json={"name": "Shop"}).json()["profile"]["id"]
    assert put(tenant, profileId=profile, timezone="UTC")["profileId"] == profile
    put(tenant, timezone="UTC")
    wanted = free(tenant)
    assert add(tenant, profileId=profile)["scheduledFor"] == wanted[0]
    assert free(tenant, profileId="null") == wanted
    assert free(tenant, profileId=profile)[0] > wanted[0]
    stranger = new(world)
    foreign = stranger.client.get("/v1/queue/slots", params={"profileId": profile})
    assert error(foreign) == (404, "profile_not_found")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"timezone": "Mars"}, "timezone"),
        ({"timezone": None}, "timezone"),
        ({"slots": None}, "slots"),
        ({"slots": [{"weekday": "Monday", "time": "09:00"}]}, "slots[0].weekday"),
        ({"slots": [{"weekday": "monday", "time": "24:00"}]}, "slots[0].time"),
        ({"slots": [{"weekday": "monday", "time": "٠٩:00"}]}, "slots[0].time"),
        ({"slots": [{"weekday": "monday", "time": "09:00", "zone": "UTC"}]}, "slots[0].zone"),
        ({"other": 1}, "other"),
        ({"profileId": ""}, "profileId"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(local: Tenant, change: dict[str, Any], where: str) -> None:
    answer = local.client.put("/v1/queue/slots", json={"timezone": "UTC", "slots": DAILY} | change)
    assert paths(answer) == {where}


def test_a_queue_post_has_no_hour_of_its_own(local: Tenant) -> None:
    put(local)
    for name, value in (("scheduledFor", "2027-01-01T09:00:00Z"), ("publishNow", True), ("timezone", "UTC")):
        answer = local.client.post("/v1/queue/posts", json=body(local, **{name: value}))
        assert paths(answer) == {name}
    wrong = body(local, content="x" * 300, platforms=[local.entry(), {"platform": "x", "accountId": "?"}])
    answer = local.client.post("/v1/queue/posts", json=wrong)
    assert paths(answer) == {"content", "platforms[1].platform"}
    assert paths(local.client.get("/v1/queue/next", params={"count": 0})) == {"count"}


def test_a_full_queue_says_so(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    put(tenant, slots=[DAILY[0]], timezone="UTC")
    (first,) = free(tenant)
    queue_id = operator(
        world,
        lambda db: db.execute(
            text("SELECT id FROM queues WHERE project_id = :project"), {"project": tenant.project_id}
        ).scalar_one(),
    )
    # Every slot of the horizon taken: one real post, cloned a week apart, stands for two years of them.
    taken = add(tenant)
    assert taken["scheduledFor"] == first

    def fill(db: Any) -> None:
        one = db.execute(text("SELECT * FROM posts WHERE id = :id"), {"id": taken["postId"]}).one()
        row = dict(one._mapping)
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        for week in range(1, 106):
            copy = row | {"id": f"{row['id'][:-4]}{week:04d}", "delivery": None}
            copy["scheduled_for"] = row["scheduled_for"] + week * 7 * 86400 * 1_000_000
            db.execute(text(f"INSERT INTO posts ({names}) VALUES ({values})"), copy)
            db.execute(
                text("INSERT INTO queue_posts VALUES (:post, :project, :queue, :at)"),
                {
                    "post": copy["id"],
                    "project": tenant.project_id,
                    "queue": queue_id,
                    "at": copy["scheduled_for"],
                },
            )

    clones = {"project": tenant.project_id, "real": taken["postId"]}
    operator(world, fill)
    try:
        assert free(tenant) == []
        assert error(tenant.client.post("/v1/queue/posts", json=body(tenant))) == (409, "queue_full")
    finally:
        # They have no targets, which the doctor of this world would rightly find wrong.
        gone = text("DELETE FROM posts WHERE project_id = :project AND id <> :real")
        operator(world, lambda db: db.execute(gone, clones).rowcount)


@pytest.mark.parametrize("odd", ["%00", "%ff", "x" * 300, "..%2f", "%F0%9F%98%80"], ids=lambda odd: odd[:8])
def test_odd_ids_are_no_fault_of_ours(tenant: Tenant, odd: str) -> None:
    for method, path in (
        ("GET", f"/v1/schedules/{odd}"),
        ("GET", f"/v1/schedules/{odd}/occurrences"),
        ("DELETE", f"/v1/schedules/{odd}"),
        ("POST", f"/v1/schedules/{odd}/pause"),
        ("POST", f"/v1/posts/drafts/{odd}/schedule"),
        ("GET", f"/v1/queue/slots?profileId={odd}"),
        ("GET", f"/v1/queue/next?profileId={odd}"),
    ):
        sent = {"publishNow": True} if path.endswith("schedule") else None
        answer = tenant.client.request(method, path, json=sent)
        assert answer.status_code in {400, 404}, (path, answer.text)

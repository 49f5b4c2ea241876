"""Posts for later: the hour a user means, and cancel, reschedule and edit against the worker."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.contract.tenant import Linked, Tenant, later, paths, words
from tests.processes import World

NEW_YORK = ZoneInfo("America/New_York")


def next_year() -> int:
    """A year that is within the horizon as a whole."""
    return datetime.now(UTC).year + 1


def sunday(month: int, number: int) -> datetime:
    """The nth Sunday of a month next year."""
    first = datetime(next_year(), month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


@pytest.mark.parametrize("extra", [{}, {"timezone": "UTC"}])
def test_a_naive_time_without_a_zone_is_utc(local: Tenant, extra: dict[str, str]) -> None:
    day = f"{next_year()}-03-03"
    said = local.post(local.body(scheduledFor=f"{day}T09:00:00", **extra)).json()
    assert said["scheduledFor"] == f"{day}T09:00:00.000Z"


def test_a_naive_time_is_the_wall_time_of_its_zone(local: Tenant) -> None:
    day = f"{next_year()}-07-07"
    said = local.post(local.body(scheduledFor=f"{day}T09:00:00", timezone="America/New_York")).json()
    assert said["scheduledFor"] == f"{day}T13:00:00.000Z"
    shown = local.get(said["postId"])
    assert (shown["scheduledFor"], shown["timezone"]) == (said["scheduledFor"], "America/New_York")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("T09:00:00+02:00", "T07:00:00.000Z"),
        ("T09:00:00-05:30", "T14:30:00.000Z"),
        ("T09:00:00Z", "T09:00:00.000Z"),
        ("t09:00:00z", "T09:00:00.000Z"),
        (" 09:00Z", "T09:00:00.000Z"),
        ("T09:00:00.123456789Z", "T09:00:00.123Z"),
        ("T09:00:00.000Z", "T09:00:00.000Z"),
    ],
)
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_an_offset_fixes_the_instant_whatever_the_zone(
    local: Tenant, text: str, instant: str, zone: str | None
) -> None:
    day = f"{next_year()}-07-07"
    said = local.post(local.body(scheduledFor=day + text, timezone=zone)).json()
    assert said["scheduledFor"] == day + instant


def test_a_time_in_the_gap_moves_forward_and_says_so(local: Tenant) -> None:
    gap = sunday(3, 2).replace(hour=2, minute=30)
    said = local.post(local.body(scheduledFor=gap.isoformat(), timezone="America/New_York")).json()
    shown = datetime.fromisoformat(said["scheduledFor"]).astimezone(NEW_YORK)
    assert (shown.hour, shown.minute) == (3, 30)
    assert "does not exist" in said["warningMessage"]


def test_a_time_in_the_fold_is_the_first_one_and_says_so(local: Tenant) -> None:
    fold = sunday(11, 1).replace(hour=1, minute=30)
    said = local.post(local.body(scheduledFor=fold.isoformat(), timezone="America/New_York")).json()
    first = fold.replace(tzinfo=NEW_YORK, fold=0).astimezone(UTC)
    assert datetime.fromisoformat(said["scheduledFor"]) == first
    assert "happens twice" in said["warningMessage"]
    second = first + timedelta(hours=1)
    offset = second.astimezone(NEW_YORK).isoformat()
    other = local.post(local.body(scheduledFor=offset, timezone="America/New_York")).json()
    assert datetime.fromisoformat(other["scheduledFor"]) == second
    assert "warningMessage" not in other


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "",
        "2027-01-01",
        "2027-W01-1T09:00:00",
        "20270101T090000Z",
        "2027-02-30T09:00:00Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T23:59:60Z",
        "2027-01-01T09:00:00+16:00",
        "2027-01-01T09:00:00 Europe/Berlin",
        "1893456000",
        "٢٠٢٧-01-01T09:00:00Z",
        "2027-01-01T09:00:00Z\n",
        "9999-12-31T23:59:59Z",
        "2000-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(local: Tenant, text: str) -> None:
    answer = local.post(local.body(scheduledFor=text))
    assert "scheduledFor" in paths(answer)
    assert answer.json()["errors"][0]["hint"]


@pytest.mark.parametrize("value", [1893456000, 1893456000.5, True, ["2027-01-01T09:00:00Z"], {"at": 1}])
def test_a_time_is_a_text(local: Tenant, value: Any) -> None:
    assert "scheduledFor" in paths(local.post(local.body(scheduledFor=value)))


@pytest.mark.parametrize(
    "zone", ["localtime", "Factory", "right/UTC", "GMT+5", "europe/berlin", "", "../UTC"]
)
def test_what_is_no_zone_is_refused(local: Tenant, zone: str) -> None:
    answer = local.post(local.body(scheduledFor=f"{next_year()}-01-01T09:00:00", timezone=zone))
    assert paths(answer) == {"timezone"}


def test_a_moment_ago_is_now(tenant: Tenant) -> None:
    said = tenant.post(tenant.body(scheduledFor=later(-30))).json()
    assert said["status"] == "scheduled"
    (post,) = tenant.settle(said["postId"])
    assert post["status"] == "published"


def test_the_old_name_of_the_hour_is_understood(local: Tenant) -> None:
    at = later(3600)
    said = local.post(local.body(scheduledAt=at)).json()
    assert said["status"] == "scheduled"
    both = local.post(local.body(scheduledAt=at, scheduledFor=later(7200)))
    assert "scheduledAt" in paths(both)


def test_it_goes_out_at_its_hour_and_not_before(tenant: Tenant) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    body = tenant.body(scheduledFor=due.isoformat(timespec="milliseconds"))
    said = tenant.post(body).json()
    (post,) = tenant.settle(said["postId"])
    assert post["status"] == "published"
    (seen,) = tenant.on_network(body["content"])
    assert datetime.fromisoformat(seen["time"]) >= due - timedelta(milliseconds=1)


def test_cancel_moves_it_to_draft_and_repeats(tenant: Tenant) -> None:
    body = tenant.body(scheduledFor=later(1.2))
    said = tenant.post(body).json()
    for _ in range(2):
        answer = tenant.client.delete(f"/v1/posts/scheduled/{said['postId']}")
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "message": "Post cancelled and moved to draft."}
    post = tenant.get(said["postId"])
    assert post["status"] == "draft"
    assert [entry["status"] for entry in post["platforms"]] == ["draft"]
    due = datetime.fromisoformat(said["scheduledFor"])
    after = tenant.post(
        tenant.body(scheduledFor=later(max((due - datetime.now(UTC)).total_seconds(), 0) + 0.5))
    )
    tenant.settle(after.json()["postId"])
    assert tenant.on_network(body["content"]) == []


def test_reschedule(tenant: Tenant) -> None:
    said = tenant.scheduled()
    path = f"/v1/posts/scheduled/{said['postId']}"
    day = f"{next_year()}-07-07"
    answer = tenant.client.patch(
        path, json={"scheduledFor": f"{day}T09:00:00", "timezone": "America/New_York"}
    )
    assert answer.json() == {
        "success": True,
        "message": "Post rescheduled.",
        "scheduledFor": f"{day}T13:00:00.000Z",
    }
    kept = tenant.client.patch(path, json={"scheduledFor": f"{day}T10:00:00"})
    assert kept.json()["scheduledFor"] == f"{day}T14:00:00.000Z"
    assert tenant.get(said["postId"])["scheduledFor"] == f"{day}T14:00:00.000Z"
    tenant.client.patch(path, json={"scheduledFor": later(0.3), "unknown": "is ignored here"})
    (post,) = tenant.settle(said["postId"])
    assert post["status"] == "published"


def test_reschedule_wants_a_time(local: Tenant) -> None:
    path = f"/v1/posts/scheduled/{local.scheduled()['postId']}"
    for body in ({}, {"scheduledFor": None}, {"scheduledFor": "soon"}, {"scheduledFor": later(-3600)}):
        assert paths(local.client.patch(path, json=body)) == {"scheduledFor"}
    wrong = local.client.patch(path, json={"scheduledFor": later(60), "timezone": "Mars"})
    assert "timezone" in paths(wrong)


def test_edit_replaces_everything_but_the_hour(tenant: Tenant) -> None:
    said = tenant.post(
        tenant.body(None, "twitter", "instagram", scheduledFor=later(3600), timezone="America/New_York")
    ).json()
    text = words()
    answer = tenant.client.put(
        f"/v1/posts/scheduled/{said['postId']}", json={"content": text, "platforms": [tenant.entry()]}
    )
    assert answer.status_code == 200, answer.text
    edited = answer.json()
    assert (edited["success"], edited["postId"]) == (True, said["postId"])
    assert edited["message"]
    assert edited["scheduledFor"] == said["scheduledFor"]
    post = tenant.get(said["postId"])
    assert (post["content"], post["mediaItems"], post["timezone"]) == (text, [], "America/New_York")
    assert [entry["platform"] for entry in post["platforms"]] == ["twitter"]


def test_edit_moves_a_wall_time_with_its_zone(local: Tenant) -> None:
    day = f"{next_year()}-07-07"
    said = local.post(local.body(scheduledFor=f"{day}T09:00:00", timezone="America/New_York")).json()
    body = {"content": words(), "platforms": [local.entry()], "timezone": "Europe/Berlin"}
    edited = local.client.put(f"/v1/posts/scheduled/{said['postId']}", json=body).json()
    assert edited["scheduledFor"] == f"{day}T07:00:00.000Z"


def test_an_edit_that_is_refused_changes_nothing(tenant: Tenant) -> None:
    said = tenant.scheduled()
    before = tenant.get(said["postId"])
    path = f"/v1/posts/scheduled/{said['postId']}"
    good = {"content": words(), "platforms": [tenant.entry()]}
    for change, where in (
        ({"content": "x" * 300}, "content"),
        ({"platforms": []}, "platforms"),
        ({"publishNow": True}, "publishNow"),
        ({"platforms": [{"platform": "twitter", "accountId": "int_nobody"}]}, "platforms[0].accountId"),
        ({"scheduledFor": "soon"}, "scheduledFor"),
    ):
        assert where in paths(tenant.client.put(path, json=good | change))
    assert tenant.get(said["postId"]) == before


def test_what_is_out_can_no_longer_be_changed(tenant: Tenant) -> None:
    post_id = tenant.published()["postId"]
    path = f"/v1/posts/scheduled/{post_id}"
    body = {"content": words(), "platforms": [tenant.entry()]}
    answers = [
        tenant.client.delete(path),
        tenant.client.patch(path, json={"scheduledFor": later(60)}),
        tenant.client.put(path, json=body),
    ]
    for answer in answers:
        assert answer.status_code == 409
        assert answer.json()["success"] is False
        assert answer.json()["message"]


def test_what_was_tried_and_waits_can_no_longer_be_changed(tenant: Tenant) -> None:
    account = tenant.connect("twitter")
    tenant.fault("rate_limited", account, times=1, seconds=600)
    platforms = [{"platform": "twitter", "accountId": account.id}]
    post_id = tenant.post(tenant.body(scheduledFor=later(0.1), platforms=platforms)).json()["postId"]
    path = f"/v1/posts/scheduled/{post_id}"

    def said() -> list[str]:
        lines = tenant.client.get(f"/v1/posts/{post_id}/timeline").json()["timeline"]
        return [line["kind"] for line in lines]

    end = time.monotonic() + 30
    while "rate_limited" not in said():
        assert time.monotonic() < end, "it was not tried"
        time.sleep(0.05)
    answers = [
        tenant.client.delete(path),
        tenant.client.patch(path, json={"scheduledFor": later(60)}),
        tenant.client.put(path, json={"content": words(), "platforms": platforms}),
    ]
    for answer in answers:
        assert answer.status_code == 409
        assert answer.json()["code"] == "already_publishing"
    assert tenant.get(post_id)["status"] == "publishing"


def test_what_does_not_exist_is_404(local: Tenant) -> None:
    path = "/v1/posts/scheduled/post_nothing"
    body = {"content": words(), "platforms": [local.entry()]}
    for answer in (
        local.client.delete(path),
        local.client.patch(path, json={"scheduledFor": later(60)}),
        local.client.put(path, json=body),
    ):
        assert answer.status_code == 404
        assert answer.json()["success"] is False


def test_a_cancelled_post_can_go_back_on_the_schedule(tenant: Tenant) -> None:
    said = tenant.scheduled()
    path = f"/v1/posts/scheduled/{said['postId']}"
    tenant.client.delete(path)
    assert tenant.client.patch(path, json={"scheduledFor": later(0.2)}).status_code == 200
    (post,) = tenant.settle(said["postId"])
    assert post["status"] == "published"


class Race:
    """Posts due in a moment, and somebody who changes their mind at random moments around their hour."""

    def __init__(self, tenant: Tenant, accounts: list[Linked], count: int) -> None:
        self.tenant = tenant
        self.accounts = accounts
        self.count = count
        self.shift = 0.01
        self.posts: list[tuple[str, str]] = []
        self.answers: dict[str, httpx2.Response] = {}

    def run(self, act: Any) -> None:
        """Schedule each post and act on it within a moment of its hour, many at a time."""
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(partial(self._race, act), range(self.count)))

    def _race(self, act: Any, number: int) -> None:
        chance = random.Random(number)
        account = self.accounts[number % len(self.accounts)]
        due = datetime.now(UTC) + timedelta(seconds=chance.uniform(0.4, 0.6))
        body = {
            "content": words(),
            "scheduledFor": due.isoformat(timespec="milliseconds"),
            "platforms": [{"platform": account.platform, "accountId": account.id}],
        }
        answer = self.tenant.post(body)
        assert answer.status_code == 202, answer.text
        post_id = answer.json()["postId"]
        self.posts.append((post_id, body["content"]))
        moment = due + timedelta(seconds=self.shift + chance.gauss(0, 0.03))
        time.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0))
        self.answers[post_id] = act(post_id)
        # How long a call takes depends on the machine: whoever came too late starts earlier next time.
        self.shift += -0.002 if self.answers[post_id].status_code == 409 else 0.002


def test_a_race_of_cancels_has_no_answer_that_differs_from_what_happened(world: World, new: Any) -> None:
    count = 500
    tenant: Tenant = new(world, credits=count)
    accounts = [tenant.connect("twitter") for _ in range(10)]
    race = Race(tenant, accounts, count)
    race.run(lambda post_id: tenant.client.delete(f"/v1/posts/scheduled/{post_id}"))
    final = {post["postId"]: post for post in tenant.settle(*(post_id for post_id, _ in race.posts))}
    seen = Counter(post["text"] for post in world.visible("twitter"))
    codes: Counter[int] = Counter()
    for post_id, text in race.posts:
        code = race.answers[post_id].status_code
        codes[code] += 1
        status = final[post_id]["status"]
        assert (code, status, seen[text]) in {(200, "draft", 0), (409, "published", 1)}, post_id
    assert sum(codes.values()) == count
    # Both ends have to occur, or nothing was raced.
    assert min(codes[200], codes[409]) > count / 20, codes
    assert tenant.used() == codes[409]
    assert tenant.left() == count - codes[409]


def test_a_race_of_changes_publishes_one_version(world: World, new: Any) -> None:
    tenant: Tenant = new(world)
    accounts = [tenant.connect("twitter") for _ in range(5)]
    race = Race(tenant, accounts, 60)
    texts: dict[str, str] = {}
    lock = threading.Lock()

    def change(post_id: str) -> httpx2.Response:
        text = words()
        with lock:
            texts[post_id] = text
        entry = {"platform": "twitter", "accountId": accounts[0].id}
        return tenant.client.put(
            f"/v1/posts/scheduled/{post_id}", json={"content": text, "platforms": [entry]}
        )

    race.run(change)
    tenant.settle(*(post_id for post_id, _ in race.posts))
    seen = Counter(post["text"] for post in world.visible("twitter"))
    for post_id, old in race.posts:
        code = race.answers[post_id].status_code
        assert (code, seen[old], seen[texts[post_id]]) in {(200, 0, 1), (409, 1, 0)}, post_id


def test_a_race_of_reschedules_is_honest(world: World, new: Any) -> None:
    tenant: Tenant = new(world)
    race = Race(tenant, [tenant.connect("twitter") for _ in range(5)], 60)
    race.run(
        lambda post_id: tenant.client.patch(
            f"/v1/posts/scheduled/{post_id}", json={"scheduledFor": later(9000)}
        )
    )
    late = [post_id for post_id, _ in race.posts if race.answers[post_id].status_code == 409]
    tenant.settle(*late)
    seen = Counter(post["text"] for post in world.visible("twitter"))
    for post_id, text in race.posts:
        code, status = race.answers[post_id].status_code, tenant.get(post_id)["status"]
        assert (code, status, seen[text]) in {(200, "scheduled", 0), (409, "published", 1)}, post_id

"""The calendar: where posts stand, what is planned, what the clocks do, and moving."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from polypost import clock
from polypost.dashboard.pages import calendar
from polypost.planning import queues
from polypost.planning.queues import Slot
from tests.contract.tenant import Linked, Tenant
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members
from tests.unit.test_posts import Desk

BERLIN = "Europe/Berlin"


@pytest.fixture(scope="module")
def x(local: Tenant) -> Linked:
    return local.connect("twitter")


def monday() -> datetime:
    """The Monday after the next one, as a wall clock shows its beginning."""
    today = datetime.combine(clock.now().date(), datetime.min.time())
    return today + timedelta(days=14 - today.weekday())


def at(tenant: Tenant, account: Linked, hour: datetime, text: str, zone: str = BERLIN) -> str:
    body = {
        "content": text,
        "platforms": [{"platform": account.platform, "accountId": account.id}],
        "scheduledFor": hour.strftime("%Y-%m-%dT%H:%M"),
        "timezone": zone,
    }
    answer = tenant.client.post("/v1/posts", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["postId"])


def cell_of(page: str, post_id: str) -> str:
    """The cell in which a post stands; empty where it does not."""
    cell = ""
    for found in re.finditer(r'data-cell="([^"]+)"|data-post="([^"]+)"', page):
        cell = found[1] or cell
        if found[2] == post_id:
            return cell
    return ""


def test_a_post_stands_in_its_hour_of_the_zone_that_is_asked_for(
    local: Tenant, local_owner: Browser, x: Linked
) -> None:
    day = monday()
    post_id = at(local, x, day.replace(hour=0, minute=30), "First <i>words</i> of it")
    url = f"/{local.project_id}/calendar"

    def shown(**query: str) -> str:
        answer = local_owner.get(url, params={"day": f"{day:%Y-%m-%d}", "zone": BERLIN} | query)
        assert answer.status_code == 200, answer.text
        return answer.text

    month = shown()
    assert cell_of(month, post_id) == f"{day:%Y-%m-%d}"
    assert "First &lt;i&gt;words" in month
    assert 'class="chip-post is-scheduled"' in month
    assert cell_of(shown(view="week"), post_id) == f"{day:%Y-%m-%dT00:00}"
    assert cell_of(shown(view="list"), post_id) == f"{day:%Y-%m-%d}"
    # In New York it is the evening before.
    before = day - timedelta(days=1)
    newyork = {"zone": "America/New_York", "day": f"{before:%Y-%m-%d}"}
    assert cell_of(shown(**newyork), post_id) == f"{before:%Y-%m-%d}"
    for narrowed, there in (
        ({"account": x.id}, True),
        ({"account": "int_other"}, False),
        ({"status": "scheduled"}, True),
        ({"status": "failed"}, False),
        ({"platform": "twitter"}, True),
        ({"platform": "mastodon"}, False),
    ):
        assert bool(cell_of(shown(**narrowed), post_id)) is there, narrowed
    # What is no day, view or zone is today's month in UTC.
    assert local_owner.get(url, params={"day": "soon", "view": "x", "zone": "No/Where"}).status_code == 200
    assert local_owner.get(url, params={"day": "9999-12-31"}).status_code == 200
    assert local_owner.get(url, params={"day": "0001-01-01", "view": "list"}).status_code == 200


def test_days_without_posts_say_how_one_comes_there(local: Tenant, local_owner: Browser) -> None:
    url = f"/{local.project_id}/calendar"
    for view in calendar.VIEWS:
        page = local_owner.get(url, params={"day": "1995-03-01", "view": view, "zone": BERLIN}).text
        assert "Nothing is planned in these days" in page
        assert "&#34;scheduledFor&#34;" in page
        assert "&#34;timezone&#34;: &#34;Europe/Berlin&#34;" in page
    narrowed = local_owner.get(url, params={"day": "1995-03-01", "status": "failed"}).text
    assert "Nothing is planned in these days" not in narrowed


def test_more_posts_than_a_cell_shows_are_a_number_that_opens(
    local: Tenant, local_owner: Browser, x: Linked
) -> None:
    day = monday() + timedelta(days=2)
    made = [at(local, x, day.replace(hour=8 + n), f"Folded {n}") for n in range(6)]
    url = f"/{local.project_id}/calendar"
    page = local_owner.get(url, params={"day": f"{day:%Y-%m-%d}", "zone": BERLIN}).text
    assert [bool(cell_of(page, post_id)) for post_id in made] == [True] * 3 + [False] * 3
    assert '<summary><bdi dir="ltr">+3</bdi>' in page
    fold = local_owner.get(f"{url}/fold", params={"at": f"{day:%Y-%m-%d}", "zone": BERLIN}).text
    assert re.findall(r'data-post="([^"]+)"', fold) == made
    hour = local_owner.get(f"{url}/fold", params={"at": f"{day:%Y-%m-%dT09:00}", "zone": BERLIN}).text
    assert re.findall(r'data-post="([^"]+)"', hour) == made[1:2]
    assert local_owner.get(f"{url}/fold", params={"at": "nonsense"}).status_code == 200


def test_a_move_is_another_hour_and_its_undo_the_one_before(
    local: Tenant, local_owner: Browser, members: Any, x: Linked
) -> None:
    day = monday() + timedelta(days=3)
    post_id = at(local, x, day.replace(hour=9), "To be moved", "Asia/Tokyo")
    url = f"/{local.project_id}/calendar/{post_id}/move"
    begin = local.get(post_id)["scheduledFor"]
    there = {"at": f"{day + timedelta(days=1):%Y-%m-%d}T15:00", "zone": BERLIN}
    assert members(local, "author").post(url, there).status_code == 403
    assert local.get(post_id)["scheduledFor"] == begin
    moved = local_owner.post(url, there | {"once": "move-1"})
    assert moved.status_code == 200, moved.text
    post = local.get(post_id)
    hour = clock.resolve_local(datetime.fromisoformat(there["at"]), BERLIN).instant
    assert post["scheduledFor"] == clock.iso(hour)
    # A wall time in the calendar is one of its zone; the post keeps its own.
    assert post["timezone"] == "Asia/Tokyo"
    # The same form again is the same move.
    assert local_owner.post(url, there | {"once": "move-1"}).status_code == 200
    back = clock.parse_stamp(begin).astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    local_owner.post(url, {"at": back, "zone": "UTC", "once": "move-2"})
    assert local.get(post_id)["scheduledFor"] == begin
    for wrong in ("2001-01-01T10:00", "tomorrow", ""):
        refused = local_owner.post(url, {"at": wrong, "zone": BERLIN})
        assert refused.status_code == 400, wrong
        assert refused.headers["content-type"].startswith("text/plain")
        assert refused.text
    assert local_owner.post(url, {"at": there["at"], "zone": "No/Where"}).status_code == 400
    local.client.delete(f"/v1/posts/scheduled/{post_id}")
    local.client.delete(f"/v1/posts/{post_id}")
    assert local_owner.post(url, there).status_code == 404


def test_what_is_planned_is_an_outline_until_it_is_a_post(
    local: Tenant, local_owner: Browser, x: Linked
) -> None:
    day = monday() + timedelta(days=56)
    body = {
        "name": "Every Monday",
        "content": "again",
        "rule": "FREQ=WEEKLY",
        "startsAt": f"{day:%Y-%m-%d}T10:00",
        "timezone": BERLIN,
        "platforms": [{"platform": "twitter", "accountId": x.id}],
    }
    assert local.client.post("/v1/schedules", json=body).status_code < 300
    slots = {"timezone": BERLIN, "slots": [{"weekday": "tuesday", "time": "11:00"}]}
    assert local.client.put("/v1/queue/slots", json=slots).status_code == 200
    url = f"/{local.project_id}/calendar"
    # Of the first occurrence there is a post already.
    week = day + timedelta(days=7)
    query = {"view": "week", "day": f"{week:%Y-%m-%d}", "zone": BERLIN}
    page = local_owner.get(url, params=query).text
    assert re.search(r'class="outline"[^>]*><time[^>]*>10:00</time> Repeats: Every Monday', page)
    assert re.search(r'class="outline"[^>]*><time[^>]*>11:00</time> Free slot', page)
    assert "outline" not in local_owner.get(url, params=query | {"status": "failed"}).text


def test_a_day_ahead_leads_to_a_post_for_it(local: Tenant, local_owner: Browser, members: Members) -> None:
    day = (datetime.now(UTC) + timedelta(days=40)).replace(day=15).date()
    path = f"/{local.project_id}/calendar?day={day}&zone=Europe/Berlin"
    page = local_owner.get(path).text
    (link,) = re.findall(rf'href="([^"]+at={day}T09%3A00[^"]*)"', page)
    assert f'value="{day}T09:00"' in local_owner.get(unescape(link)).text
    past = local_owner.get(f"/{local.project_id}/calendar?day=2020-05-01").text
    assert 'class="add"' not in past
    assert 'class="add"' not in members(local, "viewer").get(path).text
    today = local_owner.get(f"/{local.project_id}/calendar?zone=UTC").text
    hours = re.findall(r"compose\?at=(\d{4}-\d\d-\d\dT\d\d)%3A00", today)
    assert min(hours) > datetime.now(UTC).strftime("%Y-%m-%dT%H")


@pytest.mark.parametrize(
    ("day", "zone", "hour", "kind"),
    [
        ("2027-03-28", BERLIN, "02:00", "gap"),
        ("2027-10-31", BERLIN, "02:00", "fold"),
        ("2027-04-04", "Australia/Lord_Howe", "01:00", "fold"),
        ("2027-09-05", "America/Santiago", "00:00", "gap"),
    ],
)
def test_days_on_which_the_clocks_are_set_say_so(
    local: Tenant, local_owner: Browser, day: str, zone: str, hour: str, kind: str
) -> None:
    url = f"/{local.project_id}/calendar"
    week = local_owner.get(url, params={"day": day, "zone": zone, "view": "week"}).text
    assert re.findall(r'is-(?:gap|fold)" data-key="([^"]+)"', week) == [f"{day}T{hour}"]
    assert f"is-{kind}" in week
    month = local_owner.get(url, params={"day": day, "zone": zone}).text
    assert re.findall(rf'is-{kind}[^"]*" data-key="([^"]+)"', month) == [day]
    words = "Clocks go forward" if kind == "gap" else "Clocks go back"
    assert words in month
    listed = local_owner.get(url, params={"day": day, "zone": zone, "view": "list"}).text
    assert ("does not exist" if kind == "gap" else "happens twice") in listed


def test_the_free_slots_of_all_queues_are_found_between_two_instants(with_store: Any) -> None:
    async def story(store: Any) -> None:
        desk = await Desk(store).open()
        now = clock.now()
        slots = [Slot(weekday, datetime.min.time().replace(hour=12)) for weekday in range(7)]
        await store.write(lambda db: queues.put(db, desk.project.id, None, timezone="UTC", slots=slots))

        def free(days: float, project: str = "") -> Any:
            until = now + timedelta(days=days)
            return lambda db: queues.free_between(db, project or desk.project.id, now, until, count=5)

        found = await store.read(free(3))
        assert len(found) == 3
        assert [each.at.hour for _, each in found] == [12] * 3
        assert len(await store.read(free(30))) == 5
        assert await store.read(free(3, "prj_other")) == []

        def take(db: Any) -> Any:
            queue, when = queues.take(db, desk.project.id, None, timedelta(days=30))
            return queue, when

        queue, when = await store.write(take)
        made = await desk.create(desk.order("in the slot")._replace(when=when))
        await store.write(lambda db: queues.hold(db, desk.project.id, queue, made.post_id, when))
        assert [each.at for _, each in await store.read(free(3))] == [each.at for _, each in found[1:]]

    with_store(story)


def test_a_month_is_whole_weeks_and_turns_to_the_next() -> None:
    span = calendar._span("month", datetime(2027, 2, 14).date())
    assert (span.first.isoformat(), span.days) == ("2027-02-01", 28)
    assert (span.before.isoformat(), span.after.isoformat()) == ("2027-01-01", "2027-03-01")
    span = calendar._span("month", datetime(2027, 5, 31).date())
    assert (span.first.isoformat(), span.days, span.last.isoformat()) == ("2027-04-26", 42, "2027-06-06")

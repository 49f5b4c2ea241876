"""The queue's hours and what waits in it; posts that repeat: made, looked at, changed, paused, ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from tests.contract.tenant import Linked, Tenant, words
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members
from tests.dashboard.test_signing import age

BERLIN = "Europe/Berlin"
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def x(tenant: Tenant) -> Linked:
    return tenant.account("twitter")


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def start(days: int = 10) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}T09:00"


def slots(tenant: Tenant, **query: str) -> dict[str, Any]:
    return dict(tenant.client.get("/v1/queue/slots", params=query).json()["queue"])


def test_hours_are_set_by_a_table_and_are_those_of_the_api(tenant: Tenant, owner: Browser) -> None:
    url = f"/{tenant.project_id}/queue"
    empty = owner.get(url)
    assert "This queue is closed" in empty.text
    assert "/v1/queue/slots" in empty.text
    form = {"monday": "9:00, 18:30", "sunday": "23:59;07:15 07:15", "zone": BERLIN}
    page = owner.post(url, form)
    assert page.status_code == 200, page.text
    assert 'value="09:00, 18:30"' in page.text
    found = slots(tenant)
    assert found["timezone"] == BERLIN
    assert [(each["weekday"], each["time"]) for each in found["slots"]] == [
        ("monday", "09:00"),
        ("monday", "18:30"),
        ("sunday", "07:15"),
        ("sunday", "23:59"),
    ]
    following = tenant.client.get("/v1/queue/next", params={"count": 5}).json()["slots"]
    shown = re.findall(r'<time datetime="([^"]+)"', page.text.split('id="free"')[1])
    assert shown[:5] == [each["at"] for each in following]
    assert "UTC" in page.text.split('id="free"')[1]

    # What is wrong stands at its field, with what was typed, and nothing is changed.
    refused = owner.post(url, form | {"monday": f"25:00 9 {HOSTILE}", "zone": "Mars/Olympus"})
    assert refused.status_code == 400
    assert HOSTILE not in refused.text
    assert [f"“{hour}” is no hour of a day" in refused.text for hour in ("25:00", "9")] == [True, True]
    other = owner.post(url, form | {"zone": "Mars/Olympus"})
    assert (other.status_code, 'value="Mars/Olympus"' in other.text) == (400, True)
    assert slots(tenant) == found
    many = " ".join(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(0, 60, 2))
    assert owner.post(url, {"monday": many, "zone": BERLIN}).status_code == 400


def test_each_profile_has_a_queue_of_its_own(tenant: Tenant, owner: Browser) -> None:
    profile = tenant.client.post("/v1/profiles", json={"name": f"Client {HOSTILE}"}).json()["profile"]["id"]
    before, url = slots(tenant), f"/{tenant.project_id}/queue"
    page = owner.post(url, {"profile": profile, "friday": "12:00", "zone": "UTC"})
    assert page.status_code == 200
    assert page.url.params["profile"] == profile
    assert [each["weekday"] for each in slots(tenant, profileId=profile)["slots"]] == ["friday"]
    assert slots(tenant) == before
    assert HOSTILE not in page.text
    assert owner.get(url, params={"profile": "prof_nobody"}).status_code == 404


def test_posts_of_the_queue_stand_there_until_they_leave_it(
    tenant: Tenant, owner: Browser, x: Linked
) -> None:
    url, text = f"/{tenant.project_id}/queue", f"{words()} {HOSTILE}"
    owner.post(url, {"tuesday": "10:00", "zone": "UTC"})
    entry = {"platform": "twitter", "accountId": x.id}
    made = tenant.client.post("/v1/queue/posts", json={"content": text, "platforms": [entry]}).json()
    page = owner.get(url).text
    assert f"/posts/{made['postId']}" in page
    assert HOSTILE not in page
    assert unescape(page.split('id="waiting"')[1]).count(text) == 1
    assert tenant.client.delete(f"/v1/posts/scheduled/{made['postId']}").status_code == 200
    assert made["postId"] not in owner.get(url).text


def form_of(account: str, **more: str) -> dict[str, Any]:
    form = {
        "name": "Greeting",
        "content": words(),
        "account": account,
        "freq": "WEEKLY",
        "every": "1",
        "day": "MO",
        "end": "count",
        "count": "5",
        "at": start(),
        "zone": BERLIN,
        "do": "make",
    }
    return form | more


def listed(tenant: Tenant) -> list[dict[str, Any]]:
    return list(tenant.client.get("/v1/schedules", params={"limit": 100}).json()["schedules"])


def test_a_post_is_repeated_once_however_often_the_form_is_sent(
    tenant: Tenant, owner: Browser, x: Linked
) -> None:
    new = f"/{tenant.project_id}/recurrences/new"
    assert owner.get(new).status_code == 200
    sent = form_of(x.id, name=f"Greeting {HOSTILE}", once=words())
    looked = owner.post(new, sent | {"do": "look"})
    assert looked.status_code == 200
    assert "It would go out at" in looked.text
    assert listed(tenant) == []
    made, again = owner.post(new, sent), owner.post(new, sent)
    assert made.status_code == again.status_code == 200, made.text
    assert made.url.path == again.url.path
    (found,) = listed(tenant)
    assert made.url.path.endswith(found["id"])
    assert (found["rule"], found["startsAt"][:16]) == ("FREQ=WEEKLY;BYDAY=MO;COUNT=5", sent["at"])
    assert "every week, on Monday, 5 times in all, 09:00 Europe/Berlin" in text_of(made.text)
    assert HOSTILE not in made.text
    # The times of the page are those of the API.
    coming = tenant.client.get(f"/v1/schedules/{found['id']}/occurrences").json()["occurrences"]
    assert len(coming) == 5
    shown = re.findall(r'<time datetime="([^"]+)"', made.text.split('id="ahead"')[1])
    assert shown[:5] == [each["at"] for each in coming]
    page = owner.get(f"/{tenant.project_id}/queue").text
    assert found["id"] in page
    assert HOSTILE not in page

    other = owner.post(new, sent | {"content": words()})
    assert other.status_code == 422
    assert len(listed(tenant)) == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"account": "int_nobody"}, "accounts"),
        ({"content": ""}, "content"),
        ({"content": "x" * 300}, "content"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"at": "soon"}, "at"),
        ({"count": "0"}, "rule"),
        ({"own": "FREQ=SOMETIMES"}, "rule"),
        ({"end": "until", "until": "2020-01-01"}, "rule"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    local: Tenant, local_owner: Browser, more: dict[str, str], field: str
) -> None:
    before = len(listed(local))
    sent = form_of(local.account("twitter").id) | more
    answer = local_owner.post(f"/{local.project_id}/recurrences/new", sent)
    assert answer.status_code == 400, answer.text
    assert f'id="why-{field}-1"' in answer.text
    assert f'value="{sent["name"]}"' in answer.text
    assert len(listed(local)) == before


def test_a_gap_of_the_clock_is_said(local: Tenant, local_owner: Browser) -> None:
    # Clocks in Berlin go forward on the last Sunday of March.
    year = datetime.now(UTC).year + 1
    day = max(d for d in (datetime(year, 3, each, tzinfo=UTC) for each in range(25, 32)) if d.weekday() == 6)
    sent = form_of(local.account("twitter").id, at=f"{day:%Y-%m-%d}T02:30", freq="DAILY", do="look")
    page = local_owner.post(f"/{local.project_id}/recurrences/new", sent)
    assert page.status_code == 200
    assert f"{day:%Y-%m-%d} 02:30 does not exist in Europe/Berlin" in page.text


def test_another_post_goes_along_with_all_that_it_has(local: Tenant, local_owner: Browser) -> None:
    account, image = local.account("twitter").id, local.world.demo_image()
    own = {"platform": "twitter", "accountId": account, "content": "Its own words"}
    item = {"type": "image", "url": image, "altText": "Colours"}
    made = local.get(local.scheduled("twitter", platforms=[own], mediaItems=[item])["postId"])
    page = local_owner.get(f"/{local.project_id}/posts/{made['postId']}").text
    place = f"/{local.project_id}/recurrences/new"
    assert f"{place}?from={made['postId']}" in page
    form = local_owner.get(place, params={"from": made["postId"]}).text
    assert re.search(rf'value="{account}" checked', form)
    assert made["content"] in form
    sent = form_of(account, content=made["content"], source=made["postId"])
    answer = local_owner.post(place, sent)
    assert answer.status_code == 200, answer.text
    found = next(each for each in listed(local) if answer.url.path.endswith(each["id"]))
    assert found["platforms"][0]["content"] == "Its own words"
    assert found["mediaItems"][0]["url"] == image
    assert local_owner.post(place, sent | {"source": "post_nothing"}).status_code == 404


def test_a_change_touches_what_it_names_alone(tenant: Tenant, owner: Browser, x: Linked) -> None:
    other = tenant.connect("twitter")
    own = {"platform": "twitter", "accountId": x.id, "content": "Its own words"}
    body = {
        "content": "Before",
        "platforms": [own],
        "rule": "FREQ=MONTHLY;BYDAY=1MO",
        "startsAt": f"{start()}:30",
        "timezone": BERLIN,
        "mediaItems": [{"type": "image", "url": tenant.world.demo_image()}],
    }
    made = tenant.client.post("/v1/schedules", json=body).json()["schedule"]
    url = f"/{tenant.project_id}/recurrences/{made['id']}"
    page = owner.get(url).text
    assert 'value="FREQ=MONTHLY;BYDAY=1MO"' in page
    sent = {
        "content": "After\r\nit",
        "account": [x.id, other.id],
        "own": made["rule"],
        "at": re.search(r'id="at"[^>]*value="([^"]+)"', page)[1],  # type: ignore[index]  # it is there
        "zone": BERLIN,
        "do": "make",
    }
    looked = owner.post(url, sent | {"do": "look"})
    assert "It would go out at" in looked.text
    assert owner.post(url, sent).status_code == 200
    (found,) = [each for each in listed(tenant) if each["id"] == made["id"]]
    kept = ("rule", "startsAt", "timezone", "mediaItems", "nextAt")
    assert {name: found[name] for name in kept} == {name: made[name] for name in kept}
    assert found["content"] == "After\nit"
    assert [each["accountId"] for each in found["platforms"]] == [x.id, other.id]
    assert found["platforms"][0]["content"] == "Its own words"
    wrong = owner.post(url, sent | {"zone": "Nowhere", "content": "Kept in the form"})
    assert wrong.status_code == 400
    assert "Kept in the form" in wrong.text
    assert owner.post(url.replace(made["id"], "sch_nobody"), sent).status_code == 404


def test_pause_go_on_and_end(tenant: Tenant, owner: Browser, members: Members, x: Linked) -> None:
    answer = owner.post(f"/{tenant.project_id}/recurrences/new", form_of(x.id, freq="DAILY", at=start(1)))
    url, schedule_id = answer.url.path, answer.url.path.rpartition("/")[2]

    def status() -> str:
        return str(tenant.client.get(f"/v1/schedules/{schedule_id}").json()["schedule"]["status"])

    paused = owner.post(f"{url}/pause")
    assert status() == "paused"
    assert "nothing goes out" in paused.text
    assert owner.post(f"{url}/pause").status_code == 200
    assert owner.post(f"{url}/resume").status_code == 200
    assert status() == "active"
    made = tenant.client.get(f"/v1/schedules/{schedule_id}/occurrences").json()["occurrences"][0]
    assert made["postId"] in owner.get(url).text

    viewer = members(tenant, "viewer")
    seen = viewer.get(url).text
    assert "Change it" not in seen
    assert "Pause" not in seen
    assert "Keep these hours" not in viewer.get(f"/{tenant.project_id}/queue").text

    end = owner.post(f"{url}/delete", {"keep": "yes"})
    assert end.url.path.endswith("/queue"), end.text
    assert schedule_id not in end.text
    assert tenant.client.get(f"/v1/schedules/{schedule_id}").status_code == 404
    assert tenant.get(made["postId"])["status"] == "scheduled"
    for act in ("pause", "resume", "delete"):
        assert owner.post(f"{url}/{act}").status_code == 404
    assert owner.get(url).status_code == 404


def test_the_password_is_asked_for_before_one_is_deleted(local: Tenant, members: Members) -> None:
    owner = members(local)
    answer = owner.post(
        f"/{local.project_id}/recurrences/new", form_of(local.account("twitter").id, content=words())
    )
    url = answer.url.path
    age(owner, "confirmed_at", timedelta(minutes=16))
    asked = owner.post(f"{url}/delete", {"keep": "yes"})
    assert asked.status_code == 403
    assert "Your password, once more" in asked.text
    assert 'name="keep" value="yes"' in asked.text
    assert owner.get(url).status_code == 200

"""Webhooks at the dashboard: who is told, tests, deliveries, secrets, and what is refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.contract.tenant import Tenant
from tests.dashboard.browser import Browser, text_of
from tests.dashboard.conftest import Members

SECRET = re.compile(r'<code id="secret">(whsec_[^<]+)</code>')


def until(look: Callable[[], Any]) -> Any:
    """What is seen at last."""
    end = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)
    return found


def hook(tenant: Tenant, more: str = "") -> str:
    """The address of a receiver of the sandbox that keeps what comes, by the project's name."""
    return f"{tenant.world.hooks()}/{tenant.project_id}{more}"


def made(owner: Browser, tenant: Tenant, **form: Any) -> tuple[str, httpx2.Response]:
    """The path of a new subscription, and the page that made it."""
    form = {"channel": "webhook", "url": hook(tenant), "event": ["post.published"]} | form
    page = owner.post(f"/{tenant.project_id}/webhooks", form)
    assert page.status_code == 200, page.text
    found = re.search(rf'action="/dashboard(/{tenant.project_id}/webhooks/\w+)/test"', page.text)
    assert found is not None
    return found[1], page


def deliveries(owner: Browser, path: str, word: str, query: str = "") -> str:
    """The part of a subscription's page with its deliveries, once it has a word; empty before."""
    shown = owner.get(path + query).text.partition('id="deliveries"')[2]
    return shown if word in shown else ""


def of_api(tenant: Tenant, path: str) -> dict[str, Any]:
    """A webhook as the API shows it."""
    answer = tenant.client.get(f"/v1/webhooks/{path.rpartition('/')[2]}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["webhook"])


@pytest.fixture
def mine(world: Any, new: Callable[..., Tenant]) -> Tenant:
    """A project of this test's own, on either store."""
    return new(world)


@pytest.fixture
def hers(mine: Tenant, members: Members) -> Browser:
    """Its owner."""
    return members(mine)


def test_a_webhook_hears_of_a_post_and_its_page_shows_it(mine: Tenant, hers: Browser) -> None:
    path, page = made(hers, mine)
    found = SECRET.search(page.text)
    assert found is not None
    assert of_api(mine, path)["webhook"] == {"url": hook(mine), "secret": found[1]}
    later = hers.get(path).text
    assert found[1] not in later
    assert "Nothing was sent yet." in later
    tested = hers.post(f"{path}/test")
    assert "The test got through." in tested.text
    assert of_api(mine, path)["lastTestStatus"] == "success"
    post = mine.published()["postId"]
    row = until(lambda: deliveries(hers, path, "state published"))
    assert f'href="/dashboard/{mine.project_id}/posts/{post}"' in row
    assert re.search(r"answered 200 after \d+ ms", row)
    assert hook(mine) in hers.get(f"/{mine.project_id}/webhooks").text
    log = hers.get(f"/{mine.project_id}/people").text
    assert "webhook created" in log
    assert "webhook tested" in log
    assert found[1] not in log


def test_a_delivery_that_fails_waits_and_is_sent_once_more(mine: Tenant, hers: Browser) -> None:
    path, _ = made(hers, mine, url=hook(mine, "?status=503"))
    refused = hers.post(f"{path}/test")
    assert refused.status_code == 400
    assert "The test failed. The receiver answered, but not with success (2xx)." in refused.text
    mine.published()
    listed = f"/v1/webhooks/{path.rpartition('/')[2]}/deliveries"

    def tries(count: int) -> Any:
        found = mine.client.get(listed).json()["deliveries"]
        return found[0] if found and len(found[0]["attempts"]) >= count else None

    delivery = until(lambda: tries(1))
    row = deliveries(hers, path, "state scheduled")
    assert "next try" in row
    assert "answered 503" in row
    again = f"{path}/deliveries/{delivery['id']}/redeliver"
    assert "It is sent once more, now." in hers.post(again).text
    until(lambda: tries(2))
    assert deliveries(hers, path, "2 tries")
    assert deliveries(hers, path, "2 tries", "?state=pending")
    assert "None of these among the newest 2000." in deliveries(hers, path, "None of these", "?state=failed")
    assert hers.post(f"{path}/deliveries/dlv_none/redeliver").status_code == 404
    hers.post(f"{path}/switch", {"enabled": "no"})
    off = hers.post(again)
    assert off.status_code == 409
    assert "This subscription is switched off." in off.text
    assert "waits until this is active" in off.text
    assert "Send again" not in off.text


def test_events_place_and_filter_are_changed(mine: Tenant, hers: Browser) -> None:
    profile = mine.client.post("/v1/profiles", json={"name": "Brand <i>"}).json()["profile"]["id"]
    path, page = made(hers, mine, profile=profile, scheduled="yes")
    assert "Brand &lt;i&gt;" in page.text
    assert (of_api(mine, path)["profileId"], of_api(mine, path)["onlyScheduledPosts"]) == (profile, True)
    other = hook(mine, "?status=200")
    done = hers.post(path, {"channel": "webhook", "url": other, "event": ["post.failed", "account.paused"]})
    assert "It is changed." in done.text
    found = of_api(mine, path)
    assert (found["profileId"], found["onlyScheduledPosts"]) == (None, False)
    assert (found["webhook"]["url"], found["eventTypes"]) == (other, ["post.failed", "account.paused"])
    typed = {"channel": "webhook", "url": "http://192.168.0.1/<hook>", "event": ["post.scheduled"]}
    wrong = hers.post(path, typed)
    assert wrong.status_code == 400
    assert "Address: does not lead to a public https address." in text_of(wrong)
    assert 'value="http://192.168.0.1/&lt;hook&gt;"' in wrong.text
    assert of_api(mine, path) == found
    assert hers.post(path, typed | {"channel": "email", "recipients": "a@example.com"}).status_code == 400


def test_a_pause_and_its_end(mine: Tenant, hers: Browser) -> None:
    path, _ = made(hers, mine)
    assert ">Paused</span>" in hers.post(f"{path}/switch", {"enabled": "no"}).text
    assert of_api(mine, path)["enabled"] is False
    assert ">Active</span>" in hers.post(f"{path}/switch", {"enabled": "yes"}).text
    assert of_api(mine, path)["enabled"] is True


def test_another_secret_is_shown_once(mine: Tenant, hers: Browser) -> None:
    path, page = made(hers, mine)
    rotated = hers.post(f"{path}/rotate")
    old, new = SECRET.search(page.text), SECRET.search(rotated.text)
    assert old is not None
    assert new is not None
    assert old[1] != new[1] == of_api(mine, path)["webhook"]["secret"]
    assert "the one before signs too" in rotated.text
    assert new[1] not in hers.get(path).text


def test_mails(mine: Tenant, hers: Browser) -> None:
    wrong = hers.post(
        f"/{mine.project_id}/webhooks",
        {"channel": "email", "recipients": "nobody <at> home", "event": ["post.failed"]},
    )
    assert wrong.status_code == 400
    assert "Recipients:" in wrong.text
    assert 'value="nobody &lt;at&gt; home"' in wrong.text
    people = "ada@example.com,  ben@example.com"
    path, page = made(hers, mine, channel="email", recipients=people, event=["post.failed"])
    assert SECRET.search(page.text) is None
    assert of_api(mine, path)["email"]["recipients"] == ["ada@example.com", "ben@example.com"]
    assert "ada@example.com, ben@example.com" in text_of(page)
    assert "The test got through." in hers.post(f"{path}/test").text
    assert hers.post(f"{path}/rotate").status_code == 409


def test_subscriptions_of_the_contract_have_a_page(mine: Tenant, hers: Browser) -> None:
    body = {"channel": "webhook", "eventTypes": ["post.failed"], "webhook": {"url": hook(mine)}}
    made_there = mine.client.post("/v1/notifications", json=body).json()["notification"]
    path = f"/{mine.project_id}/webhooks/{made_there['id']}"
    assert path in hers.get(f"/{mine.project_id}/webhooks").text
    assert "account.paused" not in hers.get(path).text
    assert f"/v1/notifications/{made_there['id']}/deliveries" in hers.get(path).text
    form = {"channel": "webhook", "url": hook(mine), "event": ["post.partial"]}
    assert hers.post(path, form | {"event": ["account.paused"]}).status_code == 400
    assert hers.post(path, form).status_code == 200
    found = mine.client.get(f"/v1/notifications/{made_there['id']}").json()["notification"]
    assert found["eventTypes"] == ["post.partial"]


def test_deleting_it(mine: Tenant, hers: Browser) -> None:
    path, _ = made(hers, mine)
    left = hers.post(f"{path}/delete")
    assert "Nobody is told yet" in left.text
    assert f"curl {mine.world.url}/v1/webhooks" in left.text
    assert hers.get(path).status_code == 404
    assert "webhook deleted" in hers.get(f"/{mine.project_id}/people").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"event": []}, "Events:"),
        ({"event": ["post.nothing"]}, "must be one of"),
        ({"url": ""}, "Address:"),
        ({"url": "https://example.com/\u00e9"}, "Address: does not lead to a public https address."),
        ({"url": "ftp://example.com/x"}, "does not lead to a public https address"),
        ({"url": "https://example.com/" + "x" * 2100}, "must have at most 2048 characters"),
        ({"profile": "prof_none"}, "Profile: is no profile here."),
    ],
)
def test_what_is_refused_stays_typed(
    local: Tenant, local_owner: Browser, form: dict[str, Any], said: str
) -> None:
    typed = {"channel": "webhook", "url": "https://example.com/a?b&c", "event": ["post.scheduled"]} | form
    page = local_owner.post(f"/{local.project_id}/webhooks", typed)
    assert page.status_code == 400
    assert said in text_of(page)
    assert "url" in form or 'value="https://example.com/a?b&amp;c"' in page.text
    assert "event" in form or 'value="post.scheduled" checked' in page.text
    assert local.client.get("/v1/webhooks").json()["webhooks"] == []


def test_nothing_of_another_project(tenant: Tenant, owner: Browser, mine: Tenant, hers: Browser) -> None:
    path, _ = made(hers, mine)
    theirs = path.replace(mine.project_id, tenant.project_id)
    assert owner.get(theirs).status_code == 404
    for act in ("", "/switch", "/test", "/rotate", "/delete", "/deliveries/dlv_x/redeliver"):
        form = {"channel": "webhook", "url": hook(mine), "event": ["post.failed"]}
        assert owner.post(theirs + act, form).status_code == 404, act
    assert of_api(mine, path)["enabled"] is True

"""API keys at the dashboard: made and shown once, held to what they may do, and revoked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from polypost import access, clock
from polypost.access import people
from tests.contract.tenant import Tenant, operator, words
from tests.dashboard.browser import PASSWORD, Browser, command, text_of
from tests.dashboard.conftest import Members
from tests.dashboard.test_signing import age
from tests.processes import World


def made(page: httpx2.Response) -> str:
    """The secret on the page that made a key."""
    assert page.status_code == 200, page.text
    found = re.search(r'<code id="secret">(pp_live_\w+)</code>', page.text)
    assert found is not None
    return found[1]


def calls(tenant: Tenant, secret: str, method: str = "GET", path: str = "/v1/posts", **more: Any) -> int:
    """What the API answers to a key."""
    return tenant.client.request(method, path, headers={"x-access-key": secret}, **more).status_code


def named(tenant: Tenant, name: str) -> access.ApiKey:
    """The project's key of this name."""
    found = operator(tenant.world, lambda db: access.list_keys(db, tenant.project_id))
    return next(key for key in found if key.name == name)


def test_a_key_is_shown_once_and_does_what_it_may(tenant: Tenant, owner: Browser) -> None:
    path, name = f"/{tenant.project_id}/keys", f"{words()} <b>"
    page = owner.post(path, {"name": name, "scope": ["read"], "days": "30"})
    secret = made(page)
    call = f"{tenant.world.url}/v1/health/auth"
    assert command(page.text) == ["curl", call, "-H", f"x-access-key: {secret}"]
    assert calls(tenant, secret, path="/v1/health/auth") == calls(tenant, secret) == 200
    assert calls(tenant, secret, "POST", json=tenant.body()) == 403
    later = owner.get(path).text
    assert secret not in later
    assert "<b>" not in later
    row = later[later.index(f"{name.removesuffix(' <b>')} &lt;b&gt;") :].partition("</li>")[0]
    key = named(tenant, name)
    assert f'<code dir="ltr">{key.prefix}…</code>' in row
    assert "May read" in row
    assert 'title="' in row.partition("last used")[2]
    assert f'by <span dir="auto">{owner.name}</span>' in row
    assert key.expires_at is not None
    assert timedelta(days=29) < key.expires_at - clock.now() < timedelta(days=30, minutes=1)
    log = text_of(owner.get(f"/{tenant.project_id}/people"))
    assert f"key created key {key.id}" in log
    assert secret not in log


def test_all_scopes_are_everything(local: Tenant, local_owner: Browser) -> None:
    name = words()
    form = {"name": name, "scope": [*access.SCOPES]}
    page = local_owner.post(f"/{local.project_id}/keys", form)
    assert "May do everything" in page.text
    assert (named(local, name).scopes, named(local, name).expires_at) == ((), None)


def test_a_key_of_a_profile_reaches_its_accounts_alone(tenant: Tenant, owner: Browser) -> None:
    inside, outside = tenant.connect("twitter"), tenant.connect("pinterest")
    profile = tenant.client.post("/v1/profiles", json={"name": "Brand <i>"}).json()["profile"]["id"]
    tenant.client.patch(f"/v1/connect/integrations/{inside.id}", json={"profileId": profile})
    page = owner.post(
        f"/{tenant.project_id}/keys", {"name": words(), "scope": ["read"], "profile": [profile]}
    )
    secret = made(page)
    assert 'on the accounts of <span dir="auto">Brand &lt;i&gt;</span>' in " ".join(page.text.split())
    assert calls(tenant, secret, path=f"/v1/connect/integrations/{inside.id}") == 200
    assert calls(tenant, secret, path=f"/v1/connect/integrations/{outside.id}") == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "A name has 1 to 200 characters."),
        ({"name": "x" * 201}, "A name has 1 to 200 characters."),
        ({"scope": []}, "Choose what the key may do."),
        ({"scope": ["admin"]}, "is no scope"),
        ({"days": "0"}, "Days: is not how long a key can last."),
        ({"days": "36501"}, "Days: is not how long a key can last."),
        ({"days": "9" * 400}, "Days: is not how long a key can last."),
        ({"days": "a week"}, "Days: is not how long a key can last."),
        ({"days": "\u0663"}, "Days: is not how long a key can last."),
        ({"profile": ["prof_of_nobody"]}, "There is no profile with this id"),
    ],
)
def test_what_is_refused_stays_typed_and_makes_nothing(
    local: Tenant, local_owner: Browser, wrong: dict[str, Any], said: str
) -> None:
    before = len(operator(local.world, lambda db: access.list_keys(db, local.project_id)))
    form = {"name": "Typed & kept", "scope": ["connect"], "days": "7"} | wrong
    page = local_owner.post(f"/{local.project_id}/keys", form)
    assert 400 <= page.status_code < 500
    assert said in page.text.replace("&#39;", "'")
    assert "name" in wrong or 'value="Typed &amp; kept"' in page.text
    assert "scope" in wrong or 'value="connect" checked' in page.text
    assert "days" in wrong or 'name="days" value="7"' in page.text
    assert len(operator(local.world, lambda db: access.list_keys(db, local.project_id))) == before


def test_revoking_asks_for_the_password_and_holds_at_once(tenant: Tenant, members: Members) -> None:
    owner, name, path = members(tenant), words(), f"/{tenant.project_id}/keys"
    secret = made(owner.post(path, {"name": name, "scope": ["read"]}))
    end = f"{path}/{named(tenant, name).id}/revoke"
    assert calls(tenant, secret) == 200
    age(owner, "confirmed_at", timedelta(minutes=16))
    assert owner.post(end).status_code == 403
    assert named(tenant, name).revoked_at is None
    page = owner.post(end, {"password-again": PASSWORD})
    working, _, ended = page.text.partition("Keys that ended")
    assert name not in working
    assert "revoked" in ended[ended.index(name) :].partition("</li>")[0]
    time.sleep(1.1)
    assert calls(tenant, secret) == 401
    at = named(tenant, name).revoked_at
    assert owner.post(end).status_code == 200
    assert named(tenant, name).revoked_at == at
    assert "key revoked" in owner.get(f"/{tenant.project_id}/people").text


def test_no_key_of_another_project(tenant: Tenant, owner: Browser) -> None:
    def another(db: Any) -> tuple[str, str]:
        project = access.create_project(db, words())
        return project.id, access.create_key(db, project.id, name=words())[0].id

    project, key = operator(tenant.world, another)
    assert owner.post(f"/{tenant.project_id}/keys/{key}/revoke").status_code == 404
    assert operator(tenant.world, lambda db: access.get_key(db, project, key)).revoked_at is None


def test_keys_end_with_who_made_them(tenant: Tenant, members: Members) -> None:
    owner, other, name = members(tenant), members(tenant), words()
    made(other.post(f"/{tenant.project_id}/keys", {"name": name, "scope": ["read"]}))
    person = operator(tenant.world, lambda db: people.named(db, other.name)).id
    owner.post(f"/{tenant.project_id}/people/{person}/remove")
    assert named(tenant, name).revoked_at is not None
    assert named(tenant, name).maker == other.name


def test_the_list_has_pages(tenant: Tenant, members: Members, new: Callable[..., Tenant]) -> None:
    fresh = new(tenant.world)

    def many(db: Any) -> None:
        past = clock.now() - timedelta(days=1)
        for number in range(60):
            access.create_key(db, fresh.project_id, name=f"Many {number}")
        for number in range(26):
            access.create_key(db, fresh.project_id, name=f"Past {number}", expires_at=past)

    operator(fresh.world, many)
    owner = members(fresh)
    seen: set[str] = set()
    for query, count in (("", 50), ("?page=1", 11), ("?page=x", 50)):
        working, _, ended = owner.get(f"/{fresh.project_id}/keys{query}").text.partition("Keys that ended")
        found = re.findall(r'<strong dir="auto">([^<]+)</strong>', working)
        assert len(found) == count
        seen |= set(found)
        assert ended.count(">Past ") == 25
        assert "The newest 25; polypost keys list shows all." in ended
    assert seen == {"contract", *(f"Many {number}" for number in range(60))}
    assert "page=2" not in owner.get(f"/{fresh.project_id}/keys?page=1").text


def test_an_empty_page_says_what_a_key_is_for(
    embedded: World, new: Callable[..., Tenant], members: Members
) -> None:
    fresh = new(embedded)
    operator(
        embedded,
        lambda db: [
            access.revoke_key(db, fresh.project_id, key.id) for key in access.list_keys(db, fresh.project_id)
        ],
    )
    page = members(fresh).get(f"/{fresh.project_id}/keys").text
    assert "No key works any more" in page
    assert "polypost keys create --project" in page

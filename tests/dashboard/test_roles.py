"""Each page and each role: who gets what, stated for every page there is."""

from __future__ import annotations

import re
from typing import Literal, get_args

import pytest

from polypost import access
from polypost.access import people
from polypost.access.people import ROLES, Role, principal_of
from polypost.dashboard.application import dashboard
from polypost.dashboard.web import Page
from polypost.errors import Forbidden
from tests.contract.tenant import Tenant, operator, words
from tests.dashboard.browser import HOME, Browser, member
from tests.dashboard.conftest import Members

PAGES = [page for page in dashboard().pages if "{project}" in page.path]
# Who may, at the least. A page that is not here is refused to exist by the test below.
LEAST: dict[str, Role | Literal["operator"]] = {
    "GET /{project}": "viewer",
    "GET /{project}/more": "viewer",
    "GET /{project}/accounts": "viewer",
    "GET /{project}/accounts/{platform}": "viewer",
    "POST /{project}/accounts/{account}/disconnect": "editor",
    "POST /{project}/accounts/{account}/profile": "editor",
    "POST /{project}/connect/{platform}": "editor",
    "POST /{project}/connect/{platform}/password": "editor",
    "POST /{project}/apps/{platform}": "owner",
    "POST /{project}/apps/{platform}/{app}/remove": "owner",
    "POST /{project}/profiles": "editor",
    "POST /{project}/profiles/{profile}": "editor",
    "POST /{project}/profiles/{profile}/remove": "editor",
    "GET /{project}/analytics": "viewer",
    "POST /{project}/analytics/ask": "viewer",
    "GET /{project}/inbox": "viewer",
    "GET /{project}/inbox/{account}": "viewer",
    "GET /{project}/inbox/{account}/comments": "viewer",
    "POST /{project}/inbox/{account}/comments": "editor",
    "POST /{project}/inbox/{account}/comments/hide": "editor",
    "POST /{project}/inbox/{account}/comments/delete": "editor",
    "GET /{project}/inbox/{account}/messages": "viewer",
    "GET /{project}/inbox/{account}/conversation": "viewer",
    "POST /{project}/inbox/{account}/conversation": "editor",
    "GET /{project}/usage": "viewer",
    "GET /{project}/approvals": "viewer",
    "GET /{project}/approvals/{post}": "viewer",
    "GET /{project}/approvals/{post}/look": "viewer",
    "POST /{project}/approvals/{post}/ask": "author",
    "POST /{project}/approvals/{post}/approve": "editor",
    "POST /{project}/approvals/{post}/return": "editor",
    "POST /{project}/approvals/{post}/links": "editor",
    "POST /{project}/approvals/{post}/links/{link}/revoke": "editor",
    "GET /{project}/calendar": "viewer",
    "GET /{project}/calendar/fold": "viewer",
    "POST /{project}/calendar/{post}/move": "editor",
    "GET /{project}/compose": "author",
    "POST /{project}/compose": "author",
    "POST /{project}/compose/check": "author",
    "POST /{project}/compose/media": "author",
    "POST /{project}/compose/preview": "author",
    "GET /{project}/compose/panel": "author",
    "GET /{project}/compose/boards": "author",
    "POST /{project}/compose/uploads": "author",
    "GET /{project}/compose/file": "viewer",
    "GET /{project}/events": "viewer",
    "GET /{project}/health": "viewer",
    "GET /{project}/keyboard": "viewer",
    "GET /{project}/posts": "viewer",
    "GET /{project}/posts/{post}": "viewer",
    "GET /{project}/posts/{post}/look/{target}": "viewer",
    "POST /{project}/posts/{post}/retry": "editor",
    "POST /{project}/posts/{post}/change": "editor",
    "POST /{project}/posts/{post}/reschedule": "editor",
    "POST /{project}/posts/{post}/cancel": "editor",
    "POST /{project}/posts/{post}/delete": "editor",
    "GET /{project}/queue": "viewer",
    "POST /{project}/queue": "editor",
    "GET /{project}/recurrences/new": "editor",
    "POST /{project}/recurrences/new": "editor",
    "GET /{project}/recurrences/{schedule}": "viewer",
    "POST /{project}/recurrences/{schedule}": "editor",
    "POST /{project}/recurrences/{schedule}/pause": "editor",
    "POST /{project}/recurrences/{schedule}/resume": "editor",
    "POST /{project}/recurrences/{schedule}/delete": "editor",
    "GET /{project}/bulk": "viewer",
    "POST /{project}/bulk": "editor",
    "GET /{project}/bulk/example": "viewer",
    "GET /{project}/bulk/{bulk}": "viewer",
    "POST /{project}/bulk/{bulk}/run": "editor",
    "POST /{project}/bulk/{bulk}/stop": "editor",
    "GET /{project}/uploads": "viewer",
    "POST /{project}/uploads": "author",
    "POST /{project}/uploads/{upload}/delete": "editor",
    "GET /{project}/requests": "viewer",
    "GET /{project}/requests/{request}": "viewer",
    "GET /{project}/people": "owner",
    "POST /{project}/people/invite": "owner",
    "POST /{project}/people/{person}/role": "owner",
    "POST /{project}/people/{person}/remove": "owner",
    "GET /{project}/keys": "owner",
    "POST /{project}/keys": "owner",
    "POST /{project}/keys/{key}/revoke": "owner",
    "POST /{project}/agents/{grant}/end": "owner",
    "GET /{project}/webhooks": "owner",
    "POST /{project}/webhooks": "owner",
    "GET /{project}/webhooks/{subscription}": "owner",
    "POST /{project}/webhooks/{subscription}": "owner",
    "POST /{project}/webhooks/{subscription}/switch": "owner",
    "POST /{project}/webhooks/{subscription}/test": "owner",
    "POST /{project}/webhooks/{subscription}/rotate": "owner",
    "POST /{project}/webhooks/{subscription}/delete": "owner",
    "POST /{project}/webhooks/{subscription}/deliveries/{delivery}/redeliver": "owner",
    "GET /{project}/settings": "owner",
    "POST /{project}/settings/name": "operator",
    "POST /{project}/settings/credits": "operator",
    "POST /{project}/settings/dedupe": "owner",
    "POST /{project}/settings/disable": "operator",
    "POST /{project}/settings/redirects": "owner",
    "POST /{project}/settings/redirects/forget": "owner",
}
# Answers that never end are looked at where they are tested.
STREAMS = {"GET /{project}/events"}


def key_of(page: Page) -> str:
    """A page as the table names it."""
    return f"{page.method} {page.path}"


@pytest.fixture(scope="module")
def staff(local: Tenant) -> dict[Role, Browser]:
    """Somebody of each role in this module's project."""
    return {role: member(local, role) for role in get_args(Role)}


@pytest.fixture(scope="module", autouse=True)
def _closed(staff: dict[Role, Browser]) -> object:
    yield
    for browser in staff.values():
        browser.client.close()


def test_the_table_has_every_page() -> None:
    assert {key_of(page) for page in PAGES} == set(LEAST)
    assert all(page.least is not None and not page.open for page in PAGES)


def ask(browser: Browser, page: Page, project: str) -> int:
    """What a page answers to somebody."""
    path = HOME + re.sub(r"\{\w+\}", "nothing", page.path.replace("{project}", project))
    if page.method == "GET":
        return browser.client.get(path, follow_redirects=False).status_code
    return browser.client.post(path, data={"token": browser.token}, follow_redirects=False).status_code


@pytest.mark.parametrize("page", [page for page in PAGES if key_of(page) not in STREAMS], ids=key_of)
def test_each_page_for_each_role(local: Tenant, staff: dict[Role, Browser], page: Page) -> None:
    order = ("operator", *ROLES)
    least = order.index(LEAST[key_of(page)])
    for role, browser in staff.items():
        said = ask(browser, page, local.project_id)
        if order.index(role) > least:
            assert said == 403, role
        else:
            assert said not in {401, 403, 500}, role


@pytest.mark.parametrize("place", ["posts", "queue", "bulk", "uploads"])
def test_lists_have_no_such_page(local: Tenant, staff: dict[Role, Browser], place: str) -> None:
    for page in ("-1", "²", "9" * 30, "9" * 5000):
        answer = staff["owner"].get(f"/{local.project_id}/{place}", params={"page": page})
        assert answer.status_code == 200, page


@pytest.mark.parametrize("page", PAGES, ids=key_of)
def test_no_page_of_a_project_for_others(
    local: Tenant, new: object, page: Page, staff: dict[Role, Browser]
) -> None:
    assert ask(staff["owner"], page, "prj_of_nobody") == 404


def test_no_page_of_another_project(local: Tenant, new: object, staff: dict[Role, Browser]) -> None:
    other = operator(local.world, lambda db: access.create_project(db, words()).id)
    for page in PAGES:
        assert ask(staff["owner"], page, other) == 404, page.path


def test_an_operator_is_an_owner_everywhere(local: Tenant) -> None:
    link = local.world.command("people", "invite", "--operator")["url"]
    with Browser(local.world) as browser:
        browser.sign_up(link.rpartition("/")[2])
        page = browser.get(f"/{local.project_id}/people")
        assert page.status_code == 200
        assert "operator invited" in page.text
        name = words()
        assert browser.post("/projects", {"name": name}).status_code == 200
        assert browser.post("/projects", {"name": name}).status_code == 400
        with Browser(local.world) as other:
            second = local.world.command("people", "invite", "--operator")["url"]
            other.sign_up(second.rpartition("/")[2])
        local.world.command("people", "remove", browser.name)
        assert browser.get("/me").url.path == f"{HOME}/sign-in"


def test_only_an_operator_makes_projects(staff: dict[Role, Browser]) -> None:
    assert staff["owner"].post("/projects", {"name": words()}).status_code == 403


def test_what_an_author_writes_stays_a_draft(local: Tenant, staff: dict[Role, Browser]) -> None:
    account, text = local.account("twitter").id, words()
    form = {"content": text, "account": account}
    kept = staff["author"].post(f"/{local.project_id}/compose", form | {"when": "now"})
    assert kept.status_code == 200, kept.text
    assert local.on_network(text) == []
    assert local.get(kept.url.path.rpartition("/")[2])["status"] == "draft"


def test_a_role_is_changed_and_holds_at_once(tenant: Tenant, members: Members) -> None:
    owner, other = members(tenant), members(tenant, "viewer")
    person = operator(tenant.world, lambda db: people.named(db, other.name)).id
    assert other.get(f"/{tenant.project_id}/compose").status_code == 403
    path = f"/{tenant.project_id}/people/{person}/role"
    assert owner.post(path, {"role": "no role"}).status_code == 400
    assert "role changed" in owner.post(path, {"role": "editor"}).text
    assert other.get(f"/{tenant.project_id}/compose").status_code == 200
    assert owner.post(path.replace(person, "usr_nobody"), {"role": "editor"}).status_code == 400


def test_an_invitation_of_the_page_makes_a_member(tenant: Tenant, members: Members) -> None:
    page = members(tenant).post(f"/{tenant.project_id}/people/invite", {"role": "author"}).text
    found = re.search(r"/dashboard/join/([\w-]+)", page)
    assert found is not None
    with Browser(tenant.world) as browser:
        assert browser.sign_up(found[1]).status_code == 200
        assert browser.get(f"/{tenant.project_id}/people").status_code == 403


def test_a_person_is_no_key(tenant: Tenant, members: Members) -> None:
    browser = members(tenant)
    person = operator(tenant.world, lambda db: people.named(db, browser.name))
    session = browser.client.cookies["polypost-session"]
    for secret in (person.id, session, f"pp_live_{session}"):
        answer = tenant.client.get("/v1/posts", headers={"x-access-key": secret})
        assert answer.status_code == 401
    # Nor does the API take a session: it has no token against foreign forms.
    assert browser.client.get("/v1/posts").status_code == 401
    assert browser.client.post("/v1/posts", json={}).status_code == 401
    kinds = {person.id.partition("_")[0]} | {
        key.id.partition("_")[0]
        for key in operator(tenant.world, lambda db: access.list_keys(db, tenant.project_id))
    }
    assert kinds == {"usr", "key"}


def allows(who: access.Principal, scope: str) -> bool:
    """Whether somebody passes where a scope is needed."""
    try:
        who.require(scope)
    except Forbidden:
        return False
    return True


def test_roles_and_scopes_agree() -> None:
    project = access.Project("prj", "Ours", None, 0, None, people.clock.now(), None)
    person = people.Person("usr", "Ada", False, people.clock.now())
    may = {
        role: {scope for scope in access.SCOPES if allows(principal_of(person, project, role), scope)}
        for role in ROLES
    }
    assert may == {
        "owner": set(access.SCOPES),
        "editor": {"read", "draft", "publish", "connect"},
        "author": {"read", "draft"},
        "viewer": {"read"},
    }


def test_a_form_that_is_sent_twice_is_one_post_and_the_api_shows_it(tenant: Tenant, members: Members) -> None:
    account, text = tenant.account("twitter").id, words()
    form = {"content": text, "account": account, "when": "now", "once": f"once-{text}"}
    one, other = members(tenant, "editor"), members(tenant, "editor")
    pages = [one.post(f"/{tenant.project_id}/compose", form) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].url == pages[1].url
    post = tenant.get(pages[0].url.path.rpartition("/")[2])
    assert post["content"] == text
    tenant.settle(post["postId"])
    assert len(tenant.on_network(text)) == 1
    # With other words it is another thing, which the same form cannot be.
    later = other.post(f"/{tenant.project_id}/compose", form | {"content": f"{text} too"})
    assert later.status_code == 422

"""Accounts at the dashboard: what each network needs, connecting by consent, and what became of it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx2
import pytest
from sqlalchemy import Connection, insert, select, update

from polypost.integrations.tables import integrations
from polypost.platforms.registry import BUILT_IN
from polypost.storage import new_id
from tests.contract.tenant import Tenant, operator, words
from tests.dashboard.browser import HOME, Browser
from tests.dashboard.conftest import Members
from tests.processes import World
from tests.worlds import Tenants


def consent(browser: Browser, project: str, platform: str, **form: str) -> str:
    """The address of the network's page to which the dashboard leads on."""
    answer = browser.post(f"/{project}/connect/{platform}", form)
    assert answer.status_code == 200, answer.text
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', answer.text)
    assert found is not None
    return unescape(found[1])


def decide(browser: Browser, url: str, decision: str, account: str | None = None) -> httpx2.Response:
    """Answer the network, and go where it leads, in the same browser."""
    params = {"sandbox_decision": decision} | ({"sandbox_account": account} if account else {})
    return browser.get(str(httpx2.URL(url).copy_merge_params(params)))


def opened(tenant: Tenant, platform: str) -> dict[str, str]:
    """A new account on the simulated network."""
    return dict(
        tenant.world.control("POST", "seed", json={"accounts": 1, "platform": platform})["accounts"][0]
    )


def test_every_network_has_a_card_and_a_page(local: Tenant, local_owner: Browser) -> None:
    page = local_owner.get(f"/{local.project_id}/accounts").text
    for name in BUILT_IN:
        assert f'id="{name}"' in page
        assert local_owner.get(f"/{local.project_id}/accounts/{name}").status_code == 200
    assert local_owner.get(f"/{local.project_id}/accounts/nothing").status_code == 404


def test_the_page_of_a_network_says_how_it_stands_and_leads_on(tenant: Tenant, owner: Browser) -> None:
    path = f"/{tenant.project_id}/accounts/reddit"
    connect = f'action="/dashboard/{tenant.project_id}/connect/reddit"'
    before = owner.get(path).text
    assert ">Ready</span>" in before
    assert connect in before
    tenant.connect("reddit")
    after = owner.get(path).text
    assert ">Connected</span>" in after
    assert connect in after


def test_connecting_by_consent_leads_back_with_the_account(tenant: Tenant, owner: Browser) -> None:
    account = opened(tenant, "twitter")
    back = decide(owner, consent(owner, tenant.project_id, "twitter"), "approve", account["platformUserId"])
    assert back.url.path == f"{HOME}/{tenant.project_id}/accounts"
    assert "X: connected." in back.text
    (found,) = tenant.client.get("/v1/connect/integrations", params={"q": account["platformUserId"]}).json()[
        "integrations"
    ]
    assert f"@{found['username']}" in back.text


def test_a_refusal_connects_nothing_and_says_so(tenant: Tenant, owner: Browser) -> None:
    back = decide(owner, consent(owner, tenant.project_id, "linkedin"), "deny")
    assert back.url.path == f"{HOME}/{tenant.project_id}/accounts"
    assert "LinkedIn: nothing was connected, access was denied." in back.text
    listed = tenant.client.get("/v1/connect/integrations", params={"platform": "linkedin"}).json()
    assert listed["integrations"] == []


def test_another_browser_cannot_end_what_this_one_began(
    tenant: Tenant, owner: Browser, members: Members
) -> None:
    account = opened(tenant, "twitter")
    url = consent(owner, tenant.project_id, "twitter")
    other = members(tenant)
    ended = decide(other, url, "approve", account["platformUserId"])
    assert ended.url.path == "/v1/connect/twitter/callback"
    assert "not known, was used before" in ended.text
    listed = tenant.client.get("/v1/connect/integrations", params={"q": account["platformUserId"]}).json()
    assert listed["integrations"] == []


def test_a_login_of_several_accounts_offers_them_by_the_projects_name(tenant: Tenant, owner: Browser) -> None:
    page = opened(tenant, "facebook")
    offer = decide(owner, consent(owner, tenant.project_id, "facebook"), "approve")
    assert "/v1/connect/facebook/choose/" in offer.url.path
    name = operator(
        tenant.world,
        lambda db: db.exec_driver_sql(
            "SELECT name FROM projects WHERE id = '" + tenant.project_id + "'"
        ).scalar_one(),
    )
    assert f"<strong>{name}</strong>" in offer.text
    back = owner.client.post(offer.url, data={"account": page["platformUserId"]})
    assert back.url.path == f"{HOME}/{tenant.project_id}/accounts"
    assert "Facebook: connected." in back.text


def test_bluesky_by_app_password(tenant: Tenant, owner: Browser) -> None:
    path = f"/{tenant.project_id}/connect/bluesky/password"
    account = opened(tenant, "bluesky")
    wrong = owner.post(path, {"identifier": account["username"], "password": "not it"})
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    done = owner.post(path, {"identifier": account["username"], "password": account["appPassword"]})
    assert "Bluesky: connected." in done.text, done.text


def test_mastodon_by_its_server(tenant: Tenant, owner: Browser) -> None:
    missing = owner.post(f"/{tenant.project_id}/connect/mastodon", {"server": ""})
    assert missing.status_code == 400
    account = opened(tenant, "mastodon")
    url = consent(owner, tenant.project_id, "mastodon", server="mastodon.example")
    assert "Mastodon: connected." in decide(owner, url, "approve", account["platformUserId"]).text


def revoke(tenant: Tenant, account_id: str) -> None:
    """From now on the account has to be connected again."""
    table = integrations
    operator(
        tenant.world,
        lambda db: (
            db.execute(
                update(table)
                .where(table.c.project_id == tenant.project_id, table.c.id == account_id)
                .values(
                    auth_status="reconnect_required",
                    auth_failure_reason="revoked",
                    auth_failure_detail="It was <revoked>.",
                )
            ).rowcount
        ),
    )


def test_what_has_to_be_connected_again_is_said_first_and_asks_nothing_known(
    tenant: Tenant, owner: Browser
) -> None:
    assert 'href="#mastodon"' not in owner.get(f"/{tenant.project_id}/accounts").text
    opened_there = opened(tenant, "bluesky")
    form = {"identifier": opened_there["username"], "password": opened_there["appPassword"]}
    assert owner.post(f"/{tenant.project_id}/connect/bluesky/password", form).status_code == 200
    tenant.connect("mastodon")
    for account in tenant.client.get("/v1/connect/integrations").json()["integrations"]:
        revoke(tenant, account["id"])
    page = owner.get(f"/{tenant.project_id}/accounts").text
    assert page.index('href="#mastodon"') < page.index('class="cards"')
    assert 'name="server" value="mastodon.example"' in page
    assert f'name="identifier" value="{opened_there["username"]}"' in page


def test_what_has_to_be_connected_again_says_why_and_keeps_its_id(tenant: Tenant, owner: Browser) -> None:
    account = tenant.connect("pinterest")
    revoke(tenant, account.id)
    page = owner.get(f"/{tenant.project_id}/accounts").text
    card = page[page.index('id="pinterest"') :].partition("</section>")[0]
    assert "Needs reconnect" in card
    assert "It was &lt;revoked&gt;." in card
    assert ">Reconnect</button>" in card
    decide(owner, consent(owner, tenant.project_id, "pinterest"), "approve", account.user_id)
    (found,) = tenant.client.get("/v1/connect/integrations", params={"q": account.user_id}).json()[
        "integrations"
    ]
    assert (found["id"], found["authStatus"]) == (account.id, "active")


def test_disconnecting_asks_nothing_of_who_has_just_signed_in(tenant: Tenant, owner: Browser) -> None:
    account = tenant.connect("twitter")
    page = owner.post(f"/{tenant.project_id}/accounts/{account.id}/disconnect")
    assert page.status_code == 200
    assert "account disconnected" in owner.get(f"/{tenant.project_id}/people").text
    assert tenant.client.get(f"/v1/connect/integrations/{account.id}").status_code == 404
    assert owner.post(f"/{tenant.project_id}/accounts/{account.id}/disconnect").status_code == 404


def test_an_app_of_the_projects_own(tenant: Tenant, owner: Browser) -> None:
    path = f"/{tenant.project_id}/apps/youtube"
    form = {"name": "Our <app>", "client-id": words(), "client-secret": "s3cret of the app"}
    wrong = owner.post(path, form | {"client-secret": ""})
    assert wrong.status_code == 400
    assert form["client-id"] in wrong.text
    page = owner.post(path, form)
    assert page.status_code == 200
    assert "Our &lt;app&gt;" in page.text
    assert form["client-secret"] not in page.text
    assert owner.post(path, form).status_code == 409
    (app,) = tenant.client.get("/v1/apps").json()["apps"]
    assert owner.post(f"{path}/{app['id']}/remove").status_code == 200
    assert tenant.client.get("/v1/apps").json()["apps"] == []
    assert owner.post(f"/{tenant.project_id}/apps/bluesky", form).status_code == 400


def test_profiles_are_made_renamed_and_filled(tenant: Tenant, owner: Browser) -> None:
    base, account = f"/{tenant.project_id}/profiles", tenant.connect("reddit")
    assert owner.post(base, {"name": ""}).status_code == 400
    assert 'value="Brand"' in owner.post(base, {"name": "Brand"}).text
    (group,) = tenant.client.get("/v1/profiles").json()["profiles"]
    owner.post(f"{base}/{group['id']}", {"name": "Another brand"})
    owner.post(f"/{tenant.project_id}/accounts/{account.id}/profile", {"profile": group["id"]})
    (group,) = tenant.client.get("/v1/profiles").json()["profiles"]
    assert (group["name"], group["integrationCount"]) == ("Another brand", 1)
    owner.post(f"/{tenant.project_id}/accounts/{account.id}/profile", {"profile": ""})
    assert tenant.client.get("/v1/profiles").json()["profiles"][0]["integrationCount"] == 0
    owner.post(f"{base}/{group['id']}/remove")
    assert tenant.client.get("/v1/profiles").json()["profiles"] == []


def test_a_failure_says_what_to_do(tenant: Tenant, owner: Browser) -> None:
    account = opened(tenant, "twitter")
    tenant.world.control("POST", "faults", json={"platform": "twitter", "fault": "read_error"})
    back = decide(owner, consent(owner, tenant.project_id, "twitter"), "approve", account["platformUserId"])
    assert "X: nothing was connected. The network has trouble. Try again later." in back.text


def test_each_failure_has_its_words(local: Tenant, local_owner: Browser) -> None:
    path = f"/{local.project_id}/accounts?status=error&platform=facebook"
    assert "This login has no account that can publish." in local_owner.get(f"{path}&error=no_account").text
    assert "Try again" in local_owner.get(f"{path}&error=another").text


def copies(tenant: Tenant, platform: str, count: int) -> list[str]:
    """The handles of further accounts like the one that is connected; the last has to be connected again."""
    first, table = tenant.account(platform), integrations
    names = [f"brand{number:03}" for number in range(count)]

    def write(db: Connection) -> None:
        row = db.execute(
            select(table).where(table.c.project_id == tenant.project_id, table.c.id == first.id)
        ).one()
        rows = [
            {
                **row._asdict(),
                "id": new_id("int"),
                "platform_user_id": name,
                "username": name,
                "display_name": f"The {name}",
                "search": f"the {name}\n{name}",
                "auth_status": "active" if name != names[-1] else "reconnect_required",
                "auth_failure_detail": None if name != names[-1] else "It was revoked.",
                "created_at": row.created_at + timedelta(seconds=number),
            }
            for number, name in enumerate(names, 1)
        ]
        db.execute(insert(table), rows)

    operator(tenant.world, write)
    return names


def test_many_accounts_are_folded_paged_and_found(new: Tenants, world: World, members: Members) -> None:
    tenant = new(world)
    names, owner = copies(tenant, "twitter", 30), members(tenant)
    tenant.account("reddit")
    page = owner.get(f"/{tenant.project_id}/accounts").text
    card = page[page.index('id="twitter"') :].partition("</section>")[0]
    assert card.count('class="stack tight account"') == 5
    assert card.index(f"The {names[-1]}") < card.index(f"The {names[0]}")
    assert "Disconnect" not in card
    (further,) = re.findall(rf'href="([^"]+)" aria-label="More of The {names[0]}"', card)
    assert f"Disconnect The {names[0]}" in owner.get(further).text
    assert "All 31 accounts" in card
    assert "32 accounts" in page
    path = f"/{tenant.project_id}/accounts/twitter"
    first, last = owner.get(path).text, owner.get(f"{path}?page=1").text
    assert (first.count('class="stack tight account"'), last.count('class="stack tight account"')) == (25, 6)
    assert f"The {names[0]}" in first
    assert f"The {names[-2]}" in last
    found = owner.get(f"/{tenant.project_id}/accounts?q=THE+{names[7]}").text
    assert found.count('class="stack tight account"') == 1
    assert 'id="reddit"' not in found
    assert owner.get(f"{path}?q={names[7]}").text.count('class="stack tight account"') == 1
    assert "No account has this" in owner.get(f"{path}?q=%3Cb%3Enobody").text


@pytest.mark.parametrize(
    "query", ["status=%3Cb%3E&platform=%3Cb%3Ex", "status=error&platform=twitter&error=%3Cimg%3E"]
)
def test_what_comes_back_in_an_address_stays_words(local: Tenant, local_owner: Browser, query: str) -> None:
    page = local_owner.get(f"/{local.project_id}/accounts?{query}").text
    assert "<b>x" not in page
    assert "<img>" not in page

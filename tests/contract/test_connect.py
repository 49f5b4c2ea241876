"""Connecting accounts through the networks' real pages, over HTTP from the first link to the callback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.contract.tenant import Tenant, later, paths, visit
from tests.processes import World

NETWORKS = ["twitter", "instagram"]
BACK = "http://localhost:9/back?session=7"


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    """A browser that stops at each redirect."""
    with httpx2.Client(timeout=30, trust_env=False) as client:
        yield client


def begin(tenant: Tenant, platform: str, **query: str) -> str:
    """The address of the consent page."""
    answer = tenant.client.get(f"/v1/connect/{platform}", params=query)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"url"}
    return str(answer.json()["url"])


def decide(browser: httpx2.Client, url: str, decision: str = "approve") -> str:
    """Where the network sends the browser after the decision: the callback."""
    answer = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": decision}))
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def count(tenant: Tenant, platform: str) -> int:
    """How many accounts of the network are connected."""
    return int(tenant.client.get("/v1/connect/integrations", params={"platform": platform}).json()["total"])


@pytest.mark.parametrize("platform", NETWORKS)
def test_a_person_clicks_through(tenant: Tenant, platform: str) -> None:
    before = count(tenant, platform)
    linked = tenant.connect(platform)
    assert count(tenant, platform) == before + 1
    found = tenant.client.get(f"/v1/connect/integrations/{linked.id}").json()["integration"]
    assert (found["platform"], found["platformUserId"]) == (platform, linked.user_id)
    assert (found["authStatus"], found["byok"], found["appId"]) == ("active", False, None)
    assert found["tokenStatus"]["valid"] is True
    assert found["scopes"]
    for name in ("profileUrl", "imageUrl"):
        assert found[name] is None or urlsplit(found[name]).scheme in {"http", "https"}
    secret = re.compile(r"token\"|secret|accessToken\"|refreshToken\"", re.IGNORECASE)
    assert not secret.search(
        str(found).replace("accessTokenExpiresAt", "").replace("refreshTokenExpiresAt", "")
    )
    body = tenant.body(None, platform)
    body["platforms"] = [{"platform": platform, "accountId": linked.id}]
    assert tenant.post(body).json()["status"] == "published"


@pytest.mark.parametrize("platform", NETWORKS)
def test_the_page_a_person_sees_at_the_end(local: Tenant, platform: str) -> None:
    done = visit(local.world, begin(local, platform), decision="approve")
    assert done.status_code == 200
    assert done.headers["content-type"].startswith("text/html")
    assert done.headers["cache-control"] == "no-store"
    assert done.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in done.headers["content-security-policy"]
    (account,) = re.findall(r"int_[0-9a-z]+", done.text)
    assert local.client.get(f"/v1/connect/integrations/{account}").status_code == 200


@pytest.mark.parametrize("platform", NETWORKS)
def test_the_way_back_to_the_projects_own_page(local: Tenant, browser: httpx2.Client, platform: str) -> None:
    callback = decide(browser, begin(local, platform, redirectUri=BACK))
    answer = browser.get(callback)
    assert answer.status_code == 303
    back = urlsplit(answer.headers["location"])
    said = parse_qs(back.query)
    assert (back.netloc, back.path, said["session"]) == ("localhost:9", "/back", ["7"])
    assert (said["status"], said["platform"]) == (["success"], [platform])
    (account,) = said["integrationId"]
    assert local.client.get(f"/v1/connect/integrations/{account}").status_code == 200
    assert not {"code", "state", "token"} & set(said)


@pytest.mark.parametrize("platform", NETWORKS)
def test_a_person_says_no(local: Tenant, browser: httpx2.Client, platform: str) -> None:
    before = count(local, platform)
    seen = browser.get(decide(browser, begin(local, platform), "deny"))
    assert seen.status_code == 400
    assert "access was denied" in seen.text
    sent = browser.get(decide(browser, begin(local, platform, redirectUri=BACK), "deny"))
    assert parse_qs(urlsplit(sent.headers["location"]).query)["status"] == ["cancelled"]
    elsewhere = begin(local, platform, redirectUri=BACK, cancelRedirectUri="http://localhost:9/no")
    sent = browser.get(decide(browser, elsewhere, "deny"))
    assert urlsplit(sent.headers["location"]).path == "/no"
    assert count(local, platform) == before


@pytest.mark.parametrize("platform", NETWORKS)
def test_a_link_works_once(tenant: Tenant, browser: httpx2.Client, platform: str) -> None:
    callback = decide(browser, begin(tenant, platform))
    assert browser.get(callback).status_code == 200
    before = count(tenant, platform)
    again = browser.get(callback)
    assert again.status_code == 400
    assert "used before" in again.text
    assert "Start again" in again.text
    assert count(tenant, platform) == before


def test_many_callbacks_at_once_are_one(tenant: Tenant, browser: httpx2.Client) -> None:
    callback = decide(browser, begin(tenant, "twitter"))
    with ThreadPoolExecutor(8) as pool:
        codes = list(
            pool.map(lambda _: httpx2.get(callback, trust_env=False, timeout=30).status_code, range(8))
        )
    assert sorted(codes) == [200] + [400] * 7


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?state=guessed&code=x",
        "?code=x",
        "?state=",
        "?state=a&state=b",
        "?error=access_denied",
        "?state=%F0",
    ],
)
def test_a_callback_out_of_nowhere(local: Tenant, browser: httpx2.Client, query: str) -> None:
    answer = browser.get(f"{local.world.url}/v1/connect/twitter/callback{query}")
    assert answer.status_code == 400
    assert "Start again" in answer.text


def test_what_a_network_sends_back_is_never_markup(local: Tenant, browser: httpx2.Client) -> None:
    state = parse_qs(urlsplit(begin(local, "twitter")).query)["state"][0]
    evil = "<script>alert(1)</script>"
    answer = browser.get(
        f"{local.world.url}/v1/connect/twitter/callback",
        params={"state": state, "error": evil, "error_description": evil},
    )
    assert answer.status_code == 400
    assert "<script" not in answer.text


def test_a_state_belongs_to_its_network_and_a_code_to_its_flow(local: Tenant, browser: httpx2.Client) -> None:
    state = parse_qs(urlsplit(begin(local, "twitter")).query)["state"][0]
    crossed = browser.get(f"{local.world.url}/v1/connect/instagram/callback?state={state}&code=x")
    assert "Start again" in crossed.text
    wrong = browser.get(f"{local.world.url}/v1/connect/twitter/callback?state={state}&code=invented")
    assert wrong.status_code == 400
    assert "was not connected" in wrong.text


def test_an_answer_of_another_server_is_refused(local: Tenant, browser: httpx2.Client) -> None:
    callback = decide(browser, begin(local, "twitter"))
    answer = browser.get(httpx2.URL(callback).copy_merge_params({"iss": "https://evil.example"}))
    assert answer.status_code == 400
    assert "another server" in answer.text


def test_the_link_carries_state_and_proof(local: Tenant) -> None:
    first, second = (parse_qs(urlsplit(begin(local, "twitter")).query) for _ in range(2))
    assert first["redirect_uri"] == [f"{local.world.url}/v1/connect/twitter/callback"]
    assert first["code_challenge_method"] == ["S256"]
    for name in ("state", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]


def test_the_servers_address_is_not_taken_from_the_request(local: Tenant) -> None:
    answer = local.client.get(
        "/v1/connect/twitter", headers={"host": "evil.example", "x-forwarded-host": "evil.example"}
    )
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:9\\@evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "/relative",
        "",
        "http://localhost:9/#fragment",
        "http://localhost:9/\r\nx: y",
    ],
)
@pytest.mark.parametrize("name", ["redirectUri", "cancelRedirectUri"])
def test_nobody_is_sent_elsewhere(local: Tenant, uri: str, name: str) -> None:
    answer = local.client.get("/v1/connect/twitter", params={name: uri})
    assert paths(answer) == {name}
    assert answer.json()["error"]


def test_a_list_of_addresses_is_exact(world: World, new: Callable[..., Tenant]) -> None:
    tenant = new(world)
    world.command(
        "integrations", "allow-redirect", "https://shop.example/done", "--project", tenant.project_id
    )
    begin(tenant, "twitter", redirectUri="https://shop.example/done")
    for uri in ("https://shop.example/done/", "https://shop.example/done?x=1"):
        answer = tenant.client.get("/v1/connect/twitter", params={"redirectUri": uri})
        assert paths(answer) == {"redirectUri"}
        assert "polypost integrations allow-redirect" in answer.text
    # Beside a sandbox, people may always be sent back to the machine itself.
    begin(tenant, "twitter", redirectUri="http://localhost:3000/")


def test_connecting_again_keeps_the_id_and_heals(tenant: Tenant) -> None:
    linked = tenant.connect("twitter")
    tenant.fault("token_dead", linked)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": linked.id}]}
    assert tenant.post(body).json()["status"] == "failed"
    tenant.world.control("DELETE", "faults")
    done = visit(tenant.world, begin(tenant, "twitter"), decision="approve", account=linked.user_id)
    assert linked.id in done.text
    found = tenant.client.get(f"/v1/connect/integrations/{linked.id}").json()["integration"]
    assert (found["authStatus"], found["authFailureReason"]) == ("active", None)
    assert tenant.post({**body, "content": f"{body['content']} again"}).json()["status"] == "published"


def test_disconnecting(tenant: Tenant) -> None:
    linked = tenant.connect("twitter")
    waiting = tenant.body(scheduledFor="2027-06-01T00:00:00Z")
    waiting["platforms"] = [{"platform": "twitter", "accountId": linked.id}]
    post_id = tenant.post(waiting).json()["postId"]
    said = tenant.disconnect(linked)
    assert said["success"] is True
    assert said["message"]
    for method in ("GET", "DELETE"):
        assert tenant.client.request(method, f"/v1/connect/integrations/{linked.id}").status_code == 404
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": linked.id}]}
    assert paths(tenant.post(body)) == {"platforms[0].accountId"}
    # What was scheduled for it stays, and says at its hour what is missing.
    path = f"/v1/posts/scheduled/{post_id}"
    assert tenant.client.patch(path, json={"scheduledFor": "2020-01-01T00:00:00Z"}).status_code == 400
    assert tenant.get(post_id)["status"] == "scheduled"
    assert tenant.client.patch(path, json={"scheduledFor": later(0.1)}).status_code == 200
    (post,) = tenant.settle(post_id)
    assert post["platforms"][0]["errorCode"] == "account_disconnected"
    assert "Connect it again" in post["platforms"][0]["errorMessage"]


def test_what_cannot_be_connected(local: Tenant) -> None:
    answer = local.client.get("/v1/connect/myspace")
    assert answer.status_code == 404
    assert "myspace" in answer.json()["error"]
    for query in ({"appId": "app_unknown"}, {"profileId": "prof_unknown"}):
        answer = local.client.get("/v1/connect/twitter", params=query)
        assert answer.status_code == 404
        assert answer.json()["error"]

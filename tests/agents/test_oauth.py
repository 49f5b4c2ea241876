"""OAuth 2.1 on `/mcp/oauth`: the official client's way through it, and what others may not do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.agents.agent import NEW, Agent, once
from tests.agents.conftest import Documents
from tests.contract.tenant import Tenant, words
from tests.dashboard.browser import Browser

BACK = "http://127.0.0.1:9/callback"


class Kept:
    """What the SDK's client keeps of its access."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def agreed(person: Browser, url: str, tenant: Tenant, *scopes: str, do: str = "allow") -> dict[str, str]:
    """What the agent hears, after a person followed its link and answered the page."""
    page = person.client.get(url, follow_redirects=False)
    assert page.status_code == 303, page.text
    query = urlsplit(page.headers["location"]).query
    shown = person.get(f"/consent?{query}")
    assert shown.status_code == 200, shown.text
    form = {"query": query, "project": tenant.project_id, "do": do, "scope": list(scopes)}
    answer = person.post("/consent", form)
    assert answer.status_code == 200, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["refresh"].partition("url=")[2]).query))


class Hand:
    """A client by hand: one that goes step by step, and may take wrong ones."""

    def __init__(self, tenant: Tenant, client_id: str, back: str = BACK) -> None:
        self.tenant, self.client_id, self.back = tenant, client_id, back
        self.base = tenant.world.url
        self.verifier = secrets.token_urlsafe(48)
        proof = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()

    def link(self, **more: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.back,
            "scope": "read draft",
            "state": "s1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "resource": f"{self.base}/mcp/oauth",
        }
        return str(httpx2.URL(f"{self.base}/oauth/authorize", params={**query, **more}))

    def token(self, **form: str) -> httpx2.Response:
        sent = {"client_id": self.client_id, **form}
        return httpx2.post(f"{self.base}/oauth/token", data=sent, trust_env=False)

    def redeemed(self, code: str, **more: str) -> httpx2.Response:
        sent = {"code": code, "redirect_uri": self.back, "code_verifier": self.verifier, **more}
        return self.token(grant_type="authorization_code", **sent)

    def refreshed(self, token: str, **more: str) -> httpx2.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def listed(self, token: str) -> int:
        """The status of a list of tools."""
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
        }
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        return httpx2.post(f"{self.base}/mcp/oauth", json=call, headers=headers, trust_env=False).status_code


@pytest.fixture
def hand(tenant: Tenant) -> Hand:
    asked = {"client_name": "By hand", "redirect_uris": [BACK]}
    made = httpx2.post(f"{tenant.world.url}/oauth/register", json=asked, trust_env=False)
    assert made.status_code == 201, made.text
    return Hand(tenant, made.json()["client_id"])


@pytest.mark.parametrize("way", ["document", "registered"])
def test_the_official_client_finds_its_way(
    tenant: Tenant, members: Any, documents: Documents, way: str
) -> None:
    person, kept, text = members(tenant), Kept(), words()
    tenant.account("twitter")
    url = f"{documents.url}/agents/{way}.json"
    documents.said[f"/agents/{way}.json"] = {
        "client_id": url,
        "client_name": "Official",
        "redirect_uris": [BACK],
        "token_endpoint_auth_method": "none",
    }
    heard: dict[str, str] = {}

    async def redirect(link: str) -> None:
        asked = parse_qs(urlsplit(link).query)
        assert asked["resource"] == [f"{tenant.world.url}/mcp/oauth"]
        if way == "document":
            asked["client_id"] = [url]
        heard.update(await asyncio.to_thread(agreed, person, link, tenant, "read", "draft"))

    async def callback() -> Any:
        return _heard(heard)

    async def story() -> None:
        metadata = OAuthClientMetadata(
            client_name="Official",
            redirect_uris=[BACK],
            token_endpoint_auth_method="none",
            scope="read draft",
        )
        if way == "document":
            kept.client = OAuthClientInformationFull(**metadata.model_dump(), client_id=url)
        provider = OAuthClientProvider(f"{tenant.world.url}/mcp/oauth", metadata, kept, redirect, callback)
        async with (
            httpx2.AsyncClient(auth=provider, timeout=60, trust_env=False) as http,
            Client(
                streamable_http_client(f"{tenant.world.url}/mcp/oauth", http_client=http), mode=NEW
            ) as client,
        ):
            one = Agent(client)
            assert (await one.good("list_accounts"))["keyMay"] == ["read", "draft"]
            post = {"content": text, "platforms": [tenant.entry()]}
            draft = await one.good("create_draft", **post, idempotencyKey=once())
            asked = await one.good("publish_post", postId=draft["postId"], idempotencyKey=once())
            assert asked["status"] == "draft"

    asyncio.run(story())
    assert heard["iss"] == f"{tenant.world.url}/oauth"
    assert person.get(f"/{tenant.project_id}/requests").status_code == 200
    for page in ("keys", "approvals"):
        assert "Official" in person.get(f"/{tenant.project_id}/{page}").text
    assert tenant.on_network(text) == []


def _heard(heard: dict[str, str]) -> Any:
    from mcp.client.auth import AuthorizationCodeResult

    return AuthorizationCodeResult(code=heard["code"], state=heard.get("state"), iss=heard.get("iss"))


def test_metadata_is_that_of_the_path_and_nothing_else(local: Tenant) -> None:
    base = local.world.url
    with httpx2.Client(base_url=base, trust_env=False) as client:
        refused = client.post("/mcp/oauth", json={})
        challenge = refused.headers["www-authenticate"]
        place = f"{base}/.well-known/oauth-protected-resource/mcp/oauth"
        assert refused.status_code == 401
        assert f'resource_metadata="{place}"' in challenge
        assert 'scope="read draft"' in challenge
        found = client.get(place).json()
        assert (found["resource"], found["authorization_servers"]) == (f"{base}/mcp/oauth", [f"{base}/oauth"])
        server = client.get("/.well-known/oauth-authorization-server/oauth").json()
        assert server["issuer"] == f"{base}/oauth"
        assert server["code_challenge_methods_supported"] == ["S256"]
        assert server["client_id_metadata_document_supported"] is True
        assert server["authorization_response_iss_parameter_supported"] is True
        for other in (
            "oauth-protected-resource",
            "oauth-protected-resource/mcp",
            "oauth-authorization-server",
        ):
            assert client.get(f"/.well-known/{other}").status_code == 404
        assert "resource_metadata" not in client.post("/mcp", json={}).headers["www-authenticate"]
        # A key is no token, and a token no key.
        assert client.post("/mcp/oauth", json={}, headers={"x-access-key": local.key}).status_code == 401
        bearer = {"authorization": f"Bearer {local.key}"}
        assert client.post("/mcp/oauth", json={}, headers=bearer).status_code == 401


def test_codes_and_refresh_tokens_work_once(tenant: Tenant, members: Any, hand: Hand) -> None:
    person = members(tenant)
    code = agreed(person, hand.link(), tenant, "read", "draft")["code"]
    assert hand.redeemed(code, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    # Somebody tried it with another verifier: it is used up.
    assert hand.redeemed(code).json()["error"] == "invalid_grant"
    code = agreed(person, hand.link(), tenant, "read", "draft")["code"]
    tokens = hand.redeemed(code).json()
    assert (tokens["scope"], tokens["expires_in"], hand.listed(tokens["access_token"])) == (
        "read draft",
        3600,
        200,
    )
    newer = hand.refreshed(tokens["refresh_token"]).json()
    assert hand.listed(newer["access_token"]) == 200
    # Two hold it now: nobody keeps access.
    assert hand.refreshed(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert hand.refreshed(newer["refresh_token"]).json()["error"] == "invalid_grant"
    assert [hand.listed(each["access_token"]) for each in (tokens, newer)] == [401, 401]


def test_a_program_that_is_not_known_is_told_to_register_again(tenant: Tenant, hand: Hand) -> None:
    nobody = Hand(tenant, "oac_nobody")
    answer = nobody.refreshed("pp_refresh_x")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    # A document that is away by now is nothing to who has tokens by it; these are none.
    away = Hand(tenant, "https://gone.example/agent.json").refreshed("pp_refresh_x")
    assert (away.status_code, away.json()["error"]) == (400, "invalid_grant")
    assert hand.token(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_a_code_that_comes_again_ends_what_it_gave(tenant: Tenant, members: Any, hand: Hand) -> None:
    code = agreed(members(tenant), hand.link(), tenant, "read")["code"]
    tokens = hand.redeemed(code).json()
    assert hand.listed(tokens["access_token"]) == 200
    assert hand.redeemed(code).status_code == 400
    assert hand.listed(tokens["access_token"]) == 401


def test_what_was_given_ends(tenant: Tenant, members: Any, hand: Hand) -> None:
    owner, person = members(tenant), members(tenant, "author")

    def token() -> dict[str, Any]:
        return dict(hand.redeemed(agreed(person, hand.link(), tenant, "read", "draft")["code"]).json())

    given_back = token()
    form = {"token": given_back["refresh_token"]}
    assert httpx2.post(f"{hand.base}/oauth/revoke", data=form, trust_env=False).status_code == 200
    assert hand.listed(given_back["access_token"]) == 401
    ended = token()
    page = owner.get(f"/{tenant.project_id}/keys").text
    grant = page.partition(f"/dashboard/{tenant.project_id}/agents/")[2].partition("/end")[0]
    assert owner.post(f"/{tenant.project_id}/agents/{grant}/end", {}).status_code == 200
    assert hand.listed(ended["access_token"]) == 401
    assert hand.refreshed(ended["refresh_token"]).json()["error"] == "invalid_grant"


def test_nobody_gives_more_than_they_may_do(tenant: Tenant, members: Any, hand: Hand) -> None:
    author = members(tenant, "author")
    link = hand.link(scope="read draft publish")
    tokens = hand.redeemed(agreed(author, link, tenant, "read", "draft", "publish")["code"]).json()
    assert tokens["scope"] == "read draft"
    assert agreed(author, link, tenant, do="deny")["error"] == "access_denied"


def test_links_that_are_wrong_lead_nowhere_or_back(tenant: Tenant, hand: Hand, documents: Documents) -> None:
    with httpx2.Client(trust_env=False) as client:
        for more in (
            {"client_id": "oac_nobody"},
            {"redirect_uri": "https://evil.example/"},
            {"redirect_uri": "http://127.0.0.1:9/callback/more"},
            {"client_id": "https://10.0.0.1/agent.json"},
            {"client_id": f"{documents.url}/missing.json"},
        ):
            answer = client.get(hand.link(**more))
            assert answer.status_code == 400, (more, answer.text)
        for more, error in (
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"resource": "https://other.example/mcp"}, "invalid_target"),
            ({"scope": "admin"}, "invalid_scope"),
        ):
            away = httpx2.URL(client.get(hand.link(**more)).headers["location"])
            assert (away.copy_with(query=None), away.params["error"]) == (httpx2.URL(BACK), error)
            assert (away.params["state"], away.params["iss"]) == ("s1", f"{hand.base}/oauth")
        # The port of a program on somebody's own machine is any; a slash at the resource's end does not count.
        good = hand.link(redirect_uri="http://127.0.0.1:50123/callback", resource=f"{hand.base}/mcp/oauth/")
        assert "/dashboard/consent" in client.get(good).headers["location"]


def test_documents_that_are_none(tenant: Tenant, hand: Hand, documents: Documents) -> None:
    place = f"{documents.url}/agents/odd.json"
    good = {"client_id": place, "redirect_uris": [BACK]}
    documents.said["/agents/real.json"] = good
    for said in (
        good | {"client_id": "https://other.example/"},
        good | {"redirect_uris": ["javascript:alert(1)"]},
        good | {"redirect_uris": ["http://evil.example/"]},
        good | {"redirect_uris": []},
        good | {"client_name": "x" * 20_000},
        [good],
        "/agents/real.json",
    ):
        documents.said["/agents/odd.json"] = said
        answer = httpx2.get(hand.link(client_id=place), trust_env=False)
        assert answer.status_code == 400, (said, answer.text)


def test_programs_register_within_bounds(tenant: Tenant) -> None:
    url = f"{tenant.world.url}/oauth/register"
    for uris in (
        ["javascript:x"],
        ["http://evil.example/"],
        [],
        "x",
        [1],
        ["https://a.example/#f"],
        ["data:text/html,x"],
    ):
        answer = httpx2.post(url, json={"redirect_uris": uris}, trust_env=False)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    made = httpx2.post(url, json={"redirect_uris": ["cursor://anysphere.cursor-mcp/oauth"]}, trust_env=False)
    assert made.status_code == 201

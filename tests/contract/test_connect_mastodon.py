"""Connecting Mastodon accounts on the server that a person names: by consent, and by a token that the person made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.contract.tenant import Linked, Tenant, paths, visit, words
from tests.processes import World

SERVER = "mastodon.example"
SCOPES = "profile write:statuses write:media read:statuses"


@pytest.fixture
def tenant(world: World, new: Callable[..., Tenant]) -> Tenant:
    """A project of this test's own: apps are registered once for each."""
    return new(world)


@pytest.fixture
def web(world: World) -> Iterator[httpx2.Client]:
    """A browser on the simulator."""
    with httpx2.Client(
        base_url=world.sandbox.ready["sandboxUrls"]["mastodon"], timeout=30, trust_env=False
    ) as client:
        yield client


def opened(tenant: Tenant) -> dict[str, Any]:
    """A new account on the server, as the sandbox lists it."""
    seeded = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": "mastodon"})["accounts"]
    return dict(seeded[0])


@contextmanager
def trouble(tenant: Tenant, fault: str) -> Iterator[None]:
    """The server is in trouble meanwhile, whoever asks: the demo project does, for accounts that others opened."""
    tenant.world.control("POST", "faults", json={"platform": "mastodon", "fault": fault})
    try:
        yield
    finally:
        tenant.world.control("DELETE", "faults")


def begin(tenant: Tenant, server: str | None = SERVER) -> httpx2.Response:
    """The answer to asking for the consent page."""
    query = {} if server is None else {"server": server}
    return tenant.client.get("/v1/connect/mastodon", params=query)


def linked(tenant: Tenant, entry: dict[str, Any], server: str = SERVER) -> Linked:
    """Let the project in, as the account's owner does in a browser."""
    began = begin(tenant, server)
    assert began.status_code == 200, began.text
    done = visit(tenant.world, began.json()["url"], decision="approve", account=entry["platformUserId"])
    assert done.status_code == 200, done.text
    (found,) = listed(tenant, entry)
    return Linked(found["id"], "mastodon", found["platformUserId"], found["username"])


def listed(tenant: Tenant, entry: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"q": entry["platformUserId"]}
    return list(tenant.client.get("/v1/connect/integrations", params=query).json()["integrations"])


def publish(tenant: Tenant, account: str, **more: Any) -> dict[str, Any]:
    target = {"platform": "mastodon", "accountId": account, **more}
    answer = tenant.post({"content": words(), "publishNow": True, "platforms": [target]})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def revocations(world: World) -> list[dict[str, Any]]:
    """What the server was last asked to revoke; others ask it meanwhile too, as the demo project for accounts."""
    asked = world.control("GET", "requests", params={"platform": "mastodon", "limit": 50})["requests"]
    return [each for each in asked if each["path"] == "/oauth/revoke"]


def registrations(world: World) -> int:
    """How many apps the server has seen come."""
    asked = world.control("GET", "requests", params={"platform": "mastodon", "limit": 500})["requests"]
    return sum(
        (each["method"], each["path"], each["status"]) == ("POST", "/api/v1/apps", 200) for each in asked
    )


def test_a_person_names_the_server_and_clicks_through(tenant: Tenant, web: httpx2.Client) -> None:
    entry = opened(tenant)
    account = linked(tenant, entry)
    assert account.user_id == entry["platformUserId"]
    assert account.username == f"{entry['username']}@{SERVER}"
    found = tenant.client.get(f"/v1/connect/integrations/{account.id}").json()["integration"]
    assert (found["authStatus"], found["byok"], found["appId"]) == ("active", False, None)
    assert found["scopes"] == SCOPES.split()
    assert found["accessTokenExpiresAt"] is None
    assert found["tokenStatus"]["valid"] is True
    known = found["platformMetadata"]
    assert (known["server"], known["limits"]["text_characters"]) == (SERVER, 500)
    assert "secret" not in str(found).lower()
    post = publish(tenant, account.id, platformSpecificData={"visibility": "unlisted"})
    assert post["status"] == "published"
    url = tenant.get(post["postId"])["platforms"][0]["platformPostUrl"]
    assert urlsplit(url).path.startswith(f"/@{entry['username']}/")
    assert web.get(urlsplit(url).path).status_code == 200


def test_the_link_fits_the_server(tenant: Tenant) -> None:
    asked = parse_qs(urlsplit(begin(tenant).json()["url"]).query)
    assert asked["scope"] == [SCOPES]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{tenant.world.url}/v1/connect/mastodon/callback"]
    with trouble(tenant, "older_server"):
        older = parse_qs(urlsplit(begin(tenant, "older.example").json()["url"]).query)
    assert older["scope"] == [SCOPES.replace("profile", "read:accounts")]
    assert "code_challenge" not in older


def test_an_app_is_registered_once_for_each_server(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    before = registrations(tenant.world)
    clients = [
        parse_qs(urlsplit(begin(tenant, server).json()["url"]).query)["client_id"][0]
        for server in (SERVER, f"https://{SERVER}/about", f"@ann@{SERVER}", "other.example")
    ]
    assert len(set(clients[:3])) == 1
    assert clients[3] != clients[0]
    assert registrations(tenant.world) == before + 2
    assert tenant.client.get("/v1/apps").json()["apps"] == []
    other = parse_qs(urlsplit(begin(new(tenant.world)).json()["url"]).query)["client_id"][0]
    assert other != clients[0]


@pytest.mark.parametrize(
    ("server", "code"),
    [(None, "server_missing"), ("", "server_missing"), ("nowhere", "no_server"), ("127.0.0.1", "no_server")],
)
def test_no_server(tenant: Tenant, server: str | None, code: str) -> None:
    answer = begin(tenant, server)
    assert paths(answer) == {"server"}
    assert answer.json()["errors"][0]["code"] == code


def test_there_is_nothing_under_this_name(tenant: Tenant) -> None:
    with trouble(tenant, "moved"):
        assert paths(begin(tenant)) == {"server"}


def test_an_app_that_the_server_forgot_is_registered_anew(tenant: Tenant) -> None:
    entry = opened(tenant)
    first = begin(tenant).json()["url"]
    with httpx2.Client(timeout=30, trust_env=False) as browser:
        asked = {"sandbox_decision": "approve", "sandbox_account": entry["platformUserId"]}
        callback = browser.get(httpx2.URL(first).copy_merge_params(asked)).headers["location"]
        fault = {"platform": "mastodon", "fault": "app_forgotten", "times": 1}
        tenant.world.control("POST", "faults", json=fault)
        refused = browser.get(callback)
    assert refused.status_code == 400
    assert "Start the connection again" in refused.text
    again = begin(tenant).json()["url"]
    ids = [parse_qs(urlsplit(url).query)["client_id"] for url in (first, again)]
    assert ids[0] != ids[1]
    assert publish(tenant, linked(tenant, entry).id)["status"] == "published"


def test_a_person_says_no(tenant: Tenant) -> None:
    seen = visit(tenant.world, begin(tenant).json()["url"], decision="deny")
    assert seen.status_code == 400
    assert "access was denied" in seen.text


def test_a_token_that_the_person_made(tenant: Tenant) -> None:
    entry = opened(tenant)
    body = {"server": f"@{entry['username']}@{SERVER}", "accessToken": f" {entry['accessToken']} "}
    answer = tenant.client.post("/v1/connect/mastodon/token", json=body)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["integration"]
    assert (shown["platform"], shown["platformUserId"]) == ("mastodon", entry["platformUserId"])
    assert entry["accessToken"] not in answer.text
    assert publish(tenant, shown["id"])["status"] == "published"
    assert len(listed(tenant, entry)) == 1


@pytest.mark.parametrize(
    ("server", "token", "code"),
    [
        (SERVER, "0123456789abcdef0123456789abcdef", "token_refused"),
        (SERVER, "two words", "token_refused"),
        ("nowhere", "a", "no_server"),
    ],
)
def test_a_token_without_use(tenant: Tenant, server: str, token: str, code: str) -> None:
    answer = tenant.client.post("/v1/connect/mastodon/token", json={"server": server, "accessToken": token})
    assert answer.status_code == 401
    assert answer.json()["code"] == code


def test_a_token_has_no_place_on_other_networks(tenant: Tenant) -> None:
    answer = tenant.client.post("/v1/connect/twitter/token", json={"server": SERVER, "accessToken": "a"})
    assert paths(answer) == {"platform"}


def test_disconnecting_ends_the_authorisation_on_the_server(tenant: Tenant) -> None:
    entry = opened(tenant)
    account = linked(tenant, entry)
    assert publish(tenant, account.id)["status"] == "published"
    before = revocations(tenant.world)
    assert tenant.client.delete(f"/v1/connect/integrations/{account.id}").status_code == 200
    (revoked,) = [each for each in revocations(tenant.world) if each not in before]
    assert revoked["status"] == 200
    assert listed(tenant, entry) == []


def test_a_token_that_was_taken_back_has_to_be_connected_again(tenant: Tenant) -> None:
    entry = opened(tenant)
    account = linked(tenant, entry)
    tenant.fault("token_dead", account)
    failed = publish(tenant, account.id)
    assert failed["status"] == "failed"
    found = tenant.client.get(f"/v1/connect/integrations/{account.id}").json()["integration"]
    assert (found["authStatus"], found["tokenStatus"]["reconnectRequired"]) == ("reconnect_required", True)
    tenant.world.control("DELETE", "faults")
    assert linked(tenant, entry).id == account.id
    assert publish(tenant, account.id)["status"] == "published"


def test_clients_that_know_only_the_contracts_networks_do_not_see_it(tenant: Tenant) -> None:
    linked(tenant, opened(tenant))
    strict = tenant.client.get("/v1/connect/integrations", headers={"user-agent": "postpeer-python/1.0"})
    assert strict.json()["integrations"] == []
    assert strict.headers["x-hidden-platforms"] == (
        "reddit, mastodon; POLYPOST_HIDE_UNLISTED_NETWORKS=false shows them"
    )
    open_to_all = tenant.client.get("/v1/connect/integrations")
    assert len(open_to_all.json()["integrations"]) == 1
    assert "x-hidden-platforms" not in open_to_all.headers

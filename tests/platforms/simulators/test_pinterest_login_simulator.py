"""The Pinterest simulator: consent, tokens, scopes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.pinterest import DAY, Pinterest, bad, good

BACK = "https://app.example/back"
SCOPES = "boards:read,boards:write,pins:read,pins:write,user_accounts:read"

net = demo_account(Pinterest)


async def consent(net: Pinterest, **query: str) -> httpx2.Response:
    asked = {
        "client_id": net.account["clientId"],
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s1",
    }
    return await net.running.http.get(f"{net.url}/oauth/", params=asked | query)


async def code_of(net: Pinterest, **query: str) -> str:
    answer = await consent(net, sandbox_decision="approve", **query)
    given = parse_qs(urlsplit(answer.headers["location"]).query)
    assert given["state"] == ["s1"]
    return given["code"][0]


async def redeemed(net: Pinterest, **query: str) -> dict[str, Any]:
    code = await code_of(net, **query)
    return good(await net.token_call(grant_type="authorization_code", code=code, redirect_uri=BACK))


async def test_the_consent_page(net: Pinterest) -> None:
    page = await consent(net)
    assert page.status_code == 200
    assert "pins:write" in page.text
    denied = await consent(net, sandbox_decision="deny")
    assert denied.headers["location"] == f"{BACK}?error=access_denied&state=s1"


async def test_requests_for_access_that_are_not_valid(net: Pinterest) -> None:
    for query in (
        {"scope": "boards:read pins:read"},
        {"scope": ""},
        {"scope": "everything"},
        {"response_type": "token"},
        {"client_id": ""},
        {"redirect_uri": ""},
    ):
        assert (await consent(net, **query)).status_code == 400, query


async def test_the_older_name_of_the_apps_id(net: Pinterest) -> None:
    asked = {
        "consumer_id": "quickstart",
        "redirect_uri": BACK,
        "response_type": "code",
        "refreshable": "True",
    }
    answer = await net.running.http.get(
        f"{net.url}/oauth/", params=asked | {"scope": "pins:read", "sandbox_decision": "approve"}
    )
    assert answer.headers["location"].startswith(f"{BACK}?code=")


async def test_a_code_for_a_pair(net: Pinterest) -> None:
    pair = await redeemed(net)
    assert pair["access_token"].startswith("pina_")
    assert pair["refresh_token"].startswith("pinr_")
    assert (pair["response_type"], pair["token_type"]) == ("authorization_code", "bearer")
    assert pair["expires_in"] in {30 * DAY, 30 * DAY - 1}
    assert pair["refresh_token_expires_in"] in {60 * DAY, 60 * DAY - 1}
    assert pair["scope"] == SCOPES.replace(",", " ")
    net.token = pair["access_token"]
    assert (await net.get("/user_account"))["username"] == "demo"
    # Without the scope for them, secret boards are not there.
    assert [board["privacy"] for board in (await net.get("/boards"))["items"]] == ["PUBLIC", "PUBLIC"]
    bad(await net.call("GET", f"/boards/{net.board[:-1]}3"), 404, 40)
    bad(await net.call("PATCH", f"/boards/{net.board[:-1]}3", json={"name": "x"}), 401, 3)


async def test_codes_that_buy_nothing(net: Pinterest) -> None:
    async def redeem(code: str, back: str = BACK) -> httpx2.Response:
        return await net.token_call(grant_type="authorization_code", code=code, redirect_uri=back)

    code = await code_of(net)
    bad(await redeem(code, "https://other.example/"), 400, 283)
    bad(await redeem("unknown"), 400, 283)
    good(await redeem(code))
    bad(await redeem(code), 400, 283, "Invalid authorization code")
    late = await code_of(net)
    await net.advance(601)
    bad(await redeem(late), 400, 283)
    bad(await redeem(await code_of(net, client_id="another")), 400, 283)


async def test_the_app_has_to_show_its_secret(net: Pinterest) -> None:
    bad(await net.token_call(secret="wrong", grant_type="refresh_token", refresh_token="x"), 401, 2)
    form = {"grant_type": "authorization_code", "code": "x", "client_secret": net.account["clientSecret"]}
    for headers in ({}, {"authorization": "Basic %%%"}, {"authorization": "Bearer x"}):
        answer = await net.running.http.post(f"{net.url}/v5/oauth/token", data=form, headers=headers)
        bad(answer, 401, 2, "Authentication failed")
    bad(await net.token_call(grant_type="password"), 400, 1)


async def test_refresh_tokens_rotate(net: Pinterest) -> None:
    first = await redeemed(net)
    second = good(await net.token_call(grant_type="refresh_token", refresh_token=first["refresh_token"]))
    assert second["response_type"] == "refresh_token"
    assert second["refresh_token"] != first["refresh_token"]
    bad(await net.token_call(grant_type="refresh_token", refresh_token=first["refresh_token"]), 401, 2)
    # The old access token lives on until its end.
    for token in (first["access_token"], second["access_token"]):
        net.token = token
        await net.get("/user_account")
    bad(await net.token_call(grant_type="refresh_token", refresh_token=second["access_token"]), 401, 2)
    wider = {"refresh_token": second["refresh_token"], "scope": "ads:read"}
    bad(await net.token_call(grant_type="refresh_token", **wider), 401, 2)
    await net.fault("refresh_token_kept")
    kept = good(await net.token_call(grant_type="refresh_token", refresh_token=second["refresh_token"]))
    assert "refresh_token" not in kept
    good(await net.token_call(grant_type="refresh_token", refresh_token=second["refresh_token"]))


async def test_tokens_end(net: Pinterest) -> None:
    pair = await redeemed(net)
    net.token = pair["access_token"]
    await net.advance(30 * DAY + 1)
    bad(await net.call("GET", "/user_account"), 401, 2, "Authentication failed")
    fresh = good(await net.token_call(grant_type="refresh_token", refresh_token=pair["refresh_token"]))
    await net.advance(60 * DAY + 1)
    bad(await net.token_call(grant_type="refresh_token", refresh_token=fresh["refresh_token"]), 401, 2)


async def test_a_dead_authorisation(net: Pinterest) -> None:
    pair = await redeemed(net)
    net.token = pair["access_token"]
    await net.fault("token_dead")
    bad(await net.call("GET", "/boards"), 401, 2)
    bad(await net.call("GET", "/boards"), 401, 2)
    bad(await net.token_call(grant_type="refresh_token", refresh_token=pair["refresh_token"]), 401, 2)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("boards:read,pins:read", {"list"}),
        ("boards:read,boards:write,pins:read", {"list"}),
        (SCOPES, {"list", "create", "who"}),
        ("user_accounts:read", {"who"}),
    ],
)
async def test_scopes(net: Pinterest, scope: str, allowed: set[str]) -> None:
    net.token = (await redeemed(net, scope=scope))["access_token"]
    calls = {
        "list": await net.call("GET", f"/boards/{net.board}/pins"),
        "create": await net.pin(),
        "who": await net.call("GET", "/user_account"),
    }
    for name, answer in calls.items():
        if name in allowed:
            assert answer.is_success
        else:
            bad(answer, 401, 3, "sufficient permissions")


async def test_revoking_is_for_system_users(net: Pinterest) -> None:
    pair = await redeemed(net)
    basic = httpx2.BasicAuth(net.account["clientId"], net.account["clientSecret"])
    url = f"{net.url}/v5/oauth/token/revoke"
    for form in ({"token": pair["refresh_token"]}, {"token": "none"}):
        bad(await net.running.http.post(url, data=form, auth=basic), 403, 29, "not permitted")
    bad(await net.running.http.post(url, data={}, auth=basic), 400, 1)
    bad(await net.running.http.post(url, data={"token": "x"}), 401, 2)


async def test_the_app_owners_own_account(net: Pinterest) -> None:
    found = good(await net.token_call(grant_type="client_credentials", scope="user_accounts:read"))
    assert found["response_type"] == "client_credentials"
    assert "refresh_token" not in found
    net.token = found["access_token"]
    assert (await net.get("/user_account"))["username"] == "demo"
    bad(await net.token_call(grant_type="client_credentials"), 400, 1)


async def test_calls_without_a_token(net: Pinterest) -> None:
    for value in (
        "",
        "Bearer x y",
        "Bearer unknown",
        f"Basic {net.token}",
        f"Bearer {net.account['refreshToken']}",
    ):
        answer = await net.running.http.get(f"{net.url}/v5/boards", headers={"authorization": value})
        bad(answer, 401, 2)

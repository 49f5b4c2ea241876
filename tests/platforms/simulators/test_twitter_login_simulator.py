"""Connecting an account to the X simulator: consent, codes, tokens, and who may do what."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.x import X

from polypost import clock

VERIFIER = "a-verifier-of-the-proper-length-for-rfc-7636-and-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "https://app.example/back?x=1"

x = demo_account(X)


def authorize(url: str, **more: str) -> str:
    query = {
        "response_type": "code",
        "client_id": "strangers-app",
        "redirect_uri": REDIRECT,
        "scope": "tweet.read tweet.write users.read offline.access",
        "state": "s t",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "s256",
    }
    return f"{url}/i/oauth2/authorize?{urlencode(query | more)}"


def came_back(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302
    target = urlsplit(answer.headers["location"])
    assert target._replace(query="").geturl() == "https://app.example/back"
    found = {name: values[0] for name, values in parse_qs(target.query).items()}
    assert found.pop("x") == "1"
    return found


async def code_of(x: X, **more: str) -> str:
    return came_back(await x.running.http.get(authorize(x.url, sandbox_decision="approve", **more)))["code"]


async def trade(x: X, code: str, /, **more: str) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return await x.running.http.post(
        f"{x.url}/2/oauth2/token", data=form | more, auth=("strangers-app", "any secret at all")
    )


async def refresh(x: X, token: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "strangers-app"}
    return await x.running.http.post(f"{x.url}/2/oauth2/token", data=form)


async def test_a_person_consents_on_a_page(x: X) -> None:
    page = await x.running.http.get(authorize(x.url))
    assert page.status_code == 200
    assert all(words in page.text for words in ("@demo", "@demo2", "strangers-app", "offline.access", "Deny"))
    second = (await x.running.accounts("twitter"))[1]
    form = {"sandbox_account": second["platformUserId"], "sandbox_decision": "approve"}
    back = came_back(await x.running.http.post(authorize(x.url), data=form))
    assert back["state"] == "s t"
    tokens = (await trade(x, back["code"])).json()
    assert (tokens["token_type"], tokens["expires_in"] > 7_000) == ("bearer", True)
    assert set(tokens["scope"].split()) == {"tweet.read", "tweet.write", "users.read", "offline.access"}
    x.token = tokens["access_token"]
    assert (await x.call("GET", "/2/users/me")).json()["data"]["username"] == "demo2"
    denied = came_back(await x.running.http.post(authorize(x.url), data={"sandbox_decision": "deny"}))
    assert denied == {"error": "access_denied", "state": "s t"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_type": "token"},
        {"code_challenge": ""},
        {"redirect_uri": "javascript:alert(1)"},
        {"state": "s" * 501},
    ],
)
async def test_a_wrong_authorize_address_leads_nowhere(x: X, wrong: dict[str, str]) -> None:
    answer = await x.running.http.get(authorize(x.url, sandbox_decision="approve", **wrong))
    assert answer.status_code in {400, 404}


async def test_a_code_is_traded_once_by_its_owner_within_thirty_seconds(x: X) -> None:
    code = await code_of(x)
    for wrong in (
        {"code_verifier": "wrong"},
        {"redirect_uri": "https://app.example/back"},
        {"code": "made-up"},
    ):
        answer = await trade(x, code, **wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await trade(x, code)).status_code == 200
    again = await trade(x, code)
    assert again.json() == {
        "error": "invalid_request",
        "error_description": "Value passed for the authorization code was invalid.",
    }
    late = await code_of(x)
    clock.advance(31)
    assert (await trade(x, late)).status_code == 400


async def test_refresh_tokens_rotate_and_a_spent_one_is_refused(x: X) -> None:
    first = (await trade(x, await code_of(x))).json()
    second = await refresh(x, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    again = await refresh(x, first["refresh_token"])
    assert again.status_code == 400
    assert again.json() == {
        "error": "invalid_request",
        "error_description": "Value passed for the token was invalid.",
    }
    third = (await refresh(x, second.json()["refresh_token"])).json()
    form = {"token": third["access_token"], "client_id": "strangers-app"}
    revoked = await x.running.http.post(f"{x.url}/2/oauth2/revoke", data=form)
    assert revoked.json() == {"revoked": True}
    assert (await refresh(x, third["refresh_token"])).status_code == 400
    short = (await trade(x, await code_of(x, scope="tweet.read users.read"))).json()
    assert "refresh_token" not in short
    x.token = short["access_token"]
    assert (await x.call("GET", "/2/users/me")).status_code == 200
    assert (await x.tweet("no scope for this")).status_code == 403


async def test_the_token_address_takes_json_and_knows_the_demo_app(x: X) -> None:
    code = await code_of(x, client_id="sandbox-app")
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": "sandbox-app",
    }
    bare = await x.running.http.post(f"{x.url}/2/oauth2/token", json=body)
    assert bare.status_code == 401
    assert bare.json()["error"] == "unauthorized_client"
    whole = body | {"client_secret": x.account["clientSecret"]}
    assert (await x.running.http.post(f"{x.url}/2/oauth2/token", json=whole)).status_code == 200


async def test_tokens_expire_and_faults_kill_the_whole_authorisation(x: X) -> None:
    clock.advance(7_201)
    expired = await x.tweet("late")
    assert expired.status_code == 401
    assert expired.json() == {
        "title": "Unauthorized",
        "detail": "Unauthorized",
        "type": "about:blank",
        "status": 401,
    }
    tokens = (await trade(x, await code_of(x))).json()
    x.token = tokens["access_token"]
    assert (await x.tweet("in time")).status_code == 201
    await x.running.fault("twitter", "token_dead", times=1, accountId=x.id)
    assert (await x.tweet("dead")).status_code == 401
    assert (await refresh(x, tokens["refresh_token"])).json()["error"] == "invalid_request"


async def test_an_app_without_a_user_may_only_read(x: X) -> None:
    made = await x.made("public")
    form = {"grant_type": "client_credentials"}
    answer = await x.running.http.post(f"{x.url}/oauth2/token", data=form, auth=("strangers-app", "x"))
    x.token = answer.json()["access_token"]
    assert (await x.call("GET", f"/2/tweets/{made}")).json()["data"]["text"] == "public"
    refused = await x.tweet("no")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
        403,
        "unsupported-authentication",
    )


async def test_users_are_found_with_the_fields_asked_for(x: X) -> None:
    plain = (await x.call("GET", "/2/users/me")).json()["data"]
    assert plain == {"id": x.id, "name": "Demo account", "username": "demo"}
    fields = "profile_image_url,verified,verified_type,subscription_type,protected"
    full = (await x.call("GET", "/2/users/me", params={"user.fields": fields})).json()["data"]
    assert (full["subscription_type"], full["protected"], full["verified"]) == ("None", False, False)
    assert (await x.running.http.get(full["profile_image_url"])).headers["content-type"] == "image/png"
    both = (await x.call("GET", "/2/users/by?usernames=demo2,nobody")).json()
    assert [user["username"] for user in both["data"]] == ["demo2"]
    assert both["errors"][0]["type"].endswith("/resource-not-found")
    assert (await x.call("GET", "/2/users/by/username/DEMO")).json()["data"]["id"] == x.id


async def test_an_app_above_the_self_serve_tiers_may_quote(x: X) -> None:
    first = await x.made("worth quoting")
    code = await code_of(x, client_id="sandbox-enterprise-app")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    answer = await x.running.http.post(
        f"{x.url}/2/oauth2/token", data=form, auth=("sandbox-enterprise-app", "x")
    )
    x.token = answer.json()["access_token"]
    quote = await x.made("indeed", quote_tweet_id=first)
    read = (await x.call("GET", f"/2/tweets/{quote}?post.fields=referenced_posts")).json()["data"]
    assert read["referenced_posts"] == [{"type": "quoted", "id": first}]

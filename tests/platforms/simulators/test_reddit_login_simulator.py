"""Reddit's login on the simulator: consent, every grant, revocation, and what a token may not do."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.reddit import AGENT, Reddit

BACK = "https://here.example/callback"
ASKED = {
    "client_id": "sandbox-app",
    "response_type": "code",
    "state": "s-1",
    "redirect_uri": BACK,
    "duration": "permanent",
    "scope": "identity submit history",
}

me = demo_account(Reddit)


async def consent(me: Reddit, **changed: str) -> dict[str, list[str]]:
    query = {**ASKED, "sandbox_decision": "approve", **changed}
    answer = await me.running.http.get(f"{me.url}/api/v1/authorize", params=query)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def granted(me: Reddit, **changed: str) -> Any:
    code = (await consent(me, **changed))["code"][0]
    return (await me.token_call(grant_type="authorization_code", code=code, redirect_uri=BACK)).json()


async def test_a_permanent_consent(me: Reddit) -> None:
    page = await me.running.http.get(f"{me.url}/api/v1/authorize", params=ASKED)
    assert page.status_code == 200
    assert "history" in page.text
    came = await consent(me)
    assert came["state"] == ["s-1"]
    form = {"grant_type": "authorization_code", "code": came["code"][0], "redirect_uri": BACK}
    tokens = (await me.token_call(**form)).json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["scope"]) == ("bearer", "identity submit history")
    assert 86_390 <= tokens["expires_in"] <= 86_400
    again = await me.token_call(**form)
    assert (again.status_code, again.json()) == (200, {"error": "invalid_grant"})
    other = await me.token_call(
        **{**form, "code": (await consent(me))["code"][0], "redirect_uri": "https://x.example/"}
    )
    assert other.json() == {"error": "invalid_grant"}
    me.token = tokens["access_token"]
    await me.made()
    assert (await me.read("/api/v1/me"))["name"] == "demo"
    scope = await me.call("POST", "/api/del", data={"id": "t3_x"})
    assert scope.status_code == 403
    assert 'error="insufficient_scope"' in scope.headers["www-authenticate"]


async def test_a_temporary_consent_has_no_refresh_token(me: Reddit) -> None:
    assert "refresh_token" not in await granted(me, duration="temporary")
    assert "refresh_token" in await granted(me)


async def test_refusing_and_asking_wrongly(me: Reddit) -> None:
    denied = await consent(me, sandbox_decision="deny")
    assert denied == {"error": ["access_denied"], "state": ["s-1"]}
    assert (await consent(me, scope="identity everything"))["error"] == ["invalid_scope"]
    for name in ("client_id", "redirect_uri", "state", "scope", "response_type"):
        query = {key: value for key, value in ASKED.items() if key != name}
        answer = await me.running.http.get(f"{me.url}/api/v1/authorize", params=query)
        assert answer.status_code == 400, name


async def test_refreshing_and_revoking(me: Reddit) -> None:
    tokens = await granted(me)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = (await me.token_call(**form)).json()
    assert fresh["refresh_token"] == tokens["refresh_token"]
    assert fresh["access_token"] != tokens["access_token"]
    me.token = fresh["access_token"]
    gone = await me.token_call("revoke_token", token=fresh["access_token"], token_type_hint="access_token")
    assert (gone.status_code, gone.content) == (200, b"")
    dead = await me.call("GET", "/api/v1/me")
    assert dead.status_code == 401
    assert dead.json() == {"message": "Unauthorized", "error": 401}
    assert 'error="invalid_token"' in dead.headers["www-authenticate"]
    me.token = (await me.token_call(**form)).json()["access_token"]
    await me.token_call("revoke_token", token=tokens["refresh_token"], token_type_hint="refresh_token")
    assert (await me.call("GET", "/api/v1/me")).status_code == 401
    refused = await me.token_call(**form)
    assert (refused.status_code, refused.json()) == (400, {"message": "Bad Request", "error": 400})
    assert (await me.token_call("revoke_token", token="unknown")).status_code == 200


async def test_an_access_token_ends_after_a_day(me: Reddit) -> None:
    assert (await me.call("GET", "/api/v1/me")).status_code == 200
    await me.running.control("POST", "clock", advance=86_401)
    assert (await me.call("GET", "/api/v1/me")).status_code == 401


async def test_an_app_that_does_not_prove_itself(me: Reddit) -> None:
    for pair in (None, "Basic !", "Basic c2FuZGJveC1hcHA6d3Jvbmc=", "Bearer x"):
        headers = {"user-agent": AGENT} | ({"authorization": pair} if pair else {})
        answer = await me.running.http.post(
            f"{me.url}/api/v1/access_token", data={"grant_type": "refresh_token"}, headers=headers
        )
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized", "error": 401})


async def test_an_installed_app_has_no_secret(me: Reddit) -> None:
    me.account |= {"clientId": "phone", "clientSecret": ""}
    tokens = await granted(me, client_id="phone")
    assert tokens["access_token"]
    other = await me.other()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await other.token_call(**form)).status_code == 400


async def test_other_grants(me: Reddit) -> None:
    reader = (await me.token_call(grant_type="client_credentials")).json()
    assert "refresh_token" not in reader
    script = (await me.token_call(grant_type="password", username="demo2", password="x")).json()
    wrong = (await me.token_call(grant_type="password", username="nobody", password="x")).json()
    assert wrong == {"error": "invalid_grant"}
    assert (await me.token_call(grant_type="magic")).json() == {"error": "unsupported_grant_type"}
    me.token = script["access_token"]
    assert (await me.read("/api/v1/me"))["name"] == "demo2"
    me.token = reader["access_token"]
    assert (await me.call("GET", "/api/v1/me")).status_code == 403
    assert await me.refused() == "USER_REQUIRED"
    assert (await me.read("/r/sandbox/about"))["data"]["display_name"] == "sandbox"


async def test_a_dead_authorisation(me: Reddit) -> None:
    await me.running.fault("reddit", "token_dead", times=1)
    assert (await me.submit()).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": me.account["refreshToken"]}
    assert (await me.token_call(**form)).status_code == 400
    assert (await me.call("GET", "/api/v1/me", headers={"authorization": ""})).status_code == 401

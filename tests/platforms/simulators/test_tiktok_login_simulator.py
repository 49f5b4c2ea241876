"""The login of the TikTok simulator over real sockets: consent, codes, tokens that rotate or do not, scopes."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.tiktok import PUBLISH, TikTok, bad, good

REDIRECT = "https://app.example/back"
SCOPES = "user.info.basic,user.info.profile,video.publish"
VERIFIER = "a-verifier-that-nobody-guesses"
FIELDS = "open_id,union_id,avatar_url,display_name,username"

tiktok = demo_account(TikTok)


async def consented(tiktok: TikTok, **more: str) -> dict[str, str]:
    query = {
        "client_key": "strangers-app",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s t",
        "sandbox_decision": "approve",
    } | more
    answer = await tiktok.running.http.get(f"{tiktok.url}/v2/auth/authorize/?{urlencode(query)}")
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def token(tiktok: TikTok, path: str = "token", **form: str) -> httpx2.Response:
    asked = {"client_key": "strangers-app", "client_secret": "theirs"} | form
    return await tiktok.running.http.post(f"{tiktok.url}/v2/oauth/{path}/", data=asked)


async def redeemed(tiktok: TikTok, code: str, **more: str) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT} | more
    return await token(tiktok, **form)


async def refreshed(tiktok: TikTok, refresh: str, **more: str) -> httpx2.Response:
    return await token(tiktok, grant_type="refresh_token", refresh_token=refresh, **more)


def pair(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {
        "access_token",
        "expires_in",
        "open_id",
        "refresh_expires_in",
        "refresh_token",
        "scope",
        "token_type",
    }
    return body


def flat(answer: httpx2.Response, code: str, status: int = 400) -> None:
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, code)
    assert body["error_description"]
    assert body["log_id"].isalnum()


async def test_consent_code_and_pair(tiktok):
    back = await consented(tiktok)
    assert (back["state"], back["scopes"]) == ("s t", SCOPES)
    assert "*" in back["code"]
    assert "!" in back["code"]
    made = pair(await redeemed(tiktok, back["code"]))
    assert made["access_token"].startswith("act.")
    assert made["refresh_token"].startswith("rft.")
    assert (made["expires_in"], made["refresh_expires_in"]) == (7200, 15_552_000)
    assert (made["scope"], made["open_id"]) == (SCOPES, tiktok.account["platformUserId"])
    tiktok.token = made["access_token"]
    user = good(await tiktok.call("GET", f"/v2/user/info/?fields={FIELDS}"))["user"]
    assert set(user) == set(FIELDS.split(","))
    assert (user["open_id"], user["username"]) == (made["open_id"], "demo")
    assert (await tiktok.running.http.get(user["avatar_url"])).status_code == 200
    flat(await redeemed(tiktok, back["code"]), "invalid_grant")


async def test_a_denial_and_a_request_that_is_none(tiktok):
    back = await consented(tiktok, sandbox_decision="deny")
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "s t", False)
    assert back["error_description"]
    for missing in ("client_key", "redirect_uri", "scope", "response_type"):
        with pytest.raises(AssertionError, match="log in with TikTok"):
            await consented(tiktok, **{missing: ""})


@pytest.mark.parametrize(
    "challenge",
    [
        hashlib.sha256(VERIFIER.encode()).hexdigest(),
        base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    ],
)
async def test_either_writing_of_a_challenge(challenge, tiktok):
    more = {
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "scope": "video.publish user.info.basic",
    }
    code = (await consented(tiktok, **more))["code"]
    flat(await redeemed(tiktok, code), "invalid_request")
    flat(await redeemed(tiktok, code, code_verifier="another"), "invalid_request")
    made = pair(await redeemed(tiktok, code, code_verifier=VERIFIER))
    assert made["scope"] == "video.publish,user.info.basic"


async def test_what_the_token_address_refuses(tiktok):
    code = (await consented(tiktok))["code"]
    flat(await redeemed(tiktok, "nonsense"), "invalid_grant")
    flat(await redeemed(tiktok, code, redirect_uri="https://other.example/"), "invalid_request")
    flat(await redeemed(tiktok, code, client_key="another"), "invalid_grant")
    flat(await redeemed(tiktok, code, client_secret=""), "invalid_client", 401)
    flat(await redeemed(tiktok, code, client_key="sandbox-app"), "invalid_client", 401)
    flat(await token(tiktok, grant_type="password"), "unsupported_grant_type")
    as_json = await tiktok.running.http.post(f"{tiktok.url}/v2/oauth/token/", json={"code": code})
    flat(as_json, "invalid_request")
    await tiktok.fault("token_error_with_200")
    flat(await redeemed(tiktok, "nonsense"), "invalid_grant", 200)
    await tiktok.later(601)
    flat(await redeemed(tiktok, code), "invalid_grant")


async def test_refresh_tokens_rotate_and_the_old_one_dies(tiktok):
    first = pair(await redeemed(tiktok, (await consented(tiktok))["code"]))
    second = pair(await refreshed(tiktok, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert second["open_id"] == first["open_id"]
    flat(await refreshed(tiktok, first["refresh_token"]), "invalid_grant")
    flat(await refreshed(tiktok, second["access_token"]), "invalid_grant")
    flat(await refreshed(tiktok, second["refresh_token"], client_key="another"), "invalid_grant")
    await tiktok.later(7201)
    tiktok.token = second["access_token"]
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "access_token_invalid", 401)
    third = pair(await refreshed(tiktok, second["refresh_token"]))
    tiktok.token = third["access_token"]
    good(await tiktok.post(f"{PUBLISH}/creator_info/query/"))
    await tiktok.later(15_552_001)
    flat(await refreshed(tiktok, third["refresh_token"]), "invalid_grant")


async def test_or_stay_as_an_earlier_version_of_the_page_has_it(tiktok):
    await tiktok.fault("fixed_refresh_token", times=None)
    first = pair(await redeemed(tiktok, (await consented(tiktok))["code"]))
    assert (first["expires_in"], first["refresh_expires_in"]) == (86_400, 31_536_000)
    for _ in range(2):
        more = pair(await refreshed(tiktok, first["refresh_token"]))
        assert more["refresh_token"] == first["refresh_token"]
        assert more["access_token"] != first["access_token"]


async def test_a_revoked_authorisation_is_dead_with_all_its_tokens(tiktok):
    made = pair(await redeemed(tiktok, (await consented(tiktok))["code"]))
    answer = await token(tiktok, "revoke", token=made["access_token"])
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await token(tiktok, "revoke", token="unknown")).json() == {}
    tiktok.token = made["access_token"]
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "access_token_invalid", 401)
    flat(await refreshed(tiktok, made["refresh_token"]), "invalid_grant")


async def test_calls_need_a_token_and_its_scope(tiktok):
    path = f"{PUBLISH}/creator_info/query/"
    for header in ("", "Bearer", "Bearer nonsense", f"Basic {tiktok.token}"):
        bad(
            await tiktok.call("POST", path, headers={"authorization": header}),
            "access_token_invalid",
            401,
        )
    back = await consented(tiktok, scope="user.info.basic")
    made = pair(await redeemed(tiktok, back["code"]))
    tiktok.token = made["access_token"]
    for refused in (
        await tiktok.post(path),
        await tiktok.init(100),
        await tiktok.init(100, inbox=True),
        await tiktok.photos(tiktok.photo()),
        await tiktok.post(f"{PUBLISH}/status/fetch/", publish_id="x"),
        await tiktok.post("/v2/video/list/?fields=id"),
        await tiktok.call("GET", f"/v2/user/info/?fields={FIELDS}"),
    ):
        bad(refused, "scope_not_authorized", 401)
    good(await tiktok.call("GET", "/v2/user/info/?fields=open_id,display_name"))
    bad(await tiktok.call("GET", "/v2/user/info/"), "invalid_params")
    bad(await tiktok.call("GET", "/v2/user/info/?fields=secret"), "invalid_params")


async def test_photos_need_the_scope_of_their_mode(tiktok):
    made = pair(await redeemed(tiktok, (await consented(tiktok, scope="video.upload"))["code"]))
    tiktok.token = made["access_token"]
    bad(await tiktok.photos(tiktok.photo()), "scope_not_authorized", 401)
    good(await tiktok.photos(tiktok.photo(), mode="MEDIA_UPLOAD"))


async def test_a_dead_token_is_dead_for_good(tiktok):
    await tiktok.fault("token_dead")
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "access_token_invalid", 401)
    bad(await tiktok.post(f"{PUBLISH}/creator_info/query/"), "access_token_invalid", 401)
    own = {"client_key": "sandbox-app", "client_secret": "sandbox-app-secret"}
    flat(await refreshed(tiktok, tiktok.account["refreshToken"], **own), "invalid_grant")

"""Both logins of the Instagram simulator over real sockets: consent, codes, tokens, scopes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.instagram import DAY, Instagram, bad, good

REDIRECT = "https://app.example/back?x=1"
SCOPES = "instagram_business_basic,instagram_business_content_publish"

ig = demo_account(Instagram)


def authorize(url: str, **more: str) -> str:
    query = {
        "client_id": "strangers-app",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s t",
    }
    return f"{url}/oauth/authorize?{urlencode(query | more)}"


async def code_of(ig: Instagram, **more: str) -> str:
    answer = await ig.running.http.get(authorize(ig.url, sandbox_decision="approve", **more))
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert back.fragment == "_"
    found = parse_qs(back.query)
    assert (found["x"], found["state"]) == (["1"], ["s t"])
    return found["code"][0]


async def trade(ig: Instagram, code: str, *, files: bool = False, **more: str) -> httpx2.Response:
    form = {
        "client_id": "strangers-app",
        "client_secret": "theirs",
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "code": code,
    } | more
    parts: Any = {name: (None, value) for name, value in form.items()} if files else None
    return await ig.running.http.post(
        f"{ig.url}/oauth/access_token", data=None if files else form, files=parts
    )


async def test_consent_codes_and_both_shapes_of_the_token_answer(ig):
    page = await ig.running.http.get(authorize(ig.url))
    assert page.status_code == 200
    assert "instagram_business_content_publish" in page.text
    flat = good(await trade(ig, await code_of(ig), files=True))
    assert isinstance(flat["user_id"], int)
    assert flat["permissions"] == SCOPES.split(",")
    await ig.fault("token_in_data")
    (entry,) = good(await trade(ig, await code_of(ig)))["data"]
    assert entry["user_id"] == str(flat["user_id"])
    assert entry["permissions"] == SCOPES
    me = await ig.get("/me", fields="user_id,id,username,name,account_type,followers_count,media_count")
    assert me["id"] == entry["user_id"]
    assert me["user_id"] == ig.id
    assert me["account_type"] in {"BUSINESS", "MEDIA_CREATOR"}


async def test_a_code_is_good_once_and_only_for_its_app(ig):
    code = await code_of(ig)
    for wrong in ({"redirect_uri": "https://other.example/"}, {"client_id": "another"}, {"code": "x"}):
        refused = await trade(ig, **({"code": code} | wrong))
        assert refused.status_code == 400
        assert refused.json()["error_type"] == "OAuthException"
    good(await trade(ig, code))
    assert (await trade(ig, code)).json()["code"] == 400
    late = await code_of(ig)
    await ig.running.control("POST", "clock", advance=3_601)
    assert (await trade(ig, late)).status_code == 400
    denied = await ig.running.http.get(authorize(ig.url, sandbox_decision="deny"))
    query = parse_qs(urlsplit(denied.headers["location"]).query)
    assert query["error"] == ["access_denied"]
    assert query["error_reason"] == ["user_denied"]
    assert (await ig.running.http.get(authorize(ig.url, client_id=""))).status_code == 400
    stranger = await trade(ig, await code_of(ig), client_id=ig.account["clientId"])
    assert stranger.status_code == 400


async def test_tokens_are_exchanged_renewed_and_run_out(ig):
    short = good(await trade(ig, await code_of(ig)))["access_token"]
    exchange = {"grant_type": "ig_exchange_token", "client_secret": "theirs", "access_token": short}
    long = good(await ig.running.http.get(f"{ig.url}/access_token", params=exchange))
    assert long["token_type"] == "bearer"
    assert 5_183_000 < long["expires_in"] <= 60 * DAY
    renew = {"grant_type": "ig_refresh_token", "access_token": long["access_token"]}
    bad(await ig.running.http.get(f"{ig.url}/v26.0/refresh_access_token", params=renew), 100)
    await ig.running.control("POST", "clock", advance=DAY + 60)
    fresh = good(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew))
    assert fresh["permissions"] == SCOPES
    assert fresh["access_token"] != long["access_token"]
    for token in (long["access_token"], fresh["access_token"]):
        good(await ig.running.http.get(f"{ig.url}/v26.0/me", params={"access_token": token}))
    bad(await ig.running.http.get(f"{ig.url}/me", params={"access_token": short}), 190, 463)
    await ig.running.control("POST", "clock", advance=59 * DAY + 60)
    bad(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew), 190, 463)
    renew["access_token"] = fresh["access_token"]
    good(await ig.running.http.get(f"{ig.url}/refresh_access_token", params=renew))


async def test_a_token_comes_in_any_place_and_a_dead_one_says_why(ig):
    http, me = ig.running.http, f"{ig.url}/me"
    good(await http.get(me, params={"access_token": ig.token}))
    for scheme in ("Bearer", "OAuth"):
        good(await http.get(me, headers={"authorization": f"{scheme} {ig.token}"}))
    picture = {"image_url": f"{ig.running.info.media_url}/demo.jpg", "access_token": ig.token}
    where = f"{ig.url}/{ig.id}/media"
    good(await http.post(where, data=picture))
    good(await http.post(where, json=picture))
    good(await http.post(where, params=picture))
    good(await http.post(where, files={name: (None, value) for name, value in picture.items()}))
    bad(await http.get(me), 104, status=401)
    bad(await http.get(me, params={"access_token": "nonsense"}), 190)
    bad(await http.post(where, content=b"[", headers={"content-type": "application/json"}), 100)
    await ig.fault("token_expired")
    bad(await ig.call("GET", "/me"), 190, 463)
    await ig.fault("token_dead")
    bad(await ig.call("GET", "/me"), 190, 460)
    bad(await ig.call("GET", "/me"), 190, 460)
    ig.token = (await ig.running.accounts("instagram"))[0]["accessToken"]
    assert good(await ig.call("DELETE", "/v26.0/me/permissions")) == {"success": True}
    bad(await ig.call("GET", "/me"), 190, 458)


async def test_a_missing_scope_is_said(ig):
    answer = good(await trade(ig, await code_of(ig, scope="instagram_business_basic")))
    ig.token = answer["access_token"]
    await ig.get("/me", fields="username")
    bad(await ig.contain(image_url="https://example.com/a.jpg"), 10, status=403)


async def test_the_facebook_login_publishes_with_the_token_of_its_page(ig):
    scopes = "instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement"
    query = {"client_id": "fb", "redirect_uri": REDIRECT, "scope": scopes, "state": "z"}
    query["sandbox_decision"] = "approve"
    answer = await ig.running.http.get(f"{ig.url}/v26.0/dialog/oauth", params=query)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    app = {"client_id": "fb", "client_secret": "s"}
    where = f"{ig.url}/v26.0/oauth/access_token"
    short = good(await ig.running.http.get(where, params={**app, "redirect_uri": REDIRECT, "code": code}))
    swap = {**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    ig.token = good(await ig.running.http.post(f"{ig.url}/oauth/access_token", data=swap))["access_token"]
    fields = "id,name,access_token,instagram_business_account{id,username,profile_picture_url}"
    (page,) = (await ig.get("/v26.0/me/accounts", fields=fields))["data"]
    linked = page["instagram_business_account"]
    assert (linked["id"], linked["username"]) == (ig.id, ig.account["username"])
    assert (await ig.get("/me"))["id"] != ig.id
    ig.token = page["access_token"]
    media_id = await ig.picture()
    assert (await ig.get(f"/v26.0/{media_id}", fields="username"))["username"] == ig.account["username"]
    assert (await ig.get(f"/{ig.id}", fields="id,username"))["id"] == ig.id
    await ig.running.control("POST", "clock", advance=400 * DAY)
    await ig.get("/me", fields="name")

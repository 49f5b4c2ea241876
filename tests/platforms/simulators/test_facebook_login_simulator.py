"""The simulator's login: dialog, tokens of people and Pages, what each may do, and how they end."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.platforms.simulators.facebook import BACK, PERSON, Facebook, bad, good
from tests.platforms.simulators.helpers import demo_account

fb = demo_account(Facebook)


async def test_the_dialog_leads_back_with_a_code_before_its_odd_fragment(fb):
    asked = {
        "client_id": "app",
        "redirect_uri": f"{BACK}?a=b",
        "scope": "pages_show_list",
        "state": "s 1",
    }
    page = await fb.running.http.get(f"{fb.url}/v26.0/dialog/oauth", params=asked)
    assert page.status_code == 200
    assert "pages_show_list" in page.text
    back = await fb.running.http.get(f"{fb.url}/dialog/oauth", params=asked | {"sandbox_decision": "approve"})
    where = urlsplit(back.headers["location"])
    assert where.fragment == "_=_"
    query = parse_qs(where.query)
    assert (query["a"], query["state"]) == (["b"], ["s 1"])
    assert query["code"]


async def test_a_refusal_comes_back_in_facebook_s_words(fb):
    asked = {"client_id": "app", "redirect_uri": BACK, "state": "s", "sandbox_decision": "deny"}
    page = await fb.running.http.get(f"{fb.url}/v26.0/dialog/oauth", params=asked)
    query = parse_qs(urlsplit(page.headers["location"]).query)
    assert query["error"] == ["access_denied"]
    assert query["error_code"] == ["200"]
    assert query["error_reason"] == ["user_denied"]
    assert query["state"] == ["s"]


@pytest.mark.parametrize("lacking", ["client_id", "redirect_uri"])
async def test_a_dialog_that_asks_for_nothing_sensible(fb, lacking):
    asked = {"client_id": "app", "redirect_uri": BACK}
    del asked[lacking]
    assert (await fb.running.http.get(f"{fb.url}/dialog/oauth", params=asked)).status_code == 400


async def test_a_configuration_of_login_for_business_stands_for_all_permissions(fb):
    asked = {"client_id": "app", "redirect_uri": BACK, "config_id": "1", "sandbox_decision": "approve"}
    page = await fb.running.http.get(f"{fb.url}/dialog/oauth", params=asked)
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    token = good(await fb.redeem(code, client_id="app", client_secret="any"))["access_token"]
    rows = good(await fb.call("GET", "/v26.0/me/permissions", token=token))["data"]
    assert {"permission": "pages_manage_posts", "status": "granted"} in rows


async def test_a_code_works_once_for_its_app_and_its_address_and_not_for_long(fb):
    code = await fb.code()
    bad(await fb.redeem(code, redirect_uri="https://other.example/"), 100, 36008)
    bad(await fb.redeem(code, client_id="other"), 100)
    bad(await fb.redeem(code, client_secret="wrong"), 101)
    answer = good(await fb.redeem(code))
    assert answer["token_type"] == "bearer"
    assert 3_600 <= answer["expires_in"] <= 7_200
    bad(await fb.redeem(code), 100, 36009)
    late = await fb.code()
    await fb.advance(601)
    bad(await fb.redeem(late), 100, 36007)
    bad(await fb.redeem("no-code"), 100)


async def test_a_token_of_hours_buys_one_of_sixty_days(fb):
    short = await fb.person(long=False)
    asked = fb.app | {"grant_type": "fb_exchange_token", "fb_exchange_token": short}
    ask = fb.running.http
    long = good(await ask.get(f"{fb.url}/v26.0/oauth/access_token", params=asked))
    assert long["expires_in"] > 59 * 86_400
    await fb.fault("no_expires_in")
    assert "expires_in" not in good(await ask.post(f"{fb.url}/oauth/access_token", data=asked))
    bad(await ask.get(f"{fb.url}/oauth/access_token", params=asked | {"fb_exchange_token": "x"}), 190)
    bad(await ask.get(f"{fb.url}/oauth/access_token", params=asked | {"fb_exchange_token": fb.token}), 190)
    await fb.advance(7_200)
    bad(await ask.get(f"{fb.url}/oauth/access_token", params=asked), 190, 463)
    assert good(await fb.call("GET", "/me", token=long["access_token"]))["id"] == PERSON


async def test_a_person_s_pages_and_their_tokens(fb):
    long = await fb.person()
    first = good(await fb.call("GET", "/v26.0/me/accounts?limit=1", token=long))
    assert set(first["data"][0]) >= {"id", "name", "access_token", "category", "tasks"}
    assert first["data"][0]["id"] == fb.id
    following = await fb.running.http.get(
        first["paging"]["next"], headers={"authorization": f"Bearer {long}"}
    )
    assert good(following)["data"][0]["id"] == fb.accounts[1]["platformUserId"]
    every = good(await fb.call("GET", f"/{PERSON}/accounts?fields=id", token=long))
    assert [row["id"] for row in every["data"]] == [each["platformUserId"] for each in fb.accounts]
    assert all(set(row) == {"id"} for row in every["data"])
    assert "next" not in every["paging"]
    bad(await fb.call("GET", "/me/accounts"), 100)
    bad(await fb.call("GET", "/v26.0/me/accounts?limit=0", token=long), 100)


async def test_page_tokens_of_a_long_login_have_no_end_and_others_end_with_it(fb):
    tokens = {}
    for long in (True, False):
        user = await fb.person(long=long)
        rows = good(await fb.call("GET", "/me/accounts", token=user))["data"]
        again = good(await fb.call("GET", f"/{fb.id}?fields=access_token", token=user))
        tokens[long] = rows[0]["access_token"]
        assert again["access_token"] == tokens[long]
    await fb.advance(61 * 86_400)
    assert good(await fb.call("GET", "/me", token=tokens[True]))["id"] == fb.id
    bad(await fb.call("GET", "/me", token=tokens[False]), 190, 463)


async def test_a_person_s_token_does_not_post_and_a_page_s_only_for_its_page(fb):
    user, other = await fb.person(), fb.accounts[1]["platformUserId"]
    for edge in ("feed", "photos", "videos", "video_reels", "photo_stories"):
        bad(
            await fb.call("POST", f"/v26.0/{fb.id}/{edge}", token=user, data={"message": "x"}),
            200,
            status=403,
        )
    bad(await fb.call("POST", f"/v26.0/{other}/feed", data={"message": "x"}), 200, status=403)
    bad(await fb.call("GET", f"/v26.0/{other}/feed"), 100, 33)
    good(await fb.call("POST", "/me/feed", data={"message": "x"}))
    assert len(await fb.posts()) == 1


@pytest.mark.parametrize("lacking", ["pages_manage_posts", "pages_read_engagement"])
async def test_a_permission_that_was_not_granted(fb, lacking):
    scope = ",".join(each for each in fb.account["scopes"] if each != lacking)
    user = await fb.person(scope=scope)
    page = good(await fb.call("GET", "/me/accounts", token=user))["data"][0]
    bad(
        await fb.call("POST", f"/{fb.id}/feed", token=page["access_token"], data={"message": "x"}),
        200,
        status=403,
    )


async def test_a_declined_permission_is_told(fb):
    await fb.fault("permission_declined")
    user = await fb.person()
    rows = good(await fb.call("GET", "/me/permissions", token=user))["data"]
    assert {"permission": "pages_manage_posts", "status": "declined"} in rows
    bad(await fb.call("GET", "/me/permissions"), 100)


async def test_what_a_token_is_good_for(fb):
    app = f"{fb.app['client_id']}|{fb.app['client_secret']}"
    user = await fb.person()
    told = good(await fb.call("GET", "/debug_token", token=app, params={"input_token": user}))["data"]
    assert (told["type"], told["user_id"], told["is_valid"]) == ("USER", PERSON, True)
    assert told["expires_at"] > 0
    assert told["data_access_expires_at"] - told["issued_at"] == 90 * 86_400
    asked = {"input_token": fb.token, "access_token": app}
    told = good(await fb.running.http.get(f"{fb.url}/v26.0/debug_token", params=asked))["data"]
    assert (told["type"], told["profile_id"], told["expires_at"]) == ("PAGE", fb.id, 0)
    await fb.fault("token_dead")
    await fb.call("GET", "/me")
    told = good(await fb.running.http.get(f"{fb.url}/debug_token", params=asked))["data"]
    assert told["is_valid"] is False
    assert told["error"]["subcode"] == 460
    bad(await fb.call("GET", "/debug_token", token="x|y", params={"input_token": user}), 100)
    bad(await fb.call("GET", "/debug_token", token=app, params={"input_token": "no"}), 100)


async def test_the_person_or_the_app_takes_everything_back(fb):
    app = f"{fb.app['client_id']}|{fb.app['client_secret']}"
    for by_app in (False, True):
        user = await fb.person()
        page = good(await fb.call("GET", "/me/accounts", token=user))["data"][0]["access_token"]
        who, token = (PERSON, app) if by_app else ("me", user)
        assert good(await fb.call("DELETE", f"/v26.0/{who}/permissions", token=token)) == {"success": True}
        bad(await fb.call("GET", "/me", token=user), 190, 458)
        bad(await fb.call("GET", "/me", token=page), 190, 458)
    bad(await fb.call("DELETE", "/v26.0/1/permissions", token=app), 100, 33)


@pytest.mark.parametrize(
    ("fault", "subcode"),
    [
        ("token_expired", 463),
        ("checkpoint", 459),
        ("unconfirmed", 464),
        ("page_role_lost", 492),
        ("token_dead", 460),
    ],
)
async def test_tokens_die_in_several_ways(fb, fault, subcode):
    await fb.fault(fault)
    bad(await fb.edge("feed", message="x"), 190, subcode)


async def test_where_a_token_may_stand(fb):
    ask, where = fb.running.http, f"{fb.url}/v26.0/{fb.id}"
    assert good(await ask.get(where, params={"access_token": fb.token}))["id"] == fb.id
    assert good(await ask.get(where, headers={"authorization": f"OAuth {fb.token}"}))["id"] == fb.id
    for number, more in enumerate(
        (
            {"data": {"access_token": fb.token, "message": "form"}},
            {"json": {"access_token": fb.token, "message": "json"}},
            {"files": {"access_token": (None, fb.token), "message": (None, "multipart")}},
            {"params": {"access_token": fb.token, "message": "query"}},
        ),
        1,
    ):
        assert good(await ask.post(f"{where}/feed", **more))["id"]
        assert len(await fb.posts()) == number
    bad(await ask.get(where), 104, status=401)
    bad(await ask.get(where, params={"access_token": "no"}), 190)


async def test_the_proof_of_the_secret_is_checked(fb):
    right = hmac.new(fb.app["client_secret"].encode(), fb.token.encode(), hashlib.sha256).hexdigest()
    assert await fb.get(f"/{fb.id}", appsecret_proof=right)
    bad(await fb.call("GET", f"/{fb.id}", params={"appsecret_proof": "0" * 64}), 100)


async def test_an_app_has_a_token_of_its_own(fb):
    answer = await fb.running.http.get(
        f"{fb.url}/oauth/access_token", params=fb.app | {"grant_type": "client_credentials"}
    )
    assert good(answer)["access_token"] == f"{fb.app['client_id']}|{fb.app['client_secret']}"

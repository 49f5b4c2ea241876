"""The login of the Threads simulator over real sockets: consent, codes, tokens, scopes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import API, DAY, Threads, bad, good

REDIRECT = "https://app.example/back?x=1"
SCOPES = "threads_basic,threads_content_publish"

threads = demo_account(Threads)


def authorize(url: str, **more: str) -> str:
    query = {
        "client_id": "strangers-app",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s t",
    }
    return f"{url}/oauth/authorize?{urlencode(query | more)}"


async def code_of(threads: Threads, **more: str) -> str:
    answer = await threads.running.http.get(authorize(threads.url, sandbox_decision="approve", **more))
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert back.fragment == "_"
    found = parse_qs(back.query)
    assert (found["x"], found["state"]) == (["1"], ["s t"])
    return found["code"][0]


async def trade(threads: Threads, given: str, *, how: str = "data", **more: str) -> httpx2.Response:
    form = {
        "client_id": "strangers-app",
        "client_secret": "theirs",
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "code": given,
    } | more
    asked: dict[str, Any] = {how: form}
    return await threads.running.http.post(f"{threads.url}/oauth/access_token", **asked)


async def plain(threads: Threads, path: str, **query: str) -> httpx2.Response:
    return await threads.running.http.get(f"{threads.url}{path}", params=query)


async def short_token(threads: Threads, **more: str) -> str:
    return good(await trade(threads, await code_of(threads, **more)))["access_token"]


async def long_token(threads: Threads, **more: str) -> str:
    token = await short_token(threads, **more)
    answer = await plain(
        threads,
        "/access_token",
        grant_type="th_exchange_token",
        client_secret="theirs",
        access_token=token,
    )
    return good(answer)["access_token"]


@pytest.mark.parametrize("how", ["data", "params", "json"])
async def test_consent_and_codes(threads, how):
    page = await threads.running.http.get(authorize(threads.url))
    assert "threads_content_publish" in page.text
    code = await code_of(threads, sandbox_account="demo2")
    body = good(await trade(threads, code, how=how))
    # A bare number that a reader of floats gets wrong.
    assert body["user_id"] == 24876543210987002
    assert set(body) == {"access_token", "user_id"}
    bad(await trade(threads, code), 100)


async def test_what_the_consent_page_refuses(threads):
    for wrong in (
        {"response_type": "token"},
        {"scope": ""},
        {"scope": "threads_content_publish"},
        {"scope": f"{SCOPES},instagram_basic"},
        {"client_id": ""},
        {"redirect_uri": ""},
    ):
        assert (await threads.running.http.get(authorize(threads.url, **wrong))).status_code == 400
    denied = await threads.running.http.get(authorize(threads.url, sandbox_decision="deny"))
    found = parse_qs(urlsplit(denied.headers["location"]).query)
    assert (found["error"], found["error_reason"]) == (["access_denied"], ["user_denied"])


async def test_codes_that_buy_nothing(threads):
    code = await code_of(threads)
    for wrong in (
        {"code": "other"},
        {"redirect_uri": "https://app.example/back"},
        {"client_id": "another"},
        {"grant_type": "password"},
    ):
        bad(await trade(threads, code, **wrong), 100)
    bad(await trade(threads, code, client_secret=""), 101)
    bad(await trade(threads, code, client_id="sandbox-app", client_secret="wrong"), 101)
    await threads.running.control("POST", "clock", advance=3601)
    bad(await trade(threads, code), 100)


@pytest.mark.parametrize("prefix", ["", "/v1.0"])
async def test_from_one_hour_to_sixty_days(threads, prefix):
    token = await short_token(threads)
    how = {"grant_type": "th_exchange_token", "client_secret": "theirs", "access_token": token}
    bad(await plain(threads, f"{prefix}/access_token", **how | {"grant_type": "ig_exchange_token"}), 100)
    bad(await plain(threads, f"{prefix}/access_token", **how | {"client_secret": ""}), 101)
    body = good(await plain(threads, f"{prefix}/access_token", **how))
    assert (body["token_type"], body["expires_in"]) == ("bearer", 60 * DAY)
    again = how | {"access_token": body["access_token"]}
    error = bad(await plain(threads, f"{prefix}/access_token", **again), 452, 4279019)
    assert "Session key invalid" in error["message"]


async def test_renewal_after_a_day_and_before_the_end(threads):
    token = await long_token(threads)
    how = {"grant_type": "th_refresh_token", "access_token": token}
    bad(await plain(threads, "/refresh_access_token", **how), 100)
    await threads.running.control("POST", "clock", advance=DAY + 1)
    body = good(await plain(threads, "/v1.0/refresh_access_token", **how))
    assert body["access_token"] != token
    for each in (token, body["access_token"]):
        good(await plain(threads, f"{API}/me", access_token=each))
    bad(await plain(threads, "/refresh_access_token", **how | {"grant_type": "refresh_token"}), 100)
    await threads.running.control("POST", "clock", advance=60 * DAY)
    bad(await plain(threads, "/refresh_access_token", **how), 190, 463)


async def test_a_token_of_an_hour_cannot_be_renewed_and_ends(threads):
    token = await short_token(threads)
    good(await plain(threads, f"{API}/me", access_token=token))
    bad(
        await plain(threads, "/refresh_access_token", grant_type="th_refresh_token", access_token=token),
        100,
    )
    await threads.running.control("POST", "clock", advance=3601)
    bad(await plain(threads, f"{API}/me", access_token=token), 190, 463)


async def test_what_a_token_is(threads):
    token = await long_token(threads)
    app = good(
        await plain(
            threads,
            "/oauth/access_token",
            grant_type="client_credentials",
            client_id="strangers-app",
            client_secret="theirs",
        )
    )["access_token"]
    assert app == "TH|strangers-app|theirs"
    for asking in (app, token):
        body = good(await plain(threads, "/debug_token", input_token=token, access_token=asking))["data"]
        assert (body["is_valid"], body["scopes"]) == (True, SCOPES.split(","))
        assert body["user_id"] == threads.id
    unknown = good(await plain(threads, "/debug_token", input_token="x", access_token=token))["data"]
    assert unknown["is_valid"] is False
    bad(await plain(threads, "/debug_token", input_token=token), 190)
    bad(await plain(threads, f"{API}/me", access_token=app), 190)


async def test_scopes_decide_what_a_token_may(threads):
    post_id = await threads.text("mine")
    threads.token = await long_token(threads, scope="threads_basic")
    good(await threads.call("GET", f"{API}/me"))
    for method, path in (
        ("POST", "me/threads"),
        ("POST", "me/threads_publish"),
        ("POST", f"{post_id}/repost"),
        ("GET", "me/threads_publishing_limit"),
        ("GET", "me/replies"),
        ("GET", f"{post_id}/conversation"),
        ("POST", f"{post_id}/manage_reply"),
        ("GET", f"{post_id}/insights"),
        ("GET", "me/threads_insights"),
        ("GET", "me/mentions"),
        ("GET", "keyword_search"),
        ("GET", "profile_lookup"),
        ("GET", "location_search"),
        ("DELETE", post_id),
    ):
        bad(await threads.call(method, f"{API}/{path}"), 10, status=403)
    threads.token = await long_token(threads)
    bad(await threads.contain(text="x", location_id="220000000000000001"), 10, status=403)
    other = await threads.other()
    theirs = await other.text("theirs")
    bad(await threads.contain(text="x", reply_to_id=theirs), 10, status=403)
    bad(await threads.call("GET", f"{API}/{theirs}"), 100, 33)


async def test_an_account_s_calls_are_counted(threads):
    answer = await threads.running.http.get(f"{threads.url}{API}/me?access_token=nothing")
    bad(answer, 190)
    assert "x-app-usage" not in answer.headers
    assert "x-app-usage" in (await threads.call("GET", f"{API}/me")).headers

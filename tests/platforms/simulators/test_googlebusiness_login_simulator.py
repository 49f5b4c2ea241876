"""Google's consent, tokens and refusals, and the accounts and locations behind a login."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.platforms.simulators.googlebusiness import Google, bad, good
from tests.platforms.simulators.helpers import demo_account

BACK = "https://app.example/back"
MANAGE = "https://www.googleapis.com/auth/business.manage"
OWNER, GROUP = "accounts/110000000000000000001", "accounts/110000000000000000002"
MASK = "name,title,metadata"

google = demo_account(Google)


async def consented(google: Google, **query: str) -> dict[str, str]:
    """What comes back from the consent page."""
    asked = {
        "client_id": "sandbox-app",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": MANAGE,
        "access_type": "offline",
        "prompt": "consent",
        "state": "s",
        "sandbox_decision": "approve",
    } | query
    answer = await google.running.http.get(f"{google.url}/o/oauth2/v2/auth", params=asked)
    assert answer.status_code == 302, answer.text
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert back.pop("state") == "s"
    return back


async def redeemed(google: Google, redeems: str, **form: str) -> Any:
    form = {"grant_type": "authorization_code", "code": redeems, "redirect_uri": BACK} | form
    return await google.token_call(**form)


async def test_a_consent_and_its_tokens(google: Google) -> None:
    verifier = "v" * 50
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back = await consented(google, code_challenge=digest, code_challenge_method="S256")
    wrong = await redeemed(google, back["code"], code_verifier="w" * 50)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    tokens = good(await redeemed(google, back["code"], code_verifier=verifier))
    assert tokens["access_token"].startswith("ya29.")
    assert (tokens["expires_in"], tokens["scope"], tokens["token_type"]) == (3599, MANAGE, "Bearer")
    fresh = good(await google.token_call(grant_type="refresh_token", refresh_token=tokens["refresh_token"]))
    assert "refresh_token" not in fresh
    google.token = fresh["access_token"]
    assert len((await google.get("/v1/accounts"))["accounts"]) == 2
    info = good(await google.running.http.get(f"{google.url}/tokeninfo?access_token={google.token}"))
    assert info["scope"] == MANAGE
    assert (await google.token_call("/revoke", token=google.token)).json() == {}
    bad(await google.call("GET", "/v1/accounts"), 401, "UNAUTHENTICATED")
    again = await google.token_call(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    assert (await google.token_call("/revoke", token="x")).status_code == 400
    assert (await consented(google, sandbox_decision="deny")) == {"error": "access_denied"}


async def test_a_refresh_token_comes_with_the_first_consent_only(google: Google) -> None:
    seen = []
    for more in ({"prompt": ""}, {"prompt": ""}, {}, {"access_type": "online"}):
        back = await consented(google, client_id="theirs", **more)
        seen.append("refresh_token" in good(await redeemed(google, back["code"], client_id="theirs")))
    assert seen == [True, False, True, False]
    await google.fault("no_refresh_token")
    back = await consented(google)
    assert "refresh_token" not in good(await redeemed(google, back["code"]))


async def test_refusals_of_the_token_address(google: Google) -> None:
    code = (await consented(google))["code"]
    for form, status, word in (
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"code": ""}, 400, "invalid_request"),
        ({"code": "unknown"}, 400, "invalid_grant"),
        ({"redirect_uri": "https://other.example"}, 400, "redirect_uri_mismatch"),
        ({"client_id": "other"}, 400, "invalid_grant"),
    ):
        answer = await redeemed(google, code, **form)
        assert (answer.status_code, answer.json()["error"]) == (status, word)
    good(await redeemed(google, code))
    assert (await redeemed(google, code)).json()["error"] == "invalid_grant"
    page = await google.running.http.get(f"{google.url}/o/oauth2/v2/auth?client_id=x")
    assert page.status_code == 400


async def test_an_authorisation_of_an_app_in_testing_ends_after_a_week(google: Google) -> None:
    app = {"client_id": "sandbox-testing-app", "client_secret": "theirs"}
    back = await consented(google, client_id=app["client_id"])
    tokens = good(await redeemed(google, back["code"], **app))
    assert tokens["refresh_token_expires_in"] == 7 * 86_400
    await google.advance(7 * 86_400 + 1)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await google.token_call(**form, **app)).json()["error"] == "invalid_grant"
    own = {"grant_type": "refresh_token", "refresh_token": google.account["refreshToken"]}
    good(await google.token_call(**own))
    await google.advance(181 * 86_400)
    assert (await google.token_call(**own)).json()["error"] == "invalid_grant"


async def test_who_may_not_call(google: Google) -> None:
    answer = await google.running.http.get(f"{google.url}/v1/accounts")
    assert bad(answer, 401, "UNAUTHENTICATED")["details"][0]["reason"] == "CREDENTIALS_MISSING"
    for fault, status, word, reason in (
        ("token_expired", 401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"),
        ("scope_missing", 403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        ("api_disabled", 403, "PERMISSION_DENIED", "SERVICE_DISABLED"),
        ("quota_zero", 429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
    ):
        await google.fault(fault)
        error = bad(await google.call("GET", "/v1/accounts"), status, word)
        assert error["details"][0]["reason"] == reason
    assert error["details"][0]["metadata"]["quota_limit_value"] == "0"
    back = await consented(google, sandbox_scopes="openid")
    google.token = good(await redeemed(google, back["code"]))["access_token"]
    bad(await google.post(), 403, "PERMISSION_DENIED")
    google.token = google.account["accessToken"]
    await google.fault("token_dead")
    bad(await google.post(), 401, "UNAUTHENTICATED")
    bad(await google.post(), 401, "UNAUTHENTICATED")


async def test_three_hundred_calls_a_minute_for_each_interface(google: Google) -> None:
    for _ in range(300):
        await google.get("/v1/accounts")
    error = bad(await google.call("GET", "/v1/accounts"), 429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["metadata"]["quota_limit_value"] == "300"
    await google.listed()
    await google.advance(61)
    await google.get("/v1/accounts")


async def test_accounts_and_their_locations(google: Google) -> None:
    await google.running.control("POST", "seed", accounts=10, platform="googlebusiness")
    first = await google.get("/v1/accounts", pageSize=1)
    assert [(each["name"], each["type"]) for each in first["accounts"]] == [(OWNER, "PERSONAL")]
    second = await google.get("/v1/accounts", pageToken=first["nextPageToken"], pageSize=1)
    assert [(each["name"], each["type"]) for each in second["accounts"]] == [(GROUP, "LOCATION_GROUP")]
    assert "nextPageToken" not in second
    assert (await google.get(f"/v1/{GROUP}"))["accountName"] == "Demo Cafés"
    (own,) = (await google.get(f"/v1/{OWNER}/locations", readMask="name"))["locations"]
    page = await google.get(f"/v1/{GROUP}/locations", readMask=MASK)
    assert (len(page["locations"]), page["totalSize"]) == (10, 12)
    assert page["locations"][0]["name"] == own["name"]
    assert page["locations"][0]["metadata"]["hasVoiceOfMerchant"] is True
    everything = await google.get("/v1/accounts/-/locations", readMask="*", pageSize=100)
    assert len(everything["locations"]) == 12
    one = await google.get(f"/v1/{own['name']}", readMask="title,metadata.mapsUri")
    assert set(one) == {"title", "metadata"}
    assert set(one["metadata"]) == {"mapsUri"}
    assert (await google.get(f"/v1/{own['name']}/VoiceOfMerchantState"))["hasVoiceOfMerchant"]
    await google.fault("no_locations")
    assert await google.get(f"/v1/{GROUP}/locations", readMask="name") == {}
    await google.fault("suspended", times=2)
    shown = await google.get(f"/v1/{own['name']}", readMask="metadata")
    assert "hasVoiceOfMerchant" not in shown["metadata"]
    standing = await google.get(f"/v1/{own['name']}/VoiceOfMerchantState")
    assert standing["complyWithGuidelines"] == {"recommendationReason": "BUSINESS_LOCATION_SUSPENDED"}


async def test_what_cannot_be_asked(google: Google) -> None:
    number = google.home.rpartition("/")[2]
    for path, query in (
        (f"/v1/{GROUP}/locations", {}),
        (f"/v1/{GROUP}/locations", {"readMask": "colour"}),
        (f"/v1/locations/{number}", {}),
        ("/v1/accounts", {"pageSize": "many"}),
        ("/v1/accounts", {"pageToken": "what"}),
        ("/v1/accounts", {"readMask": "name"}),
    ):
        bad(await google.call("GET", path, params=query), 400, "INVALID_ARGUMENT")
    for path in (
        "/v1/accounts/5",
        "/v1/accounts/5/locations?readMask=name",
        "/v1/locations/5?readMask=name",
        "/v1/locations/5/VoiceOfMerchantState",
        "/v1/nothing",
        f"/v4/locations/{number}/localPosts",
        f"/v4/accounts/5/locations/{number}/localPosts",
        f"/v4/{GROUP}/locations/5/localPosts",
        f"/v4/{google.home}/localPosts/5",
    ):
        bad(await google.call("GET", path), 404, "NOT_FOUND")


async def test_a_location_under_both_its_accounts(google: Google) -> None:
    post = await google.posted()
    google.home = google.home.replace(GROUP, OWNER)
    (same,) = await google.listed()
    assert same["name"] == post["name"].replace(GROUP, OWNER)
    assert {**same, "name": ""} == {**post, "name": ""}

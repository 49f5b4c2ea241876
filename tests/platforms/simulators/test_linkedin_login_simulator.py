"""LinkedIn's simulator: consent, tokens, their ends, and every way to be refused."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.linkedin import BACK, LinkedIn

SELF_SERVE = ("openid", "profile", "email", "w_member_social")

me = demo_account(LinkedIn)


async def test_a_consent_and_its_token(me: LinkedIn) -> None:
    back = await me.consent("strangers-app", *SELF_SERVE)
    assert back["state"] == "s"
    asked = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": BACK}
    answer = (await me.form("accessToken", **asked)).json()
    assert answer["scope"] == "openid,profile,email,w_member_social"
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 5_184_000)
    assert "refresh_token" not in answer
    again = await me.form("accessToken", **asked)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_request")
    me.token = answer["access_token"]
    assert (await me.share()).status_code == 201


async def test_what_comes_back_without_a_consent(me: LinkedIn) -> None:
    denied = await me.consent("strangers-app", *SELF_SERVE, sandbox_decision="deny")
    assert (denied["error"], denied["state"]) == ("user_cancelled_authorize", "s")
    refused = await me.consent("sandbox-self-serve-app", "openid", "w_organization_social")
    assert refused["error"] == "unauthorized_scope_error"
    assert "w_organization_social" in refused["error_description"]
    address = f"{me.url}/oauth/v2/authorization"
    whole = {"response_type": "code", "client_id": "a", "redirect_uri": BACK, "scope": "openid"}
    for name in whole:
        query = {key: value for key, value in whole.items() if key != name}
        assert (await me.running.http.get(address, params=query)).status_code == 400
    for client in ("a", "sandbox-self-serve-app"):
        unsafe = {
            **whole,
            "client_id": client,
            "scope": "r_member_social",
            "redirect_uri": "javascript:x",
        }
        assert (await me.running.http.get(address, params=unsafe)).status_code == 404
    page = await me.running.http.get(address, params=whole)
    assert "Let this app use your LinkedIn account?" in page.text


async def test_codes_are_bound(me: LinkedIn) -> None:
    async def redeem(**changed: str) -> tuple[int, str]:
        code = (await me.consent("strangers-app", *SELF_SERVE))["code"]
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **changed}
        answer = await me.form("accessToken", changed.pop("client", "strangers-app"), **asked)
        return answer.status_code, answer.json().get("error_description", "")

    assert (await redeem(code="nonsense"))[0] == 401
    status, said = await redeem(redirect_uri="https://elsewhere.example")
    assert (status, said.startswith("Unable to retrieve access token: appid/redirect uri")) == (400, True)
    assert (await redeem(client="another-app"))[0] == 400
    for name in ("code", "redirect_uri", "grant_type"):
        status, said = await redeem(**{name: ""})
        assert (status, said) == (400, f'A required parameter "{name}" is missing')
    code = (await me.consent("strangers-app", *SELF_SERVE))["code"]
    await me.running.control("POST", "clock", advance=1801)
    late = await me.form("accessToken", grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert late.status_code == 400


async def test_credentials_stand_in_the_body(me: LinkedIn) -> None:
    code = (await me.consent("strangers-app", *SELF_SERVE))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    answer = await me.running.http.post(
        f"{me.url}/oauth/v2/accessToken", data=form, auth=("strangers-app", "any")
    )
    assert answer.json()["error_description"] == 'A required parameter "client_id" is missing'
    wrong = await me.form("accessToken", "sandbox-app", **form)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    for grant, status in (("client_credentials", 401), ("password", 400)):
        assert (await me.form("accessToken", grant_type=grant)).status_code == status


async def test_a_native_app_shows_the_verifier_of_its_challenge(me: LinkedIn) -> None:
    async def code() -> str:
        verifier = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).rstrip(b"=").decode()
        more = {"code_challenge": verifier, "code_challenge_method": "S256"}
        return (await me.consent("native-app", *SELF_SERVE, **more))["code"]

    for shown, status in (("verifier", 200), ("another", 400)):
        form = {
            "grant_type": "authorization_code",
            "client_id": "native-app",
            "code": await code(),
            "redirect_uri": BACK,
            "code_verifier": shown,
        }
        answer = await me.running.http.post(f"{me.url}/oauth/v2/accessToken", data=form)
        assert answer.status_code == status


async def test_a_refresh_does_not_move_the_end(me: LinkedIn) -> None:
    first = await me.login("partners-app", "openid", "w_member_social", "w_organization_social")
    assert first["refresh_token_expires_in"] == 31_536_000
    await me.running.control("POST", "clock", advance=61 * 86_400)
    me.token = first["access_token"]
    refused = await me.share()
    assert (refused.status_code, refused.json()["serviceErrorCode"]) == (401, 65602)
    asked = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    fresh = (await me.form("accessToken", "partners-app", **asked)).json()
    assert fresh["refresh_token"] == first["refresh_token"]
    assert fresh["refresh_token_expires_in"] < 305 * 86_400
    me.token = fresh["access_token"]
    assert (await me.share()).status_code == 201
    assert (await me.form("accessToken", "another-app", **asked)).status_code == 400
    await me.running.control("POST", "clock", advance=280 * 86_400)
    last = (await me.form("accessToken", "partners-app", **asked)).json()
    assert last["expires_in"] <= last["refresh_token_expires_in"] < 25 * 86_400
    await me.running.control("POST", "clock", advance=25 * 86_400)
    assert (await me.form("accessToken", "partners-app", **asked)).json()["error"] == "invalid_grant"


async def test_other_scopes_void_older_tokens(me: LinkedIn) -> None:
    demo, first = me.token, (await me.login("strangers-app", *SELF_SERVE))["access_token"]
    same = (await me.login("strangers-app", *SELF_SERVE))["access_token"]
    me.token = first
    assert (await me.share("one")).status_code == 201
    await me.login("strangers-app", "w_member_social")
    for token in (first, same):
        me.token = token
    refused = await me.share("two")
    assert (refused.status_code, refused.json()["serviceErrorCode"]) == (401, 65601)
    me.token = demo
    assert (await me.share("three")).status_code == 201


async def test_introspection_and_revocation(me: LinkedIn) -> None:
    token = (await me.login("strangers-app", *SELF_SERVE))["access_token"]
    told = (await me.form("introspectToken", token=token)).json()
    assert (told["active"], told["status"], told["auth_type"]) == (True, "active", "3L")
    assert told["expires_at"] - told["created_at"] == 5_184_000
    assert (await me.form("introspectToken", "another-app", token=token)).json() == {"active": False}
    assert (await me.form("introspectToken", token="nonsense")).json() == {"active": False}
    for _ in range(2):
        gone = await me.form("revoke", token=token)
        assert (gone.status_code, gone.content) == (200, b"")
    assert (await me.form("introspectToken", token=token)).json()["status"] == "revoked"
    assert (await me.form("revoke")).status_code == 400


@pytest.mark.parametrize(
    ("header", "number"),
    [("", 65604), ("Bearer nonsense", 65600), ("Basic eDp5", 65604)],
)
async def test_no_token_that_works(me: LinkedIn, header: str, number: int) -> None:
    answer = await me.call("GET", "/v2/userinfo", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["serviceErrorCode"]) == (401, number)


async def test_the_token_in_the_query(me: LinkedIn) -> None:
    query = {"oauth2_access_token": me.token}
    answer = await me.call("GET", "/v2/userinfo", headers={"Authorization": ""}, params=query)
    assert answer.status_code == 200


async def test_the_identity_token_is_signed(me: LinkedIn) -> None:
    token = (await me.login("strangers-app", *SELF_SERVE))["id_token"]
    head, claims, signature = token.split(".")
    discovered = (await me.running.http.get(f"{me.url}/oauth/.well-known/openid-configuration")).json()
    (key,) = (await me.running.http.get(discovered["jwks_uri"])).json()["keys"]
    numbers = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"]))
    signed = f"{head}.{claims}".encode()
    numbers.public_key().verify(raw(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    said: dict[str, Any] = json.loads(raw(claims))
    assert (said["iss"], said["aud"]) == (discovered["issuer"], "strangers-app")
    assert f"urn:li:person:{said['sub']}" == me.id
    assert said["email"] == "demo@example.com"
    assert json.loads(raw(head)) == {"alg": "RS256", "kid": key["kid"], "typ": "JWT"}
    assert "id_token" not in await me.login("strangers-app", "w_member_social")


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    return int.from_bytes(raw(text), "big")

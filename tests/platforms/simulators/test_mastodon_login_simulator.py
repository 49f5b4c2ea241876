"""Mastodon's apps, consent and tokens, what the server says of itself, and its media."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.mastodon import Mastodon, bad, good

BACK = "https://app.example/back"
SCOPES = "profile write:statuses write:media read:statuses"
VERIFIER = "v" * 43

net = demo_account(Mastodon)


async def registered(net: Mastodon, **more: Any) -> dict[str, Any]:
    form = {
        "client_name": "My app",
        "redirect_uris": BACK,
        "scopes": SCOPES,
        "website": "https://app.example",
    }
    return good(await net.open("POST", "/api/v1/apps", data=form | more))


async def asked(net: Mastodon, app: dict[str, Any], **more: str) -> dict[str, str]:
    """What the consent page sends the browser back with."""
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": BACK,
        "scope": SCOPES,
        "state": "s",
    }
    answer = await net.open(
        "GET",
        "/oauth/authorize",
        params=query | {"sandbox_decision": "approve"} | more,
        follow_redirects=False,
    )
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def redeemed(net: Mastodon, app: dict[str, Any], code: str, **more: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return await net.open("POST", "/oauth/token", data=form | keys | more)


async def test_from_app_to_token_and_its_end(net: Mastodon) -> None:
    app = await registered(net)
    assert (app["client_secret_expires_at"], app["redirect_uris"]) == (0, [BACK])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    back = await asked(net, app, code_challenge=challenge, code_challenge_method="S256")
    assert back["state"] == "s"
    bad(await redeemed(net, app, back["code"]), 400, "invalid_grant")
    bad(await redeemed(net, app, back["code"], redirect_uri="https://else.example"), 400, "invalid_grant")
    given = good(await redeemed(net, app, back["code"], code_verifier=VERIFIER))
    assert set(given) == {"access_token", "token_type", "scope", "created_at"}
    assert (given["token_type"], given["scope"]) == ("Bearer", SCOPES)
    bad(await redeemed(net, app, back["code"], code_verifier=VERIFIER), 400, "invalid_grant")

    header = {"authorization": f"Bearer {given['access_token']}"}
    me = good(await net.open("GET", "/api/v1/accounts/verify_credentials", headers=header))
    assert (me["id"], me["username"], me["source"]["privacy"]) == (net.number, "demo", "public")
    about = good(await net.open("GET", "/api/v1/apps/verify_credentials", headers=header))
    assert (about["name"], about["scopes"]) == ("My app", SCOPES.split())
    form = {
        "token": given["access_token"],
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
    }
    other = await registered(net)
    stranger = form | {"client_id": other["client_id"], "client_secret": other["client_secret"]}
    bad(await net.open("POST", "/oauth/revoke", data=stranger), 403, "unauthorized_client")
    for _ in range(2):
        assert good(await net.open("POST", "/oauth/revoke", data=form)) == {}
    bad(await net.open("GET", "/api/v1/accounts/verify_credentials", headers=header), 401, "revoked")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"client_name": ""}, "Name"),
        ({"redirect_uris": ""}, "Redirect URI"),
        ({"redirect_uris": "nowhere"}, "Redirect URI"),
        ({"scopes": "everything"}, "Scopes"),
    ],
)
async def test_an_app_that_is_not_registered(net: Mastodon, form: dict[str, str], words: str) -> None:
    whole = {"client_name": "a", "redirect_uris": BACK, "scopes": "read"} | form
    bad(await net.open("POST", "/api/v1/apps", data=whole), 422, words)


async def test_an_app_with_several_addresses(net: Mastodon) -> None:
    body = {"client_name": "a", "redirect_uris": [BACK, "urn:ietf:wg:oauth:2.0:oob"], "scopes": SCOPES}
    app = good(await net.open("POST", "/api/v1/apps", json=body))
    native = "urn:ietf:wg:oauth:2.0:oob"
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": native,
        "scope": SCOPES,
    }
    page = await net.open(
        "GET", "/oauth/authorize", params=query | {"sandbox_decision": "approve"}, follow_redirects=True
    )
    code = page.text.partition("Copy this code: ")[2].partition("<")[0].strip()
    assert good(await redeemed(net, app, code, redirect_uri=native))["access_token"]


async def test_what_the_consent_page_refuses(net: Mastodon) -> None:
    app = await registered(net, scopes="read")
    assert (await asked(net, app))["error"] == "invalid_scope"
    assert (await asked(net, app, scope="read", response_type="token"))[
        "error"
    ] == "unsupported_response_type"
    wrong = {"scope": "read", "code_challenge": "x", "code_challenge_method": "plain"}
    assert (await asked(net, app, **wrong))["error"] == "invalid_request"
    assert (await asked(net, app, scope="read", sandbox_decision="deny"))["error"] == "access_denied"
    for more in (
        {"client_id": "unknown"},
        {"client_id": app["client_id"], "redirect_uri": "https://evil.example"},
    ):
        answer = await net.open("GET", "/oauth/authorize", params={"response_type": "code", **more})
        assert answer.status_code in {400, 401}
        assert "location" not in answer.headers


async def test_an_app_that_the_server_forgot(net: Mastodon) -> None:
    app = await registered(net)
    code = (await asked(net, app))["code"]
    await net.fault("app_forgotten")
    bad(await redeemed(net, app, code), 401, "invalid_client")
    bad(await redeemed(net, app | {"client_secret": "wrong"}, code), 401, "invalid_client")
    bad(await redeemed(net, app, code, grant_type="password"), 400, "unsupported_grant_type")
    good(await redeemed(net, app, code))


async def test_an_older_server_knows_no_profile_and_no_proof(net: Mastodon) -> None:
    await net.older()
    bad(await net.open("GET", "/.well-known/oauth-authorization-server"), 404)
    form = {"client_name": "a", "redirect_uris": BACK, "scopes": SCOPES}
    bad(await net.open("POST", "/api/v1/apps", data=form), 422, "Scopes")
    scopes = SCOPES.replace("profile", "read:accounts")
    app = await registered(net, scopes=scopes)
    back = await asked(net, app, scope=scopes, code_challenge="x" * 43, code_challenge_method="S256")
    good(await redeemed(net, app, back["code"]))


async def test_tokens_without_an_account_or_a_scope(net: Mastodon) -> None:
    app = await registered(net, scopes="read")
    keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    token = good(await net.open("POST", "/oauth/token", data={"grant_type": "client_credentials", **keys}))
    header = {"authorization": f"Bearer {token['access_token']}"}
    good(await net.open("GET", "/api/v1/apps/verify_credentials", headers=header))
    bad(
        await net.open("GET", "/api/v1/accounts/verify_credentials", headers=header),
        422,
        "authenticated user",
    )
    code = (await asked(net, app, scope="read"))["code"]
    read = good(await redeemed(net, app, code))["access_token"]
    header = {"authorization": f"Bearer {read}"}
    good(await net.open("GET", "/api/v1/accounts/verify_credentials", headers=header))
    answer = await net.open("POST", "/api/v1/statuses", headers=header, json={"status": "a"})
    bad(answer, 403, "outside the authorized scopes")
    for wrong in ({}, {"authorization": "Bearer unknown"}, {"authorization": "Basic x"}):
        bad(await net.open("GET", "/api/v1/accounts/verify_credentials", headers=wrong), 401, "invalid")


async def test_what_the_server_says_of_itself(net: Mastodon) -> None:
    told = good(await net.open("GET", "/.well-known/oauth-authorization-server"))
    assert told["token_endpoint"] == f"{net.url}/oauth/token"
    assert (told["code_challenge_methods_supported"], "profile" in told["scopes_supported"]) == (
        ["S256"],
        True,
    )
    for version in ("v1", "v2"):
        for end in ("", "/"):
            body = good(await net.open("GET", f"/api/{version}/instance{end}"))
            assert body["version"] == "4.6.0"
    await net.fault("moved", times=2)
    bad(await net.open("GET", "/api/v2/instance"), 404)
    bad(await net.open("GET", "/api/v1/instance"), 404)
    found = good(
        await net.open("GET", "/.well-known/webfinger", params={"resource": "acct:demo@any.example"})
    )
    assert found["links"][0]["href"] == "https://mastodon.example/@demo"
    bad(
        await net.open("GET", "/.well-known/webfinger", params={"resource": "acct:nobody@any.example"}),
        404,
    )
    links = good(await net.open("GET", "/.well-known/nodeinfo"))["links"]
    assert good(await net.open("GET", urlsplit(links[0]["href"]).path))["software"]["name"] == "mastodon"
    user = good(await net.call("GET", "/oauth/userinfo"))
    assert user["preferred_username"] == "demo"
    assert good(await net.open("GET", "/api/v1/accounts/lookup?acct=demo"))["id"] == net.number


async def test_a_picture_is_ready_at_once(net: Mastodon) -> None:
    shown = good(await net.upload(description="A bear", focus="0.5,-0.25"))
    assert (shown["type"], shown["description"]) == ("image", "A bear")
    assert shown["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert shown["meta"]["original"]["size"] == "30x20"
    assert (await net.running.http.get(shown["url"])).headers["content-type"] == "image/png"
    changed = good(await net.call("PUT", f"/api/v1/media/{shown['id']}", data={"description": "A wolf"}))
    assert (changed["description"], changed["meta"]["focus"]["x"]) == ("A wolf", 0.5)
    await net.post("a", media_ids=[shown["id"]])
    for method in ("GET", "PUT"):
        bad(await net.call(method, f"/api/v1/media/{shown['id']}"), 404)
    bad(await net.call("DELETE", f"/api/v1/media/{shown['id']}"), 422, "currently used")
    bad(await net.call("POST", "/api/v1/statuses", json={"status": "b", "media_ids": [shown["id"]]}), 422)


@pytest.mark.parametrize(
    ("data", "kind", "type_"),
    [
        (media.mp4(seconds=2), "video/mp4", "video"),
        (media.gif(3), "image/gif", "gifv"),
        (b"ID3 sound", "audio/mpeg", "audio"),
    ],
    ids=["film", "animation", "sound"],
)
async def test_what_moves_or_sounds_is_worked_on(net: Mastodon, data: bytes, kind: str, type_: str) -> None:
    shown = good(await net.upload(data, kind), 202)
    assert (shown["type"], shown["url"]) == (type_, None)
    body = {"status": "a", "media_ids": [shown["id"]]}
    bad(await net.call("POST", "/api/v1/statuses", json=body), 422, "not finished processing")
    assert good(await net.call("GET", f"/api/v1/media/{shown['id']}"), 206)["url"] is None
    await net.advance(2)
    assert good(await net.call("GET", f"/api/v1/media/{shown['id']}"))["url"]
    bad(await (await net.as_other()).call("GET", f"/api/v1/media/{shown['id']}"), 404)
    mixed = {"status": "a", "media_ids": [shown["id"], await net.picture()]}
    bad(await net.call("POST", "/api/v1/statuses", json=mixed), 422, "already contains images")
    await net.post("a", media_ids=[shown["id"]])


async def test_the_old_address_waits(net: Mastodon) -> None:
    files = {"file": ("a.mp4", media.mp4(seconds=2), "video/mp4")}
    shown = good(await net.call("POST", "/api/v1/media", files=files))
    await net.post("a", media_ids=[shown["id"]])


async def test_media_that_the_server_does_not_take(net: Mastodon) -> None:
    bad(await net.upload(b"%PDF-1.4", "application/pdf"), 422, "content type is invalid")
    bad(await net.upload(b"nothing", "image/png"), 422, "content type is invalid")
    bad(await net.call("POST", "/api/v2/media", data={"description": "a"}), 422, "can't be blank")
    bad(await net.upload(description="x" * 1501), 422, "1500")
    good(
        await net.open(
            "PUT", "/_sandbox/limits", json={"image_bytes": 20, "image_pixels": 10, "video_pixels": 10}
        )
    )
    bad(await net.upload(), 422, "less than")
    good(await net.open("PUT", "/_sandbox/limits", json={"image_pixels": 599, "video_pixels": 10}))
    bad(await net.upload(), 422, "30x20 images")
    bad(await net.upload(media.mp4(seconds=2), "video/mp4"), 422, "videos are not supported")
    good(await net.open("PUT", "/_sandbox/limits", json={"image_bytes": 20, "video_bytes": 20}))
    bad(await net.upload(), 413)


async def test_media_that_come_to_nothing(net: Mastodon) -> None:
    await net.fault("thumbnail_failed")
    bad(await net.upload(), 500, "thumbnail")
    await net.fault("processing_failed")
    shown = good(await net.upload(), 202)
    await net.advance(5)
    bad(await net.call("GET", f"/api/v1/media/{shown['id']}"), 422)
    await net.fault("processing", seconds=30)
    late = good(await net.upload(), 202)
    assert (await net.call("GET", f"/api/v1/media/{late['id']}")).status_code == 206
    await net.advance(25 * 3600)
    bad(await net.call("GET", f"/api/v1/media/{late['id']}"), 404)
    good(await net.call("DELETE", f"/api/v1/media/{late['id']}"))
    bad(await net.call("DELETE", f"/api/v1/media/{late['id']}"), 404)


async def test_uploads_have_a_number_of_their_own(net: Mastodon) -> None:
    for number in range(31):
        answer = await net.upload()
        assert answer.status_code == (429 if number == 30 else 200)
    assert answer.headers["x-ratelimit-limit"] == "30"

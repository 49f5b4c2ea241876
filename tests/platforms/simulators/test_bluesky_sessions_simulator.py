"""The Bluesky simulator: sessions, tokens for other services, names, the DID directory."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.platforms.simulators.bluesky import Bluesky, error_of, speaker
from tests.platforms.simulators.helpers import Play, demo_account

CREATE, REFRESH, DELETE, GET = (
    f"com.atproto.server.{verb}Session" for verb in ("create", "refresh", "delete", "get")
)

me = demo_account(Bluesky)


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def test_by_every_name_and_with_both_passwords(me: Bluesky) -> None:
    app, main = me.account["appPassword"], me.account["password"]
    for identifier in (me.handle, me.handle.upper(), me.did, me.account["email"]):
        opened = (await me.post(CREATE, token=None, identifier=identifier, password=app)).json()
        assert (opened["did"], opened["handle"]) == (me.did, me.handle)
        (service,) = opened["didDoc"]["service"]
        assert service["serviceEndpoint"] == me.url
    access, refresh = claims(opened["accessJwt"]), claims(opened["refreshJwt"])
    assert access["scope"] == "com.atproto.appPass"
    assert access["exp"] - access["iat"] == 7_200
    assert refresh["exp"] - refresh["iat"] == 90 * 86_400
    assert (access["sub"], refresh["scope"]) == (me.did, "com.atproto.refresh")
    opened = (await me.post(CREATE, token=None, identifier=me.did, password=main)).json()
    assert claims(opened["accessJwt"])["scope"] == "com.atproto.access"
    about = (await me.get(GET, token=opened["accessJwt"])).json()
    assert (about["did"], about["active"], about["emailConfirmed"]) == (me.did, True, True)


async def test_wrong_passwords_and_codes_by_email(running: Play) -> None:
    me, second = await speaker(running), await speaker(running, 1)
    said = (401, "AuthenticationRequired", "Invalid identifier or password")
    for identifier, password in (
        (me.handle, "x"),
        ("nobody.example", "x"),
        (me.did, second.account["appPassword"]),
    ):
        assert error_of(await me.post(CREATE, token=None, identifier=identifier, password=password)) == said
    assert error_of(await me.post(CREATE, token=None, identifier=me.did))[:2] == (400, "InvalidRequest")
    login = {"identifier": second.did, "password": second.account["password"]}
    assert error_of(await me.post(CREATE, token=None, **login))[:2] == (401, "AuthFactorTokenRequired")
    coded = await me.post(CREATE, token=None, **login, authFactorToken="ABCDE-12345")
    assert coded.json()["emailAuthFactor"] is True


async def test_a_session_rotates_with_grace(me: Bluesky) -> None:
    first = (await me.post(REFRESH, token=me.refresh_token)).json()
    again = (await me.post(REFRESH, token=me.refresh_token)).json()
    assert claims(first["refreshJwt"])["jti"] == claims(again["refreshJwt"])["jti"]
    assert first["accessJwt"] != again["accessJwt"]
    # What is out already lives on to its end.
    assert (await me.get(GET)).status_code == 200
    await me.running.control("POST", "clock", advance=7_201)
    assert error_of(await me.get(GET)) == (400, "ExpiredToken", "Token has expired")
    assert error_of(await me.post(REFRESH, token=me.refresh_token))[1:] == (
        "ExpiredToken",
        "Token has been revoked",
    )
    assert (await me.post(REFRESH, token=first["refreshJwt"])).status_code == 200
    await me.running.control("POST", "clock", advance=91 * 86_400)
    late = await me.post(REFRESH, token=again["refreshJwt"])
    assert error_of(late)[1] == "ExpiredToken"


async def test_ending_a_session(me: Bluesky) -> None:
    assert (await me.post(DELETE, token=me.refresh_token)).status_code == 200
    assert error_of(await me.post(REFRESH, token=me.refresh_token)) == (
        400,
        "ExpiredToken",
        "Token has been revoked",
    )
    assert (await me.get(GET)).status_code == 200
    # The sandbox hands out a pair that works again.
    fresh = (await me.running.accounts("bluesky"))[0]
    assert (await me.post(REFRESH, token=fresh["refreshToken"])).status_code == 200


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, (401, "AuthMissing")),
        ("Basic abc", (400, "InvalidToken")),
        ("Bearer abc", (400, "InvalidToken")),
        ("Bearer a.b.c", (400, "InvalidToken")),
        ("DPoP abc", (401, "invalid_token")),
    ],
)
async def test_what_is_no_token(me: Bluesky, header: str | None, error: tuple[int, str]) -> None:
    shown = {"authorization": header} if header else {}
    answer = await me.call("GET", GET, token=None, headers=shown)
    assert error_of(answer)[:2] == error
    assert ("www-authenticate" in answer.headers) is (error[1] == "invalid_token")
    # Reading needs none, but one that is shown must work.
    read = await me.call(
        "GET", "app.bsky.actor.getProfile", token=None, headers=shown, params={"actor": me.did}
    )
    assert (read.status_code == 200) is (header is None)


async def test_each_token_for_its_own_purpose(me: Bluesky) -> None:
    assert error_of(await me.get(GET, token=me.refresh_token)) == (400, "InvalidToken", "Bad token scope")
    assert error_of(await me.post(REFRESH)) == (400, "InvalidToken", "Bad token scope")
    changed = me.token[:-2] + ("AA" if me.token[-2:] != "AA" else "BB")
    assert error_of(await me.get(GET, token=changed))[1] == "InvalidToken"


async def test_tokens_for_other_services(me: Bluesky) -> None:
    name = "com.atproto.server.getServiceAuth"
    now = claims(me.token)["iat"]
    token = (await me.get(name, aud="did:web:video.bsky.app", lxm="app.bsky.video.getUploadLimits")).json()[
        "token"
    ]
    said = claims(token)
    assert (said["iss"], said["aud"], said["lxm"]) == (
        me.did,
        "did:web:video.bsky.app",
        "app.bsky.video.getUploadLimits",
    )
    assert said["exp"] - said["iat"] == 60
    for wrong in (
        {"exp": now + 3_700},
        {"exp": now - 100},
        {"exp": now + 600, "lxm": None},
        {"exp": "soon"},
    ):
        query = {"aud": "did:web:x", "lxm": "a.b.c", **wrong}
        answer = await me.get(name, **{key: value for key, value in query.items() if value is not None})
        assert answer.status_code == 400
    assert error_of(await me.get(name, aud="did:web:x", lxm="a.b.c", exp=now + 3_700))[1] == "BadExpiration"
    assert error_of(await me.get(name))[1] == "InvalidRequest"
    # Such a token opens nothing at home.
    assert error_of(await me.get(GET, token=token))[1] == "InvalidToken"


async def test_names(me: Bluesky) -> None:
    web = me.running.http
    resolve = "com.atproto.identity.resolveHandle"
    assert (await me.get(resolve, handle=me.handle, token=None)).json() == {"did": me.did}
    assert error_of(await me.get(resolve, handle="nobody.example"))[2] == "Unable to resolve handle"
    document = (await web.get(f"{me.url}/{me.did}")).json()
    assert document["alsoKnownAs"] == [f"at://{me.handle}"]
    assert document["service"][0]["serviceEndpoint"] == me.url
    assert (await me.get("com.atproto.identity.resolveDid", did=me.did)).json()["didDoc"] == document
    assert error_of(await me.get("com.atproto.identity.resolveDid", did="did:plc:x"))[1] == "DidNotFound"
    for unknown in ("did:plc:x", "nothing"):
        assert (await web.get(f"{me.url}/{unknown}")).status_code == 404
    known = await web.get(f"{me.url}/.well-known/atproto-did", headers={"host": me.handle})
    assert known.text == me.did
    assert (await web.get(f"{me.url}/.well-known/atproto-did")).status_code == 404
    server = (await me.get("com.atproto.server.describeServer", token=None)).json()
    own = (await web.get(f"{me.url}/.well-known/did.json")).json()
    assert own["id"] == server["did"]
    assert own["id"].startswith("did:web:127.0.0.1%3A")
    assert (await me.get("_health", token=None)).json() == {"version": "0.4.217"}


async def test_a_client_that_keeps_the_networks_names_is_not_led_away(me: Bluesky) -> None:
    body = {"identifier": me.did, "password": me.account["appPassword"]}
    for host, shown in (
        ("bsky.social", me.url),
        ("morel.us-east.host.bsky.network", me.url),
        ("pds.local:81", "http://pds.local:81"),
    ):
        answer = await me.running.http.post(f"{me.url}/xrpc/{CREATE}", json=body, headers={"host": host})
        assert answer.json()["didDoc"]["service"][0]["serviceEndpoint"] == shown


async def test_a_server_that_sends_no_document(me: Bluesky) -> None:
    await me.running.fault("bluesky", "no_did_doc", times=1)
    body = {"identifier": me.did, "password": me.account["appPassword"]}
    assert "didDoc" not in (await me.post(CREATE, token=None, **body)).json()
    assert "didDoc" in (await me.post(CREATE, token=None, **body)).json()


async def test_secrets_are_not_in_the_record_of_requests(me: Bluesky) -> None:
    opened = await me.post(CREATE, token=None, identifier=me.did, password=me.account["appPassword"])
    kept = json.dumps(await me.running.control("GET", "requests?platform=bluesky"))
    assert me.account["appPassword"] not in kept
    assert opened.json()["accessJwt"] not in kept
    assert opened.json()["refreshJwt"] not in kept

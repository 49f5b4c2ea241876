"""Finding a Mastodon server, registering an app there, and taking an account in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.scripted_mastodon import (
    INSTANCE,
    INSTANCE_V1,
    ME,
    SERVER,
    Script,
    instance,
    run_on,
)

from polypost import clock
from polypost.errors import PlatformError, RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.platforms.base import App, Grant, Tokens
from polypost.platforms.mastodon import CONNECTOR
from polypost.platforms.mastodon.spec import OLD_SCOPES, SCOPES

pytestmark = pytest.mark.anyio

METADATA, APPS = "GET /.well-known/oauth-authorization-server", "POST /api/v1/apps"
FINGER, APP_OF = "GET /.well-known/webfinger", "GET /api/v1/apps/verify_credentials"
APP = App("client-1", "secret-1")
BACK = "https://polypost.example/v1/connect/mastodon/callback"
NEWER = {"scopes_supported": ["read", *SCOPES], "code_challenge_methods_supported": ["S256"]}
NOWHERE = (404, {"error": "Not Found"})


@pytest.mark.parametrize(
    "named",
    [
        "example.social",
        " Example.Social. ",
        "https://example.social",
        "https://example.social/@polly/123",
        "example.social/@polly",
        "polly@example.social",
        "@polly@example.social",
        "http://example.social/about",
    ],
)
async def test_what_a_person_may_write(net: Script, named: str) -> None:
    assert await CONNECTOR.find_server(net.http, named) == SERVER


@pytest.mark.parametrize(
    "named",
    ["", "polly", "localhost", "127.0.0.1", "[::1]", "http://[", "example.social:3000", "a b.example", "@", "x" * 300 + ".social",
     "exa\u2028mple.social", "https://", "-a.example", "example.1"],
)  # fmt: skip
async def test_what_is_no_server(net: Script, named: str) -> None:
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.find_server(net.http, named)
    assert refused.value.code == "no_server"
    assert net.calls == {}


async def test_names_of_other_alphabets(net: Script) -> None:
    assert await CONNECTOR.find_server(net.http, "münchen.example") == "xn--mnchen-3ya.example"


async def test_an_older_server_answers_the_first_version(net: Script) -> None:
    net.on(INSTANCE, NOWHERE)
    net.on(INSTANCE_V1, (200, {"uri": SERVER, "version": "3.5.3"}))
    assert await CONNECTOR.find_server(net.http, SERVER) == SERVER


async def test_the_api_may_stand_elsewhere_than_the_handle_says(net: Script) -> None:
    net.on(INSTANCE, NOWHERE, (200, instance()))
    net.on(INSTANCE_V1, NOWHERE)
    links = [
        {"rel": "self", "href": "https://other.example/users/polly"},
        {"rel": "http://webfinger.net/rel/profile-page", "href": "https://social.example.org/@polly"},
    ]
    net.on(FINGER, (200, {"links": links}))
    assert await CONNECTOR.find_server(net.http, "polly@example.org") == "social.example.org"
    assert net.calls[FINGER][0].fields == {"resource": "acct:polly@example.org"}


async def test_a_redirect_leads_to_the_api_as_well(net: Script) -> None:
    there = {"location": "https://social.example.org/api/v2/instance"}
    net.on(INSTANCE, (301, b"", there), (200, instance()))
    assert await CONNECTOR.find_server(net.http, "example.org") == "social.example.org"
    net.on(INSTANCE, NOWHERE, (200, instance()))
    net.on(INSTANCE_V1, NOWHERE)
    net.on(FINGER, (302, b"", {"location": "https://web.example.org/.well-known/webfinger"}))
    assert await CONNECTOR.find_server(net.http, "polly@example.org") == "web.example.org"


async def test_servers_that_point_at_each_other_come_to_an_end(net: Script) -> None:
    net.on(INSTANCE, *[(301, b"", {"location": f"https://s{n}.example/"}) for n in range(9)])
    with pytest.raises(Rejected):
        await CONNECTOR.find_server(net.http, SERVER)
    assert len(net.calls[INSTANCE]) < 9


@pytest.mark.parametrize(
    "location", ["http://10.0.0.1/", "https://localhost/", "https://a.example:8443/", "file:///x", "/"]
)
async def test_nobody_is_led_to_what_is_no_server(net: Script, location: str) -> None:
    net.on(INSTANCE, (301, b"", {"location": location}))
    net.on(INSTANCE_V1, NOWHERE)
    with pytest.raises(Rejected):
        await CONNECTOR.find_server(net.http, SERVER)
    assert len(net.calls[INSTANCE]) == 1


@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, {"version": "1"}), (200, []), (401, {}), NOWHERE])
async def test_another_web_server_is_none(net: Script, answer: Any) -> None:
    net.on(INSTANCE, answer)
    net.on(INSTANCE_V1, answer)
    net.on(FINGER, (200, {"links": ["x", {"href": 1}, {"href": "https://localhost/"}]}))
    with pytest.raises(Rejected) as refused:
        await CONNECTOR.find_server(net.http, f"polly@{SERVER}")
    assert refused.value.code == "no_server"


@pytest.mark.parametrize(("answer", "kind"), [((502, b"<html>"), Unavailable), ((429, {}), RateLimited)])
async def test_a_server_in_trouble_is_not_taken_for_none(
    net: Script, answer: Any, kind: type[PlatformError]
) -> None:
    net.on(INSTANCE, answer)
    with pytest.raises(kind):
        await CONNECTOR.find_server(net.http, SERVER)


@pytest.mark.parametrize(
    ("metadata", "scopes", "pkce"),
    [
        ((200, NEWER), SCOPES, True),
        (NOWHERE, OLD_SCOPES, False),
        ((200, b"<html>"), OLD_SCOPES, False),
        ((200, {"scopes_supported": ["read", "write"]}), OLD_SCOPES, False),
        ((200, {**NEWER, "code_challenge_methods_supported": ["plain"]}), SCOPES, False),
    ],
)
async def test_consent_asks_for_what_the_server_has(
    net: Script, metadata: Any, scopes: tuple[str, ...], pkce: bool
) -> None:
    net.on(METADATA, metadata)
    oauth = await CONNECTOR.consent(net.http, SERVER)
    assert (oauth.scopes, oauth.pkce) == (scopes, pkce)
    assert oauth.authorize_url == f"https://{SERVER}/oauth/authorize"
    net.on(APPS, (200, {"client_id": "c", "client_secret": "s", "client_secret_expires_at": 0}))
    app = await CONNECTOR.register(net.http, SERVER, BACK)
    assert (app.client_id, app.client_secret) == ("c", "s")
    sent = {"client_name": "Polypost", "redirect_uris": BACK, "scopes": " ".join(scopes)}
    assert net.calls[APPS][0].fields == sent


async def test_addresses_that_an_answer_names_are_not_followed(net: Script) -> None:
    evil = {
        "authorization_endpoint": "https://evil.example/a",
        "token_endpoint": "https://evil.example/t",
    }
    net.on(METADATA, (200, NEWER | evil))
    oauth = await CONNECTOR.consent(net.http, SERVER)
    assert "evil" not in oauth.authorize_url + oauth.token_url


@pytest.mark.parametrize("answer", [(422, {"error": "Validation failed"}), (503, {}), (200, {}), (403, {})])
async def test_a_server_that_registers_nothing(net: Script, answer: Any) -> None:
    net.on(METADATA, (200, NEWER))
    net.on(APPS, answer)
    with pytest.raises(PlatformError):
        await CONNECTOR.register(net.http, SERVER, BACK)


async def test_a_flow_without_a_server_is_refused(net: Script) -> None:
    with pytest.raises(Rejected):
        await CONNECTOR.login.exchange(net.http, APP, Grant("code-1", BACK))


async def test_without_an_app_or_a_server_there_is_nobody_to_tell_of_an_end(net: Script) -> None:
    await CONNECTOR.login.revoke(net.http, App("", ""), Tokens("token-1", extra={"server": SERVER}))
    await CONNECTOR.login.revoke(net.http, APP, Tokens("token-1"))
    assert net.calls == {}


async def test_a_pasted_token(net: Script) -> None:
    net.on(ME, (200, {"id": "42", "username": "polly"}))
    net.on(APP_OF, (200, {"name": "My app", "scopes": ["read", "write"]}))
    tokens = await CONNECTOR.adopt(net.http, SERVER, " token-9\n")
    assert tokens == Tokens(
        "token-9", scopes=("read", "write"), extra={"server": SERVER, "application": "My app"}
    )
    assert {call.headers["authorization"] for line in net.calls.values() for call in line} == {
        "Bearer token-9"
    }
    # A server before 4.3 does not tell the scopes.
    net.on(APP_OF, (200, {"name": "My app"}))
    assert (await CONNECTOR.adopt(net.http, SERVER, "token-9")).scopes == ()
    net.on(APP_OF, NOWHERE)
    assert (await CONNECTOR.adopt(net.http, SERVER, "token-9")).extra == {"server": SERVER}


@pytest.mark.parametrize(
    ("token", "me", "scopes", "code"),
    [
        ("", (200, {}), [], "token_refused"),
        ("two words", (200, {}), [], "token_refused"),
        ("a\r\nb", (200, {}), [], "token_refused"),
        ("é", (200, {}), [], "token_refused"),
        ("token-9", (401, {"error": "The access token is invalid"}), [], "token_refused"),
        ("token-9", (403, {"error": "outside the authorized scopes"}), [], "token_refused"),
        ("token-9", (200, {}), ["read"], "token_refused"),
        ("token-9", (200, {}), ["read", "write:statuses"], "token_refused"),
        ("token-9", (502, b""), [], "platform_unavailable"),
    ],
)
async def test_a_pasted_token_without_use(
    net: Script, token: str, me: Any, scopes: list[str], code: str
) -> None:
    net.on(ME, me)
    net.on(APP_OF, (200, {"name": "My app", "scopes": scopes}))
    with pytest.raises(PlatformError) as refused:
        await CONNECTOR.adopt(net.http, SERVER, token)
    assert refused.value.code == code


async def test_whose_account_it_is_and_what_its_server_allows(net: Script) -> None:
    shown = {
        "id": "42",
        "username": "polly",
        "display_name": "",
        "url": f"https://{SERVER}/@polly",
        "avatar": "x",
    }
    net.on(ME, (200, shown))
    media = {"image_size_limit": 1000, "supported_mime_types": ["image/png"], "description_limit": True}
    net.on(
        INSTANCE,
        (200, instance(statuses={"max_characters": 5000}, media_attachments=media, polls="none")),
    )
    (found,) = await CONNECTOR.identify(run_on(net))
    assert (found.id, found.username, found.name) == (f"42@{SERVER}", f"polly@{SERVER}", "polly")
    assert (found.profile_url, found.image_url) == (f"https://{SERVER}/@polly", None)
    known = dict(found.metadata)
    assert clock.now() - clock.parse_stamp(known.pop("limitsReadAt")) < timedelta(minutes=1)
    assert known == {
        "server": SERVER,
        "version": "4.6.0",
        "apiVersion": 10,
        "limits": {"text_characters": 5000, "image_bytes": 1000},
        "mimeTypes": ["image/png"],
    }


async def test_other_software_tells_less(net: Script) -> None:
    net.on(ME, (200, {"id": "9xYz", "username": "polly", "display_name": "Polly"}))
    net.on(INSTANCE, NOWHERE)
    net.on(
        INSTANCE_V1,
        (200, {"uri": SERVER, "version": "2.7.2 (compatible; Pleroma 2.6.0)", "max_toot_chars": 5000}),
    )
    (found,) = await CONNECTOR.identify(run_on(net))
    assert (found.id, found.metadata["apiVersion"]) == (f"9xYz@{SERVER}", None)
    assert found.metadata["limits"] == {"text_characters": 5000}


@pytest.mark.parametrize(
    "answer", [(200, {"username": "polly"}), (200, {"id": 42, "username": "polly"}), (200, b"")]
)
async def test_an_account_without_a_name_is_none(net: Script, answer: Any) -> None:
    net.on(ME, answer)
    with pytest.raises(Unavailable):
        await CONNECTOR.identify(run_on(net))


async def test_a_token_without_a_server_goes_nowhere(net: Script) -> None:
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.identify(run_on(net, extra={}))
    assert net.calls == {}

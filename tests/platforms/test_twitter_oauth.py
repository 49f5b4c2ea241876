"""X: connecting, renewing and ending an authorisation."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from datetime import timedelta

import pytest
from tests.platforms.scripted_twitter import ME, TOKEN, Script, run_on, tell

from polypost import clock
from polypost.errors import NotSent, RateLimited, ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import App, Deletes, Grant, Tokens
from polypost.platforms.twitter import CONNECTOR

APP, PUBLIC = App("client", "secret"), App("client", "")
GRANT = Grant("code-1", "https://polypost.example.com/v1/connect/twitter/callback", "verifier-1")
OLD = Tokens("access-1", "refresh-1", scopes=("tweet.write",))
GIVEN = {
    "token_type": "bearer",
    "expires_in": 7200,
    "access_token": "access-2",
    "scope": "tweet.write users.read",
    "refresh_token": "refresh-2",
}
REVOKE = "POST /2/oauth2/revoke"


def refused(description: str, error: str = "invalid_request") -> dict[str, str]:
    return {"error": error, "error_description": description}


DEAD = refused("Value passed for the token was invalid.")
NO_HEADER = refused("Missing valid authorization header", "unauthorized_client")


def test_a_code_is_redeemed_in_the_apps_name() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        net.on(TOKEN, (200, GIVEN))
        tokens = await CONNECTOR.login.exchange(http, APP, GRANT)
        asked = net.asked[0]
        assert asked.form == {
            "grant_type": "authorization_code",
            "code": "code-1",
            "redirect_uri": GRANT.redirect_uri,
            "code_verifier": "verifier-1",
        }
        scheme, _, pair = asked.headers["authorization"].partition(" ")
        assert (scheme, b64decode(pair)) == ("Basic", b"client:secret")
        assert (tokens.access_token, tokens.refresh_token) == ("access-2", "refresh-2")
        assert tokens.scopes == ("tweet.write", "users.read")
        assert tokens.access_expires_at is not None
        left = tokens.access_expires_at - clock.now()
        assert timedelta(minutes=119) < left <= timedelta(hours=2)

    tell(story)


def test_an_app_without_a_secret_names_itself_in_the_form() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        net.on(TOKEN, (200, GIVEN))
        await CONNECTOR.login.refresh(http, PUBLIC, OLD)
        assert net.asked[0].form == {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": "client",
        }
        assert "authorization" not in net.asked[0].headers

    tell(story)


def test_refreshing_gives_a_new_pair() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        net.on(TOKEN, (200, GIVEN), (200, {"access_token": "access-3"}))
        tokens = await CONNECTOR.login.refresh(http, APP, OLD)
        assert (tokens.access_token, tokens.refresh_token) == ("access-2", "refresh-2")
        tokens = await CONNECTOR.login.refresh(http, APP, OLD)
        assert (tokens.access_token, tokens.refresh_token, tokens.scopes) == (
            "access-3",
            "refresh-1",
            OLD.scopes,
        )
        assert tokens.access_expires_at is None

    tell(story)


@pytest.mark.parametrize(
    ("answer", "on_exchange", "on_refresh"),
    [
        ((400, DEAD), Rejected, ReconnectRequired),
        ((400, refused("Value passed for the authorization code was invalid.")), Rejected, ReconnectRequired),
        ((400, b"<html>"), Rejected, Unavailable),
        ((401, {"title": "Unauthorized"}), Rejected, Unavailable),
        ((401, NO_HEADER), Rejected, Rejected),
        ((400, refused("No such app", "invalid_client")), Rejected, Rejected),
        ((429, {"title": "Too Many Requests"}), RateLimited, RateLimited),
        ((500, b""), Unavailable, Unavailable),
        ((200, b"<html>"), Unavailable, Unavailable),
        ((200, {"access_token": ""}), Unavailable, Unavailable),
    ],
)
def test_refusals(answer: object, on_exchange: type[Exception], on_refresh: type[Exception]) -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        net.on(TOKEN, answer)  # type: ignore[arg-type]  # answers of several shapes
        with pytest.raises(on_exchange) as exchange:
            await CONNECTOR.login.exchange(http, APP, GRANT)
        assert type(exchange.value) is on_exchange
        with pytest.raises(on_refresh) as refresh:
            await CONNECTOR.login.refresh(http, APP, OLD)
        assert type(refresh.value) is on_refresh

    tell(story)


def test_a_wrong_secret_is_the_operators_matter_and_not_the_accounts() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        net.on(TOKEN, (401, NO_HEADER))
        with pytest.raises(Rejected) as refresh:
            await CONNECTOR.login.refresh(http, APP, OLD)
        assert refresh.value.code == "platform_setup"
        with pytest.raises(Rejected) as exchange:
            await CONNECTOR.login.exchange(http, APP, GRANT)
        assert exchange.value.code == "platform_setup"

    tell(story)


def test_without_a_refresh_token_nothing_is_asked() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(http, APP, Tokens("access-1"))
        assert net.asked == []

    tell(story)


def test_revoking_ends_both_tokens_even_dead_ones() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        assert isinstance(CONNECTOR, Deletes)
        net.on(REVOKE, (400, DEAD), (200, {"revoked": True}))
        await CONNECTOR.login.revoke(http, APP, OLD)
        assert [asked.form for asked in net.of(REVOKE)] == [
            {"token": "refresh-1", "token_type_hint": "refresh_token"},
            {"token": "access-1", "token_type_hint": "access_token"},
        ]
        net.on(REVOKE, (503, b""))
        with pytest.raises(Unavailable):
            await CONNECTOR.login.revoke(http, APP, OLD)

    tell(story)


def test_who_am_i() -> None:
    async def story(net: Script, http: NetworkClient) -> None:
        me = {
            "id": "12",
            "name": "Polly Post",
            "username": "polly",
            "profile_image_url": "https://pbs.example.com/polly.jpg",
            "subscription_type": "Premium",
            "verified": True,
        }
        net.on(ME, (200, {"data": me}), (200, {"data": {"id": "12"}}), (401, {"title": "Unauthorized"}))
        (account,) = await CONNECTOR.identify(run_on(http))
        assert (account.id, account.username, account.name) == ("12", "polly", "Polly Post")
        assert account.profile_url == "https://x.com/polly"
        assert account.image_url == "https://pbs.example.com/polly.jpg"
        assert account.metadata == {"subscription_type": "Premium"}
        assert "subscription_type" in net.asked[0].query["user.fields"]
        with pytest.raises(Unavailable):
            await CONNECTOR.identify(run_on(http))
        with pytest.raises(TokenExpired):
            await CONNECTOR.identify(run_on(http))

    tell(story)


def test_a_network_that_is_away_stays_the_clients_error() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        networks = Networks({"twitter": f"http://127.0.0.1:{port}"})
        with pytest.raises(NotSent):
            await CONNECTOR.login.refresh(networks.client("twitter"), APP, OLD)
        await networks.aclose()

    asyncio.run(main())

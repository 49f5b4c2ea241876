"""Bluesky: finding an account's server, opening a session there, renewing and ending it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.sandboxed_bluesky import APP, Room, post
from tests.platforms.scripted_bluesky import (
    CREATE,
    DID,
    DOCUMENT,
    EXTRA,
    OTHER,
    PROFILE,
    REFRESH,
    RESOLVE,
    SERVER,
    SESSION,
    Script,
    document,
    jwt,
    run_on,
    session,
    wrong,
)

from polypost.errors import (
    NoAnswer,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.base import Account, Deletes, Grant, SignsIn, Tokens
from polypost.platforms.bluesky import CONNECTOR

pytestmark = pytest.mark.anyio

OLD = Tokens("access-1", "refresh-1", extra=EXTRA)


def a_known_handle(net: Script) -> None:
    net.on(RESOLVE, (200, {"did": DID}))
    net.on(DOCUMENT, (200, document()))
    net.on(CREATE, (200, session()))


@pytest.mark.parametrize(
    "identifier", ["alice.bsky.social", " @Alice.bsky.social ", "alice", "at://alice.bsky.social"]
)
async def test_by_handle(net: Script, identifier: str) -> None:
    a_known_handle(net)
    tokens = await CONNECTOR.sign_in(net.http, identifier, "abcd-efgh-ijkl-mnop")
    assert net.of(RESOLVE)[0].query == {"handle": "alice.bsky.social"}
    # By its DID, so that nobody who takes over the handle in between gets anything.
    assert net.of(CREATE)[0].json == {"identifier": DID, "password": "abcd-efgh-ijkl-mnop"}
    assert tokens.extra == {"pds": SERVER, "did": DID}
    assert tokens.scopes == ("com.atproto.appPass",)
    assert tokens.access_expires_at == datetime.fromtimestamp(2_000_000_000, UTC)
    assert tokens.refresh_expires_at == datetime.fromtimestamp(2_007_000_000, UTC)


async def test_by_did_and_by_a_domain_that_is_the_did(net: Script) -> None:
    net.on(DOCUMENT, (200, document()))
    net.on(CREATE, (200, session()), (200, session(did="did:web:example.com")))
    assert (await CONNECTOR.sign_in(net.http, DID, "p")).extra["pds"] == SERVER
    assert net.of(RESOLVE) == []
    net.on("GET /.well-known/did.json", (200, document("https://example.com", did="did:web:example.com")))
    tokens = await CONNECTOR.sign_in(net.http, "did:web:example.com", "p")
    assert tokens.extra == {"pds": "https://example.com", "did": "did:web:example.com"}


async def test_by_email_the_entryway_says_where_the_account_lives(net: Script) -> None:
    net.on(CREATE, (200, session(didDoc=document())), (200, session()))
    assert (await CONNECTOR.sign_in(net.http, "Alice@example.com", "p")).extra["pds"] == SERVER
    assert net.routes == [CREATE]
    assert net.asked[0].json["identifier"] == "alice@example.com"
    # A server of its own may leave the document out.
    net.on(DOCUMENT, (200, document("https://pds.example.com:8443/")))
    assert (await CONNECTOR.sign_in(net.http, "a@b.example", "p")).extra[
        "pds"
    ] == "https://pds.example.com:8443"


@pytest.mark.parametrize(
    "identifier", ["", "not a handle", "-.bsky.social", "did:key:z6Mk", "did:plc:short", "x" * 300]
)
async def test_what_is_no_name_is_asked_of_nobody(net: Script, identifier: str) -> None:
    with pytest.raises(Rejected):
        await CONNECTOR.sign_in(net.http, identifier, "p")
    assert net.asked == []


async def test_a_handle_that_nobody_has(net: Script) -> None:
    net.on(RESOLVE, (400, wrong("InvalidRequest", "Unable to resolve handle")))
    with pytest.raises(Rejected, match="no account with the handle"):
        await CONNECTOR.sign_in(net.http, "nobody.bsky.social", "p")


async def test_a_password_goes_only_where_handle_and_account_name_each_other(net: Script) -> None:
    a_known_handle(net)
    net.on(DOCUMENT, (200, document(handle="somebody.else.example")))
    with pytest.raises(Rejected, match="do not name each other"):
        await CONNECTOR.sign_in(net.http, "alice.bsky.social", "p")
    assert net.of(CREATE) == []


@pytest.mark.parametrize(
    "server",
    [
        "http://pds.example.com",
        "https://user:pass@pds.example.com",
        "https://pds.example.com/path",
        "https://pds.example.com?x=1",
        "ftp://pds.example.com",
        "https://",
        "https://[",
        "https://pds.example.com:99999",
        7,
        None,
    ],
)
async def test_servers_that_get_no_password(net: Script, server: Any) -> None:
    a_known_handle(net)
    net.on(DOCUMENT, (200, document(server)))
    with pytest.raises(Rejected, match="server"):
        await CONNECTOR.sign_in(net.http, "alice.bsky.social", "p")
    assert net.of(CREATE) == []


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((401, wrong("AuthenticationRequired", "Invalid identifier or password")), Rejected, "rejected"),
        ((401, wrong("AuthFactorTokenRequired")), Rejected, "rejected"),
        ((401, wrong("AccountTakedown")), Rejected, "account_restricted"),
        ((400, wrong("InvalidRequest")), Rejected, "rejected"),
        ((429, wrong("RateLimitExceeded")), RateLimited, "rate_limited"),
        ((500, b""), Unavailable, "platform_unavailable"),
        ((200, b"<html>"), Rejected, "rejected"),
        ((200, session(did=OTHER)), Rejected, "rejected"),
        ((200, {"did": DID}), Unavailable, "platform_unavailable"),
    ],
)
async def test_refusals(net: Script, answer: Any, error: type[Exception], code: str) -> None:
    a_known_handle(net)
    net.on(CREATE, answer)
    with pytest.raises(error) as refused:
        await CONNECTOR.sign_in(net.http, "alice.bsky.social", "p")
    assert refused.value.code == code


async def test_a_directory_in_trouble_and_an_unknown_did(net: Script) -> None:
    net.on(DOCUMENT, (503, b""), (404, {"message": "DID not registered"}), (200, document(did=OTHER)))
    with pytest.raises(Unavailable):
        await CONNECTOR.sign_in(net.http, DID, "p")
    for _ in range(2):
        with pytest.raises(Rejected, match="is not registered"):
            await CONNECTOR.sign_in(net.http, DID, "p")


async def test_renewing_gives_a_new_pair(net: Script) -> None:
    net.on(REFRESH, (200, session()))
    tokens = await CONNECTOR.login.refresh(net.http, APP, OLD)
    assert net.asked[0].headers["authorization"] == "Bearer refresh-1"
    assert net.asked[0].body == b""
    assert tokens.refresh_token == session()["refreshJwt"]
    assert tokens.extra == {"pds": SERVER, "did": DID}


async def test_a_lost_renewal_is_asked_for_again_at_once(net: Script) -> None:
    net.on(REFRESH, None, (200, session()))
    assert (await CONNECTOR.login.refresh(net.http, APP, OLD)).refresh_token == session()["refreshJwt"]
    net.on(REFRESH, None)
    with pytest.raises(NoAnswer):
        await CONNECTOR.login.refresh(net.http, APP, OLD)


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        ((400, wrong("ExpiredToken", "Token has been revoked")), ReconnectRequired, "token_expired"),
        ((400, wrong("InvalidToken")), ReconnectRequired, "refresh_rejected"),
        ((401, wrong("AccountTakedown")), ReconnectRequired, "refresh_rejected"),
        ((401, b""), Unavailable, ""),
        ((429, wrong("RateLimitExceeded")), RateLimited, ""),
        ((502, wrong("UpstreamFailure")), Unavailable, ""),
        ((200, b"<html>"), Unavailable, ""),
    ],
)
async def test_refused_renewals(net: Script, answer: Any, error: type[Exception], reason: str) -> None:
    net.on(REFRESH, answer)
    with pytest.raises(error) as refused:
        await CONNECTOR.login.refresh(net.http, APP, OLD)
    assert type(refused.value) is error
    assert getattr(refused.value, "reason", "") == reason


async def test_without_refresh_token_or_server_nothing_is_asked(net: Script) -> None:
    for tokens in (Tokens("a", extra=EXTRA), Tokens("a", "r")):
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(net.http, APP, tokens)
    assert net.asked == []


async def test_tokens_that_say_nothing_of_themselves_are_tokens_all_the_same(net: Script) -> None:
    for access in ("opaque", "a.b.c", f"a.{'e30'}.c", jwt(exp="soon")):
        net.on(REFRESH, (200, session(accessJwt=access)))
        tokens = await CONNECTOR.login.refresh(net.http, APP, OLD)
        assert (tokens.access_token, tokens.access_expires_at, tokens.scopes) == (access, None, ())


async def test_whose_session_it_is(net: Script) -> None:
    net.on(SESSION, (200, {"did": DID, "handle": "alice.bsky.social", "emailConfirmed": True}))
    net.on(
        PROFILE,
        (200, {"displayName": "Alice", "avatar": "https://cdn.example/a"}),
        (500, b""),
        (400, wrong("x")),
    )
    run = run_on(net)
    (account,) = await CONNECTOR.identify(run)
    assert (account.id, account.username, account.name) == (DID, "alice.bsky.social", "Alice")
    assert account.profile_url == "https://bsky.app/profile/alice.bsky.social"
    assert account.metadata == {"server": SERVER, "emailConfirmed": True}
    assert "authorization" not in net.of(PROFILE)[0].headers
    for _ in range(2):
        (account,) = await CONNECTOR.identify(run)
        assert (account.name, account.image_url) == ("alice.bsky.social", None)
    net.on(SESSION, (200, {"did": DID, "handle": "a.b", "active": False, "status": "suspended"}))
    with pytest.raises(Rejected, match="suspended"):
        await CONNECTOR.identify(run)
    net.on(SESSION, (400, wrong("ExpiredToken")), (200, {}))
    with pytest.raises(TokenExpired):
        await CONNECTOR.identify(run)
    with pytest.raises(Unavailable):
        await CONNECTOR.identify(run)


def test_what_it_can_do() -> None:
    assert isinstance(CONNECTOR, SignsIn)
    assert isinstance(CONNECTOR, Deletes)
    assert CONNECTOR.spec.oauth is None
    assert CONNECTOR.spec.own_servers


async def test_there_is_no_code_to_redeem(net: Script) -> None:
    with pytest.raises(Rejected, match="app password"):
        await CONNECTOR.login.exchange(net.http, APP, Grant("code", "https://polypost.example.com/"))
    assert net.asked == []


async def test_from_password_to_post_in_the_sandbox(room: Room) -> None:
    for name in (room.credentials["identifier"], room.account.id, room.credentials["email"]):
        tokens = await CONNECTOR.sign_in(room.http, name, room.credentials["appPassword"])
        assert tokens.extra == room.credentials["extra"]
        run = MemoryRun(room.http, Account(""), tokens.access_token, extra=tokens.extra)
        (account,) = await CONNECTOR.identify(run)
        assert (account.id, account.username) == (room.account.id, room.account.username)
        run.account = account
        await CONNECTOR.publish(run, post())
    with pytest.raises(Rejected, match="Invalid identifier or password"):
        await CONNECTOR.sign_in(room.http, room.credentials["identifier"], "wrong")
    await room.fault("no_did_doc")
    again = await CONNECTOR.sign_in(room.http, room.credentials["email"], room.credentials["appPassword"])
    assert again.extra["pds"] == room.credentials["extra"]["pds"]
    assert len(await room.posts()) == 3


async def test_a_session_rotates_and_can_be_ended(room: Room) -> None:
    first = await CONNECTOR.login.refresh(room.http, APP, room.tokens)
    again = await CONNECTOR.login.refresh(room.http, APP, room.tokens)
    assert first.refresh_token == again.refresh_token != room.tokens.refresh_token
    await room.order("clock", advance=timedelta(hours=2, seconds=1).total_seconds())
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, APP, room.tokens)
    await CONNECTOR.login.revoke(room.http, APP, first)
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, APP, first)
    await CONNECTOR.login.revoke(room.http, APP, Tokens("access", extra=EXTRA))

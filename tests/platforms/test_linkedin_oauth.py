"""Connecting and keeping a LinkedIn login, by what its app may ask for; and whose it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.sandboxed_linkedin import ORGANIZATION, SELF_SERVE, Room, post
from tests.platforms.scripted_linkedin import Script, run_on

from polypost import clock
from polypost.errors import PlatformError, ReconnectRequired, Rejected, TokenExpired, Unavailable
from polypost.platforms.linkedin import CONNECTOR
from polypost.platforms.linkedin.spec import OAUTH

pytestmark = pytest.mark.anyio

VETTED = (
    *OAUTH.scopes,
    "r_basicprofile",
    "w_organization_social",
    "r_organization_social",
    "rw_organization_admin",
)


async def test_connecting_with_a_self_serve_app(room: Room) -> None:
    grant = await room.consent(SELF_SERVE)
    tokens = await CONNECTOR.login.exchange(room.http, SELF_SERVE, grant)
    assert tokens.refresh_token is None
    assert set(tokens.scopes) == set(OAUTH.scopes)
    assert tokens.access_expires_at is not None
    assert timedelta(days=59) < tokens.access_expires_at - clock.now() <= timedelta(days=60)
    run = MemoryRun(room.http, room.account, tokens.access_token)
    (person,) = await CONNECTOR.identify(run)
    assert (person.id, person.kind) == (room.account.id, "person")
    assert person.name == "Demo account"
    assert person.username is None
    await CONNECTOR.publish(run, post())
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, SELF_SERVE, tokens)
    # A code is good for one exchange.
    with pytest.raises(Rejected, match="authorization code not found"):
        await CONNECTOR.login.exchange(room.http, SELF_SERVE, grant)


async def test_a_vetted_app_sees_the_organizations(room: Room) -> None:
    tokens = await CONNECTOR.login.exchange(room.http, room.app, await room.consent(room.app, VETTED))
    person, company = await CONNECTOR.identify(MemoryRun(room.http, room.account, tokens.access_token))
    assert (person.id, person.kind, person.username) == (room.account.id, "person", "demo")
    assert person.profile_url == "https://www.linkedin.com/in/demo/"
    assert (company.id, company.kind, company.name) == (ORGANIZATION, "organization", "Demo Company")
    assert company.profile_url == "https://www.linkedin.com/company/demo-company/"
    # Both share the login's token.
    assert person.tokens is None
    assert company.tokens is None
    await CONNECTOR.publish(MemoryRun(room.http, company, tokens.access_token), post())
    (shown,) = await room.posts()
    assert shown["accountId"] == ORGANIZATION


async def test_a_refresh_keeps_the_refresh_token_and_its_end(room: Room) -> None:
    tokens = await CONNECTOR.login.exchange(room.http, room.app, await room.consent(room.app, VETTED))
    await room.pass_time(timedelta(days=30))
    fresh = await CONNECTOR.login.refresh(room.http, room.app, tokens)
    assert fresh.access_token != tokens.access_token
    assert fresh.refresh_token == tokens.refresh_token
    assert fresh.refresh_expires_at is not None
    assert tokens.refresh_expires_at is not None
    assert abs(fresh.refresh_expires_at - tokens.refresh_expires_at) < timedelta(minutes=1)
    assert set(fresh.scopes) == set(VETTED)
    await CONNECTOR.identify(MemoryRun(room.http, room.account, fresh.access_token))
    await room.pass_time(timedelta(days=336))
    with pytest.raises(ReconnectRequired):
        await CONNECTOR.login.refresh(room.http, room.app, fresh)


async def test_an_expired_token_is_renewed_in_the_middle_of_a_story(room: Room) -> None:
    async def renew() -> str:
        return (await CONNECTOR.login.refresh(room.http, room.app, room.tokens)).access_token

    await room.pass_time(timedelta(days=61))
    await CONNECTOR.publish(room.run(renew=renew), post("Hello", room.picture()))
    assert len(await room.posts()) == 1


USERINFO, ME, ACLS = "GET /v2/userinfo", "GET /v2/me", "GET /rest/organizationAcls"
DENIED = (403, {"status": 403, "serviceErrorCode": 100, "message": "Not enough permissions"})


async def test_a_login_without_openid_is_known_by_its_basic_profile(net: Script) -> None:
    net.on(USERINFO, DENIED)
    names = {"localizedFirstName": "John", "localizedLastName": "Doe", "vanityName": "john"}
    net.on(ME, (200, {"id": "782bbtaQ", **names}))
    net.on(ACLS, DENIED)
    (person,) = await CONNECTOR.identify(run_on(net))
    assert (person.id, person.name, person.username) == ("urn:li:person:782bbtaQ", "John Doe", "john")


async def test_many_organizations_are_read_by_pages(net: Script) -> None:
    net.on(USERINFO, (200, {"sub": "x", "name": "John Doe", "locale": "en-US"}))
    net.on(ME, DENIED)
    full = [{"organization": f"urn:li:organization:{n}", "role": "ADMINISTRATOR"} for n in range(100)]
    rest = [{"organization": "urn:li:organization:200"}, {"organization": 7}, "nonsense"]
    net.on(ACLS, (200, {"elements": full}), (200, {"elements": rest}))
    for number in (*range(100), 200):
        net.on(f"GET /rest/organizations/{number}", (200, {"localizedName": f"O{number}"}))
    accounts = await CONNECTOR.identify(run_on(net))
    assert len(accounts) == 102
    assert accounts[-1].profile_url == "https://www.linkedin.com/company/200/"
    assert [asked.query["start"] for asked in net.of(ACLS)] == ["0", "100"]


@pytest.mark.parametrize("status", [403, 404])
async def test_an_organization_whose_name_may_not_be_read_is_offered_all_the_same(
    net: Script, status: int
) -> None:
    net.on(USERINFO, (200, {"sub": "x"}))
    net.on(ME, DENIED)
    net.on(ACLS, (200, {"elements": [{"organization": "urn:li:organization:7"}]}))
    net.on("GET /rest/organizations/7", (status, b""))
    _, company = await CONNECTOR.identify(run_on(net))
    assert (company.id, company.name, company.kind) == ("urn:li:organization:7", None, "organization")


@pytest.mark.parametrize(
    ("userinfo", "kind"),
    [
        ((401, {"serviceErrorCode": 65602}), TokenExpired),
        ((500, b""), Unavailable),
        ((200, {"name": "Nobody"}), Unavailable),
        (DENIED, ReconnectRequired),
    ],
)
async def test_a_login_that_tells_nothing(net: Script, userinfo: Any, kind: type[PlatformError]) -> None:
    net.on(USERINFO, userinfo)
    net.on(ME, DENIED)
    with pytest.raises(kind):
        await CONNECTOR.identify(run_on(net))

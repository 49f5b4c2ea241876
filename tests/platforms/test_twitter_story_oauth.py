"""Connecting and keeping an X account, against the simulator."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.sandboxed_twitter import Room, play
from tests.platforms.scripted_twitter import post

from polypost.errors import (
    ReconnectRequired,
    Rejected,
    TokenExpired,
)
from polypost.platforms.base import Account, App, Grant
from polypost.platforms.twitter import CONNECTOR
from polypost.platforms.twitter.spec import SPEC


def test_tokens_rotate_and_an_old_one_is_refused(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        fresh = await CONNECTOR.login.refresh(room.http, room.app, room.tokens)
        assert fresh.refresh_token not in {None, room.tokens.refresh_token}
        assert set(fresh.scopes) == set(SPEC.oauth.scopes)
        run = MemoryRun(room.http, room.account, fresh.access_token)
        await CONNECTOR.publish(run, post())
        with pytest.raises(ReconnectRequired) as refused:
            await CONNECTOR.login.refresh(room.http, room.app, room.tokens)
        assert type(refused.value) is ReconnectRequired

    play(tmp_path, story)


def test_an_expired_token_is_renewed_in_the_middle_of_a_story(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        async def renew() -> str:
            return (await CONNECTOR.login.refresh(room.http, room.app, room.tokens)).access_token

        await room.pass_time(timedelta(hours=3))
        await CONNECTOR.publish(room.run(renew=renew), post("Hello", room.picture()))
        assert len(await room.posts()) == 1

    play(tmp_path, story)


def test_a_revoked_authorisation_is_over(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await CONNECTOR.login.revoke(room.http, room.app, room.tokens)
        with pytest.raises(TokenExpired):
            await CONNECTOR.identify(room.run())
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(room.http, room.app, room.tokens)

    play(tmp_path, story)


async def _consent(room: Room, verifier: str) -> Grant:
    back = "http://127.0.0.1/v1/connect/twitter/callback"
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": room.app.client_id,
        "redirect_uri": back,
        "scope": " ".join(SPEC.oauth.scopes),
        "state": "s",
        "code_challenge": digest,
        "code_challenge_method": "S256",
    }
    form = {"sandbox_account": room.account.id, "sandbox_decision": "approve"}
    answer = await room.web.post(urlsplit(SPEC.oauth.authorize_url).path, params=query, data=form)
    return Grant(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0], back, verifier)


def test_connecting(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        verifier = "v" * 43
        tokens = await CONNECTOR.login.exchange(room.http, room.app, await _consent(room, verifier))
        (account,) = await CONNECTOR.identify(MemoryRun(room.http, Account(""), tokens.access_token))
        assert (account.id, account.username) == (room.account.id, room.account.username)
        assert "subscription_type" in account.metadata
        grant = await _consent(room, verifier)
        await CONNECTOR.login.exchange(room.http, room.app, grant)
        with pytest.raises(Rejected):
            await CONNECTOR.login.exchange(room.http, room.app, grant)
        late = await _consent(room, verifier)
        await room.pass_time(timedelta(seconds=31))
        with pytest.raises(Rejected):
            await CONNECTOR.login.exchange(room.http, room.app, late)
        other = await _consent(room, "w" * 43)
        with pytest.raises(Rejected):
            await CONNECTOR.login.exchange(
                room.http, room.app, Grant(other.code, other.redirect_uri, verifier)
            )

    play(tmp_path, story)


def test_a_wrong_secret_is_the_operators_matter(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        with pytest.raises(Rejected) as refused:
            await CONNECTOR.login.refresh(room.http, App(room.app.client_id, "wrong"), room.tokens)
        assert refused.value.code == "platform_setup"

    play(tmp_path, story)

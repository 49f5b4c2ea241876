"""Connecting a channel, keeping its token alive, and giving it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.sandboxed_youtube import Room, play

from polypost.errors import NoAnswer, PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Account, App, Grant
from polypost.platforms.youtube import CONNECTOR

APP = App("app", "app-secret")
CALLBACK = "https://polypost.example/v1/connect/youtube/callback"
SCOPES = CONNECTOR.spec.oauth.scopes if CONNECTOR.spec.oauth else ()


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Any], None]:
    return lambda story: play(tmp_path, story)


async def consent(room: Room, app: App = APP, **more: str) -> Grant:
    oauth = CONNECTOR.spec.oauth
    assert oauth is not None
    asked = {
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": oauth.scope_separator.join(oauth.scopes),
        "state": "s",
        "sandbox_decision": "approve",
        **oauth.authorize_extra,
        **more,
    }
    page = await room.web.get(httpx2.URL(oauth.authorize_url).path, params=asked)
    assert page.status_code == 302, page.text
    back = httpx2.URL(page.headers["location"])
    assert back.params["state"] == "s"
    return Grant(back.params["code"], CALLBACK)


def test_the_channel_of_a_login(tell: Callable[[Any], None]) -> None:
    async def story(room: Room) -> None:
        (account,) = await CONNECTOR.identify(room.run())
        assert (account.id, account.username) == (room.account.id, "demo")
        assert account.profile_url == "https://www.youtube.com/@demo"
        assert account.metadata == {"uploads": f"UU{account.id[2:]}", "long_uploads": "allowed"}

    tell(story)


def test_connecting_again_brings_a_refresh_token_again(tell: Callable[[Any], None]) -> None:
    async def story(room: Room) -> None:
        for _ in range(2):
            tokens = await CONNECTOR.login.exchange(room.http, APP, await consent(room))
            assert tokens.refresh_token is not None
        unforced = await CONNECTOR.login.exchange(
            room.http, APP, await consent(room, prompt="select_account")
        )
        assert unforced.refresh_token is None
        with pytest.raises(ReconnectRequired):
            await CONNECTOR.login.refresh(room.http, APP, unforced)

    tell(story)


def test_an_account_without_a_channel(tell: Callable[[Any], None]) -> None:
    async def story(room: Room) -> None:
        await room.fault("no_channel")
        with pytest.raises(Rejected) as refused:
            await CONNECTOR.identify(room.run())
        assert refused.value.code == "no_account"

    tell(story)


@asynccontextmanager
async def answering(status: int, body: Any) -> AsyncIterator[NetworkClient]:
    """A network that gives every call the same answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ),
            0,
        )
        await reader.readexactly(length)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} -\r\ncontent-length: {len(raw)}\r\nconnection: close\r\n\r\n".encode() + raw
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    networks = Networks({"youtube": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
    async with server:
        try:
            yield networks.client("youtube")
        finally:
            await networks.aclose()


def outcome(status: int, body: Any, call: Callable[[NetworkClient], Any]) -> Any:
    async def main() -> Any:
        async with answering(status, body) as http:
            try:
                return await call(http)
            except (PlatformError, NoAnswer) as error:
                return error

    return asyncio.run(main())


def identifying(http: NetworkClient) -> Any:
    return CONNECTOR.identify(MemoryRun(http, Account("UC1"), "token"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"kind": "youtube#channelListResponse"}, Rejected),
        ({"kind": "youtube#channelListResponse", "items": []}, Rejected),
        ({"kind": "youtube#channelListResponse", "items": ["?"]}, Rejected),
        ({}, Unavailable),
    ],
)
def test_lists_without_a_channel(body: Any, error: type[PlatformError]) -> None:
    assert type(outcome(200, body, identifying)) is error


def test_a_channel_without_a_handle() -> None:
    (account,) = outcome(
        200, {"items": [{"id": "UCx", "snippet": {"title": "T", "customUrl": None}}]}, identifying
    )
    assert (account.username, account.name, account.profile_url) == (
        None,
        "T",
        "https://www.youtube.com/channel/UCx",
    )

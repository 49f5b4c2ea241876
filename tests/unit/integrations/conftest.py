"""A network of its own on a loopback socket, with single-use refresh tokens, and a connector that speaks to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from datetime import date, timedelta
from urllib.parse import parse_qsl

import pytest

from polypost import clock
from polypost.errors import RateLimited, ReconnectRequired, Rejected, Unavailable
from polypost.integrations import Apps, Vault
from polypost.outbound import Networks
from polypost.platforms import base


class FakeNetwork:
    """A token endpoint. `mode` is ok, refuse, down, busy, lost (nothing done) or lost_after (done, unanswered)."""

    def __init__(self):
        self.mode = "ok"
        self.life = 7200
        self.scopes = "read write"
        self.accounts = [{"id": "42", "username": "ada", "name": "Ada"}]
        self.refresh_token = "refresh-0"
        self.requests = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                (
                    int(line.split(":")[1])
                    for line in head.lower().split("\r\n")
                    if line.startswith("content-length")
                ),
                0,
            )
            form = dict(parse_qsl((await reader.readexactly(length)).decode()))
            path = head.split(" ")[1]
            self.requests.append((path, form))
            await self.gate.wait()
            status, body = self._answer(path, form)
            if status is not None:
                payload = json.dumps(body).encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n"
                    f"content-length: {len(payload)}\r\n\r\n".encode()
                    + payload
                )
                await writer.drain()
        writer.close()

    def _answer(self, path, form):
        if path == "/me":
            return 200, self.accounts
        if self.mode == "lost":
            return None, {}
        if self.mode in {"down", "busy"}:
            return {"down": 503, "busy": 429}[self.mode], {}
        if self.mode == "refuse":
            return 400, {}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh_token:
                return 400, {}
            self.refresh_token = f"refresh-{len(self.requests)}"
        if self.mode == "lost_after":
            return None, {}
        return 200, {
            "access_token": f"access-{len(self.requests)}",
            "refresh_token": self.refresh_token,
            "expires_in": self.life,
            "scope": self.scopes,
        }


class FakeConnector(base.Connector):
    """Speaks to FakeNetwork; publishes nothing."""

    options = base.Options

    def __init__(self, *, rotates=True, pkce=True):
        self.spec = base.Spec(
            id="fake",
            text_limit="text",
            name="Fake",
            availability="prod",
            api_version=base.ApiVersion("1", None, "test"),
            oauth=base.OAuth2(
                authorize_url="https://fake.example/oauth/authorize?kind=user",
                token_url="https://fake.example/oauth/token",
                scopes=("read", "write"),
                pkce=pkce,
                authorize_extra={"prompt": "consent"},
                refresh_rotates=rotates,
            ),
            hosts={},
            limits={"text": base.Limit(10, "characters", "test", date(2026, 1, 1))},
            media_types={},
            reconcile_kind="N",
            retry_when_absent="never",
            post_kinds=("text",),
        )

    @property
    def login(self):
        return self

    def check(self, draft):
        return []

    async def exchange(self, http, app, grant):
        try:
            return await self._token(
                http,
                grant_type="authorization_code",
                code=grant.code,
                redirect_uri=grant.redirect_uri,
                code_verifier=grant.verifier or "",
            )
        except ReconnectRequired as refused:
            raise Rejected("Fake refused the code.") from refused

    async def refresh(self, http, app, tokens):
        return await self._token(http, grant_type="refresh_token", refresh_token=tokens.refresh_token)

    async def _token(self, http, **form):
        answer = await http.request("POST", self.spec.oauth.token_url, data=form)
        if answer.status_code == 429:
            raise RateLimited(clock.now() + timedelta(seconds=30))
        if answer.status_code >= 500:
            raise Unavailable("Fake is down.")
        if answer.status_code != 200:
            raise ReconnectRequired("Fake does not know this token.", reason="token_expired")
        body = answer.json()
        return base.Tokens(
            body["access_token"],
            body["refresh_token"],
            access_expires_at=clock.now() + timedelta(seconds=body["expires_in"]),
            scopes=tuple(body["scope"].split()),
        )

    async def identify(self, session):
        answer = await session.http.request("GET", "https://fake.example/me")
        return [base.Account(**account) for account in answer.json()]

    async def publish(self, run, post):
        return base.Proof("1")

    async def reconcile(self, run, post, attempt):
        return base.Absent()


class World:
    """A store, the network, and everything that connects them."""

    def __init__(self, store, net, connector):
        self.store = store
        self.net = net
        self.connector = connector
        self.vault = Vault(os.urandom(32))
        self.networks = Networks({"fake": net.url})
        self.app = base.App("client", "secret", id=None)
        self._opened = []

    @property
    def apps(self):
        return Apps(self.vault, lambda platform: self.app, connectors=self.connectors)

    def connectors(self, platform):
        return self.connector if platform == "fake" else None

    def make(self, room, *further):
        """An instance of TokenSource or Connect."""
        made = room(self.store, self.vault, self.networks, self.apps, *further, connectors=self.connectors)
        self._opened.append(made)
        return made

    async def close(self):
        for made in self._opened:
            if hasattr(made, "aclose"):
                await made.aclose()
        await self.networks.aclose()


@pytest.fixture
def in_world(with_store):
    """Run a coroutine function with a World: `in_world(story)`."""

    def run(story, **options):
        async def main(store):
            net = FakeNetwork()
            await net.start()
            world = World(store, net, FakeConnector(**options))
            try:
                await story(world)
            finally:
                net.gate.set()
                await world.close()
                await net.stop()

        with_store(main)

    return run

"""A person's own post with the same words, made with another app at the same time, is not ours (RELIABILITY R1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.platforms.run import MemoryRun
from tests.platforms.simulators.helpers import Play, play

from polypost.errors import OutcomeUnknown
from polypost.integrations import AccountSession
from polypost.outbound import NetworkClient, Networks
from polypost.platforms.base import Absent, Account, App, Found, Grant, Post, Tokens
from polypost.platforms.registry import connector

BACK = "https://other.example/back"


@dataclass
class Both:
    """One account of a network as two apps know it: ours, and one that its owner uses besides."""

    platform: str
    running: Play
    http: NetworkClient
    account: Account
    ours: Tokens
    theirs: Tokens

    def run(self, tokens: Tokens) -> MemoryRun:
        known = replace(self.account, tokens=None)
        return MemoryRun(self.http, known, tokens.access_token, extra=tokens.extra)

    def post(self, text: str, target: str = "tgt_1") -> Post:
        network = connector(self.platform)
        assert network is not None
        return Post(target, text, (), network.options.model_validate({}), {})

    async def looked_for(self, text: str, fault: str) -> Any:
        """What a look finds after the answer to our call was lost in this way."""
        network = connector(self.platform)
        assert network is not None
        await self.running.fault(self.platform, fault, times=1)
        run = self.run(self.ours)
        with pytest.raises(OutcomeUnknown):
            await network.publish(run, self.post(text))
        return await network.reconcile(run, self.post(text), run.attempts[-1])

    async def written_by_hand(self, text: str) -> None:
        network = connector(self.platform)
        assert network is not None
        await network.publish(self.run(self.theirs), self.post(text, "tgt_2"))


async def other_app(platform: str, url: str) -> tuple[App, str]:
    """Another app on the network, and where its consent page is."""
    if platform == "facebook":
        return App("3505", "its-secret"), f"{url}/v26.0/dialog/oauth"
    async with httpx2.AsyncClient(trust_env=False) as web:
        form = {"client_name": "Tusky", "redirect_uris": BACK, "scopes": "read write"}
        made = (await web.post(f"{url}/api/v1/apps", data=form)).json()
    return App(made["client_id"], made["client_secret"]), f"{url}/oauth/authorize"


async def two_apps(platform: str, running: Play, networks: Networks) -> Both:
    entry = (await running.accounts(platform))[0]
    network, http = connector(platform), networks.client(platform)
    assert network is not None
    app, consent = await other_app(platform, running.info.urls[platform])
    scopes = "read write" if platform == "mastodon" else ",".join(entry["scopes"])
    asked = {"client_id": app.client_id, "redirect_uri": BACK, "scope": scopes, "response_type": "code"}
    async with httpx2.AsyncClient(trust_env=False) as web:
        sent = await web.get(consent, params=asked | {"sandbox_decision": "approve"})
    assert "location" in sent.headers, sent.text
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    server = entry.get("extra", {}).get("server")
    tokens = await network.login.exchange(http, app, Grant(code, BACK, None, server=server))
    if platform == "mastodon":
        # What our own connector calls itself is not what this app is called.
        tokens = replace(tokens, extra={**tokens.extra, "application": "Tusky"})
    found = await network.identify(AccountSession.of_login(http, tokens))
    account = next(each for each in found if each.id == entry["platformUserId"])
    ours = Tokens(entry["accessToken"], scopes=tuple(entry["scopes"]), extra=entry.get("extra", {}))
    return Both(platform, running, http, account, ours, account.tokens or tokens)


@pytest.mark.parametrize("platform", ["facebook", "mastodon"])
def test_only_what_our_app_made_is_taken_for_ours(platform: str, tmp_path: Path) -> None:
    async def story(running: Play) -> None:
        networks = Networks(running.info.urls)
        try:
            both = await two_apps(platform, running, networks)
            await both.written_by_hand("The same words")
            # Facebook refuses to repeat the last post.
            await both.written_by_hand("Something between")
            assert await both.looked_for("The same words", "reset_before") == Absent()
            assert isinstance(await both.looked_for("Other words", "lost_answer"), Found)
            assert len(await running.posts(platform)) == 3
        finally:
            await networks.aclose()

    play(tmp_path, story)

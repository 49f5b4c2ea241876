"""The sandbox with LinkedIn's first demo member and the organization this member administers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests import media
from tests.platforms import sandboxed
from tests.platforms.run import MemoryFile

from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, App, Grant, Post
from polypost.platforms.linkedin import CONNECTOR
from polypost.platforms.linkedin.spec import OAUTH

BACK = "http://127.0.0.1/v1/connect/linkedin/callback"
ORGANIZATION = "urn:li:organization:5000001"
SELF_SERVE = App("sandbox-self-serve-app", "any")


class Room(sandboxed.Room):
    """The running sandbox; `account` is whom `run` publishes for, `token` what it shows."""

    platform = "linkedin"
    shape: ClassVar[dict[str, Any]] = {"size": 100_000}

    @classmethod
    async def known(cls, entry: Mapping[str, Any], http: NetworkClient) -> Account:
        return Account(entry["platformUserId"], entry["username"], kind="person")

    def company(self) -> Room:
        """The same member acting for the organization."""
        return replace(self, account=Account(ORGANIZATION, "demo-company", kind="organization"))

    async def self_serve(self) -> Room:
        """The same member, connected to an app that LinkedIn has not vetted."""
        tokens = await CONNECTOR.login.exchange(self.http, SELF_SERVE, await self.consent(SELF_SERVE))
        return replace(self, token=tokens.access_token)

    async def consent(
        self, app: App, scopes: tuple[str, ...] = OAUTH.scopes, account: str | None = None
    ) -> Grant:
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": BACK,
            "scope": " ".join(scopes),
            "state": "s",
        }
        form = {
            "sandbox_account": account or self.credentials["platformUserId"],
            "sandbox_decision": "approve",
        }
        answer = await self.web.post(urlsplit(OAUTH.authorize_url).path, params=query, data=form)
        return Grant(parse_qs(urlsplit(answer.headers["location"]).query)["code"][0], BACK)

    def document(self, name: str = "a.pdf") -> MemoryFile:
        return self.file(name, media.pdf())


def post(text: str = "Hello", *files: MemoryFile, **options: Any) -> Post:
    """A post with options in their wire form."""
    return Post("t1", text, files, CONNECTOR.options.model_validate(options))

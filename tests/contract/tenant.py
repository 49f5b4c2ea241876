"""A project of its own on a running world: key, accounts connected by consent, and what it sees."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2
from sqlalchemy import Connection

from polypost import access
from polypost.storage import open_store
from tests.processes import World

T = TypeVar("T")
BACK = "http://localhost:9/back"


@dataclass(frozen=True)
class Linked:
    """A connected account: our id, the network's id and its name there."""

    id: str
    platform: str
    user_id: str
    username: str


@dataclass
class Tenant:
    """A project; `client` carries its key."""

    world: World
    project_id: str
    key: str
    client: httpx2.Client
    accounts: list[Linked] = field(default_factory=list)

    def connect(self, platform: str) -> Linked:
        """Open a new account on the network and let the project in, as a person does in a browser."""
        opened = self.world.control("POST", "seed", json={"accounts": 1, "platform": platform})["accounts"][0]
        user = opened["platformUserId"]
        needed = {
            "facebook": {"redirectUri": BACK, "headless": "true"},
            "mastodon": {"server": "mastodon.example"},
        }
        asked = needed.get(platform, {})
        began = self.client.get(f"/v1/connect/{platform}", params=asked)
        assert began.status_code == 200, began.text
        if platform == "facebook":
            # The login has every Page of the sandbox: of them the new one.
            self._choose(began.json()["url"], user)
        else:
            done = visit(self.world, began.json()["url"], decision="approve", account=user)
            assert done.status_code == 200, done.text
        found = self.client.get("/v1/connect/integrations", params={"q": user}).json()
        (entry,) = found["integrations"]
        linked = Linked(entry["id"], platform, user, opened["username"])
        self.accounts.append(linked)
        return linked

    def _choose(self, url: str, account: str) -> None:
        with httpx2.Client(timeout=30, trust_env=False) as browser:
            callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
            away = urlsplit(browser.get(callback.headers["location"]).headers["location"])
        path = f"/v1/connect/facebook/selection/{parse_qs(away.query)['selectionToken'][0]}"
        chosen = self.client.post(path, json={"selectedAccountIds": [account]})
        assert chosen.status_code == 200, chosen.text

    def disconnect(self, account: Linked) -> dict[str, Any]:
        """Take the account away; no later entry is for it."""
        answer = self.client.delete(f"/v1/connect/integrations/{account.id}")
        assert answer.status_code == 200, answer.text
        self.accounts = [each for each in self.accounts if each.id != account.id]
        return dict(answer.json())

    def account(self, platform: str) -> Linked:
        """The first account of the network; connected when there is none yet."""
        return next((each for each in self.accounts if each.platform == platform), None) or self.connect(
            platform
        )

    def entry(self, platform: str = "twitter", **more: Any) -> dict[str, Any]:
        """A platform entry for the network's first account."""
        return {"platform": platform, "accountId": self.account(platform).id, **more}

    def body(self, text: str | None = None, *platforms: str, **more: Any) -> dict[str, Any]:
        """A create body with a text of its own, for X unless told otherwise; pictures where a network needs one."""
        chosen = platforms or ("twitter",)
        body: dict[str, Any] = {
            "content": words() if text is None else text,
            "platforms": [self.entry(name) for name in chosen],
        }
        if "instagram" in chosen:
            body["mediaItems"] = [{"type": "image", "url": self.world.demo_image()}]
        if not {"publishNow", "scheduledFor", "scheduledAt"} & set(more):
            body["publishNow"] = True
        return body | more

    def post(self, body: Any, **options: Any) -> httpx2.Response:
        """`POST /v1/posts`."""
        return self.client.post("/v1/posts", json=body, **options)

    def published(self, *platforms: str, **more: Any) -> dict[str, Any]:
        """A post that is out."""
        answer = self.post(self.body(None, *platforms, **more))
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "published", answer.text
        return dict(answer.json())

    def scheduled(self, *platforms: str, seconds: float = 3600, **more: Any) -> dict[str, Any]:
        """A post that waits for its hour."""
        answer = self.post(self.body(None, *platforms, scheduledFor=later(seconds), **more))
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "scheduled", answer.text
        return dict(answer.json())

    def get(self, post_id: str) -> dict[str, Any]:
        """A post as the API shows it."""
        answer = self.client.get(f"/v1/posts/{post_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["post"])

    def settle(self, *post_ids: str, seconds: float = 60.0) -> list[dict[str, Any]]:
        """Wait until these posts are final."""
        keys = self.world.key
        self.world.key = self.key
        try:
            found = self.world.settle(list(post_ids), seconds=seconds)
        finally:
            self.world.key = keys
        return [found[post_id] for post_id in post_ids]

    def used(self) -> int:
        """Credits that were paid."""
        return int(self.client.get("/v1/usage").json()["totalUsage"])

    def left(self) -> int:
        """Credits that are neither paid nor set aside."""
        return int(self.client.get("/v1/usage").json()["balance"]["purchased"]["remaining"])

    def fault(self, fault: str, account: Linked, **more: Any) -> None:
        """Trouble for one account on its network."""
        rule = {"platform": account.platform, "accountId": account.user_id, "fault": fault, **more}
        self.world.control("POST", "faults", json=rule)

    def on_network(self, text: str, platform: str | None = None) -> list[dict[str, Any]]:
        """What of a text has ever been visible."""
        return [each for each in self.world.visible(platform) if each["text"] == text]


def words() -> str:
    """A text that nobody has posted before."""
    return f"Contract {uuid.uuid4().hex}"


def later(seconds: float) -> str:
    """A time from now, in UTC."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def visit(world: World, url: str, *, decision: str, account: str | None = None) -> httpx2.Response:
    """Go through a consent page like a browser: from the page to the callback and wherever that leads."""
    params = {"sandbox_decision": decision} | ({"sandbox_account": account} if account else {})
    with httpx2.Client(follow_redirects=True, timeout=30, trust_env=False) as browser:
        return browser.get(httpx2.URL(url).copy_merge_params(params))


def operator(world: World, act: Callable[[Connection], T]) -> T:
    """What the operator of the server does to its store, beside the running server."""

    async def main() -> T:
        store = open_store(Path(world.env["POLYPOST_DATA"]), world.database_url)
        try:
            return await store.write(act)
        finally:
            await store.close()

    return asyncio.run(main())


def new_tenant(world: World, *, credits: int | None = None) -> Tenant:
    """A project with a key, and nothing else."""

    def make(db: Connection) -> tuple[str, str]:
        project = access.create_project(db, f"Project {uuid.uuid4().hex[:8]}", credits=credits)
        return project.id, access.create_key(db, project.id, name="contract")[1]

    project_id, key = operator(world, make)
    client = httpx2.Client(base_url=world.url, headers={"x-access-key": key}, timeout=60, trust_env=False)
    return Tenant(world, project_id, key, client)


def close(tenants: list[Tenant]) -> None:
    """Close what the tenants hold open."""
    for tenant in tenants:
        with suppress(RuntimeError):
            tenant.client.close()


def paths(answer: httpx2.Response) -> set[str]:
    """The paths a 400 names."""
    assert answer.status_code == 400, answer.text
    return {problem["path"] for problem in answer.json()["errors"]}

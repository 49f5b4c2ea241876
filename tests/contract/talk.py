"""Accounts and posts that others may comment on, and strangers who do."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.contract.tenant import Linked, Tenant
from tests.processes import World

BACK = "http://localhost:9/back"


def connected(tenant: Tenant, platform: str) -> Linked:
    """A new account of the tenant's on a network; of a Facebook login's Pages the new one."""
    if platform != "facebook":
        return tenant.connect(platform)
    opened = tenant.world.control("POST", "seed", json={"accounts": 1, "platform": platform})["accounts"][0]
    asked = {"redirectUri": BACK, "headless": "true"}
    url = tenant.client.get(f"/v1/connect/{platform}", params=asked).json()["url"]
    with httpx2.Client(timeout=30, trust_env=False) as browser:
        callback = browser.get(httpx2.URL(url).copy_merge_params({"sandbox_decision": "approve"}))
        away = urlsplit(browser.get(callback.headers["location"]).headers["location"])
    path = f"/v1/connect/{platform}/selection/{parse_qs(away.query)['selectionToken'][0]}"
    chosen = tenant.client.post(path, json={"selectedAccountIds": [opened["platformUserId"]]})
    assert chosen.status_code == 200, chosen.text
    (entry,) = chosen.json()["integrations"]
    linked = Linked(entry["id"], platform, opened["platformUserId"], opened["username"])
    tenant.accounts.append(linked)
    return linked


def account(tenant: Tenant, platform: str) -> Linked:
    """The tenant's first account on a network; connected when there is none yet."""
    known = next((each for each in tenant.accounts if each.platform == platform), None)
    return known or connected(tenant, platform)


def post_on(tenant: Tenant, by: Linked) -> str:
    """The network's id of a new post of the account."""
    entry = [{"platform": by.platform, "accountId": by.id}]
    made = tenant.published(by.platform, platforms=entry)
    return str(made["platforms"][0]["platformPostId"])


def query(tenant: Tenant, platform: str, **more: Any) -> dict[str, Any]:
    """What every call about comments and messages has, and more."""
    return {"platform": platform, "accountId": account(tenant, platform).id, **more}


def visitor(world: World, platform: str, post_id: str, text: str, **more: Any) -> dict[str, Any]:
    """Let a stranger comment."""
    body = {"platform": platform, "postId": post_id, "text": text, **more}
    return dict(world.control("POST", "comments", json=body))


def letter(tenant: Tenant, text: str, **more: Any) -> dict[str, Any]:
    """Let a stranger write to the tenant's Instagram account."""
    to = account(tenant, "instagram").user_id
    body = {"platform": "instagram", "accountId": to, "text": text, **more}
    return dict(tenant.world.control("POST", "messages", json=body))


def error(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an error in the shape of these paths."""
    body = answer.json()
    assert body["success"] is False
    assert body["message"]
    return answer.status_code, body["code"]

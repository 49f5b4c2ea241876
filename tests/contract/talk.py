"""Accounts and posts that others may comment on, and strangers who do."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.contract.tenant import Linked, Tenant
from tests.processes import World


def account(tenant: Tenant, platform: str) -> Linked:
    """The tenant's first account on a network; connected when there is none yet."""
    known = next((each for each in tenant.accounts if each.platform == platform), None)
    return known or tenant.connect(platform)


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

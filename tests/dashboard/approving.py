"""Asking for approval and deciding, as tests of the dashboard do it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from tests.contract.tenant import Linked, Tenant, words
from tests.dashboard.browser import Browser

Made = Callable[..., str]
ADDRESSES = itertools.count(1)


def asking(tenant: Tenant, author: Browser, account: Linked) -> Made:
    """A maker of drafts that wait for approval, by the author."""

    def make(text: str, **more: str) -> str:
        form = {"content": text, "account": account.id, "when": "now", "zone": "UTC", "once": words()[-30:]}
        answer = author.post(f"/{tenant.project_id}/compose", form | more)
        assert answer.status_code == 200, answer.text
        return answer.url.path.rpartition("/")[2]

    return make


def place(tenant: Tenant, *parts: str) -> str:
    return "/".join([f"/{tenant.project_id}/approvals", *parts])


def version(page: httpx2.Response) -> str:
    """What a page shows, as its forms name it."""
    return re.findall(r'name="version" value="(\w+)"', page.text)[0]


def approve(
    tenant: Tenant, editor: Browser, post_id: str, seen: str | None = None, **more: str
) -> httpx2.Response:
    """Approve what the page shows, or what it showed before."""
    shown = seen or version(editor.get(place(tenant, post_id)))
    return editor.post(place(tenant, post_id, "approve"), {"version": shown, **more})


def new_link(tenant: Tenant, editor: Browser, post_id: str, days: str = "7") -> str:
    """The path of a link for somebody without an account."""
    shown = version(editor.get(place(tenant, post_id)))
    page = editor.post(place(tenant, post_id, "links"), {"version": shown, "days": days})
    assert page.status_code == 200, page.text
    found = re.search(r"<code>https?://[^/]+(/dashboard/approve/[\w-]+)</code>", page.text)
    assert found, page.text
    return found[1]


def rewrite(tenant: Tenant, post_id: str, text: str, account: Linked, **more: Any) -> None:
    """The draft anew, by the API."""
    entry = {"platform": account.platform, "accountId": account.id, **more.pop("entry", {})}
    body = {"content": text, "platforms": [entry], **more}
    assert tenant.client.put(f"/v1/posts/drafts/{post_id}", json=body).status_code == 200


def soon(hours: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def nobody(tenant: Tenant) -> Browser:
    """Somebody who is not signed in, at an address of their own: answers are counted by address."""
    return Browser(tenant.world, address=f"127.0.1.{next(ADDRESSES)}")


def answered(browser: Browser, path: str, do: str, **more: str) -> httpx2.Response:
    """What a link says to an answer."""
    browser.get(path)
    return browser.post(path, {"name": "Carla", "comment": "", "do": do, **more})

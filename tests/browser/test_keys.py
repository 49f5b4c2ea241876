"""The keys of the keyboard, the mark of the server's health, and a session that ends while somebody writes without script."""

from __future__ import annotations

import re

from playwright.sync_api import StorageState, expect

from polypost.access import tables
from polypost.access.keys import digest
from tests.browser.conftest import Pages, apart
from tests.browser.look import faults
from tests.browser.people import PASSWORD
from tests.browser.scenes import HOME
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, operator, words

pytestmark = needs_chromium


def test_keys_lead_about(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    posts = [tenant.scheduled("twitter")["postId"] for _ in range(3)]
    page = new_page(owner)
    page.goto(f"{HOME}/{tenant.project_id}/accounts")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    assert faults(page) == []
    # Behind it nothing hears of keys.
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("/")
    page.wait_for_url("**/posts#q")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.press("c")
    expect(field).to_have_value("c")
    field.fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/posts/{posts[1]}")
    # Nothing typed is left behind.
    page.get_by_text("Reschedule").click()
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.url.endswith(posts[1])
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("heading", name="Post", exact=True).click()
    page.keyboard.press("Escape")
    page.wait_for_url("**/posts")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/calendar")
    page.go_back()
    page.go_back()
    page.wait_for_url(f"**/posts/{posts[1]}")
    page.keyboard.press("e")
    page.wait_for_url(f"**/compose?edit={posts[1]}")


def test_the_mark_of_health_comes_by_itself(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    page = new_page(owner)
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if each.url.endswith("/health") else None)
    page.goto(f"{HOME}/{tenant.project_id}/posts")
    mark = page.get_by_role("link", name="Health: All is well")
    expect(mark).to_be_visible()
    assert len(asked) == 1
    # The next page knows it, and asks nothing.
    page.goto(f"{HOME}/{tenant.project_id}/accounts")
    expect(mark).to_be_visible()
    page.wait_for_timeout(2000)
    assert len(asked) == 1
    mark.click()
    page.wait_for_url("**/health")


def test_without_script_what_was_typed_outlives_the_session(
    new_page: Pages, owner: StorageState, tenant: Tenant
) -> None:
    tenant.account("twitter")
    page, text = new_page(owner, java_script_enabled=False, allow={401}), words()
    page.goto(f"{HOME}/me")
    name = page.get_by_role("heading", level=1).inner_text()
    page.goto(f"{HOME}/{tenant.project_id}/compose?empty=1")
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("checkbox", name=re.compile("^X")).check()
    table = tables.sessions
    (secret,) = [each["value"] for each in page.context.cookies() if each["name"] == "polypost-session"]
    apart(
        lambda: operator(
            tenant.world, lambda db: db.execute(table.delete().where(table.c.hash == digest(secret))).rowcount
        )
    )
    page.locator("button.main").click()
    expect(page.get_by_role("alert")).to_contain_text("signed out")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(text)).to_be_visible()
    assert tenant.on_network(text) == []
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/posts/post_*")
    tenant.settle(page.url.rpartition("/")[2])
    assert len(tenant.on_network(text)) == 1

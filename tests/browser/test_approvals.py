"""An approval, in browsers: an author asks, an editor makes a link, and somebody without an account lets it go out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import StorageState, expect

from polypost.access import people
from tests.browser.conftest import Pages, apart
from tests.browser.hands import Keyboard, Mouse
from tests.browser.people import sign_up
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, operator, words

pytestmark = needs_chromium
HANDS = {"mouse": Mouse(), "keyboard": Keyboard(), "without script": Mouse()}


@pytest.mark.parametrize("how", HANDS)
def test_a_draft_goes_out_by_a_link(new_page: Pages, tenant: Tenant, owner: StorageState, how: str) -> None:
    hands, text, script = HANDS[how], words(), how != "without script"
    tenant.connect("twitter")
    invitation = apart(
        lambda: operator(
            tenant.world, lambda db: people.invite(db, "invite", project_id=tenant.project_id, role="author")
        )
    )
    author = new_page(java_script_enabled=script)
    author.goto(f"/dashboard/join/{invitation}")
    sign_up(author)
    hands.write(author.get_by_label("Text", exact=True), text)
    hands.tick(author.get_by_role("checkbox", name=re.compile("^X ·")))
    hands.write(author.get_by_label("A note to who approves it"), "For Carla")
    hands.press(author.locator(".foot-bar").get_by_role("button", name="Ask for approval"))
    author.wait_for_url("**/posts/post_*")
    expect(author.get_by_text("Waits for approval")).to_be_visible()

    editor = new_page(owner, java_script_enabled=script)
    editor.goto(f"/dashboard/{tenant.project_id}/posts")
    hands.press(editor.get_by_role("link", name="Approvals"))
    expect(editor.get_by_text("For Carla")).to_be_visible()
    hands.press(editor.get_by_role("link", name="Look and decide"))
    expect(editor.frame_locator("iframe").get_by_text(text).first).to_be_visible()
    hands.press(editor.get_by_text("Let somebody without an account decide"))
    hands.press(editor.get_by_role("button", name="Make a link"))
    link = urlsplit(editor.get_by_role("status").locator("code").inner_text()).path

    # A context of its own, as a private window is.
    guest = new_page(java_script_enabled=script)
    guest.goto(link)
    expect(guest.frame_locator("iframe").get_by_text(text).first).to_be_visible()
    name = guest.get_by_label("Your name")
    hands.write(name, "Carla")
    # The keys that press a button elsewhere decide nothing.
    for key in ("Enter", "Control+Enter"):
        name.press(key)
    assert tenant.on_network(text) == []
    hands.press(guest.get_by_role("button", name="Approve and publish"))
    expect(guest.get_by_text("This post was approved.")).to_be_visible()

    hands.press(editor.get_by_role("link", name="The post"))
    expect(editor.get_by_text("approved it").first).to_be_visible()
    post_id = urlsplit(editor.url).path.rpartition("/")[2]
    tenant.settle(post_id)
    assert len(tenant.on_network(text)) == 1
    guest.goto(link)
    expect(guest.get_by_text(text)).to_have_count(0)

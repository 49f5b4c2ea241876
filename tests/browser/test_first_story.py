"""The first story, in a browser: sign up, connect, write with a picture, one network refuses, mend it, all is out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Pages
from tests.browser.hands import Keyboard, Mouse
from tests.browser.people import PASSWORD
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, words

pytestmark = needs_chromium
HANDS = {"mouse": Mouse(), "keyboard": Keyboard(), "without script": Mouse()}


def network(page: Page, name: str) -> Locator:
    """The card of a network or of an account on it."""
    return page.get_by_role("region", name=re.compile(rf"^{name}\b"))


def connect(page: Page, hands: Mouse, name: str) -> None:
    """Give consent on the network's own page, which leads back."""
    hands.press(network(page, name).get_by_role("button", name="Connect", exact=True))
    hands.press(page.get_by_role("button", name="Allow"))
    expect(page.get_by_role("status")).to_contain_text(f"{name}: connected")


@pytest.mark.parametrize("how", HANDS)
def test_the_first_story(new_page: Pages, tenant: Tenant, link: str, how: str) -> None:
    hands, text = HANDS[how], words()
    script = how != "without script"
    page = new_page(java_script_enabled=script)
    page.goto(link)
    hands.write(page.get_by_label("Your name"), f"Grace {text[-8:]}")
    hands.write(page.get_by_label("A password"), PASSWORD)
    hands.press(page.get_by_role("button"))
    hands.press(page.get_by_role("link", name="Connect an account"))
    connect(page, hands, "X")
    connect(page, hands, "Threads")

    tenant.world.control("POST", "faults", json={"platform": "threads", "fault": "restricted", "times": 1})
    hands.press(page.get_by_role("link", name="Compose").first)
    hands.write(page.get_by_label("Text", exact=True), text)
    for name in ("X", "Threads"):
        hands.tick(page.get_by_role("checkbox", name=re.compile(rf"^{name} ·")))
    hands.write(page.get_by_label("Address of the file").first, tenant.world.demo_image())
    hands.write(page.get_by_label("What it shows").first, "Colours that run into each other")
    hands.press(page.get_by_role("button", name=re.compile("^Publish")).last)

    page.wait_for_url("**/posts/post_*")
    wait_for(page, page.get_by_text("Partly published"), live=script)
    failed = network(page, "Threads")
    expect(network(page, "X").get_by_text("Published", exact=True)).to_be_visible()
    expect(failed.get_by_text("Failed", exact=True)).to_be_visible()
    expect(failed.locator("p.problem").first).not_to_be_empty()
    mended = f"{text}, mended"
    hands.press(failed.get_by_text("Change it and try again").first)
    hands.write(failed.get_by_label("Text", exact=True), mended)
    hands.press(failed.get_by_role("button", name="Change it and try again"))
    wait_for(page, network(page, "Threads").get_by_text("Published", exact=True), live=script)
    assert len(tenant.on_network(text, "twitter")) == 1
    assert len(tenant.on_network(mended, "threads")) == 1


def wait_for(page: Page, what: Locator, *, live: bool) -> None:
    """Wait until it shows; without script by loading the page again."""
    for _ in range(60):
        if what.first.is_visible():
            return
        page.wait_for_timeout(250)
        if not live:
            page.reload()
    expect(what.first).to_be_visible()

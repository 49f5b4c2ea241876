"""Stories with script: a post is scheduled, moved, moved back and cancelled; tabs, sessions and servers come and go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect

from tests.browser.conftest import Pages
from tests.browser.hands import Keyboard, Mouse
from tests.browser.people import PASSWORD, sign_up
from tests.browser.scenes import HOME
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, words

pytestmark = needs_chromium
HANDS = {"mouse": Mouse(), "keyboard": Keyboard()}


@pytest.fixture
def context(browser: Browser, tenant: Tenant) -> Iterator[BrowserContext]:
    """A browser in which servers and sessions may be away."""
    tenant.account("twitter")
    made = browser.new_context(base_url=tenant.world.url, timezone_id="UTC")
    made.set_default_timeout(20_000)
    yield made
    made.close()


def hour_of(tenant: Tenant, post: str) -> str:
    """When it goes out, as the API says it."""
    return str(tenant.get(post)["scheduledFor"])[:16]


def day(page: Page, hour: datetime) -> Locator:
    """The cell of a day."""
    return page.locator(f"[data-cell='{hour.date()}']")


@pytest.mark.parametrize("how", HANDS)
def test_scheduled_moved_moved_back_and_cancelled(
    new_page: Pages, owner: StorageState, tenant: Tenant, tmp_path: Path, how: str
) -> None:
    tenant.account("twitter")
    hands, text = HANDS[how], words()
    # In the middle of a month that has not begun, so that the days beside it are on the same page.
    hour = (datetime.now(UTC) + timedelta(days=40)).replace(day=15, hour=9, minute=0)
    picture = tmp_path / "picture.png"
    Image.new("RGB", (800, 600), "teal").save(picture)
    page = new_page(owner, timezone_id="UTC")
    page.goto(f"{HOME}/{tenant.project_id}/compose?empty=1")
    hands.write(page.get_by_label("Text", exact=True), text)
    hands.tick(page.get_by_role("checkbox", name=re.compile("^X ·")))
    page.get_by_label("From this device").set_input_files(picture)
    expect(page.get_by_label("Address of the file").first).to_have_value(re.compile("/media/uploads/"))
    hands.tick(page.get_by_role("radio", name="At a set time"))
    # A field for an hour is typed in parts, in an order of the reader's; its value is what counts.
    page.get_by_label("Date and time", exact=True).fill(hour.strftime("%Y-%m-%dT%H:%M"))
    expect(page.locator("button.main")).to_have_text(re.compile(r"^Schedule for .*, 09:00$"))
    hands.press(page.locator("button.main"))
    page.wait_for_url("**/posts/post_*")
    post = page.url.rpartition("/")[2]
    assert hour_of(tenant, post) == hour.strftime("%Y-%m-%dT09:00")

    page.goto(f"{HOME}/{tenant.project_id}/calendar?day={hour.date()}")
    chip, later = page.locator(f"[data-post='{post}']"), hour + timedelta(days=1)
    if how == "mouse":
        chip.drag_to(day(page, later))
    else:
        hands.reach(chip)
        for key in ("m", "ArrowRight", "Enter"):
            page.keyboard.press(key)
    expect(page.get_by_text("Moved to")).to_be_visible()
    expect(day(page, later).locator(f"[data-post='{post}']")).to_be_visible()
    assert hour_of(tenant, post) == later.strftime("%Y-%m-%dT09:00")
    if how == "mouse":
        page.get_by_role("button", name="Undo").click()
    else:
        page.keyboard.press("Control+z")
    expect(page.get_by_text("Moved back.")).to_be_visible()
    expect(day(page, hour).locator(f"[data-post='{post}']")).to_be_visible()
    assert hour_of(tenant, post) == hour.strftime("%Y-%m-%dT09:00")

    hands.press(chip)
    hands.press(page.get_by_role("button", name="Cancel: back to a draft"))
    expect(page.get_by_role("region", name="The post").get_by_text("Draft", exact=True)).to_be_visible()
    assert tenant.get(post)["status"] == "draft"


def test_what_is_done_in_one_tab_is_seen_in_another(
    context: BrowserContext, tenant: Tenant, link: str
) -> None:
    hour = (datetime.now(UTC) + timedelta(days=40)).replace(day=15, hour=9, minute=0)
    made = tenant.post(tenant.body(None, scheduledFor=hour.strftime("%Y-%m-%dT%H:%M:%S"), timezone="UTC"))
    post = made.json()["postId"]
    first = context.new_page()
    first.goto(link)
    sign_up(first)
    second = context.new_page()
    first.goto(f"{HOME}/{tenant.project_id}/posts/{post}")
    second.goto(f"{HOME}/{tenant.project_id}/calendar?day={hour.date()}")
    expect(second.locator(f"[data-post='{post}']")).to_be_visible()
    first.get_by_role("button", name="Cancel: back to a draft").click()
    expect(second.locator(f"[data-post='{post}'].is-draft")).to_be_visible()


def test_a_page_goes_on_after_the_server_was_away(context: BrowserContext, tenant: Tenant, link: str) -> None:
    page = context.new_page()
    page.goto(link)
    sign_up(page)
    page.goto(f"{HOME}/{tenant.project_id}/posts")
    for away in (False, True):
        if away:
            tenant.world.server.stop()
            tenant.world.start_server()
        text = words()
        tenant.published(content=text)
        expect(page.get_by_text(text)).to_be_visible()


def test_a_session_that_ends_while_one_writes(context: BrowserContext, tenant: Tenant, link: str) -> None:
    name, text = f"Person {words()[-8:]}", words()
    page, other = context.new_page(), context.new_page()
    page.goto(link)
    sign_up(page, name)
    page.goto(f"{HOME}/{tenant.project_id}/compose?empty=1")
    page.get_by_role("checkbox", name=re.compile("^X ·")).check()
    page.get_by_label("Text", exact=True).fill(text)
    other.goto(f"{HOME}/me")
    other.locator("#page").get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_label("Text", exact=True).press_sequentially("!")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    other.get_by_label("Name").fill(name)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You are signed out")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/posts/post_*")
    (found,) = tenant.settle(page.url.rpartition("/")[2])
    assert found["content"] == f"{text}!"

"""The composer with script: what is typed outlives everything, files come by hand, and tabs leave each other alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.browser.conftest import Pages
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, words

pytestmark = needs_chromium
PASTE = """() => new Promise((done) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 40 });
  canvas.toBlob((bytes) => {
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true }));
    done();
  });
})"""

# Bodies come a while after their heads.
SLOW_BODIES = """
  const read = Response.prototype.text;
  Response.prototype.text = async function () {
    await new Promise((done) => setTimeout(done, 800));
    return read.call(this);
  };
"""


@pytest.fixture
def context(browser: Browser, owner: StorageState, tenant: Tenant) -> Iterator[BrowserContext]:
    """The owner's browser, in which servers and sessions may be away."""
    tenant.account("twitter")
    made = browser.new_context(base_url=tenant.world.url, storage_state=owner, timezone_id="Europe/Berlin")
    made.set_default_timeout(20_000)
    yield made
    made.close()


def opened(context: BrowserContext, tenant: Tenant) -> Page:
    page = context.new_page()
    page.goto(f"/dashboard/{tenant.project_id}/compose?empty=1")
    return page


def main(page: Page, label: str) -> None:
    """The main button says this: the server has judged what stands there."""
    expect(page.locator("button.main")).to_have_text(label)


def kept(page: Page, text: str) -> None:
    """Wait until the browser has kept a text."""
    # The page's policy lets no text become script, so that Playwright cannot wait there.
    for _ in range(100):
        if text in page.evaluate("Object.values(localStorage).join()"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{text!r} was not kept")


def test_what_was_typed_outlives_reload_session_and_server(context: BrowserContext, tenant: Tenant) -> None:
    page, text = opened(context, tenant), words()
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("checkbox", name=re.compile("^X")).check()
    page.get_by_text("For this network only").click()
    page.locator("[name$='.poll.options']").fill("Yes\nNo")
    page.locator("[name$='.poll.durationMinutes']").fill("60")
    main(page, "Publish to 1")
    kept(page, "Yes")
    kept(page, 'durationMinutes","60"')
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value(text)
    expect(page.locator("[name$='.poll.options']")).to_have_value("Yes\nNo")
    main(page, "Publish to 1")

    cookies = context.cookies()
    context.clear_cookies()
    page.get_by_label("Text", exact=True).press_sequentially("!")
    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile(re.escape(text)))
    context.add_cookies(cookies)  # type: ignore[arg-type]  # what the browser itself gave
    expect(page.get_by_text("You are signed out")).to_be_hidden()

    context.set_offline(True)
    page.get_by_label("Text", exact=True).fill(text)
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    with page.expect_event("requestfailed", lambda each: each.url.endswith("/compose")):
        page.keyboard.press("Control+Enter")
    context.set_offline(False)
    expect(page.get_by_text("The server cannot be reached")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/posts/post_*")
    tenant.settle(page.url.rpartition("/")[2])
    assert len(tenant.on_network(text)) == 1
    expect(opened(context, tenant).get_by_label("Text", exact=True)).to_have_value("")


def test_two_tabs_do_not_write_over_each_other(context: BrowserContext, tenant: Tenant) -> None:
    first, second = opened(context, tenant), opened(context, tenant)
    first.get_by_label("Text", exact=True).fill("The first tab's")
    second.get_by_label("Text", exact=True).fill("The second tab's")
    kept(first, "The first tab's")
    kept(first, "The second tab's")
    first.reload()
    second.reload()
    expect(first.get_by_label("Text", exact=True)).to_have_value("The first tab's")
    expect(second.get_by_label("Text", exact=True)).to_have_value("The second tab's")
    second.close()
    third = opened(context, tenant)
    expect(third.get_by_label("Text", exact=True)).to_have_value("")
    third.get_by_role("button", name="Go on with it").click()
    expect(third.get_by_label("Text", exact=True)).to_have_value(re.compile("tab's$"))


def test_a_post_for_a_day_does_not_begin_with_what_was_left_unsent(
    context: BrowserContext, tenant: Tenant
) -> None:
    page = opened(context, tenant)
    page.get_by_label("Text", exact=True).fill("Left unsent")
    kept(page, "Left unsent")
    page.goto(f"/dashboard/{tenant.project_id}/compose?at=2099-05-04T09:00&zone=Europe/Berlin")
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    expect(page.get_by_label("Date and time", exact=True)).to_have_value("2099-05-04T09:00")
    page.get_by_label("Text", exact=True).fill("For that day")
    kept(page, "For that day")
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value("For that day")


def test_a_tab_that_was_doubled_is_another(context: BrowserContext, tenant: Tenant) -> None:
    first = opened(context, tenant)
    first.get_by_label("Text", exact=True).fill("Once")
    kept(first, "Once")
    with first.expect_popup() as doubled:
        first.evaluate("window.open(location.href)")
    second = doubled.value
    expect(second.get_by_label("Text", exact=True)).to_have_value("Once")
    second.get_by_label("Text", exact=True).fill("Twice")
    kept(first, "Twice")
    kept(first, "Once")
    first.reload()
    second.reload()
    expect(first.get_by_label("Text", exact=True)).to_have_value("Once")
    expect(second.get_by_label("Text", exact=True)).to_have_value("Twice")


def test_files_are_pasted_put_in_order_and_sent(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    tenant.account("twitter")
    page, text = new_page(owner), words()
    page.goto(f"/dashboard/{tenant.project_id}/compose?empty=1")
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("checkbox", name=re.compile("^X")).check()
    addresses = page.locator("[name=media-url]")
    for count in (1, 2):
        page.evaluate(PASTE)
        expect(addresses).to_have_count(count + 1)
        expect(addresses.nth(count - 1)).to_have_value(re.compile("/media/uploads/"))
    before = [addresses.nth(at).input_value() for at in range(2)]
    page.get_by_label("What it shows").first.fill("The second, first")
    page.get_by_label("What it shows").first.press("Alt+ArrowDown")
    expect(addresses.first).to_have_value(before[1])
    expect(page.locator("#preview img").first).to_be_visible()
    page.locator("button.main").click()
    page.wait_for_url("**/posts/post_*")
    (found,) = tenant.settle(page.url.rpartition("/")[2])
    assert found["status"] == "published"
    assert [item["url"] for item in found["mediaItems"]] == before[::-1]
    assert found["mediaItems"][1]["altText"] == "The second, first"


def test_a_problem_leads_to_its_field(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    tenant.account("twitter")
    page = new_page(owner)
    page.goto(f"/dashboard/{tenant.project_id}/compose?empty=1")
    page.get_by_label("Text", exact=True).fill("Words")
    page.get_by_role("checkbox", name=re.compile("^X")).check()
    page.get_by_text("For this network only").click()
    minutes = page.locator("[name$='.poll.durationMinutes']")
    minutes.fill("2")
    expect(minutes).to_have_attribute("aria-invalid", "true")
    page.get_by_text("For this network only").click()
    page.locator(".problems li", has_text="Duration minutes").get_by_role("link").click()
    expect(minutes).to_be_focused()
    minutes.fill("")
    expect(page.locator(".problems")).to_have_count(0)
    expect(minutes).not_to_have_attribute("aria-invalid", "true")


def test_what_is_asked_anew_while_an_answer_comes(
    new_page: Pages, owner: StorageState, tenant: Tenant
) -> None:
    tenant.account("twitter")
    # Nothing may go wrong in the page: `new_page` looks at that.
    page = new_page(owner)
    page.add_init_script(SLOW_BODIES)
    page.goto(f"/dashboard/{tenant.project_id}/compose?empty=1")
    page.get_by_role("checkbox", name=re.compile("^X ·")).check()
    for text in ("One", "One, two", "One, two, three"):
        page.get_by_label("Text", exact=True).fill(text)
        page.wait_for_timeout(700)
    main(page, "Publish to 1")
    expect(page.locator("#preview")).to_contain_text("One, two, three")

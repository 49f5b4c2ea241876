"""A file of posts, a post that repeats and an upload, in a browser: by mouse, by keyboard alone and without script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, StorageState, expect

from tests.browser.conftest import Pages
from tests.browser.hands import Keyboard, Mouse
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, later, words
from tests.media import png

pytestmark = needs_chromium
HANDS = {"mouse": Mouse(), "keyboard": Keyboard(), "without script": Mouse()}
DROP = """([name, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text], name, { type: "text/csv" }));
  for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


def file_of(tenant: Tenant, texts: list[str]) -> str:
    """Rows that are right, and one that is not."""
    account = tenant.account("twitter").id
    rows = [f"{text},twitter:{account},{later(86_400)}" for text in texts]
    return "\n".join(["content,platforms,scheduledFor", *rows, f"late,twitter:{account},tomorrow"])


def contents(tenant: Tenant) -> list[str]:
    posts: list[dict[str, Any]] = tenant.client.get("/v1/posts/scheduled").json()["posts"]
    return sorted(post["content"] for post in posts)


@pytest.mark.parametrize("how", HANDS)
def test_the_story_of_a_file(new_page: Pages, owner: StorageState, tenant: Tenant, how: str) -> None:
    hands, texts = HANDS[how], sorted([words(), words()])
    page = new_page(owner, java_script_enabled=how != "without script")
    page.goto(f"/dashboard/{tenant.project_id}/bulk")
    text = file_of(tenant, texts)
    payload: FilePayload = {"name": "posts.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("A CSV file").set_input_files(payload)
    hands.press(page.get_by_role("button", name="Check the file"))
    expect(page.get_by_text("3 rows: 2 good, 1 refused")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="scheduledFor").first).to_contain_text("Refused")
    assert contents(tenant) == []
    hands.press(page.get_by_role("button", name="Make 2 posts"))
    done = page.get_by_text("3 rows: 2 posts made, 1 refused")
    for _ in range(60):
        if done.is_visible():
            break
        page.wait_for_timeout(250)
        if how == "without script" and (again := page.get_by_role("link", name="Look again")).is_visible():
            again.click()
    expect(done).to_be_visible()
    assert contents(tenant) == texts
    hands.press(page.get_by_role("link", name="Its post").first)
    expect(page.get_by_text(texts[0]).or_(page.get_by_text(texts[1])).first).to_be_visible()


def test_what_is_read_anew_can_still_be_copied(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    page = new_page(owner)
    page.goto(f"/dashboard/{tenant.project_id}/calendar?day=1995-03-01")
    copying = page.get_by_role("button", name="Copy", exact=True)
    expect(copying).to_be_visible()
    page.locator("#calendar").evaluate(
        "each => { each.querySelector('[data-key=nothing]').remove();"
        " each.dispatchEvent(new CustomEvent('stale', { bubbles: true })); }"
    )
    expect(copying).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copying.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


def test_a_file_is_dropped(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    page = new_page(owner)
    page.goto(f"/dashboard/{tenant.project_id}/bulk")
    page.evaluate(DROP, ["posts.csv", file_of(tenant, [words()])])
    expect(page.get_by_text("2 rows: 1 good, 1 refused")).to_be_visible()


@pytest.mark.parametrize("how", ["keyboard", "without script"])
def test_a_post_repeats(new_page: Pages, owner: StorageState, tenant: Tenant, how: str) -> None:
    hands, text = HANDS[how], words()
    tenant.account("twitter")
    page = new_page(owner, java_script_enabled=how != "without script")
    page.goto(f"/dashboard/{tenant.project_id}/queue")
    hands.write(page.get_by_label("Monday"), "9:00 18:30")
    hands.press(page.get_by_role("button", name="Keep these hours"))
    expect(page.get_by_label("Monday")).to_have_value("09:00, 18:30")
    hands.press(page.get_by_role("link", name="Repeat a post"))
    hands.write(page.get_by_label("Text", exact=True), text)
    hands.tick(page.get_by_role("checkbox", name=re.compile("^X")))
    hands.tick(page.get_by_role("checkbox", name="Thursday"))
    hands.press(page.get_by_role("button", name="Show the times"))
    expect(page.get_by_text("It would go out at")).to_be_visible()
    hands.press(page.get_by_role("button", name="Repeat it").last)
    expect(page.get_by_role("heading", name="every week, on Thursday")).to_be_visible()
    hands.press(page.get_by_role("button", name="Pause"))
    expect(page.get_by_text("It is paused")).to_be_visible()
    (found,) = tenant.client.get("/v1/schedules").json()["schedules"]
    assert (found["content"], found["status"]) == (text, "paused")


def test_hours_are_told_in_the_readers_zone_too(new_page: Pages, owner: StorageState, tenant: Tenant) -> None:
    slots = [{"weekday": "monday", "time": "09:00"}]
    asked = tenant.client.put("/v1/queue/slots", json={"timezone": "Europe/Berlin", "slots": slots})
    assert asked.status_code == 200, asked.text
    page = new_page(owner, timezone_id="America/New_York")
    page.goto(f"/dashboard/{tenant.project_id}/queue")
    hour = page.get_by_role("region", name="Next free").get_by_role("listitem").first
    expect(hour).to_contain_text(re.compile(r"09:00 Europe/Berlin\s+· Mon .* America/New_York"))


@pytest.mark.parametrize("script", [True, False])
def test_files_are_uploaded(new_page: Pages, owner: StorageState, tenant: Tenant, script: bool) -> None:
    page = new_page(owner, java_script_enabled=script, allow={400})
    page.goto(f"/dashboard/{tenant.project_id}/uploads")
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/png", "buffer": png(60, 40)} for name in ("one.png", "two.png")
    ]
    page.get_by_label("Files from this device").set_input_files(files)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("bdi", has_text="one.png")).to_be_visible()
    expect(page.get_by_text("Kept until")).to_have_count(2)
    if script:
        payload: FilePayload = {"name": "a.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
        page.get_by_label("Files from this device").set_input_files(payload)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("status").get_by_text("a.exe: ")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()

"""What a visit costs, and what is left of it: transferred bytes, and signing out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response, StorageState, expect

from tests.browser.conftest import Pages
from tests.browser.scenes import HOME, simple_pages
from tests.chromium import needs_chromium
from tests.contract.tenant import Tenant, words

pytestmark = needs_chromium
MOST_BYTES = 60_000
SEEN = frozenset({"image", "media"})


@pytest.mark.parametrize("path", simple_pages())
def test_a_first_visit_is_small(new_page: Pages, owner: StorageState, tenant: Tenant, path: str) -> None:
    """All that went over the wire; pictures and the frame of previews come on top."""
    for platform in ("twitter", "threads", "mastodon"):
        tenant.connect(platform)
    page, answers = new_page(owner), dict[str, Response]()
    page.on("response", lambda each: answers.update({each.url: each}))
    page.goto(HOME + path.replace("{project}", tenant.project_id))
    page.wait_for_load_state("load")
    sizes = {each.url: each.request.sizes() for each in list(answers.values()) if _counts(page, each)}
    total = sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes.values())
    assert len(sizes) >= 3
    assert total <= MOST_BYTES, sizes


def _counts(page: Page, answer: Response) -> bool:
    return answer.request.resource_type not in SEEN and answer.frame == page.main_frame


@pytest.mark.parametrize("path", [*simple_pages(), "/sign-in"])
def test_nothing_inline_is_let_in(new_page: Pages, owner: StorageState, tenant: Tenant, path: str) -> None:
    page = new_page(None if path == "/sign-in" else owner)
    answer = page.goto(HOME + path.replace("{project}", tenant.project_id))
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.locator("[style], script:not([src]), style").count() == 0


def test_after_signing_out_the_way_back_shows_nothing(
    new_page: Pages, owner: StorageState, tenant: Tenant
) -> None:
    text = words()
    tenant.published("twitter", content=text)
    page = new_page(owner)
    page.goto(f"{HOME}/{tenant.project_id}/posts")
    expect(page.get_by_text(text)).to_be_visible()
    page.goto(f"{HOME}/me")
    page.get_by_role("banner").wait_for()
    page.locator("#page").get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text(text)).to_have_count(0)

"""The documentation in a browser: found, read, and nothing for axe to find."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from polypost.dashboard import GUIDE
from tests.browser.conftest import Pages
from tests.browser.look import DARK, DESKTOP, LIGHT, PHONE, faults
from tests.chromium import needs_chromium

pytestmark = needs_chromium
FORMS = ((DESKTOP, LIGHT), (DESKTOP, DARK), (PHONE, LIGHT), (PHONE, DARK))


def test_a_word_is_looked_for_and_read(new_page: Pages) -> None:
    page = new_page()
    page.goto(GUIDE)
    page.get_by_role("searchbox").fill("idempotency-key")
    page.get_by_role("button", name="Search").click()
    assert faults(page, FORMS) == []
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("idempotency-key", re.IGNORECASE))


@pytest.mark.parametrize("path", ["", "/reference/api", "/how-to/connect-x", "/explanation/architecture"])
def test_pages(new_page: Pages, path: str) -> None:
    page = new_page()
    page.goto(GUIDE + path)
    assert faults(page, FORMS) == []

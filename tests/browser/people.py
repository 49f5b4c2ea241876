"""Becoming somebody at the dashboard."""

from __future__ import annotations

import uuid

from playwright.sync_api import Page

PASSWORD = "a sentence is good"


def sign_up(page: Page, name: str | None = None) -> None:
    """Fill in the page of a link."""
    page.get_by_label("Your name").fill(name or f"Person {uuid.uuid4().hex[:8]}")
    page.get_by_label("A password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Compose").wait_for()

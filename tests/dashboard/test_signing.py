"""Getting in and out: links, names and passwords, sessions."""

from __future__ import annotations

from tests.contract.tenant import Tenant
from tests.dashboard.browser import HOME, PASSWORD, Browser, invited


def test_link_makes_a_person_who_is_signed_in(tenant: Tenant) -> None:
    with Browser(tenant.world) as browser:
        answer = browser.sign_up(invited(tenant, "editor"))
        assert str(answer.url).endswith(f"{HOME}/{tenant.project_id}/compose")
        assert browser.name in browser.get("/me").text
        browser.sign_out()
        assert browser.get("/me").url.path == f"{HOME}/sign-in"
        back = browser.sign_in(browser.name, PASSWORD, next=f"{HOME}/{tenant.project_id}/posts")
        assert back.url.path == f"{HOME}/{tenant.project_id}/posts"

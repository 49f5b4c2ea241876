"""Settings of a project: who may change what, what is refused, and what is never shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from polypost import __version__, access
from polypost.access import people
from polypost.settings import Settings
from tests.contract.tenant import Tenant, operator, words
from tests.dashboard.browser import HOME, Browser, text_of
from tests.processes import MASTER_KEY, World


def project(tenant: Tenant) -> access.Project:
    """The project as it is stored."""
    return operator(tenant.world, lambda db: access.get_project(db, tenant.project_id))


@pytest.fixture(scope="module")
def runner(world: World) -> Iterator[Browser]:
    """Who runs the server."""
    with Browser(world) as browser:
        browser.sign_up(operator(world, lambda db: people.invite(db, "operator")))
        yield browser


def test_what_holds_is_there_and_no_secret(tenant: Tenant, owner: Browser) -> None:
    page = owner.get(f"/{tenant.project_id}/settings").text
    for each in (tenant.project_id, tenant.world.url, f"Polypost {__version__}", "the sandbox", "no limit"):
        assert each in page
    assert "<code>POLYPOST_LATE_GRACE_HOURS</code></td><td><code>24</code></td>" in page
    assert "<td>30 days</td>" in page
    assert "<td>12 hours</td>" in page
    assert "<td>1 day</td>" in page
    for secret in (MASTER_KEY, tenant.world.database_url or MASTER_KEY, tenant.key):
        assert secret not in page
    silent = [name for name in Settings.model_fields if name.endswith(("key", "key_file", "smtp_url"))]
    assert len(silent) == 7
    for name in (*silent, "database_url", "fail_point"):
        assert f"POLYPOST_{name.upper()}" not in page


def test_an_owner_sees_and_sends_nothing_of_the_operators(tenant: Tenant, owner: Browser) -> None:
    page = owner.get(f"/{tenant.project_id}/settings").text
    before = project(tenant)
    for act, form in (("name", {"name": words()}), ("credits", {"credits": "9"}), ("disable", {})):
        assert f"/settings/{act}" not in page
        assert owner.post(f"/{tenant.project_id}/settings/{act}", form).status_code == 403
    assert project(tenant) == before


def test_the_time_within_which_equal_bodies_are_one_post(tenant: Tenant, owner: Browser) -> None:
    path = f"/{tenant.project_id}/settings/dedupe"
    assert "It is changed." in owner.post(path, {"dedupe": "600"}).text
    assert project(tenant).dedupe_window_seconds == 600
    for wrong in ("604801", "-1", "ten", "\u0661", "1" * 13):
        page = owner.post(path, {"dedupe": wrong})
        assert page.status_code == 400
        assert "Seconds: is" in text_of(page)
        assert f'name="dedupe" value="{wrong}"' in page.text
    assert project(tenant).dedupe_window_seconds == 600
    owner.post(path, {"dedupe": "0"})
    assert project(tenant).dedupe_window_seconds == 0
    assert "dedupe_window_seconds 600" in text_of(owner.get(f"/{tenant.project_id}/people"))


def test_addresses_after_connecting(tenant: Tenant, owner: Browser) -> None:
    path, uri = f"/{tenant.project_id}/settings/redirects", "https://example.com/back?a=1&b=2"
    connect: dict[str, Any] = {"params": {"redirectUri": uri}}
    assert tenant.client.get("/v1/connect/twitter", **connect).status_code == 400
    page = owner.post(path, {"uri": uri})
    assert '<code class="grow" dir="ltr">https://example.com/back?a=1&amp;b=2</code>' in page.text
    assert tenant.client.get("/v1/connect/twitter", **connect).status_code == 200
    wrong = owner.post(path, {"uri": "javascript:alert(1)//<b>"})
    assert wrong.status_code == 400
    assert "This is not an address a browser can be sent to." in wrong.text
    assert 'value="javascript:alert(1)//&lt;b&gt;"' in wrong.text
    owner.post(f"{path}/forget", {"uri": uri})
    assert tenant.client.get("/v1/connect/twitter", **connect).status_code == 400
    log = owner.get(f"/{tenant.project_id}/people").text
    assert "redirect allowed" in log
    assert "redirect forgotten" in log


def test_the_operator_sets_limits(tenant: Tenant, runner: Browser) -> None:
    """One after the other, each over the one before."""
    for credits, monthly, stands in (
        ("5", "", (5, None)),
        ("5", "7", (5, 7)),
        ("", "7", (None, 7)),
        ("6", "", (6, 0)),
        ("", "", (None, None)),
    ):
        form = {"credits": credits, "monthly": monthly}
        assert "It is changed." in runner.post(f"/{tenant.project_id}/settings/credits", form).text
        assert (project(tenant).credit_limit, project(tenant).monthly_credits) == stands


def test_limits_that_are_refused_stay_typed(tenant: Tenant, runner: Browser) -> None:
    before = project(tenant)
    for wrong in ({"credits": "-1"}, {"credits": "2147483648"}, {"monthly": "1.5"}, {"monthly": "9" * 12}):
        page = runner.post(f"/{tenant.project_id}/settings/credits", {"credits": "8", "monthly": "9"} | wrong)
        assert page.status_code == 400
        ((name, value),) = wrong.items()
        assert f'name="{name}" value="{value}"' in page.text
    assert project(tenant) == before


def test_the_operator_renames_a_project(tenant: Tenant, runner: Browser, new: Callable[..., Tenant]) -> None:
    path, name = f"/{tenant.project_id}/settings/name", f"{words()} <i>"
    assert "&lt;i&gt;" in runner.post(path, {"name": f" {name} "}).text
    assert project(tenant).name == name
    assert runner.post(path, {"name": name}).status_code == 200
    taken = runner.post(path, {"name": project(new(tenant.world)).name})
    assert taken.status_code == 409
    assert "There is a project called" in taken.text
    assert runner.post(path, {"name": " "}).status_code == 400
    assert project(tenant).name == name


def test_a_disabled_project_is_nowhere_until_it_is_enabled(
    runner: Browser, world: World, new: Callable[..., Tenant]
) -> None:
    gone = new(world)
    page = runner.get(f"/{gone.project_id}/settings").text
    assert f"polypost projects set {gone.project_id} --enable" in page
    left = runner.post(f"/{gone.project_id}/settings/disable")
    assert left.status_code == 200
    assert runner.get(f"/{gone.project_id}/settings").status_code == 404
    time.sleep(1.1)
    assert gone.client.get("/v1/posts").status_code == 403
    operator(world, lambda db: access.change_project(db, gone.project_id, disabled=False))
    assert runner.get(f"/{gone.project_id}/settings").url.path == f"{HOME}/{gone.project_id}/settings"

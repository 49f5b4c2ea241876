"""Health in words, and the list of keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from polypost.dashboard.pages import health
from polypost.dashboard.render import several, words
from tests.contract.tenant import Tenant
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members

VISIT: Any = SimpleNamespace(words=words, several=several)
GOOD: dict[str, dict[str, Any]] = {
    "store": {"ok": True},
    "worker": {"ok": True, "lastHeardSeconds": 1.2},
    "load": {"ok": True, "overdue": 3, "overdueSeconds": 2.0},
    "time": {"ok": True, "now": "", "tzdata": "2026f"},
    "networks": {"ok": True},
}


def test_a_server_that_is_well_says_so(tenant: Tenant, members: Members) -> None:
    viewer = members(tenant, "viewer")
    page = viewer.get(f"/{tenant.project_id}/health")
    assert page.status_code == 200
    assert page.text.count('class="state active"') == 6
    assert 'class="state failed"' not in page.text
    assert "polypost doctor" in page.text
    assert f"curl {tenant.world.url}/healthz/ready" in page.text
    mark = viewer.get(f"/{tenant.project_id}/health", headers={"x-part": "true"})
    assert "All is well" in mark.text
    assert "<html" not in mark.text
    # Every page leads there, and asks nothing for it.
    assert f'href="/dashboard/{tenant.project_id}/health"' in viewer.get(f"/{tenant.project_id}/posts").text


@pytest.mark.parametrize(
    ("name", "report", "state", "said"),
    [
        ("store", {"ok": False, "reason": "The disk is full."}, "failed", "The disk is full."),
        ("worker", {"ok": False, "reason": "No worker."}, "failed", "No worker."),
        ("time", {"ok": False, "reason": "It leapt.", "tzdata": "2026f"}, "failed", "It leapt."),
        ("load", {"ok": True, "overdue": 1, "overdueSeconds": 90.0}, "warned", "1 waits, for 90 s"),
        ("load", {"ok": True, "overdue": 7, "overdueSeconds": 4000.0}, "warned", "the first for 4,000 s"),
        ("load", {"ok": True}, "warned", "cannot be asked"),
        ("networks", {"ok": True, "warnings": ["X ends soon."]}, "warned", "X ends soon."),
        ("further", {"ok": False, "reason": "Something else."}, "failed", "Something else."),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    name: str, report: dict[str, Any], state: str, said: str
) -> None:
    assert {each.state for each in health.findings(VISIT, GOOD)} == {"active"}
    found = health.findings(VISIT, GOOD | {name: report})
    (wrong,) = [each for each in found if each.state != "active"]
    assert wrong.state == state
    assert said in wrong.said


def test_keys_are_listed_for_who_has_no_script(local: Tenant, local_owner: Browser) -> None:
    page = local_owner.get(f"/{local.project_id}/keyboard")
    assert "<kbd>?</kbd>" in page.text
    assert "<html" in page.text
    part = local_owner.get(f"/{local.project_id}/keyboard", headers={"x-part": "true"}).text
    assert part.lstrip().startswith("<h2")
    assert (
        f'href="/dashboard/{local.project_id}/keyboard"' in local_owner.get(f"/{local.project_id}/more").text
    )

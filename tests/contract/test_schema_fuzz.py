"""A small, steady share of `python -m tests.contract.fuzz`: what the document allows and forbids, on both stores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.fuzz import Totals, run
from tests.contract.tenant import Tenant
from tests.processes import World

# Operations whose boundaries are tried here too: a list's parameters, months, bodies closed, open and optional.
BOUNDARIES = ("listPosts", "getUsage", "createApp", "updateApp", "retryPost", "reschedulePost", "getOAuthUrl")
REQUESTS = 130


@pytest.fixture(scope="module")
def served(tenant: Tenant) -> dict[str, Any]:
    return dict(tenant.client.get("/openapi.json").json())


def store_of(world: World) -> str:
    return "postgresql" if world.database_url else "sqlite"


def told(totals: Totals) -> str:
    return "\n".join(totals.lines())


def test_requests_at_random(tenant: Tenant, world: World, served: dict[str, Any]) -> None:
    accounts = {name: tenant.account(name).id for name in ("twitter", "threads")}
    examples = max(2, REQUESTS // sum(map(len, served["paths"].values())))
    totals = run(
        world, store_of(world), tenant.key, accounts, examples=examples, boundaries=False, deterministic=True
    )
    assert totals.requests > REQUESTS // 2
    assert totals.findings == {}, told(totals)


def test_requests_at_the_boundaries(tenant: Tenant, world: World) -> None:
    totals = run(
        world,
        store_of(world),
        tenant.key,
        {},
        examples=0,
        boundaries=True,
        only=BOUNDARIES,
        deterministic=True,
    )
    assert totals.requests > 300
    assert totals.findings == {}, told(totals)


def test_an_answer_that_the_document_does_not_have_is_found(local: Tenant) -> None:
    document = local.client.get("/openapi.json").json()
    answers = document["paths"]["/v1/platforms"]["get"]["responses"]
    answers["201"] = answers.pop("200")
    totals = run(
        local.world,
        "sqlite",
        local.key,
        {},
        examples=1,
        boundaries=False,
        only=["listPlatforms"],
        document=document,
    )
    assert totals.undocumented == 1
    assert len(totals.findings) == 1
    assert "findings" in told(totals)

"""People who are signed in at the dashboard of the running worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from polypost.access.people import Role
from tests.contract.tenant import Tenant
from tests.dashboard.browser import Browser, member
from tests.worlds import embedded, local, new, no_faults, server_settings, tenant, world, worlds

__all__ = ["embedded", "local", "new", "no_faults", "server_settings", "tenant", "world", "worlds"]
Members = Callable[..., Browser]


@pytest.fixture(scope="module")
def members() -> Iterator[Members]:
    """A maker of people who are signed in: `members(tenant, "editor")`; without a role, an owner of the project."""
    made: list[Browser] = []

    def make(tenant: Tenant, role: Role = "owner", **options: str) -> Browser:
        made.append(member(tenant, role, **options))
        return made[-1]

    yield make
    for browser in made:
        browser.client.close()


@pytest.fixture(scope="module")
def owner(tenant: Tenant, members: Members) -> Browser:
    """An owner of this module's project, signed in, on either store."""
    return members(tenant)


@pytest.fixture(scope="module")
def editor(tenant: Tenant, members: Members) -> Browser:
    """An editor of the same project."""
    return members(tenant, "editor")


@pytest.fixture(scope="module")
def author(tenant: Tenant, members: Members) -> Browser:
    """An author of the same project."""
    return members(tenant, "author")


@pytest.fixture(scope="module")
def local_owner(local: Tenant, members: Members) -> Browser:
    """An owner of this module's project on the embedded store, signed in."""
    return members(local)

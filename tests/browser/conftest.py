"""One browser and one running world for the tests of this folder; every test has a context of its own, which is watched.

They end with the folder, not with the session: while Playwright runs, no event loop can be started in this thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from polypost.access import people
from tests.browser.people import sign_up
from tests.browser.scenes import AGENTS
from tests.browser.watch import Watch
from tests.chromium import CHROMIUM
from tests.contract.tenant import Tenant, close, new_tenant, operator
from tests.processes import World
from tests.worlds import calm_world

T = TypeVar("T")
DESKTOP, PHONE = 1280, 360
Pages = Callable[..., Page]


def apart(call: Callable[[], T]) -> T:
    """What a call returns that runs an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running server on the embedded store, and its sandbox."""
    running = calm_world(tmp_path_factory.mktemp("browser"), more=AGENTS)
    yield running
    running.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="package")
def operator_state(browser: Browser, world: World) -> StorageState:
    """What a browser keeps of the first person's session, who signed up by the link that the server printed."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(world.server.ready["dashboardUrl"])
    sign_up(page, "Ada")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def new_page(browser: Browser, world: World) -> Iterator[Pages]:
    """A maker of pages, each in a context of its own: `new_page(state, width=360, javaScriptEnabled=False)`.

    When the test ends, nothing may have gone wrong in any of them; `allow` are statuses that the test brings about.
    """
    made: list[tuple[Page, Watch]] = []

    def make(
        state: StorageState | None = None, *, width: int = DESKTOP, allow: set[int] | None = None, **more: Any
    ) -> Page:
        context = browser.new_context(
            base_url=world.url, storage_state=state, viewport={"width": width, "height": 900}, **more
        )
        context.set_default_timeout(20_000)
        watch = Watch(context, world.url, world.sandbox.ready["sandboxUrls"].values(), allow or set())
        made.append((context.new_page(), watch))
        return made[-1][0]

    yield make
    for page, _ in made:
        page.context.close()
    assert [said for _, watch in made for said in watch.found] == []


@pytest.fixture
def tenant(world: World) -> Iterator[Tenant]:
    """A project of this test's own, without accounts."""
    made = apart(lambda: new_tenant(world))
    yield made
    close([made])
    world.control("DELETE", "faults")


@pytest.fixture
def link(tenant: Tenant, operator_state: StorageState) -> str:
    """The path of a link by which somebody becomes an owner of the project; the server's own link is used up by now."""
    secret = apart(
        lambda: operator(
            tenant.world, lambda db: people.invite(db, "invite", project_id=tenant.project_id, role="owner")
        )
    )
    return f"/dashboard/join/{secret}"


@pytest.fixture
def owner(browser: Browser, world: World, link: str) -> StorageState:
    """What a browser keeps of the session of the project's owner."""
    context = browser.new_context(base_url=world.url)
    page = context.new_page()
    page.goto(link)
    sign_up(page)
    state = context.storage_state()
    context.close()
    return state

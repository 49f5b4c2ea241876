"""Every page in every state: nothing for axe to find, nothing wider than the screen, in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.conftest import Pages, apart
from tests.browser.look import DARK, PHONE, faults
from tests.browser.scenes import HOME, LONG, Filled, consent, other_pages, simple_pages
from tests.chromium import needs_chromium
from tests.contract.tenant import close, new_tenant
from tests.processes import World

pytestmark = needs_chromium
POSTS = (
    "published",
    "partial",
    "failed",
    "unknown",
    "right to left",
    "long",
    "scheduled",
    "draft",
    "waits",
    "returned",
)

# Pages about one thing are looked at in so many tests; one of each template is also written from right to left.
PARTS = 4
MIRRORED = frozenset(
    {
        *("webhook-failing", "recurrence-daily", "bulk-carried-out", "inbox-posts", "inbox-comments"),
        *("inbox-messages", "inbox-conversation", "request-refused"),
    }
)


@pytest.fixture(scope="package")
def filled(world: World) -> Filled:
    """The demo project, with much in it."""
    return Filled(world)


@pytest.fixture(scope="package")
def projects(world: World, filled: Filled) -> Iterator[dict[str, str]]:
    """Projects by what is in them."""
    nothing, one = (apart(lambda: new_tenant(world)) for _ in range(2))
    one.published("twitter")
    yield {"nothing": nothing.project_id, "one": one.project_id, "many": filled.project_id}
    close([nothing, one])


@pytest.mark.parametrize("state", ["nothing", "many", "right to left"])
@pytest.mark.parametrize("path", simple_pages())
def test_pages(
    new_page: Pages, operator_state: StorageState, projects: dict[str, str], path: str, state: str
) -> None:
    page = new_page(operator_state)
    project = projects.get(state, projects["many"])
    look(page, path.replace("{project}", project) + ("?dir=rtl" if state == "right to left" else ""))


def test_the_bar_at_the_bottom_in_the_dark(
    new_page: Pages, operator_state: StorageState, projects: dict[str, str]
) -> None:
    page = new_page(operator_state)
    page.goto(f"{HOME}/{projects['nothing']}/posts")
    assert faults(page, ((PHONE, DARK),)) == []


@pytest.mark.parametrize("state", POSTS)
def test_the_page_of_a_post(
    new_page: Pages, operator_state: StorageState, filled: Filled, state: str
) -> None:
    page = new_page(operator_state)
    for query in ("", "?dir=rtl"):
        page.goto(f"{HOME}/{filled.project_id}/posts/{filled.posts[state]}{query}")
        for number, drawing in enumerate(page.locator("details:has(> iframe)").all()):
            drawing.evaluate("each => { each.open = true; }")
            page.frame_locator("iframe.drawn").nth(number).get_by_role("article").first.wait_for()
        assert faults(page) == [], page.url


def test_what_is_said_in_english_begins_where_a_mirrored_page_does(
    new_page: Pages, operator_state: StorageState, filled: Filled
) -> None:
    page = new_page(operator_state)
    page.goto(f"{HOME}/{filled.project_id}/posts/{filled.posts['failed']}?dir=rtl")
    sides = page.locator(".target h2, .target > p.problem, .target .line [lang=en]").evaluate_all(
        """each => each.map(one => {
          const range = document.createRange();
          range.selectNodeContents(one);
          return [range.getBoundingClientRect().right, one.getBoundingClientRect().right];
        })"""
    )
    assert len(sides) >= 3
    assert [abs(said - side) < 1 for said, side in sides] == [True] * len(sides)


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_about_one_thing(
    new_page: Pages, operator_state: StorageState, filled: Filled, part: int
) -> None:
    assert set(filled.further) >= MIRRORED
    page = new_page(operator_state)
    for name, path in list(filled.further.items())[part::PARTS]:
        look(page, path)
        if name in MIRRORED:
            look(page, f"{path}{'&' if '?' in path else '?'}dir=rtl")


def test_pages_about_some_of_one_thing(new_page: Pages, operator_state: StorageState, filled: Filled) -> None:
    page = new_page(operator_state)
    look(page, f"{filled.further['webhook-failing']}?state=delivered")
    look(page, f"{filled.further['bulk-tried']}?status=refused")


def test_secrets_that_were_made_and_forms_that_were_refused(
    new_page: Pages, operator_state: StorageState, projects: dict[str, str]
) -> None:
    page = new_page(operator_state, allow={400})
    page.goto(f"{HOME}/{projects['one']}/keys")
    page.get_by_label("What it is for").fill(LONG)
    page.get_by_label("Days until it ends").fill("99999")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Days until it ends").fill("")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("status")).to_contain_text("pp_live_")
    assert faults(page) == []
    page.goto(f"{HOME}/{projects['one']}/webhooks")
    page.get_by_label("Address").fill("http://192.168.0.1/")
    page.get_by_role("button", name="Make a webhook").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Address").fill(f"https://example.com/{'long-' * 40}")
    page.get_by_role("button", name="Make a webhook").click()
    expect(page.get_by_role("status")).to_contain_text("whsec_")
    assert faults(page) == []
    page.goto(f"{HOME}/{projects['one']}/settings")
    page.get_by_label("Credits it may spend in all").fill("many")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("state", ["nothing", "many"])
def test_the_page_of_a_network(
    new_page: Pages, operator_state: StorageState, projects: dict[str, str], state: str
) -> None:
    page = new_page(operator_state)
    for platform in ("twitter", "mastodon", "bluesky"):
        look(page, f"/{projects[state]}/accounts/{platform}")


@pytest.mark.parametrize("name", ["inbox-comments", "inbox-messages", "inbox-conversation"])
def test_the_pages_of_a_talk_whose_network_is_in_trouble(
    new_page: Pages, operator_state: StorageState, filled: Filled, name: str
) -> None:
    trouble = {"platform": "instagram", "fault": "rate_limited", "seconds": 60}
    filled.world.control("POST", "faults", json=trouble)
    page = new_page(operator_state)
    look(page, filled.further[name])
    expect(page.get_by_role("alert")).to_be_visible()
    filled.world.control("DELETE", "faults")


@pytest.mark.parametrize("state", ["waits", "waits, right to left", "returned", "draft"])
def test_the_page_of_a_draft_that_waits(
    new_page: Pages, operator_state: StorageState, filled: Filled, state: str
) -> None:
    page = new_page(operator_state)
    look(page, f"/{filled.project_id}/approvals/{filled.posts[state]}")
    page.locator("summary").evaluate_all("each => each.forEach(one => { one.parentElement.open = true })")
    assert faults(page) == []


def test_the_page_of_a_link_to_a_draft(new_page: Pages, filled: Filled) -> None:
    page = new_page(allow={400, 410})
    look(page, f"/approve/{filled.link}?dir=rtl")
    look(page, f"/approve/{filled.link}")
    page.get_by_label("Your name").fill("Carla")
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    look(page, "/approve/nothing")


def test_pages_for_who_is_not_signed_in(new_page: Pages, link: str) -> None:
    page = new_page(allow={400, 401, 410, 404})
    look(page, "/sign-in")
    page.get_by_label("Name").fill("Nobody")
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    look(page, link.removeprefix(HOME))
    page.get_by_label("Your name").fill("x")
    page.get_by_label("A password").fill("aaaaaaaaaa")
    page.get_by_role("button").click()
    assert faults(page) == []
    look(page, "/join/nothing")


def test_the_page_on_which_an_agent_is_let_in(
    new_page: Pages, operator_state: StorageState, world: World
) -> None:
    path = consent(world)
    for more in ({}, {"width": PHONE}, {"color_scheme": "dark"}):
        page = new_page(operator_state, **more)
        look(page, path)
        expect(page.locator("input[value=draft]")).to_be_checked()
        expect(page.locator("input[value=publish]")).not_to_be_checked()


def test_what_is_not_there(new_page: Pages, operator_state: StorageState, projects: dict[str, str]) -> None:
    page = new_page(operator_state, allow={404})
    for path in ("/nowhere/at/all", "/prj_nothing/posts", f"/{projects['many']}/posts/post_nothing"):
        look(page, path)
        expect(page.get_by_role("alert")).to_be_visible()


def test_a_post_with_problems(
    new_page: Pages, operator_state: StorageState, projects: dict[str, str]
) -> None:
    page = new_page(operator_state, allow={400})
    page.goto(f"{HOME}/{projects['many']}/compose?empty=1")
    page.get_by_label("Text", exact=True).fill("long " * 100)
    for box in page.get_by_role("checkbox").all()[:12]:
        box.check()
    expect(page.get_by_role("link", name="280").first).to_be_visible()
    assert faults(page) == []


def test_no_page_is_left_out() -> None:
    assert other_pages() == {
        "/sign-in",
        "/join/{secret}",
        "/approve/{secret}",
        "/consent",
        "/{project}/accounts/{platform}",
        "/{project}/inbox/{account}",
        "/{project}/inbox/{account}/comments",
        "/{project}/inbox/{account}/conversation",
        "/{project}/inbox/{account}/messages",
        "/{project}/approvals/{post}",
        "/{project}/posts/{post}",
        "/{project}/posts/{post}/look/{target}",
        "/{project}/webhooks/{subscription}",
        "/{project}/recurrences/{schedule}",
        "/{project}/bulk/{bulk}",
        "/{project}/requests/{request}",
    }


def look(page: Page, path: str) -> None:
    """Open a page of the dashboard; nothing is wrong with it."""
    page.goto(HOME + path)
    assert faults(page) == [], page.url

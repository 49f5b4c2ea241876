"""Getting in and out: links, names and passwords, sessions, and what asks for the password again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from polypost import clock
from polypost.access import people, tables
from polypost.access.keys import digest
from tests.contract.tenant import Tenant, operator
from tests.dashboard.browser import HOME, PASSWORD, Browser, invited
from tests.dashboard.conftest import Members
from tests.processes import World

COOKIE = "polypost-session"


def secret(browser: Browser) -> str:
    """The session's cookie."""
    return browser.client.cookies[COOKIE]


def keep(browser: Browser, cookie: str) -> None:
    """Give a browser a session's cookie in place of its own."""
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, cookie, domain="127.0.0.1")


def age(browser: Browser, column: str, by: timedelta) -> None:
    """Let time pass for one session."""
    table = tables.sessions
    now = clock.now() - by
    operator(
        browser.world,
        lambda db: (
            db.execute(
                update(table).where(table.c.hash == digest(secret(browser))).values({column: now})
            ).rowcount
        ),
    )


def test_link_makes_a_person_who_is_signed_in(tenant: Tenant) -> None:
    with Browser(tenant.world) as browser:
        answer = browser.sign_up(invited(tenant, "editor"))
        assert str(answer.url).endswith(f"{HOME}/{tenant.project_id}/compose")
        assert browser.name in browser.get("/me").text
        browser.sign_out()
        assert browser.get("/me").url.path == f"{HOME}/sign-in"
        back = browser.sign_in(browser.name, PASSWORD, next=f"{HOME}/{tenant.project_id}/posts")
        assert back.url.path == f"{HOME}/{tenant.project_id}/posts"


def test_the_front_leads_in_and_names_what_else_is_here(world: World) -> None:
    with Browser(world) as nobody:
        front = nobody.client.get(world.url)
        assert front.url.path == f"{HOME}/sign-in"
        assert 'href="/docs"' in front.text
        assert f'href="{world.sandbox.ready["sandboxUrl"]}"' in front.text


def test_looking_at_a_link_uses_nothing_up_and_using_it_does(tenant: Tenant) -> None:
    link = invited(tenant, "viewer")
    with Browser(tenant.world) as browser, Browser(tenant.world) as other:
        for _ in range(2):
            assert browser.get(f"/join/{link}").status_code == 200
        browser.sign_up(link)
        late = other.get(f"/join/{link}")
        assert late.status_code == 410
        assert "polypost people invite" in late.text


def test_a_short_password_keeps_the_link_and_what_was_typed(tenant: Tenant) -> None:
    link = invited(tenant, "viewer")
    with Browser(tenant.world) as browser:
        wrong = browser.sign_up(link, name="Short Of Words", password="short")
        assert wrong.status_code == 400
        assert "10 to 1000 characters" in wrong.text
        assert 'value="Short Of Words"' in wrong.text
        assert browser.sign_up(link).status_code == 200


def test_a_taken_name_is_said_beside_the_field(tenant: Tenant, owner: Browser) -> None:
    with Browser(tenant.world) as browser:
        wrong = browser.sign_up(invited(tenant, "viewer"), name=owner.name.upper())
        assert wrong.status_code == 400
        assert 'aria-invalid="true"' in wrong.text


def test_who_is_there_already_joins_as_they_are(tenant: Tenant, members: Members) -> None:
    other = operator(
        tenant.world, lambda db: people.invite(db, "invite", project_id=tenant.project_id, role="owner")
    )
    browser = members(tenant, "viewer")
    page = browser.get(f"/join/{other}")
    assert f"Join as {browser.name}" in page.text
    assert browser.post(f"/join/{other}", {"as": "me"}).status_code == 200
    assert browser.get(f"/{tenant.project_id}/people").status_code == 200


def test_a_name_and_a_password_that_are_wrong_are_one_answer(world: World, owner: Browser) -> None:
    said = []
    with Browser(world, address="127.0.2.1") as browser:
        for name, password in (
            (owner.name, "not the password"),
            ("Nobody At All", PASSWORD),
            ("a\0b", PASSWORD),
        ):
            answer = browser.client.post(
                f"{HOME}/sign-in", data={"token": browser.token, "name": name, "password": password}
            )
            said.append((answer.status_code, re.findall(r'role="alert">([^<]*)', answer.text)))
    assert (
        said[0]
        == said[1]
        == (
            401,
            [
                "Name and password do not belong together. Whoever runs the server makes a link for a new one: polypost people recover NAME."
            ],
        )
    )
    assert said[2][0] == 400


def test_guessing_is_slowed_for_a_name_and_the_answer_says_until_when(world: World) -> None:
    with Browser(world, address="127.0.2.2") as browser:
        for number in range(11):
            answer = browser.client.post(
                f"{HOME}/sign-in",
                data={"token": browser.token, "name": f"Guessed{' ' * number}", "password": "x"},
            )
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
    with Browser(world, address="127.0.2.3") as other:
        answer = other.client.post(
            f"{HOME}/sign-in", data={"token": other.token, "name": "GUESSED", "password": "x"}
        )
        assert answer.status_code == 429


def test_a_session_is_another_after_signing_in_and_after_a_new_password(tenant: Tenant) -> None:
    with Browser(tenant.world) as browser, Browser(tenant.world) as elsewhere:
        keep(browser, "planted by somebody")
        browser.sign_up(invited(tenant, "viewer"))
        first = secret(browser)
        assert first != "planted by somebody"
        elsewhere.sign_in(browser.name)
        wrong = browser.post(
            "/me/password", {"current": "not it at all", "password": "another long sentence"}
        )
        assert wrong.status_code == 400
        done = browser.post("/me/password", {"current": PASSWORD, "password": "another long sentence"})
        assert "Your password is changed" in done.text
        second = secret(browser)
        assert second != first
        assert elsewhere.get("/me").url.path == f"{HOME}/sign-in"
        with Browser(tenant.world) as thief:
            keep(thief, first)
            assert thief.get("/me").url.path == f"{HOME}/sign-in"
            assert thief.sign_in(browser.name, PASSWORD).status_code == 401
            assert thief.sign_in(browser.name, "another long sentence").status_code == 200


def test_signing_in_again_ends_the_session_before(tenant: Tenant) -> None:
    with Browser(tenant.world) as browser:
        browser.sign_up(invited(tenant, "viewer"))
        first = secret(browser)
        browser.sign_in(browser.name)
        assert secret(browser) != first
        known = operator(
            tenant.world,
            lambda db: db.execute(
                select(tables.sessions.c.id).where(tables.sessions.c.hash == digest(first))
            ).all(),
        )
        assert known == []


def test_signing_out_ends_the_session_itself(tenant: Tenant) -> None:
    with Browser(tenant.world) as browser:
        browser.sign_up(invited(tenant, "viewer"))
        kept = secret(browser)
        answer = browser.client.post(
            f"{HOME}/sign-out", data={"token": browser.token}, follow_redirects=False
        )
        assert answer.headers["clear-site-data"] == '"cache"'
        assert COOKIE not in browser.client.cookies
        keep(browser, kept)
        assert browser.get("/me").url.path == f"{HOME}/sign-in"


def test_a_session_of_which_nothing_was_seen_for_twelve_hours_is_over(
    tenant: Tenant, members: Members
) -> None:
    browser = members(tenant, "viewer")
    age(browser, "seen_at", timedelta(hours=11, minutes=59))
    assert browser.get("/me").url.path == f"{HOME}/me"
    age(browser, "seen_at", timedelta(hours=12, seconds=1))
    page = browser.get("/me")
    assert page.url.path == f"{HOME}/sign-in"
    assert f'value="{HOME}/me"' in page.text


def test_a_session_that_ends_in_the_middle_leaves_the_page_as_it_is(tenant: Tenant, members: Members) -> None:
    browser = members(tenant)
    path = f"/{tenant.project_id}/compose/check"
    age(browser, "seen_at", timedelta(hours=13))
    part = browser.post(path, {"content": "typed"}, headers={"x-part": "true"}, follow_redirects=False)
    assert part.status_code == 401
    assert "location" not in part.headers
    # A whole page is lost by that: what was typed comes along to signing in.
    whole = browser.post(path, {"content": "typed"}, follow_redirects=False)
    assert whole.status_code == 401
    assert "typed" in whole.text


def test_what_cannot_be_undone_asks_for_the_password(tenant: Tenant, members: Members) -> None:
    browser, gone = members(tenant), members(tenant, "author")
    person = operator(tenant.world, lambda db: people.named(db, gone.name)).id
    path = f"/{tenant.project_id}/people/{person}/remove"
    age(browser, "confirmed_at", timedelta(minutes=16))
    for more in ({}, {"password-again": "not the password"}):
        asked = browser.post(path, {"why": "<gone>", **more})
        assert asked.status_code == 403
        assert 'name="why" value="&lt;gone&gt;"' in asked.text
        assert ("This is not your password." in asked.text) == bool(more)
        assert gone.get(f"/{tenant.project_id}/posts").status_code == 200
    done = browser.post(path, {"password-again": PASSWORD})
    assert done.status_code == 200
    assert "member removed" in done.text
    assert gone.get(f"/{tenant.project_id}/posts").url.path == f"{HOME}/sign-in"


def test_a_recovery_link_gives_a_new_password_and_ends_all_sessions(tenant: Tenant, members: Members) -> None:
    lost = members(tenant, "viewer")
    made = tenant.world.command("people", "recover", lost.name)
    with Browser(tenant.world) as browser:
        browser.sign_up(
            made["url"].rpartition("/")[2], name="Somebody Else", password="a sentence of another kind"
        )
        assert lost.name in browser.get("/me").text
        assert lost.get("/me").url.path == f"{HOME}/sign-in"
        assert lost.sign_in(lost.name, "a sentence of another kind").status_code == 200


@pytest.mark.parametrize("of", ["another", "all others"])
def test_sessions_are_listed_and_ended(tenant: Tenant, members: Members, of: str) -> None:
    browser = members(tenant, "viewer", agent="First <b>browser</b>")
    with Browser(tenant.world, agent="Second") as other, Browser(tenant.world) as stranger:
        other.sign_in(browser.name)
        page = browser.get("/me").text
        assert "First &lt;b&gt;browser&lt;/b&gt;" in page
        (session,) = re.findall(r"/me/sessions/(\w+)/end", page)
        stranger.sign_up(invited(tenant, "owner"))
        stranger.post(f"/me/sessions/{session}/end")
        assert other.get("/me").url.path == f"{HOME}/me"
        browser.post(f"/me/sessions/{session}/end" if of == "another" else "/me/sessions/end")
        assert other.get("/me").url.path == f"{HOME}/sign-in"
        assert browser.get("/me").url.path == f"{HOME}/me"

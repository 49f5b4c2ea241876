"""A form that is sent when its session has ended: nothing typed is lost, and nobody else gets anything done by it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest

from polypost.dashboard import forms
from polypost.dashboard.forms import Sent
from tests.contract.tenant import Tenant, words
from tests.dashboard.browser import HOME, PASSWORD, Browser
from tests.dashboard.conftest import Members
from tests.dashboard.test_signing import age, keep

OVER = timedelta(hours=13)


def ended(members: Members, tenant: Tenant) -> tuple[Browser, str]:
    """Somebody whose session has just ended, and the token of its forms."""
    browser = members(tenant)
    token = browser.token
    age(browser, "seen_at", OVER)
    return browser, token


def send(browser: Browser, path: str, token: str, data: dict[str, str], **more: Any) -> httpx2.Response:
    """A form as the browser sends it; no redirect is followed."""
    form = {"token": token, **data}
    return browser.client.post(HOME + path, data=form, follow_redirects=False, **more)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {unescape(name): unescape(value) for name, value in found}


def sign_in(browser: Browser, page: str, **more: str) -> httpx2.Response:
    """Fill in the form for signing in that is on a page, and send it; what it carries comes along."""
    fields = hidden(page) | {"name": browser.name, "password": PASSWORD} | more
    files = {name: (None, value) for name, value in fields.items()}
    return browser.client.post(f"{HOME}/sign-in", files=files, follow_redirects=False)


def test_what_was_typed_is_there_after_signing_in_and_goes_on(tenant: Tenant, members: Members) -> None:
    browser, token = ended(members, tenant)
    text = f'"it\'s" <b>{words()}</b>\r\nand more  ü'
    path = f"/{tenant.project_id}/compose"
    account = tenant.account("twitter").id
    data = {"content": text, "account": account, "when": "draft", "do": "send", "once": f"once-{words()}"}
    asked = send(browser, path, token, data)
    assert asked.status_code == 401
    assert "You were signed out meanwhile" in asked.text
    # A wrong password leaves it there, too.
    wrong = sign_in(browser, asked.text, password="not the password")
    assert wrong.status_code == 401
    page = sign_in(browser, wrong.text)
    assert page.status_code == 200
    assert "here is what you had sent" in page.text
    assert "<b>" not in page.text
    assert f'action="{HOME}{path}"' in page.text
    assert "do not come along" not in page.text
    fields = hidden(page.text)
    assert fields.pop("token") != token
    assert fields == data
    # Nothing was done yet; going on does it.
    assert text.replace("\r\n", "\n") not in [each["content"] for each in drafts(tenant)]
    done = browser.client.post(HOME + path, data=fields | {"token": hidden(page.text)["token"]})
    assert done.status_code == 200, done.text
    assert text.replace("\r\n", "\n") in [each["content"] for each in drafts(tenant)]


def drafts(tenant: Tenant) -> list[dict[str, str]]:
    """The project's newest posts."""
    return list(tenant.client.get("/v1/posts", params={"limit": "20"}).json()["posts"])


def test_somebody_else_may_sign_in_and_has_their_own_role(tenant: Tenant, members: Members) -> None:
    browser, token = ended(members, tenant)
    viewer = members(tenant, "viewer")
    path = f"/{tenant.project_id}/profiles"
    asked = send(browser, path, token, {"name": "Typed"})
    page = sign_in(browser, asked.text, name=viewer.name)
    assert page.status_code == 200
    again = browser.client.post(HOME + path, data=hidden(page.text))
    assert again.status_code == 403
    assert "needs the role editor" in again.text


@pytest.mark.parametrize("known", [True, False])
def test_a_session_that_was_ended_elsewhere_is_one_too_with_less_room(
    tenant: Tenant, members: Members, known: bool
) -> None:
    browser, token = ended(members, tenant)
    if not known:
        browser.client.cookies.clear()
        keep(browser, "no secret of ours")
        token = forms.token("no secret of ours")
    path = f"/{tenant.project_id}/compose"
    small = send(browser, path, token, {"content": "typed"})
    assert small.status_code == 401
    assert Sent.unpacked(hidden(small.text)["sent"]) == Sent(HOME + path, [("content", "typed")], False)
    # The composer's forms may have 1 GB; of who was never here no more is read than for signing in.
    file = {"file": ("a.png", b"x" * 2_000_000, "image/png")}
    large = send(browser, path, token, {"content": "typed"}, files=file)
    assert large.status_code == (401 if known else 303)
    if known:
        page = sign_in(browser, large.text).text
        assert "The files did not come along" in page
        assert "Go on without the files" in page


def test_passwords_and_the_like_are_typed_anew(tenant: Tenant, members: Members) -> None:
    browser, token = ended(members, tenant)
    given = {"name": "App", "client-id": "id", "client-secret": "hush", "password-again": "hush"}
    asked = send(browser, f"/{tenant.project_id}/apps/twitter", token, given)
    assert asked.status_code == 401
    assert "hush" not in asked.text
    sent = Sent.unpacked(hidden(asked.text)["sent"])
    assert sent is not None
    assert sent.fields == [("name", "App"), ("client-id", "id")]


@pytest.mark.parametrize("kind", ["foreign", "of another session", "none", "other site", "no address"])
def test_a_form_of_others_is_carried_nowhere(tenant: Tenant, members: Members, kind: str) -> None:
    browser, token = ended(members, tenant)
    token = {
        "foreign": "0" * 80,
        "of another session": members(tenant).token,
        "none": "",
    }.get(kind, token)
    headers = {
        "other site": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        "no address": {"origin": "null"},
    }.get(kind, {})
    path = f"/{tenant.project_id}/profiles"
    answer = send(browser, path, token, {"name": "Planted"}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/sign-in")
    assert "Planted" not in answer.text


def test_what_cannot_be_undone_is_not_carried(tenant: Tenant, members: Members) -> None:
    browser, token = ended(members, tenant)
    answer = send(browser, f"/{tenant.project_id}/people/usr_x/remove", token, {"why": "x"})
    assert answer.status_code == 303
    part = send(browser, f"/{tenant.project_id}/profiles", token, {"name": "x"}, headers={"x-part": "true"})
    assert part.status_code == 401
    assert "hidden" not in part.text
    nul = send(browser, f"/{tenant.project_id}/profiles", token, {"name": "x\0"})
    assert nul.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/dashboard/x/compose",
        "//evil.example/dashboard/x/compose",
        "/v1/posts",
        f"{HOME}/sign-out",
        f"{HOME}/x/people/usr_x/remove",
        f"{HOME}/x/compose\n//evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_it_goes_to_a_form_of_ours_alone(tenant: Tenant, members: Members, path: str) -> None:
    browser = members(tenant)
    packed = Sent(path, [("content", "planted")], False).packed()
    page = {"token": browser.token, "next": "https://evil.example", "sent": packed}
    answer = browser.post(
        "/sign-in", {"name": browser.name, "password": PASSWORD, **page}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/")
    assert "planted" not in answer.text


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[1, 2, 3]", '["a", [["b"]], 1]', "[" * 100_000])
def test_what_is_no_form_is_none(text: str) -> None:
    assert Sent.unpacked(text) is None


def test_what_is_too_long_is_said(local: Tenant, members: Members) -> None:
    browser, token = ended(members, local)
    data = {f"field{number}": "x" * 500_000 for number in range(3)}
    asked = send(browser, f"/{local.project_id}/compose", token, data, files={"f": (None, b"")})
    assert asked.status_code == 401
    assert "too long to be carried along" in asked.text
    assert hidden(asked.text).get("sent") is None
    assert sign_in(browser, asked.text).headers["location"] == f"{HOME}/"
    packed = Sent("/", [("a", "\u2028\n" * 10)], True)
    assert Sent.unpacked(packed.packed()) == packed
    assert json.loads(packed.packed())[0] == "/"


def test_tokens_are_written_otherwise_each_time() -> None:
    made = {forms.token("secret") for _ in range(50)}
    assert len(made) == 50
    assert all(forms.is_token(each, "secret") for each in made)
    one = made.pop()
    for wrong in (one[:-1], one + "00", one[:-2] + f"{int(one[-2:], 16) ^ 1:02x}", "", "zz", "ü", one[40:]):
        assert not forms.is_token(wrong, "secret"), wrong
    assert not forms.is_token(one, "other")

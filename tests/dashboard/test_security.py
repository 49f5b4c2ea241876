"""What other sites, tampered requests and hostile words come to."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from polypost.access import passwords
from polypost.dashboard import web
from polypost.dashboard.application import dashboard
from polypost.errors import TooManyRequests
from tests.contract.tenant import Tenant
from tests.dashboard.browser import HOME, PASSWORD, Browser, invited, member
from tests.dashboard.conftest import Members
from tests.processes import Process, World

# Words that no page asked for: of no sense, too long, too large, of another script, and parts of markup and paths.
ODD = ("'\"><script>{{ 7 * 7 }}", "9" * 400, "-5", "٣", "\U0001f600" * 50, "../..")
POSTS = [page for page in dashboard().pages if page.method == "POST"]


def filled(path: str, project: str) -> str:
    """A page's path with something in each place."""
    return HOME + re.sub(r"\{\w+\}", "x", path.replace("{project}", project))


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.path)
def test_no_change_without_a_token_of_this_session(
    local: Tenant, local_owner: Browser, page: web.Page
) -> None:
    path = filled(page.path, local.project_id)
    for data in ({}, {"token": ""}, {"token": "0" * 40}, {"token": "ü"}):
        answer = local_owner.client.post(path, data=data)
        assert answer.status_code == 403, path
        assert "not of this session" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_change_from_another_site_even_with_the_token(
    local_owner: Browser, headers: dict[str, str]
) -> None:
    answer = local_owner.post("/me/sessions/end", headers=headers)
    assert answer.status_code == 403


def test_changes_from_our_own_pages_pass(local_owner: Browser) -> None:
    own = {"origin": local_owner.world.url, "sec-fetch-site": "same-origin"}
    assert local_owner.post("/me/sessions/end", headers=own).status_code == 200


def test_a_token_of_another_session_is_none(local: Tenant, local_owner: Browser, members: Members) -> None:
    other = members(local)
    answer = local_owner.client.post(f"{HOME}/me/sessions/end", data={"token": other.token})
    assert answer.status_code == 403


def test_reading_changes_nothing(local_owner: Browser) -> None:
    for page in POSTS:
        answer = local_owner.client.get(filled(page.path, "x"), follow_redirects=False)
        assert answer.status_code in {303, 404, 405, 410} or page.path in {
            other.path for other in dashboard().pages if other.method == "GET"
        }, page.path
    assert local_owner.get("/me").url.path == f"{HOME}/me"


def test_what_every_page_says_to_a_browser(local: Tenant, local_owner: Browser, embedded: World) -> None:
    with Browser(embedded) as nobody:
        seen = [
            local_owner.get(f"/{local.project_id}/accounts"),
            local_owner.get("/me"),
            local_owner.get("/no-such-page"),
            nobody.get("/sign-in"),
        ]
    assert [each.status_code for each in seen] == [200, 200, 404, 200]
    for answer in seen:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text)


def test_cookies_are_for_us_alone(local: Tenant, members: Members) -> None:
    with Browser(local.world) as browser:
        answer = browser.client.get(f"{HOME}/sign-in")
        assert "httponly; path=/; samesite=lax" in answer.headers["set-cookie"].lower()
        browser.sign_up(invited(local, "viewer"))
        signed = browser.client.post(
            f"{HOME}/sign-in",
            data={"token": browser.token, "name": browser.name, "password": PASSWORD},
            follow_redirects=False,
        )
        (cookie,) = signed.headers.get_list("set-cookie")
        assert cookie.startswith("polypost-session=")
        assert "httponly; path=/; samesite=lax" in cookie.lower()
        assert "domain" not in cookie.lower()


def test_where_the_address_is_safe_cookies_are_only_sent_there(tmp_path: Path) -> None:
    server = Process(
        "serve",
        "--json",
        "--port",
        "0",
        log=tmp_path / "log",
        env={"POLYPOST_DATA": str(tmp_path / "data"), "POLYPOST_PUBLIC_URL": "https://post.example"},
    )
    ready = server.start()
    try:
        assert ready["dashboardUrl"].startswith("https://post.example/dashboard/join/")
        path = ready["dashboardUrl"].removeprefix("https://post.example")
        with httpx2.Client(base_url=ready["url"], trust_env=False) as client:
            front = client.get("/", follow_redirects=True)
            assert front.url.path == f"{HOME}/sign-in"
            assert "polypost people invite --operator" in front.text
            assert "/docs" not in front.text
            page = client.get(path)
            forms = page.headers["set-cookie"]
            assert forms.startswith("__Host-polypost-forms=")
            assert "secure" in forms.lower()
            token = re.findall(r'name="token" value="([^"]*)"', page.text)[0]
            kept = {"cookie": forms.split(";")[0]}
            body = {"token": token, "name": "Ada", "password": PASSWORD}
            said = client.post(path, data=body, headers={**kept, "origin": "https://evil.example"})
            assert said.status_code == 403
            joined = client.post(path, data=body, headers={**kept, "origin": "https://post.example"})
            assert joined.status_code == 303
            (cookie,) = joined.headers.get_list("set-cookie")
            assert cookie.startswith("__Host-polypost=")
            assert "secure" in cookie.lower()
            assert "/docs" not in client.get(f"{HOME}/me", headers={"cookie": cookie.split(";")[0]}).text
    finally:
        server.stop()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/dashboard/",
        "/\\evil.example",
        "/dashboard/\\evil",
        "http://[",
        "javascript:alert(1)",
        "/dashboardevil",
        "",
        "\t//evil.example",
    ],
)
def test_signing_in_leads_nowhere_else(url: str) -> None:
    assert web.local(url) == f"{HOME}/"


def test_signing_in_leads_back_to_a_page_of_ours() -> None:
    assert web.local(f"{HOME}/x/posts?status=failed") == f"{HOME}/x/posts?status=failed"


def test_no_header_is_made_of_what_is_sent(local: Tenant, local_owner: Browser) -> None:
    browser = local_owner
    answer = browser.client.post(
        f"{HOME}/sign-in",
        data={
            "token": browser.token,
            "name": browser.name,
            "password": PASSWORD,
            "next": f"{HOME}/x\r\nset-cookie: evil=1",
        },
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert "evil" not in answer.headers.get("set-cookie", "")
    browser.sign_in(browser.name)


def test_hostile_words_stay_words(local: Tenant, members: Members) -> None:
    browser = Browser(local.world)
    with browser:
        browser.sign_up(invited(local, "owner"), name="\"'><img src=x onerror=alert(1)>{{7*7}}")
        for path in ("/me", f"/{local.project_id}/people"):
            page = browser.get(path).text
            assert "<img" not in page
            assert "{{7*7}}" in page


@pytest.mark.parametrize("path", ["/me/sessions/%00/end", "/{project}/people/%00/remove", "/join/%00"])
def test_a_nul_in_a_path_is_refused(tenant: Tenant, owner: Browser, path: str) -> None:
    assert owner.post(path.replace("{project}", tenant.project_id)).status_code == 400


def test_a_nul_in_a_query_or_form_is_refused(tenant: Tenant, owner: Browser) -> None:
    assert owner.get(f"/{tenant.project_id}/accounts?status=%00").status_code == 400
    assert owner.post(f"/{tenant.project_id}/people/invite", {"role": "owner\0"}).status_code == 400


def fields(*reads: str) -> set[str]:
    """Every name that stands behind one of these patterns in templates and pages."""
    package = Path(web.__file__).parent
    texts = [each.read_text() for ending in ("html", "py") for each in package.rglob(f"*.{ending}")]
    named = rf'(?:{"|".join(reads)})"([a-z][\w.-]*)"'
    return {name for text in texts for name in re.findall(named, text)} - {"token", "next"}


@pytest.mark.parametrize("word", ODD, ids=lambda word: repr(word[:8]))
def test_no_word_makes_the_server_fail(tenant: Tenant, word: str) -> None:
    # From an address of its own: what signs in or opens links often is refused, and others sign in here.
    with member(tenant, address="127.0.0.86") as owner:
        every_page_with(tenant, owner, word)


def every_page_with(tenant: Tenant, owner: Browser, word: str) -> None:
    """Ask for each page, with the word in every place that a page reads."""
    names = {
        "GET": fields(r"\basked\(", r"\bget\("),
        "POST": fields(r"\bname=", r"\b(?:asked|said|get|getlist)\("),
    }
    assert {"page", "zone", "state"} <= names["GET"]
    assert {"zone", "content", "role"} <= names["POST"]
    stays = ("/sign-out", "/me/sessions/end", "/me/sessions/{session}/end", "/{project}/events")
    for page in (page for page in dashboard().pages if page.path not in stays):
        path = page.path.replace("{project}", tenant.project_id)
        path = re.sub(r"\{\w+\}", quote(word, safe=""), path)
        said = dict.fromkeys(names[page.method], word)
        if page.method == "GET":
            answer = owner.client.get(HOME + path, params=said)
        else:
            answer = owner.post(path, said, follow_redirects=False)
        assert answer.status_code < 500, f"{page.method} {path}"


def test_forms_are_bounded(local: Tenant, local_owner: Browser) -> None:
    path = f"{HOME}/me/sessions/end"
    token = local_owner.token
    large = local_owner.client.post(path, data={"token": token, "more": "x" * 1_000_001})
    assert large.status_code == 413
    assert "1,000,000 bytes" in large.text
    many = local_owner.client.post(path, files=[(f"f{number}", (None, b"x")) for number in range(2100)])
    assert many.status_code == 400
    files = local_owner.client.post(path, files=[("f", (f"{number}", b"x")) for number in range(41)])
    assert files.status_code == 400
    assert local_owner.get("/me").status_code == 200


def test_nobody_makes_the_server_read_a_form_of_theirs(local: Tenant) -> None:
    with Browser(local.world) as nobody:
        answer = nobody.client.post(
            f"{HOME}/{local.project_id}/compose",
            content=b"x" * 3_000_000,
            headers={"content-type": "application/x-www-form-urlencoded"},
            follow_redirects=False,
        )
        assert answer.status_code == 303


def test_many_passwords_at_once_are_refused_not_kept_waiting() -> None:
    async def flood() -> list[object]:
        tries = (passwords.matches("a password", None) for _ in range(60))
        return await asyncio.gather(*tries, return_exceptions=True)

    said = asyncio.run(flood())
    refused = [each for each in said if isinstance(each, TooManyRequests)]
    assert len(refused) == 10
    assert refused[0].headers == {"Retry-After": "3"}
    assert [each for each in said if each not in refused] == [False] * 50
    assert asyncio.run(passwords.matches("a password", None)) is False


def test_pages_are_compressed_but_for_what_another_site_asks_for(local: Tenant, local_owner: Browser) -> None:
    path = f"{HOME}/{local.project_id}/accounts"

    def encoding(path: str, **headers: str) -> str | None:
        with local_owner.client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            return answer.headers.get("content-encoding")

    assert encoding(path) == "gzip"
    assert encoding(path, **{"sec-fetch-site": "same-origin"}) == "gzip"
    assert encoding(path, **{"sec-fetch-site": "none"}) == "gzip"
    # Its length would tell what stands beside words of theirs.
    for site in ("cross-site", "same-site"):
        assert encoding(path, **{"sec-fetch-site": site}) is None
    assert encoding(path, **{"accept-encoding": "identity"}) is None
    assert encoding(f"{HOME}/{local.project_id}/events") is None


def test_a_token_stands_in_no_two_pages(local: Tenant, local_owner: Browser) -> None:
    seen = [re.findall(r'name="token" value="([^"]*)"', local_owner.get("/me").text) for _ in range(3)]
    # One for all forms of an answer, so that these are small.
    assert [len(set(each)) for each in seen] == [1, 1, 1]
    assert len({each[0] for each in seen}) == 3
    for each in seen:
        sent = local_owner.client.post(f"{HOME}/me/sessions/end", data={"token": each[0]})
        assert sent.status_code == 200


def test_an_idle_server_has_no_dashboard_in_memory() -> None:
    """The pages and their templates come with the first visitor."""
    code = "import sys, polypost.app; print([name for name in sys.modules if name.startswith(('jinja2', 'polypost.dashboard.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

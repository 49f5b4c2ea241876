"""The log of requests as a page: what programs sent, what they were told, and how to send it again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.contract.tenant import Tenant, words
from tests.dashboard.browser import Browser, command
from tests.dashboard.conftest import Members


def kept(browser: Browser, tenant: Tenant, answer: httpx2.Response) -> str:
    """The page of the request to which this is the answer, once it is written down."""
    url = f"/{tenant.project_id}/requests/{answer.headers['x-request-id']}"
    for _ in range(100):
        page = browser.get(url)
        if page.status_code == 200:
            return page.text
        time.sleep(0.1)
    raise AssertionError(page.text)


@pytest.fixture(scope="module")
def viewer(tenant: Tenant, members: Members) -> Browser:
    return members(tenant, "viewer")


def test_without_requests_the_page_says_how_to_make_one(
    tenant: Tenant, new: Callable[..., Tenant], members: Members
) -> None:
    empty = new(tenant.world)
    page = members(empty, "viewer").get(f"/{empty.project_id}/requests")
    assert "No requests yet" in page.text
    assert command(page.text) == ["curl", f"{tenant.world.url}/v1/posts", "-H", "x-access-key: YOUR_KEY"]


def test_a_request_is_shown_with_its_answer_and_as_a_command(tenant: Tenant, viewer: Browser) -> None:
    text = f"it's <b>{words()}</b>"
    asked = tenant.post({"content": text, "platforms": [], "publishNow": True}, params={"x": "a b'c"})
    assert asked.status_code == 400
    page = kept(viewer, tenant, asked)
    assert "400 Bad Request" in page
    assert asked.json()["code"] in page
    assert "<b>" not in page
    assert "contract" in page
    said = command(page)
    assert said[:3] == ["curl", "-X", "POST"]
    assert said[3] == str(asked.request.url)
    assert "x-access-key: YOUR_KEY" in said
    assert said[-1] == asked.request.content.decode()
    assert tenant.key not in page
    listed = viewer.get(f"/{tenant.project_id}/requests").text
    assert asked.headers["x-request-id"] in listed
    # An id leads to its page.
    found = viewer.get(f"/{tenant.project_id}/requests", params={"path": asked.headers["x-request-id"]})
    assert found.url.path.endswith(asked.headers["x-request-id"])


def test_secrets_are_masked(tenant: Tenant, viewer: Browser) -> None:
    body = {"platform": "twitter", "name": "Ours", "clientId": "open", "clientSecret": "hush-hush"}
    page = kept(viewer, tenant, tenant.client.post("/v1/apps", json=body))
    assert "hush-hush" not in page
    assert "open" in page


def test_a_request_about_a_post_leads_to_it(tenant: Tenant, viewer: Browser) -> None:
    post = tenant.scheduled()["postId"]
    page = kept(viewer, tenant, tenant.client.get(f"/v1/posts/{post}"))
    assert f'href="/dashboard/{tenant.project_id}/posts/{post}"' in page
    assert "No body was kept" in page


def test_the_list_is_narrowed_down(tenant: Tenant, viewer: Browser) -> None:
    good = tenant.client.get("/v1/posts", params={"limit": "1"})
    bad = tenant.client.get("/v1/posts/post_nothing")
    for each in (good, bad):
        kept(viewer, tenant, each)
    key = re.findall(r'<option value="(key_\w+)"', viewer.get(f"/{tenant.project_id}/requests").text)
    assert len(key) == 1

    def there(**query: str) -> tuple[bool, bool]:
        page = viewer.get(f"/{tenant.project_id}/requests", params=query)
        assert page.status_code == 200
        return good.headers["x-request-id"] in page.text, bad.headers["x-request-id"] in page.text

    assert there() == (True, True)
    assert there(status="4") == (False, True)
    assert there(status="2") == (True, False)
    assert there(path="/v1/posts/post_") == (False, True)
    assert there(method="POST") == (False, False)
    assert there(key=key[0]) == (True, True)
    assert there(key="key_other") == (False, False)
    assert there(before=good.headers["x-request-id"])[0] is False
    assert there(status="x", method="<script>", before="\u2028") in {(True, True), (False, False)}


def requests_of(browser: Browser, tenant: Tenant) -> Iterator[str]:
    """The requests on the first page of the list."""
    yield from re.findall(
        r'class="words" dir="ltr"><code>([^<]*)', browser.get(f"/{tenant.project_id}/requests").text
    )


def test_what_is_not_the_projects_is_not_there(
    tenant: Tenant, members: Members, new: Callable[..., Tenant]
) -> None:
    other = new(tenant.world)
    owner = members(other)
    tenant.client.get("/v1/platforms", headers={"x-access-key": "wrong"})
    other.client.get("/v1/health")
    other.client.get("/healthz/ready")
    owner.get(f"/{other.project_id}/posts")
    mine = other.client.get("/v1/usage")
    kept(owner, other, mine)
    assert list(requests_of(owner, other)) == ["GET /v1/usage"]
    # Nor by its id, in another project.
    path = f"/{tenant.project_id}/requests/{mine.headers['x-request-id']}"
    assert members(tenant).get(path).status_code == 404

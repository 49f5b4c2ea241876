"""Files of posts at the dashboard: looked at, carried out once, whatever is in them and however often they come."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, update

from polypost import bulk, clock
from polypost.bulk.tables import bulk_rows, bulks
from polypost.dashboard.pages.bulk import LARGEST
from tests.contract.tenant import Tenant, later, operator, words
from tests.contract.test_bulk import contents, good, sheet
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members

HOSTILE = '<img src=x onerror="alert(1)">'


def send(browser: Browser, tenant: Tenant, file: bytes, name: str = "posts.csv") -> httpx2.Response:
    """The file by the form."""
    return browser.post(f"/{tenant.project_id}/bulk", files={"file": (name, file)})


def told(tenant: Tenant, page: httpx2.Response) -> dict[str, Any]:
    """What the API says of the file of a page, once nothing of it is pending."""
    path = page.url.path.rpartition("/")[2]
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = tenant.client.get(f"/v1/posts/bulk/{path}", params={"limit": 1000}).json()
        if answer["status"] != "running":
            return dict(answer)
        time.sleep(0.05)
    raise AssertionError("the file does not end")


def test_a_file_is_looked_at_and_then_made_once(tenant: Tenant, owner: Browser, members: Members) -> None:
    bad = good(tenant, platforms="twitter:int_nobody")
    rows = [good(tenant), good(tenant, content=f"=cmd|' /C calc'!A0 {words()}"), bad]
    before = len(contents(tenant))
    page = send(owner, tenant, sheet(rows))
    assert page.status_code == 200, page.text
    dry = told(tenant, page)
    assert (dry["dryRun"], dry["valid"], dry["refused"]) == (True, 2, 1)
    seen = owner.get(page.url.path).text
    assert "Make 2 posts" in seen
    assert '<code dir="auto">platforms</code>' in seen
    assert len(contents(tenant)) == before
    # The same file again, and in another tab, is the same look at it.
    assert send(owner, tenant, sheet(rows)).url.path == page.url.path

    viewer = members(tenant, "viewer")
    assert "Make 2 posts" not in viewer.get(page.url.path).text
    run = f"{page.url.path}/run"
    assert viewer.post(run).status_code == 403
    first, second = owner.post(run), owner.post(run)
    assert first.url.path == second.url.path == page.url.path
    made = told(tenant, first)
    assert (made["dryRun"], made["status"], made["created"], made["refused"]) == (False, "done", 2, 1)
    assert [row["status"] for row in made["rows"]] == ["created", "created", "refused"]
    texts = {row["content"] for row in rows[:2]}
    assert len([text for text in contents(tenant) if text in texts]) == 2
    shown = owner.get(page.url.path).text
    assert all(f"/posts/{row['postId']}" in shown for row in made["rows"][:2])
    assert made["bulkId"] in owner.get(f"/{tenant.project_id}/bulk").text

    assert "Nothing was made twice" in send(owner, tenant, sheet(rows)).text
    # Somebody else's look at the same bytes leads to what was made of them.
    other = members(tenant, "editor")
    again = send(other, tenant, sheet(rows))
    assert again.url.path != page.url.path
    assert "were made already" in again.text
    assert "Make 2 posts" not in again.text
    led = other.post(f"{again.url.path}/run")
    assert led.url.path == page.url.path
    assert "Nothing was made twice" in led.text
    assert len([text for text in contents(tenant) if text in texts]) == 2


def test_rows_by_their_verdict_and_by_pages(local: Tenant, local_owner: Browser) -> None:
    rows = [good(local, content="x" * 300 if number % 2 else words()) for number in range(120)]
    page = send(local_owner, local, sheet(rows))
    assert told(local, page)["refused"] == 60

    def numbers(**query: str) -> list[int]:
        text = local_owner.get(page.url.path, params=query).text
        return [int(found) for found in re.findall(r'<li class="row top" data-key="(\d+)"', text)]

    assert numbers() == list(range(1, 51))
    assert numbers(page="2") == list(range(101, 121))
    assert numbers(status="refused", page="1") == list(range(102, 121, 2))
    assert numbers(status="created") == []
    assert numbers(status="no such", page="-1") == list(range(1, 51))
    part = local_owner.client.get(page.url.path, headers={"x-part": "1"}).text
    assert "<html" not in part
    assert 'data-key="state"' in part


def test_lines_of_json_and_files_without_an_ending(local: Tenant, local_owner: Browser) -> None:
    for name in ("posts.jsonl", "posts"):
        lines = [json.dumps(local.body(scheduledFor=later(7200))) for _ in range(2)]
        found = told(local, send(local_owner, local, "\n".join(lines).encode(), name))
        assert (found["format"], found["valid"]) == ("jsonl", 2)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "The file is empty"),
        (b"content,platforms,\x00\n1,2,3\n", "is not a column"),
        (f"content,platforms,{HOSTILE}\n".encode(), "is not a column"),
        (b"content,platforms\nok,twitter:int_1\n\xe4\xf6,twitter:int_1\n", "is not UTF-8"),
        ("content,platforms\nok,twitter:int_1\n".encode("utf-16"), "is not UTF-8"),
        (b'content,platforms\n"never closed,twitter:int_1\n', "is not readable as CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "is not UTF-8"),
        (b"content,platforms\n" + b"x" * 600_000 + b",twitter:int_1\n", "is longer than"),
    ],
    ids=["empty", "nul", "hostile", "latin", "utf-16", "quote", "picture", "long"],
)
def test_what_cannot_be_read_is_said_beside_the_form(
    tenant: Tenant, owner: Browser, file: bytes, said: str
) -> None:
    before = tenant.client.get("/v1/posts/bulk").json()["total"]
    page = send(owner, tenant, file)
    assert page.status_code == 400, page.text
    assert said in unescape(page.text)
    assert 'id="file-form"' in page.text
    assert HOSTILE not in page.text
    assert tenant.client.get("/v1/posts/bulk").json()["total"] == before


def test_hostile_cells_are_words(tenant: Tenant, owner: Browser) -> None:
    cells = [
        good(tenant, platforms=HOSTILE),
        good(tenant, scheduledFor=HOSTILE),
        good(tenant, content="a\x00b"),
        good(tenant, mediaUrls="javascript:alert(1)"),
        good(tenant, platforms="=HYPERLINK(1)"),
    ]
    names = ["content", "platforms", "scheduledFor", "mediaUrls"]
    page = send(owner, tenant, sheet([{name: row.get(name, "") for name in names} for row in cells]))
    found = told(tenant, page)
    assert (found["valid"], found["refused"]) == (0, 5)
    seen = owner.get(page.url.path).text
    assert HOSTILE not in seen
    assert "javascript:" not in re.sub(r">[^<]*<", "><", seen)
    assert "No row can become a post" in seen
    refused = owner.post(f"{page.url.path}/run")
    assert refused.status_code == 409
    assert "No row of this file can become a post" in refused.text


def test_no_file_and_too_large_a_file(local: Tenant, local_owner: Browser) -> None:
    assert LARGEST - bulk.FILE_BYTES == 10_000
    url = f"/{local.project_id}/bulk"
    assert local_owner.post(url).status_code == 400
    assert "No file was chosen" in local_owner.post(url, files={"file": ("", b"")}).text
    large = send(local_owner, local, b"x" * (bulk.FILE_BYTES + 1))
    assert large.status_code == 413
    assert "larger than 16 MB" in large.text
    assert 'id="file-form"' in large.text
    assert send(local_owner, local, b"x" * (LARGEST + 1)).status_code == 413


def test_ten_thousand_rows_are_told_a_page_at_a_time_and_stopped(local: Tenant, local_owner: Browser) -> None:
    row = good(local)
    file = sheet([row] * 10_000)
    page = send(local_owner, local, file)
    assert page.status_code == 200, page.text
    assert "10000 rows" in page.text
    assert len(page.text) < 100_000
    assert "Look again" in page.text
    assert "data-running" in page.text
    not_yet = local_owner.post(f"{page.url.path}/run")
    assert not_yet.status_code == 409
    assert "still being looked at" in not_yet.text
    stopped = local_owner.post(f"{page.url.path}/stop")
    assert told(local, stopped)["status"] == "stopped"
    assert "data-running" not in stopped.text
    assert local_owner.post(f"{page.url.path}/run").status_code == 409


def test_a_look_that_is_too_long_ago_is_taken_anew(tenant: Tenant, owner: Browser) -> None:
    page = send(owner, tenant, sheet([good(tenant)]))
    bulk_id = told(tenant, page)["bulkId"]

    def bodies(db: Any) -> list[Any]:
        return list(db.execute(select(bulk_rows.c.body).where(bulk_rows.c.bulk_id == bulk_id)).scalars())

    assert operator(tenant.world, bodies)[0]["content"]
    past = clock.now() - timedelta(seconds=1)
    mine = (bulks.c.id == bulk_id, bulks.c.project_id == tenant.project_id)
    operator(
        tenant.world,
        lambda db: db.execute(update(bulks).where(*mine).values(next_at=past, rung_at=None)).rowcount,
    )
    late = owner.post(f"{page.url.path}/run")
    assert late.status_code == 409
    assert "too long ago" in late.text
    end = time.monotonic() + 60
    while operator(tenant.world, bodies) != [None]:
        assert time.monotonic() < end, "what was kept is still there"
        time.sleep(0.2)
    assert "too long ago" in owner.get(page.url.path).text


def test_the_example_is_good_here(tenant: Tenant, owner: Browser) -> None:
    tenant.account("twitter")
    answer = owner.get(f"/{tenant.project_id}/bulk/example")
    assert answer.headers["content-disposition"] == 'attachment; filename="posts.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 2
    found = told(tenant, send(owner, tenant, answer.content))
    assert (found["valid"], found["refused"]) == (2, 0)


def test_files_of_other_projects_do_not_exist(local: Tenant, local_owner: Browser, new: Any) -> None:
    other = new(local.world)
    bulk_id = other.client.post(
        "/v1/posts/bulk",
        content=sheet([good(other)]),
        headers={"content-type": "text/csv"},
        params={"dryRun": "true"},
    ).json()["bulkId"]
    url = f"/{local.project_id}/bulk/{bulk_id}"
    assert local_owner.get(url).status_code == 404
    assert local_owner.post(f"{url}/run").status_code == 404
    assert local_owner.post(f"{url}/stop").status_code == 404

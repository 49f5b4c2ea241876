"""Bulk uploads: a verdict for each row, one post for each good one, whatever is repeated or dies in between."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import databases
from tests.contract.tenant import Tenant, close, later, new_tenant, words
from tests.processes import World

CSV = {"content-type": "text/csv"}
LINES = {"content-type": "application/x-ndjson"}


def sheet(rows: list[dict[str, Any]]) -> bytes:
    """A CSV file with the columns of its rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def good(tenant: Tenant, **more: Any) -> dict[str, Any]:
    """A row that is right."""
    account = tenant.account("twitter")
    row = {"content": words(), "platforms": f"twitter:{account.id}", "scheduledFor": later(86_400)}
    return row | more


def upload(
    tenant: Tenant, file: bytes, kind: dict[str, str] = CSV, *, key: str | None = None, **query: Any
) -> httpx2.Response:
    headers = kind | ({"idempotency-key": key} if key else {})
    return tenant.client.post("/v1/posts/bulk", content=file, headers=headers, params=query)


def ended(tenant: Tenant, bulk_id: str, **query: Any) -> dict[str, Any]:
    """The upload once nothing of it is pending."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        answer = tenant.client.get(f"/v1/posts/bulk/{bulk_id}", params=query)
        assert answer.status_code == 200, answer.text
        if answer.json()["status"] != "running":
            return dict(answer.json())
        time.sleep(0.05)
    raise AssertionError("the upload does not end")


def contents(tenant: Tenant) -> list[str]:
    """The texts of all scheduled posts."""
    found: list[str] = []
    while True:
        query = {"limit": 100, "offset": len(found)}
        page = tenant.client.get("/v1/posts/scheduled", params=query).json()
        found += [post["content"] for post in page["posts"]]
        if len(found) >= page["total"]:
            return found


def fifty_bad(tenant: Tenant) -> dict[int, tuple[str, dict[str, Any]]]:
    """Bad rows by their number: the field that is wrong and the row."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("content", {"content": "x" * 300}),
        ("platforms", {"platforms": "twitter:int_nobody"}),
        ("platforms", {"platforms": "myspace:int_1"}),
        ("platforms", {"platforms": "no account at all"}),
        ("scheduledFor", {"scheduledFor": "tomorrow"}),
        ("scheduledFor", {"scheduledFor": "2020-01-01T09:00:00Z"}),
        ("timezone", {"timezone": "Mars/Olympus"}),
        ("publishNow", {"publishNow": "perhaps"}),
        ("mediaUrls", {"mediaUrls": "ftp://example.com/a.png"}),
        ("twitter.replySettings", {"twitter.replySettings": "nobody"}),
    ]
    return {
        7 + 19 * place: (kinds[place % 10][0], good(tenant, **kinds[place % 10][1])) for place in range(50)
    }


def test_a_thousand_rows_of_which_fifty_are_bad(tenant: Tenant) -> None:
    bad = fifty_bad(tenant)
    names = [
        "content",
        "platforms",
        "scheduledFor",
        "timezone",
        "publishNow",
        "mediaUrls",
        "twitter.replySettings",
    ]
    rows = [bad[number][1] if number in bad else good(tenant) for number in range(1, 1001)]
    file = sheet([{name: row.get(name, "") for name in names} for row in rows])
    before = len(contents(tenant))
    dry = upload(tenant, file, dryRun=True)
    assert dry.status_code == 202, dry.text
    found = ended(tenant, dry.json()["bulkId"], status="refused", limit=1000)
    assert (found["total"], found["valid"], found["refused"], found["created"]) == (1000, 950, 50, 0)
    assert found["price"] == 950
    named = {row["row"]: {error["field"] for error in row["errors"]} for row in found["rows"]}
    assert named == {number: {field} for number, (field, _) in bad.items()}
    assert all(row["line"] == row["row"] + 1 for row in found["rows"])
    assert len(contents(tenant)) == before

    made = ended(tenant, upload(tenant, file, key="thousand").json()["bulkId"], limit=1000)
    assert (made["status"], made["created"], made["refused"]) == ("done", 950, 50)
    again = upload(tenant, file, key="thousand")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["bulkId"] == made["bulkId"]
    wanted = sorted(row["content"] for number, row in enumerate(rows, 1) if number not in bad)
    mine = [text for text in contents(tenant) if text in set(wanted)]
    assert sorted(mine) == wanted
    by_row = {row["row"]: row for row in made["rows"]}
    assert tenant.get(by_row[1]["postId"])["content"] == rows[0]["content"]
    assert by_row[7]["postId"] is None


def test_lines_of_json(tenant: Tenant) -> None:
    texts = [words() for _ in range(3)]
    bodies = [tenant.body(text, scheduledFor=later(7200)) for text in texts]
    lines = [json.dumps(body) for body in bodies]
    file = "\n".join([lines[0], "", "{not json", lines[1], json.dumps(bodies[2] | {"extra": 1}), "[]"])
    answer = upload(tenant, file.encode(), LINES)
    body = answer.json()
    assert (body["status"], body["total"], body["created"], body["refused"]) == ("done", 5, 2, 3)
    assert [(row["row"], row["line"], row["status"]) for row in body["rows"]] == [
        (1, 1, "created"),
        (2, 3, "refused"),
        (3, 4, "created"),
        (4, 5, "refused"),
        (5, 6, "refused"),
    ]
    assert body["rows"][3]["errors"][0]["field"] == "extra"
    assert {post["content"] for post in (tenant.get(body["rows"][place]["postId"]) for place in (0, 2))} == {
        texts[0],
        texts[1],
    }


def test_rows_that_publish_now_are_published(tenant: Tenant) -> None:
    row = good(tenant, publishNow="TRUE") | {"scheduledFor": ""}
    body = upload(tenant, sheet([row])).json()
    assert body["created"] == 1
    assert tenant.settle(body["rows"][0]["postId"])[0]["status"] == "published"


def test_options_media_and_text_for_one_network(tenant: Tenant) -> None:
    x, instagram = tenant.account("twitter"), tenant.account("instagram")
    picture = tenant.world.demo_image()
    row = {
        "Content": words(),
        "platforms": f"twitter:{x.id}, instagram:{instagram.id}",
        "media_urls": f"{picture}\n{picture}",
        "media types": "image image",
        "twitter.content": words(),
        "twitter.replySettings": "following",
        "instagram.collaborators": "one;two",
        "Scheduled For": "2027-03-28T09:00:00",
        "timezone": "America/New_York",
    }
    body = upload(tenant, sheet([row]).replace(b",\r\n", b"\r\n")).json()
    assert body["created"] == 1, body
    assert body["rows"][0]["scheduledFor"] == "2027-03-28T13:00:00.000Z"
    post = tenant.get(body["rows"][0]["postId"])
    raw = post["rawRequestBody"]
    assert len(post["mediaItems"]) == 2
    assert raw["platforms"][0]["platformSpecificData"] == {"replySettings": "following"}
    assert raw["platforms"][0]["content"] == row["twitter.content"]
    assert raw["platforms"][1]["platformSpecificData"] == {"collaborators": ["one", "two"]}


def test_a_file_from_a_spreadsheet(tenant: Tenant) -> None:
    account = tenant.account("twitter")
    text = f'Two lines\n"quoted"; {words()}'
    quoted = text.replace('"', '""')
    lines = [
        "\ufeffcontent;platform;accountId;scheduledFor",
        f'"{quoted}";twitter;{account.id};{later(9000)}',
        ";;;",
        f"{words()};twitter;;{later(9000)}",
    ]
    body = upload(tenant, "\r\n".join(lines).encode()).json()
    assert (body["created"], body["refused"]) == (1, 1)
    assert tenant.get(body["rows"][0]["postId"])["content"] == text
    assert (body["rows"][1]["line"], body["rows"][1]["errors"][0]["field"]) == (5, "accountId")


@pytest.mark.parametrize(
    ("file", "path"),
    [
        (b"", ""),
        (b"content,platforms,colour\nx,y,z\n", "colour"),
        (b"content,content,platforms\n", "content"),
        (b"text only\n", "text only"),
        (b"content\n", "platforms"),
        (b'content,platforms\n"never closed,twitter:int_1\n', ""),
        (b"content,platforms\nok,twitter:int_1\n\xff\xfe,twitter:int_1\n", ""),
        (b"content,platforms,youtube.heading\n", "youtube.heading"),
    ],
    ids=["empty", "unknown column", "twice", "no known column", "no target", "open quote", "latin", "option"],
)
def test_a_file_that_cannot_be_read_leaves_nothing(local: Tenant, file: bytes, path: str) -> None:
    before = local.client.get("/v1/posts/bulk").json()["total"]
    answer = upload(local, file)
    assert answer.status_code == 400, answer.text
    assert [problem["path"] for problem in answer.json()["errors"]] == [path]
    assert local.client.get("/v1/posts/bulk").json()["total"] == before


def test_formats_and_sizes(local: Tenant) -> None:
    assert upload(local, b"{}", {"content-type": "application/json"}).status_code == 400
    assert upload(local, b"x" * 16_000_001).status_code == 413
    long = json.dumps({"content": "x" * 600_000}).encode()
    assert upload(local, long, LINES).json()["errors"][0]["code"] == "line_too_long"


def test_sixteen_megabytes_of_rows(local: Tenant) -> None:
    """Rows are judged while the client has its answer already; stopping ends it."""
    row = json.dumps(local.body("x" * 279 + "é", scheduledFor=later(7200)))
    file = "\n".join([row] * (15_900_000 // (len(row) + 1))).encode()
    answer = upload(local, file, LINES | {"prefer": "respond-async"}, dryRun=True)
    assert answer.status_code == 202, answer.text
    bulk_id, total = answer.json()["bulkId"], answer.json()["total"]
    assert total > 20_000
    stopped = local.client.delete(f"/v1/posts/bulk/{bulk_id}").json()
    assert (stopped["status"], stopped["pending"]) == ("stopped", 0)
    rest = local.client.get(f"/v1/posts/bulk/{bulk_id}", params={"status": "stopped", "limit": 1}).json()
    assert rest["rowsTotal"] == total - stopped["valid"] - stopped["refused"]


def test_credits_end_in_the_middle(world: World, new: Callable[..., Tenant]) -> None:
    poor = new(world, credits=2)
    body = upload(poor, sheet([good(poor) for _ in range(4)])).json()
    assert [row["status"] for row in body["rows"]] == ["created", "created", "refused", "refused"]
    assert body["rows"][2]["errors"][0]["code"] == "insufficient_credits"
    assert poor.left() == 0
    assert poor.client.get("/v1/posts").json()["total"] == 2


def test_the_same_file_twice_is_one_upload(tenant: Tenant) -> None:
    file = sheet([good(tenant)])
    first, second = upload(tenant, file), upload(tenant, file)
    assert second.json()["bulkId"] == first.json()["bulkId"]
    assert second.headers["idempotency-replayed"] == "true"
    wanted = upload(tenant, file, key="on-purpose").json()
    assert wanted["bulkId"] != first.json()["bulkId"]
    other = upload(tenant, sheet([good(tenant)]), key="on-purpose")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    judged = upload(tenant, file, dryRun=True).json()
    assert judged["dryRun"] is True


def test_one_key_at_the_same_moment(tenant: Tenant) -> None:
    file = sheet([good(tenant) for _ in range(30)])
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(upload(tenant, file, key="moment").json()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["bulkId"] for answer in answers}) == 1
    assert ended(tenant, answers[0]["bulkId"])["created"] == 30


def test_uploads_of_other_projects_do_not_exist(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    bulk_id = upload(tenant, sheet([good(tenant)])).json()["bulkId"]
    other = new(tenant.world)
    for call in (other.client.get, other.client.delete):
        assert call(f"/v1/posts/bulk/{bulk_id}").status_code == 404
    assert other.client.get("/v1/posts/bulk").json()["total"] == 0
    assert bulk_id in {each["bulkId"] for each in tenant.client.get("/v1/posts/bulk/").json()["bulks"]}


@pytest.fixture(params=["sqlite", "postgresql"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world that dies inside the commit in which the 400th row becomes a post."""
    url = None
    if request.param == "postgresql":
        url = databases.fresh_database(request.getfixturevalue("postgres_url"))
    world = World(tmp_path, database_url=url, env={"POLYPOST_FAIL_POINT": "P2@400"})
    world.start()
    yield world
    world.stop()


def test_killed_in_the_middle_and_repeated(mortal: World) -> None:
    tenant = new_tenant(mortal)
    rows = [good(tenant) for _ in range(1000)]
    for number in range(10, 1000, 20):
        rows[number]["content"] = "x" * 300
    file = sheet(rows)
    # A slow machine answers "running" before it dies.
    with suppress(httpx2.TransportError):
        upload(tenant, file, key="mortal")
    assert mortal.server.wait_dead(60)
    mortal.server.kill()
    mortal.start_server()
    again = upload(tenant, file, key="mortal")
    found = ended(tenant, again.json()["bulkId"])
    assert (found["total"], found["created"], found["refused"]) == (1000, 950, 50)
    wanted = sorted(row["content"] for row in rows if len(row["content"]) < 300)
    assert sorted(contents(tenant)) == wanted
    close([tenant])

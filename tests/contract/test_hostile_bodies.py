"""Bodies of the largest size that are made to cost much: refused as clearly as any, and what they cost grows with their size."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from polypost import bulk
from polypost.bulk import csv_rows
from polypost.bulk.tables import bulks
from polypost.errors import InvalidRequest
from polypost.intake import BodyReader, bodies
from polypost.intake.partial_validation import validate_partially
from polypost.intake.strict_json import DEPTH, MEMBERS, VALUES, parse
from polypost.platforms.base import Account, Draft
from polypost.platforms.registry import connectors
from polypost.storage import Store
from tests import databases
from tests.contract import hostile_bodies
from tests.contract.hostile_bodies import send, wrong_with
from tests.contract.hostile_shapes import JSON_BYTES, SHAPES, TEXTS, Call
from tests.contract.tenant import Tenant, close, later, new_tenant, words
from tests.processes import World

ENTRY = {"platform": "twitter", "accountId": "?"}


def lines(work: Callable[[], Any]) -> int:
    """How many lines of Python `work` goes through, an effort that does not depend on the machine."""
    count = 0

    def trace(_: Any, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def grows(work: Callable[[int], Any], small: int, times: int = 4) -> float:
    """By how much the effort grows when the size grows `times` as much."""
    work(small)
    return lines(lambda: work(small * times)) / max(1, lines(lambda: work(small)))


@pytest.fixture(scope="module")
def found(local: Tenant) -> list[Call]:
    return hostile_bodies.calls(local)


def test_every_call_of_the_document_is_among_them(local: Tenant, found: list[Call]) -> None:
    document = local.client.get("/openapi.json").json()
    told = sum(
        len(operation["requestBody"]["content"])
        for methods in document["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    )
    assert len(found) == told > 20


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_body_is_answered_shortly(local: Tenant, found: list[Call], shape: str) -> None:
    accounts = hostile_bodies.crowd(local, 1) * 50
    for call in found:
        if call.media_type != "application/json" or not call.path.startswith("/v1/posts"):
            continue
        body = SHAPES[shape](call.body, accounts)
        assert len(body) <= JSON_BYTES
        answer = send(local, call, body)
        assert wrong_with(answer) == "", f"{call}: {shape}"


@pytest.mark.parametrize("place", ["platforms", "mediaItems"])
def test_effort_grows_with_the_unknown_keys(place: str) -> None:
    item = (
        {"platform": "twitter", "accountId": "?"} if place == "platforms" else {"type": "image", "url": "u"}
    )

    def work(size: int) -> None:
        body = {"content": "x", "platforms": [ENTRY], "publishNow": True}
        body[place] = [item | {f"key{number}": 1 for number in range(size)}]
        fitting = validate_partially(bodies.CreateBody, body)
        assert len(fitting.with_further(*fitting.problems)) == size

    assert grows(work, 100) < 6


@pytest.mark.parametrize("sign", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("network", connectors(), ids=lambda each: each.spec.id)
def test_effort_of_a_check_grows_with_the_text(network: Any, sign: str) -> None:
    options = network.options.model_construct()

    def work(size: int) -> None:
        network.check(
            Draft(
                text=f"{words()} {sign * (size // len(sign))}",
                media=(),
                options=options,
                account=Account("1"),
            )
        )

    assert grows(work, 5_000) < 8


def test_a_name_of_another_call_is_an_unknown_key(local: Tenant) -> None:
    answer = local.post(local.body() | {"rule": "FREQ=DAILY", "startsAt": "2099-01-01T09:00:00"})
    assert answer.status_code == 400
    assert {each["path"] for each in answer.json()["errors"]} == {"rule", "startsAt"}


def test_an_object_or_a_list_of_too_many_members_is_refused() -> None:
    many: Any
    for many in (dict.fromkeys(map(str, range(MEMBERS + 1)), 1), [1] * (MEMBERS + 1)):
        assert refused({"content": many}) == "too_many_members"
    assert parse(json.dumps({"content": [1] * MEMBERS}).encode())


def test_too_many_values_are_refused_wherever_they_stand() -> None:
    assert refused({"content": [[1] * 100] * (VALUES // 100 + 1)}) == "too_many_values"
    # A key and a text to each value.
    texts = [{f"{key}": "," for key in range(998)}] * 10
    assert refused({"content": [*texts, {f"{key}": "" for key in range(20)}]}) == "too_many_values"
    assert parse(json.dumps({"content": texts}).encode())
    # Signs in a text are none.
    assert parse(json.dumps({"content": '[{,"\\' * VALUES}).encode())


def test_a_body_may_be_as_deep_as_it_may() -> None:
    assert refused(nested(DEPTH + 1)) == "too_deep"
    assert refused(nested(DEPTH + 500)) == "too_deep"
    assert parse(json.dumps(nested(DEPTH)).encode())


def nested(depth: int) -> dict[str, Any]:
    value: Any = []
    for _ in range(depth - 2):
        value = [value]
    return {"content": value}


def refused(body: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequest) as found:
        parse(json.dumps(body).encode())
    return found.value.problems[0].code


def test_a_dry_run_does_not_repeat_a_text_beyond_measure(local: Tenant) -> None:
    text = "x" * 90_000
    accounts = [local.entry()] * 50
    answer = local.client.post(
        "/v1/posts/validate", json={"content": text, "platforms": accounts, "publishNow": True}
    )
    assert answer.status_code == 200
    assert len(answer.content) < 300_000
    one = local.client.post(
        "/v1/posts/validate", json={"content": text, "platforms": accounts[:1], "publishNow": True}
    ).json()
    assert one["platforms"][0]["content"] == text


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"x" * 600_000, "line_too_long"),
        (b"a," * 300_000, "line_too_long"),
        (b"content,platforms\n" + b'"\n",' * 200_000, "line_too_long"),
        (b"content,platforms\n" + b'"' + b"x\n" * 400_000, "invalid_csv"),
    ],
)
def test_a_row_without_an_end_is_refused(local: Tenant, file: bytes, code: str) -> None:
    answer = local.client.post("/v1/posts/bulk", content=file, headers={"content-type": "text/csv"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["code"] == code


def test_a_row_tells_some_of_its_problems(local: Tenant) -> None:
    row = {"content": "x", "platforms": [local.entry() | {f"key{number}": 1 for number in range(900)}]}
    deep = b'x,%s,"%s"\n' % (f"twitter:{local.account('twitter').id}".encode(), b"[" * 100_000)
    for kind, file in (
        ("application/x-ndjson", json.dumps(row).encode()),
        ("text/csv", b"content,platforms,twitter.threadItems\n" + deep),
    ):
        answer = local.client.post("/v1/posts/bulk", content=file, headers={"content-type": kind})
        assert answer.status_code == 202, answer.text
        (told,) = answer.json()["rows"]
        assert told["status"] == "refused"
        assert 1 <= len(told["errors"]) <= 20


def test_others_have_their_turn_between_two_rows_of_a_file(with_store: Callable[..., Any]) -> None:
    async def story(store: Store) -> None:
        bulk_id = await store.write(
            lambda db: bulk.begin(db, "prj_1", api_key_id="key_1", fingerprint=1, form="csv", dry_run=True)
        )
        rows = [bulk.NewRow(number, number, {}) for number in range(1, 11)]
        await store.write(lambda db: bulk.add_rows(db, "prj_1", bulk_id, rows))
        await store.write(lambda db: db.execute(update(bulks).values(state="running", total=len(rows))))
        turns, found = 0, []

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        class Notes(BodyReader):
            async def read(self, *_: Any) -> Any:
                found.append(turns)
                if len(found) == len(rows):
                    # Its rows were read, and nothing is to be made of them.
                    await store.write(lambda db: bulk.stop(db, "prj_1", bulk_id))
                return SimpleNamespace(large=False)

        beside = asyncio.create_task(others())
        unused: Any = None
        reader = Notes(store, unused, unused, horizon=unused)
        await bulk.BulkRun(store, unused, reader).run(bulk_id)
        beside.cancel()
        assert len(found) == len(set(found)) == 10

    with_store(story)


@pytest.fixture(params=["sqlite", "postgresql"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of the test's own, to be killed."""
    url = None
    if request.param == "postgresql":
        url = databases.fresh_database(request.getfixturevalue("postgres_url"))
    world = World(tmp_path, database_url=url)
    world.start()
    yield world
    world.stop()


def test_a_hostile_file_comes_to_its_end_after_a_kill_and_holds_nobody_up(mortal: World) -> None:
    tenant = new_tenant(mortal)
    keys = {f"{at}".ljust(50, "k"): 1 for at in range(MEMBERS - 10)}
    bad = tenant.body(scheduledFor=later(86_400))
    bad["platforms"] = [
        entry | {"accountId": f"{at}"} for at in range(9) for entry in [tenant.entry() | keys]
    ]
    rows = [row for _ in range(8) for row in (bad, tenant.body(scheduledFor=later(86_400)))]
    answer = tenant.client.post(
        "/v1/posts/bulk",
        content="\n".join(map(json.dumps, rows)),
        headers={"content-type": "application/x-ndjson", "prefer": "respond-async"},
    )
    assert answer.status_code == 202, answer.text
    mortal.server.kill()
    mortal.start_server()
    path = f"/v1/posts/bulk/{answer.json()['bulkId']}"
    innocent = 0
    while innocent == 0 or tenant.client.get(path).json()["status"] == "running":
        assert tenant.post(tenant.body(scheduledFor=later(86_400))).status_code == 202
        innocent += 1
    found = tenant.client.get(path).json()
    assert (found["created"], found["refused"]) == (8, 8)
    assert tenant.client.get("/v1/posts/scheduled").json()["total"] == 8 + innocent
    close([tenant])


def test_a_file_of_many_lines_is_read_with_pauses() -> None:
    read = iter(["content,platforms\n", '"\n', *["\n"] * 40_000, '",twitter:int_1\n'])
    taken, longest = 0, 0

    def lines_of() -> Iterator[str]:
        nonlocal taken
        for line in read:
            taken += 1
            yield line

    def profile(_: Any, event: str, what: Any) -> None:
        nonlocal taken, longest
        if event == "c_call" and what is time.sleep:
            longest, taken = max(longest, taken), 0

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        (row,) = csv_rows.rows(lines_of())
    finally:
        sys.setprofile(before)
    assert row.body is not None
    assert 0 < longest <= csv_rows.LINES_AT_ONCE
    assert taken <= csv_rows.LINES_AT_ONCE

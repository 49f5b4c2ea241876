"""What clients are told of the tools: how large it is, what may be dangerous, and that the examples are right."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from polypost.mcp.schemas import input_schema
from polypost.mcp.text import visible
from polypost.mcp.tools import TOOLS
from tests.agents.agent import ERAS, agent
from tests.contract.tenant import Tenant

ACTS = {
    "create_draft",
    "edit_post",
    "schedule_post",
    "publish_post",
    "retry_post",
    "cancel_post",
    "add_media",
    "reply",
}


@pytest.mark.parametrize("era", ERAS)
def test_the_list_is_small_and_says_what_is_dangerous(local: Tenant, era: str) -> None:
    async def story() -> None:
        async with agent(local.world.url, local.key, era) as one:
            listed = (await one.client.list_tools()).tools
            assert one.client.instructions.startswith("Polypost publishes")
        size = len(
            json.dumps([each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in listed])
        )
        print(f"{len(listed)} tools, {size} bytes")
        assert len(listed) <= 16
        assert size <= 24_000
        for tool in listed:
            assert re.fullmatch(r"[a-z_]{3,40}", tool.name)
            notes = tool.annotations
            assert notes is not None
            assert notes.title
            assert None not in (notes.destructive_hint, notes.idempotent_hint, notes.open_world_hint)
            assert notes.read_only_hint is (tool.name not in ACTS)
            assert ("idempotencyKey" in tool.input_schema.get("required", [])) is (tool.name in ACTS)

    asyncio.run(story())


def test_the_examples_fit_their_schemas() -> None:
    for tool in TOOLS:
        schema = input_schema(tool)
        Draft202012Validator.check_schema(schema)
        if tool.example:
            Draft202012Validator(schema).validate(dict(tool.example))


def test_what_a_person_would_not_see_is_taken_out() -> None:
    hidden = "\u200b\u200d\u202a\u202e\u2066\u2069\ufeff\U000e0041\U000e0101\u00ad\x07"
    assert visible(f"a{hidden}b\nc\td") == "ab\nc\td"
    assert visible("x" * 30, 10) == "x" * 10 + "…"
    assert visible("Grüße, 世界 👋") == "Grüße, 世界 👋"


SERVED = """
import asyncio, pathlib, sys
import httpx2
from polypost import access
from polypost.app import Surroundings, application, open_rooms
from polypost.cli import running
from polypost.observability import logs
from polypost.settings import Settings

def loaded():
    return sorted(name for name in ("mcp", "mcp_types", "polypost.mcp.server", "polypost.mcp.tools") if name in sys.modules)

async def main():
    logs.configure("error")
    settings, told = Settings(data=pathlib.Path(sys.argv[1]), rate_limit_per_minute=20), asyncio.Queue()
    rooms = await open_rooms(settings, Surroundings(), public_url="http://a.example", server="embedded")
    project = await rooms.services.store.write(lambda db: access.create_project(db, "P"))
    key = (await rooms.services.store.write(lambda db: access.create_key(db, project.id, name="k")))[1]
    app, heard = application(rooms, work_too=False), asyncio.Queue()
    running = asyncio.create_task(app({"type": "lifespan", "state": {}}, told.get, heard.put))
    await told.put({"type": "lifespan.startup"})
    print((await heard.get())["type"])
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://a.example") as client:
        print((await client.get("/v1/health")).status_code, loaded())
        print((await client.post("/mcp", json=call, headers=headers)).status_code, loaded())
        headers["x-access-key"] = key
        print((await client.post("/mcp", json=call, headers=headers)).status_code, loaded())
        flood = [await client.post("/mcp", json=call, headers=headers) for _ in range(40)]
        late = [each for each in flood if each.status_code == 429]
        print("late" if len(late) >= 15 and int(late[-1].headers["retry-after"]) > 0 else [each.status_code for each in flood])
    await told.put({"type": "lifespan.shutdown"})
    await running

asyncio.run(main())
"""


def test_a_server_without_agents_loads_nothing_of_it(tmp_path: Path) -> None:
    """Neither at the start nor for who has no key; the first agent with one does, and one that floods has to wait."""
    done = subprocess.run(
        [sys.executable, "-c", SERVED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line[:1] in "[l2345"]
    every = ["mcp", "mcp_types", "polypost.mcp.server", "polypost.mcp.tools"]
    assert lines == ["lifespan.startup.complete", "200 []", "401 []", f"200 {every}", "late"]

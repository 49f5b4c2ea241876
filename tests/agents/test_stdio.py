"""`polypost mcp`: the official client starts it as a program, as the page says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from polypost.mcp.tools import TOOLS
from tests.agents.agent import Agent, key_of, once
from tests.contract.tenant import Tenant, words
from tests.docs import sources

PAGE = sources.ROOT / "docs" / "how-to" / "use-from-an-agent.md"
EXAMPLE = "https://posts.example.com"


def configured(page: str, tenant: Tenant, files: Path) -> list[dict[str, Any]]:
    """The servers in a page's JSON, with the real address and key for the example's."""
    found = []
    for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL):
        text = block.replace(EXAMPLE, tenant.world.url).replace("/home/me/pictures", str(files))
        text = text.replace("pp_live_…", tenant.key).replace("${input:polypost-key}", tenant.key)
        said = json.loads(text)
        found += (said.get("mcpServers") or said.get("servers")).values()
    return found


def test_every_configuration_of_the_page(local: Tenant, tmp_path: Path) -> None:
    kinds = set()

    async def story() -> None:
        for said in configured(PAGE.read_text(encoding="utf-8"), local, tmp_path):
            kinds.add("url" if "url" in said else said["command"])
            if "url" in said:
                async with (
                    httpx2.AsyncClient(headers=said["headers"], trust_env=False) as http,
                    Client(streamable_http_client(said["url"], http_client=http)) as client,
                ):
                    assert len((await client.list_tools()).tools) == len(TOOLS)
            else:
                assert said["command"] == "polypost"
                async with _started(said["args"], said["env"]) as client:
                    assert len((await client.list_tools()).tools) == len(TOOLS)

    asyncio.run(story())
    assert kinds == {"url", "polypost"}


def _started(arguments: list[str], env: dict[str, str], mode: Any = "auto") -> Client:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "polypost", *arguments], env={**os.environ, **env}
    )
    return Client(stdio_client(parameters), mode=mode)


def test_a_round_and_a_file(local: Tenant, tmp_path: Path) -> None:
    local.account("twitter")
    folder, secret = tmp_path / "files", tmp_path / "secret.png"
    folder.mkdir()
    picture = (Path(__file__).parent / "dot.png").read_bytes()
    (folder / "dot.png").write_bytes(picture)
    secret.write_bytes(picture)
    (folder / "out.png").symlink_to(secret)
    arguments = ["mcp", "--server", local.world.url, "--files", str(folder)]

    async def story() -> None:
        key = {"POLYPOST_KEY": key_of(local, "read", "draft")}
        async with _started(arguments, key, "legacy") as client:
            one = Agent(client)
            sent = await one.good(
                "add_media", filename="dot.png", mimeType="image/png", idempotencyKey=once()
            )
            assert (sent["happened"], "uploadUrl" in sent.body) == ("The file was sent.", False)
            post = {"content": words(), "platforms": [local.entry()], "mediaItems": [sent["mediaItem"]]}
            assert (await one.good("check_post", **post, probeMedia=True)).paths == set()
            for name in ("out.png", "../secret.png", str(secret), "missing.png"):
                link = await one.good("add_media", filename=name, mimeType="image/png", idempotencyKey=once())
                assert "uploadUrl" in link.body
            assert (await one.call("publish_post", postId="post_1", idempotencyKey=once())).error

    asyncio.run(story())


def test_a_wrong_key_is_one_sentence(local: Tenant) -> None:
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
    done = subprocess.run(
        [sys.executable, "-m", "polypost", "mcp", "--server", local.world.url],
        env={**hidden, "POLYPOST_KEY": "pp_live_wrong"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr

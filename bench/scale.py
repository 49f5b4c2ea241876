"""A thousand posts over a hundred accounts, due in the same second, two workers on PostgreSQL, one killed in the middle."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.processes import World

POSTS = 1000
ACCOUNTS = 50


def thousand(folder: Path, database_url: str, *, limits: bool) -> dict[str, float]:
    """Lateness in seconds, and how many went out how often. Half the accounts are on each network."""
    world = World(
        folder,
        database_url=database_url,
        env={
            "POLYPOST_LEASE_SECONDS": "5",
            "POLYPOST_HEARTBEAT_SECONDS": "1.5",
            "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
        },
    )
    world.start(workers=2)
    world.control("POST", "limits", json={"enforced": limits})
    world.control("POST", "seed", json={"accounts": ACCOUNTS - 1})
    picture = world.demo_picture()
    try:
        accounts = _accounts(world)
        due = datetime.now(UTC) + timedelta(seconds=30)
        ids = []
        with world.client() as client:
            for number in range(POSTS):
                platform, account = accounts[number % len(accounts)]
                body = {
                    "content": f"scale {number}",
                    "scheduledFor": due.isoformat(timespec="milliseconds"),
                    "platforms": [{"platform": platform, "accountId": account}],
                    "mediaItems": [{"type": "image", "url": picture}] if platform == "instagram" else [],
                }
                answer = client.post("/v1/posts", json=body)
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["postId"])
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()) + 2)
        if not limits:
            world.workers[0].kill()
        final = world.settle(ids, seconds=300)
        visible = world.visible()
        refusals = world.control("GET", "requests")["requests"]
        findings = world.command("doctor")["findings"]
    finally:
        world.stop()
    counts = Counter(post["text"] for post in visible if post["text"].startswith("scale "))
    late = sorted((datetime.fromisoformat(post["time"]) - due).total_seconds() for post in visible)
    return {
        "published": sum(post["status"] == "published" for post in final.values()),
        "visible once": sum(count == 1 for count in counts.values()),
        "visible twice": sum(count > 1 for count in counts.values()),
        "refused by a limit": sum(entry["status"] == 429 for entry in refusals),
        "findings": len(findings),
        "lateness p50 s": round(late[len(late) // 2], 2),
        "lateness p99 s": round(late[int(len(late) * 0.99) - 1], 2),
    }


def _accounts(world: World) -> list[tuple[str, str]]:
    """All connected accounts, once the seeded ones are there."""
    end = time.monotonic() + 60
    while True:
        found: list[tuple[str, str]] = []
        with world.client() as client:
            for offset in range(0, 1000, 100):
                page = client.get("/v1/connect/integrations", params={"limit": 100, "offset": offset}).json()
                found += [(entry["platform"], entry["id"]) for entry in page["integrations"]]
                if len(page["integrations"]) < 100:
                    break
        if len(found) >= 2 * ACCOUNTS or time.monotonic() > end:
            return found
        time.sleep(0.5)

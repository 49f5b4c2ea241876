"""A thousand posts over a hundred accounts, due in the same second; on PostgreSQL by two workers, one of them killed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.processes import World

from bench.load import bare_call, cpu_seconds

LAST = "lateness of the last s"
BARE_CALLS = "CPU s of as many bare calls"

# Networks that take a text or a picture and no further options.
NETWORKS = ("twitter", "instagram")


def thousand(
    folder: Path,
    database_url: str | None,
    *,
    limits: bool = False,
    networks: Sequence[str] = NETWORKS,
    killing: bool = False,
    posts: int = 1000,
    accounts: int = 50,
    lead: float = 30,
) -> dict[str, float]:
    """Lateness in seconds, and how many went out how often; `accounts` on each network, due `lead` seconds ahead.

    Where all are texts, BARE_CALLS is what the network's calls alone cost, measured as soon as all are out.
    """
    world = World(
        folder,
        database_url=database_url,
        env={
            "POLYPOST_LEASE_SECONDS": "5",
            "POLYPOST_HEARTBEAT_SECONDS": "1.5",
            "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
        },
    )
    world.start(workers=2 if database_url else 0)
    world.control("POST", "limits", json={"enforced": limits})
    for platform in networks:
        world.control("POST", "seed", json={"accounts": accounts, "platform": platform})
    image = world.demo_image()
    try:
        chosen = connected(world, networks, accounts)
        due = datetime.now(UTC) + timedelta(seconds=lead)
        ids = []
        with world.client() as client:
            for number in range(posts):
                platform, account = chosen[number % len(chosen)]
                body = {
                    "content": f"scale {number}",
                    "scheduledFor": due.isoformat(timespec="milliseconds"),
                    "platforms": [{"platform": platform, "accountId": account}],
                    "mediaItems": [{"type": "image", "url": image}] if platform == "instagram" else [],
                }
                answer = client.post("/v1/posts", json=body)
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["postId"])
        assert datetime.now(UTC) < due, f"{posts} posts were not accepted before they were due."
        time.sleep((due - datetime.now(UTC)).total_seconds())
        ours = [process.pid for process in (world.server, *world.workers)]
        before = cpu_seconds(ours)
        if killing:
            time.sleep(2)
            world.workers[0].kill()
        _rest(world, posts)
        # Of one that was killed nobody knows any more.
        spent = {} if killing else {"CPU ms a post": (cpu_seconds(ours) - before) / posts * 1000}
        if networks == ("twitter",):
            spent[BARE_CALLS] = bare_call(world, min(posts, 200)) / 1e6 * posts
        final = world.settle(ids, seconds=300)
        visible = world.visible()
        refusals = world.control("GET", "requests")["requests"]
        findings = world.command("doctor")["findings"]
    finally:
        world.stop()
    ours_out = [post for post in visible if post["text"].startswith("scale ")]
    counts = Counter(post["text"] for post in ours_out)
    late = sorted((datetime.fromisoformat(post["time"]) - due).total_seconds() for post in ours_out)
    return {
        "published": sum(post["status"] == "published" for post in final.values()),
        "visible once": sum(count == 1 for count in counts.values()),
        "visible twice": sum(count > 1 for count in counts.values()),
        "refused by a limit": sum(entry["status"] == 429 for entry in refusals),
        "findings": len(findings),
        "lateness p50 s": round(late[len(late) // 2], 2),
        "lateness p99 s": round(late[int(len(late) * 0.99) - 1], 2),
        LAST: round(late[-1], 2),
        **spent,
    }


def _rest(world: World, posts: int) -> None:
    """Leave server and workers alone until all is out or nothing has come for five seconds: asking them costs them."""
    seen, since = 0, time.monotonic()
    while seen < posts and time.monotonic() < since + 5:
        time.sleep(0.5)
        if (now := len(world.visible())) > seen:
            seen, since = now, time.monotonic()


def connected(world: World, platforms: Sequence[str], count: int) -> list[tuple[str, str]]:
    """`count` connected accounts of each platform, in turn; raises RuntimeError when they do not come within 60 s."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found: dict[str, list[str]] = {platform: [] for platform in platforms}
        with world.client() as client:
            for platform, ids in found.items():
                for offset in range(0, count, 100):
                    page = client.get(
                        "/v1/connect/integrations",
                        params={"platform": platform, "limit": 100, "offset": offset},
                    ).json()
                    ids += [entry["id"] for entry in page["integrations"]]
        if all(len(ids) >= count for ids in found.values()):
            return [(platform, found[platform][number]) for number in range(count) for platform in platforms]
        time.sleep(0.5)
    raise RuntimeError(f"{count} accounts of {' and '.join(platforms)} were seeded and did not appear.")

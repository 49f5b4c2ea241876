"""CPU of a published text on X, beside the bare call, and what it asks of the store."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

from bench.load import bare_call, request_bytes, send
from bench.report import FLOOR, Figures, step
from bench.scale import connected
from bench.side import Side, in_turn

ACCOUNTS = 10
CONNECTIONS = 16


class _Texts:
    """Texts for the accounts of one side, due at one instant."""

    def __init__(self, side: Side) -> None:
        side.world.control("POST", "seed", json={"accounts": ACCOUNTS, "platform": "twitter"})
        self.side = side
        self._accounts = connected(side.world, ["twitter"], ACCOUNTS)
        self._made = 0

    def accept(self, count: int, *, accounts: int = ACCOUNTS) -> datetime:
        """Have them accepted well before they are due; the instant."""
        lead = 1.5 + count / 100
        while True:
            due = datetime.now(UTC) + timedelta(seconds=lead)
            self._post(count, due, accounts)
            if datetime.now(UTC) < due - timedelta(seconds=0.5):
                return due
            self.wait(count, due)
            lead *= 2

    def _post(self, count: int, due: datetime, accounts: int) -> None:
        headers = {"x-access-key": self.side.world.key}
        requests = []
        for number in range(count):
            platform, account = self._accounts[number % accounts]
            self._made += 1
            body = {
                "content": f"publish {self._made}",
                "scheduledFor": due.isoformat(timespec="milliseconds"),
                "platforms": [{"platform": platform, "accountId": account}],
            }
            requests.append(request_bytes("polypost", "/v1/posts", json.dumps(body).encode(), headers))
        asyncio.run(send("127.0.0.1", self.side.port, requests, CONNECTIONS))

    def wait(self, count: int, due: datetime) -> None:
        """Until the last `count` are out and written down; raises RuntimeError when that takes over 120 s.

        The network is asked, not the server, whose CPU is being counted.
        """
        wanted = {f"publish {self._made - number}" for number in range(count)}
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        end = time.monotonic() + 120
        while time.monotonic() < end:
            shown = self.side.world.control("GET", f"posts?platform=twitter&limit={count}")["posts"]
            if wanted <= {post["text"] for post in shown}:
                time.sleep(1)
                return
            time.sleep(0.2)
        raise RuntimeError(f"{count} texts were due at {due} and are not all on X after 120 s.")

    def check(self) -> None:
        """Raise RuntimeError unless every text is published and stands on X once."""
        shown = [post["text"] for post in self.side.world.visible("twitter")]
        ours = sum(text.startswith("publish ") for text in shown)
        with self.side.world.client() as client:
            failed = [
                client.get("/v1/posts", params={"status": status, "limit": 1}).json()["total"]
                for status in ("publishing", "partial", "failed")
            ]
        if ours != self._made or any(failed):
            raise RuntimeError(
                f"{self._made} texts were accepted, {ours} are on X; publishing, partial, failed: {failed}"
            )


def publishing(store: str, sides: list[Side], figures: Figures, *, quick: bool) -> None:
    """Rounds in turn after one to warm up; then a few texts by themselves, to count what the store does."""
    rounds, count = (range(1, 2), 10) if quick else (range(11), 200)
    name = f"publish on {store}: CPU µs"
    texts = [_Texts(side) for side in sides]
    for number in rounds:
        step(f"publish on {store}: round {number} of {rounds[-1]}" + ("" if number else ", to warm up"))
        found = {}
        for side in in_turn(sides, number):
            found[side.tree.name] = _cost(texts[sides.index(side)], count)
        floor = bare_call(sides[-1].world, count)
        if number:
            for tree, (ours, database) in found.items():
                figures.add(name, tree, ours)
                if database:
                    figures.add(f"{name} of PostgreSQL", tree, database)
            figures.add(name, FLOOR, floor)
    for each in texts:
        sample = 20 if quick else each.side.store.sample
        # One account takes its posts one after the other, so that no two share a commit.
        due = each.accept(sample, accounts=1)
        mark = each.side.store.mark()
        each.wait(sample, due)
        for what, asked in each.side.store.since(mark).items():
            figures.add(f"publish on {store}: {what}", each.side.tree.name, asked / sample)
        each.check()


def _cost(texts: _Texts, count: int) -> tuple[float, float]:
    """CPU microseconds a text, of ours and of the database's backends, from just before the instant to the end."""
    due = texts.accept(count)
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() - 0.3))
    before, database = texts.side.cpu(), texts.side.store.cpu_mark()
    texts.wait(count, due)
    return (
        (texts.side.cpu() - before) / count * 1e6,
        texts.side.store.cpu_since(database) / count * 1e6,
    )

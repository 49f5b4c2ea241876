"""`make crash`: kill server and workers hundreds of times; the sandbox, a process of its own, is the judge.

Each round accepts posts, dies at a named fail point or at a random moment, starts again, and waits until
everything is final. Then: nothing lost, nothing visible twice, credits exact, every invariant holds.
Ten in a hundred of the networks' answers are lost after they were stored.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.processes import World

POINTS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P14", "P15")
POSTS_A_ROUND = 4
LOST_PERCENT = 10


@dataclass
class Sent:
    """One thing a client wanted published, and what it was told."""

    text: str
    body: dict[str, Any]
    key: str | None
    post_id: str | None = None
    tries: int = 0


@dataclass
class Tally:
    """What a lane has seen."""

    kills: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    accepted: int = 0
    published: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.twice, *self.untrue, *self.credits, *self.findings]


class Lane:
    """One world and its rounds."""

    def __init__(self, name: str, folder: Path, database_url: str | None, seed: int) -> None:
        self.name = name
        self.random = random.Random(seed)
        self.world = World(folder, database_url=database_url)
        self.workers = 2 if database_url else 0
        self.tally = Tally()
        self.film: dict[str, str] = {}

    def open(self) -> None:
        """Start the world with lossy networks and no rate limits."""
        self.world.start(workers=self.workers)
        self.world.control("POST", "limits", json={"enforced": False})
        for platform in self.world.accounts:
            self.world.control(
                "POST", "faults", json={"platform": platform, "fault": "lost_answer", "percent": LOST_PERCENT}
            )
        self.film = self.world.demo_video()

    def close(self) -> None:
        """End the world."""
        self.world.stop()

    def round(self, point: str) -> None:
        """One death and what comes after it."""
        if point == "P14":
            self._fresh_accounts()
            # X's tokens live two hours; moving the networks' clock ends them behind the server's back.
            self.world.control("POST", "clock", json={"advance": 7300})
        self._arm(point)
        sent = [self._order() for _ in range(POSTS_A_ROUND)]
        self.tally.posts += len(sent)
        killer = None
        if point == "random":
            killer = threading.Thread(target=self._kill_later, args=(self.random.uniform(0.0, 1.2),))
            killer.start()
        with ThreadPoolExecutor(len(sent)) as pool:
            posting = [pool.submit(self._post_like_node, each) for each in sent]
            self._bury(point, killer)
            for each in posting:
                each.result()
        self._judge(sent)
        if point == "P14":
            self._fresh_accounts()

    def _arm(self, point: str) -> None:
        if point == "random":
            return
        self._disarm()
        passage = self.random.choice((1, 1, 2, 3)) if point not in {"P14"} else 1
        spec = f"{point}@{passage}"
        accept_side = point in {"P1", "P2", "P3"}
        if self.workers and not accept_side:
            worker = self.random.choice(self.world.workers)
            worker.kill()
            worker.start(POLYPOST_FAIL_POINT=spec)
        else:
            self.world.server.kill()
            self.world.start_server(POLYPOST_FAIL_POINT=spec)

    def _disarm(self) -> None:
        for mark in (self.world.folder / "data").glob("fail-point-*"):
            mark.unlink()

    def _kill_later(self, seconds: float) -> None:
        time.sleep(seconds)
        self.random.choice([self.world.server, *self.world.workers]).kill()

    def _bury(self, point: str, killer: threading.Thread | None) -> None:
        """Wait for the death, then start again what died, unarmed."""
        if killer is not None:
            killer.join()
        else:
            processes = [self.world.server, *self.world.workers]
            end = time.monotonic() + 6.0
            while time.monotonic() < end and all(process.alive() for process in processes):
                time.sleep(0.05)
        died = 0
        for process in [*self.world.workers, self.world.server]:
            if process.alive():
                continue
            died += 1
            process.kill()
            if process is self.world.server:
                self.world.start_server()
            else:
                process.start()
        # Not every passage comes in every round; what did not die is killed, so that each round is a death.
        if not died:
            victim = self.random.choice([self.world.server, *self.world.workers])
            victim.kill()
            if victim is self.world.server:
                self.world.start_server()
            else:
                victim.start()
        self.tally.kills[point if died else f"{point} (killed after)"] += 1

    def _fresh_accounts(self) -> None:
        """Go on with accounts that are new: a refresh that dies half-way may cost one its authorisation."""
        before = set(self.world.accounts.values())
        self.world.control("POST", "seed", json={"accounts": 1})
        newest: dict[str, dict[str, Any]] = {}
        while len(newest) < len(self.world.accounts):
            time.sleep(0.2)
            with self.world.client() as client:
                found = client.get("/v1/connect/integrations?limit=100").json()["integrations"]
            newest = {}
            for entry in found:
                newest.setdefault(entry["platform"], entry)
            newest = {platform: entry for platform, entry in newest.items() if entry["id"] not in before}
        listed = self.world.control("GET", "accounts")["accounts"]
        needed = {(entry["platform"], entry["platformUserId"]): entry["options"] for entry in listed}
        self.world.accounts = {platform: entry["id"] for platform, entry in newest.items()}
        for platform, entry in newest.items():
            self.world.options[entry["id"]] = needed[platform, entry["platformUserId"]]

    def _order(self) -> Sent:
        text = f"crash {self.name} {uuid.uuid4().hex}"
        chosen = self.random.sample(sorted(self.world.accounts), self.random.choice((1, 2, 2, 3)))
        body: dict[str, Any] = {
            "content": text,
            "platforms": [self.world.target(name) for name in chosen],
            "mediaItems": [self.film],
        }
        if self.random.random() < 0.3:
            soon = datetime.now(UTC) + timedelta(seconds=self.random.uniform(0.2, 2.0))
            body["scheduledFor"] = soon.isoformat(timespec="milliseconds")
        else:
            body["publishNow"] = True
        key = uuid.uuid4().hex if self.random.random() < 0.3 else None
        return Sent(text, body, key)

    def _post_like_node(self, sent: Sent) -> None:
        """As the official Node client does: the POST once more after a lost connection, 408, 409, 429 or 5xx, twice."""
        headers = {"x-access-key": self.world.key}
        if sent.key:
            headers["Idempotency-Key"] = sent.key
        for attempt in range(3):
            sent.tries += 1
            try:
                answer = httpx2.post(
                    f"{self.world.url}/v1/posts", json=sent.body, headers=headers, timeout=60, trust_env=False
                )
            except httpx2.TransportError:
                if attempt < 2:
                    self._wait_for_server()
                continue
            if answer.status_code == 202:
                sent.post_id = answer.json()["postId"]
                return
            if answer.status_code < 500 and answer.status_code not in {408, 409, 429}:
                if "scheduledFor" in sent.body and answer.json().get("errors"):
                    return
                self.tally.untrue.append(f"{sent.text}: {answer.status_code} {answer.text[:300]}")
                return
            time.sleep(0.3)

    def _wait_for_server(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                httpx2.get(f"{self.world.url}/v1/health", timeout=2, trust_env=False)
            except httpx2.TransportError:
                time.sleep(0.1)
            else:
                return

    def _judge(self, sent: list[Sent]) -> None:
        began = time.monotonic()
        accepted = [each for each in sent if each.post_id]
        self.tally.accepted += len(accepted)
        found = self._all_of(sent)
        try:
            final = self.world.settle(sorted({post["postId"] for posts in found.values() for post in posts}))
        except AssertionError as stuck:
            self.tally.lost.append(str(stuck))
            return
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - began)
        # Networks keep a text as title, caption or description; the mark in it is this post's own.
        seen = Counter(
            (each.text, post["platform"])
            for post in self.world.visible()
            for each in sent
            if each.text in f"{post['text']} {post['raw']}"
        )
        for each in sent:
            self._judge_one(each, [final[post["postId"]] for post in found[each.text]], seen)
        self._judge_ledger()

    def _all_of(self, sent: list[Sent]) -> dict[str, list[dict[str, Any]]]:
        """Every post the server holds for these texts: one at most, whatever the client repeated."""
        since = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
        texts: dict[str, list[dict[str, Any]]] = {each.text: [] for each in sent}
        with self.world.client() as client:
            listed = client.get("/v1/posts", params={"createdAfter": since, "limit": 100}).json()["posts"]
        for post in listed:
            if post["content"] in texts:
                texts[post["content"]].append(post)
        for each in sent:
            if each.post_id and each.post_id not in {post["postId"] for post in texts[each.text]}:
                self.tally.lost.append(f"{each.text}: accepted as {each.post_id} and gone")
        return texts

    def _judge_one(self, each: Sent, posts: list[dict[str, Any]], seen: Counter[tuple[str, str]]) -> None:
        if len(posts) > 1:
            self.tally.twice.append(f"{each.text}: {len(posts)} posts from {each.tries} tries")
        for target in each.body["platforms"]:
            count = seen[each.text, target["platform"]]
            if count > 1:
                self.tally.twice.append(f"{each.text}: {count} times on {target['platform']}")
            if count and not posts:
                self.tally.lost.append(f"{each.text}: visible on {target['platform']} and unknown here")
        for post in posts:
            for target in post["platforms"]:
                count = seen[each.text, target["platform"]]
                if target["status"] == "published":
                    self.tally.published += 1
                    if count == 0:
                        self.tally.untrue.append(
                            f"{each.text}: published on {target['platform']}, not to be seen"
                        )
                elif target.get("errorCode") == "outcome_unknown":
                    self.tally.unknown += 1
                elif count:
                    self.tally.untrue.append(
                        f"{each.text}: {target['status']} on {target['platform']}, yet visible"
                    )
                elif target.get("errorCode") not in {"reconnect_required", "token_expired"}:
                    self.tally.untrue.append(f"{each.text}: {target['platform']} {target['errorMessage']}")

    def _judge_ledger(self) -> None:
        with self.world.client() as client:
            used = client.get("/v1/usage").json()["totalUsage"]
        if used != self.tally.published:
            self.tally.credits.append(
                f"{self.name}: {used} credits for {self.tally.published} published targets"
            )
        verdict = self.world.command("doctor")
        self.tally.findings.extend(
            f"{item['rule']}: {item['message']} {item['ids'][:3]}" for item in verdict["findings"]
        )


def points(count: int, chance: random.Random) -> list[str]:
    """As many deaths: half at random moments, half spread evenly over the fail points."""
    named = [POINTS[number % len(POINTS)] for number in range(count - count // 2)]
    mixed = [*named, *(["random"] * (count // 2))]
    chance.shuffle(mixed)
    return mixed


def run_lane(name: str, count: int, database_url: str | None, seed: int, keep: Path | None) -> Tally:
    """A lane from its start to its end; stops early when something must not be."""
    folder = (keep or Path(tempfile.mkdtemp(prefix="polypost-crash-"))) / name
    lane = Lane(name, folder, database_url, seed)
    lane.open()
    try:
        for number, point in enumerate(points(count, lane.random), 1):
            lane.round(point)
            faults = lane.tally.faults()
            print(f"{name} {number}/{count} {point}: {'; '.join(faults) or 'ok'}", flush=True)
            if faults:
                break
    finally:
        lane.close()
    if not lane.tally.faults() and keep is None:
        shutil.rmtree(folder.parent, ignore_errors=True)
    return lane.tally


def main() -> int:
    """The command line; exit status 1 when anything was lost, doubled or untrue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    from tests.databases import postgres

    on_postgres = chosen.runs // 3
    with postgres() as new_database:
        lanes: list[tuple[str, int, str | None]] = []
        for number in range(chosen.lanes):
            url = new_database() if number == 0 and on_postgres else None
            share = on_postgres if number == 0 else (chosen.runs - on_postgres) // max(chosen.lanes - 1, 1)
            lanes.append((f"{'postgresql' if url else 'sqlite'}-{number}", share, url))
        began = time.monotonic()
        with ThreadPoolExecutor(len(lanes)) as pool:
            running = [
                pool.submit(run_lane, name, share, url, chosen.seed + number, chosen.keep)
                for number, (name, share, url) in enumerate(lanes)
            ]
            tallies = [each.result() for each in running]
    report(tallies, time.monotonic() - began)
    return 1 if any(tally.faults() for tally in tallies) else 0


def report(tallies: list[Tally], seconds: float) -> None:
    """The figures."""
    kills: Counter[str] = sum((tally.kills for tally in tallies), Counter())
    print(f"\n{sum(kills.values())} deaths in {seconds / 60:.1f} min: {dict(sorted(kills.items()))}")
    for name in ("posts", "accepted", "published", "unknown"):
        print(f"{name}: {sum(getattr(tally, name) for tally in tallies)}")
    for name in ("lost", "twice", "untrue", "credits", "findings"):
        entries = [entry for tally in tallies for entry in getattr(tally, name)]
        print(f"{name}: {len(entries)} {entries[:5] or ''}")
    print(f"slowest to settle after the last start: {max(tally.slowest for tally in tallies):.1f} s")


if __name__ == "__main__":
    sys.exit(main())

"""Results of the judges: one line of JSON for each round, by commit, so that an interrupted run goes on."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.engine.judging import Lane, Tally

ROOT = Path(__file__).parents[2]
FAULTS = ("lost", "twice", "untrue", "credits", "findings")
COUNTS = ("posts", "accepted", "published", "unknown")
RESULTS = Path("crash-results.jsonl")


def commit() -> tuple[str, str | None]:
    """The commit of this checkout, and a hash of what was changed since; None for nothing."""

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout

    changed = git("status", "--porcelain")
    dirty = hashlib.sha256(changed + git("diff", "HEAD")).hexdigest()[:12] if changed else None
    return git("rev-parse", "HEAD").decode().strip(), dirty


class Results:
    """The rounds of one judge on one commit in a results file, those of earlier runs among them."""

    def __init__(self, judge: str, path: Path) -> None:
        self._judge = judge
        self._path = path
        self._commit, self._dirty = commit()
        self._lock = threading.Lock()

    def add(self, store: str, point: str, tally: Tally, **more: Any) -> None:
        """Append a round."""
        self.keep(store, point, {**more, **asdict(tally)})

    def keep(self, store: str, point: str, what: dict[str, Any]) -> None:
        """Append what was seen at a point."""
        line = {
            "judge": self._judge,
            "commit": self._commit,
            "dirty": self._dirty,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "store": store,
            "point": point,
            **what,
        }
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def rounds(self) -> list[dict[str, Any]]:
        """Every round of this judge and commit, oldest first."""
        if not self._path.exists():
            return []
        read = [json.loads(line) for line in self._path.read_text().splitlines()]
        mine = {"judge": self._judge, "commit": self._commit, "dirty": self._dirty}
        return [each for each in read if mine.items() <= each.items()]

    def missing(self, wish: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What of these (store, point) no round stands for yet."""
        done = Counter((each["store"], each["point"]) for each in self.rounds())
        left = []
        for each in wish:
            if done[each]:
                done[each] -= 1
            else:
                left.append(each)
        return left

    def report(self) -> int:
        """Print the figures of all rounds; returns the exit status, 1 when anything must not be."""
        rounds = self.rounds()
        print(f"\n{self._judge}, commit {self._commit[:12]}{' with changes' if self._dirty else ''}")
        for store, number in sorted(Counter(each["store"] for each in rounds).items()):
            print(f"{store}: {number} rounds")
        # A point's number is its place in a list, which only the file needs.
        kinds = Counter(each["point"].rpartition(" ")[0] or each["point"] for each in rounds)
        print(f"points: {dict(sorted(kinds.items()))}")
        print(f"did not come about: {sum(not each.get('met', True) for each in rounds)}")
        for name in COUNTS:
            print(f"{name}: {sum(each[name] for each in rounds)}")
        for name in FAULTS:
            entries = [entry for each in rounds for entry in each[name]]
            print(f"{name}: {len(entries)} {entries[:5] or ''}")
        faulty = [each for each in rounds if any(each[name] for name in FAULTS)]
        print(f"rounds with a fault: {len(faulty)}")
        print(f"slowest to settle: {max((each['slowest'] for each in rounds), default=0.0):.1f} s")
        return 1 if faulty else 0


def options(doc: str | None, runs: int, lanes: int) -> argparse.ArgumentParser:
    """The command line of a judge."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--runs", type=int, default=runs, help="rounds that shall stand in the results")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--lanes", type=int, default=lanes, help="worlds side by side")
    return parser


def play(
    results: Results,
    wish: list[tuple[str, str]],
    lanes: Sequence[tuple[str, Callable[[], Lane]]],
) -> None:
    """Do what is missing of `wish`; each lane, a store and a maker of worlds, takes rounds until none is left.

    A fault ends its world, which is kept for its logs, and the lane goes on with a new one.
    """
    missing = results.missing(wish)
    print(f"{len(wish) - len(missing)} rounds are there, {len(missing)} to do", flush=True)
    left = {store: deque(point for where, point in missing if where == store) for store, _ in lanes}
    with ThreadPoolExecutor(len(lanes)) as pool:
        for each in [pool.submit(_run, results, store, left[store], make) for store, make in lanes]:
            each.result()


def _run(results: Results, store: str, points: deque[str], make: Callable[[], Lane]) -> None:
    lane: Lane | None = None
    try:
        while points:
            point = points.popleft()
            if lane is None:
                lane = make()
                lane.open()
            began = time.monotonic()
            tally = lane.round(point)
            took = round(time.monotonic() - began, 1)
            results.add(store, point, tally, seconds=took, world=str(lane.world.folder))
            said = "; ".join(tally.faults()) or "ok"
            print(
                f"{lane.name} {point}: {'' if tally.met else 'did not come about, '}{said} ({took} s)",
                flush=True,
            )
            if tally.faults():
                lane.close()
                lane = None
    finally:
        if lane is not None:
            lane.close()
            shutil.rmtree(lane.world.folder, ignore_errors=True)

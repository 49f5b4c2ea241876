"""`make crash`: kill server and workers hundreds of times; the sandbox, a process of its own, is the judge.

Each round accepts posts, or changes of posts of which something failed, dies at a named fail point or at a random
moment, starts again, and waits until everything is final. Then: nothing lost, nothing visible twice, credits exact,
every invariant holds. Ten in a hundred of the networks' answers are lost after they were stored.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.databases import postgres
from tests.engine.judging import Lane, Sent
from tests.engine.mending import failed
from tests.engine.results import Results, options, play
from tests.preloaded import Nursery
from tests.processes import World

POINTS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P14", "P15")
MENDED = ("P2", "P4", "P6", "P8", "P9", "P10", "P15")
POSTS_A_ROUND = 4


class CrashLane(Lane):
    """A world whose processes die; two workers beside the server on PostgreSQL, none on SQLite."""

    def __init__(
        self, name: str, folder: Path, database_url: str | None, seed: int, nursery: Nursery | None = None
    ) -> None:
        world = World(folder, database_url=database_url, nursery=nursery)
        super().__init__(name, world, database_url, seed=seed)
        self.workers = 2 if database_url else 0

    def start(self) -> None:
        self.world.start(workers=self.workers)
        self.lose_answers()

    def play(self, point: str) -> None:
        shape, _, point = point.rpartition(" ")
        # One of them is in doubt, which takes the whole timetable.
        changes = failed(self, [number == 0 for number in range(POSTS_A_ROUND)]) if shape else []
        if point == "P14":
            self._fresh_accounts()
            # X's tokens live two hours; moving the networks' clock ends them behind the server's back.
            self.world.control("POST", "clock", json={"advance": 7300})
        self._arm(point)
        sent = changes or [self._order() for _ in range(POSTS_A_ROUND)]
        killer = None
        if point == "random":
            killer = threading.Thread(target=self._kill_later, args=(self.random.uniform(0.0, 1.2),))
            killer.start()
        with ThreadPoolExecutor(len(sent)) as pool:
            posting = [pool.submit(self.send_like_node, each) for each in sent]
            self._bury(point, killer)
            for each in posting:
                each.result()
        self.judge(sent)
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
        self.tally.met = died > 0

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
        networks = self.random.sample(sorted(self.world.accounts), self.random.choice((1, 2, 2, 3)))
        return self.order(networks, soon=(0.2, 2.0) if self.random.random() < 0.3 else None)


def points(count: int) -> list[str]:
    """As many deaths: half at random moments, half spread evenly over the fail points; a third of each in changes."""
    named = cycle([*POINTS, *(f"mend {point}" for point in MENDED)])
    anywhere = cycle(["random", "mend random", "random"])
    return [*islice(named, count - count // 2), *islice(anywhere, count // 2)]


def main() -> int:
    """The command line; exit status 1 when anything was lost, doubled or untrue."""
    chosen = options(__doc__, runs=300, lanes=6).parse_args()
    chance = random.Random(chosen.seed)
    print(f"seed {chosen.seed}", flush=True)
    results = Results("crash", chosen.results)
    on_postgres = chosen.runs // 3
    wish = [("postgresql", point) for point in points(on_postgres)]
    wish += [("sqlite", point) for point in points(chosen.runs - on_postgres)]
    chance.shuffle(wish)
    folder = Path(tempfile.mkdtemp(prefix="polypost-crash-"))
    with postgres() as new_database, closing(Nursery()) as nursery:

        def lane(store: str) -> CrashLane:
            seed = chance.getrandbits(32)
            name = f"{store}-{seed:08x}"
            database_url = new_database() if store == "postgresql" else None
            return CrashLane(name, folder / name, database_url, seed, nursery)

        stores = ["postgresql" if number % 3 == 0 else "sqlite" for number in range(max(chosen.lanes, 2))]
        play(results, wish, [(store, partial(lane, store)) for store in stores])
    return results.report()


if __name__ == "__main__":
    sys.exit(main())

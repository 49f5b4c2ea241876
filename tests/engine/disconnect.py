"""`make disconnect`: end the store's connections under living processes; the sandbox, a process of its own, is the judge.

A proxy between Polypost and PostgreSQL ends a connection before a statement, or after it was carried out and before
its answer is passed on (which for COMMIT is the lost answer of a commit), or all of them as a fail-over does. The
places are those that an undisturbed request passes, in the server and in the workers; a sixth of the rounds cuts at
random while answers of the networks are lost. SQLite has no connections, so there is nothing to end.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.databases import postgres
from tests.engine.judging import Lane, Sent, in_seconds
from tests.engine.mending import NETWORKS, failed
from tests.engine.proxy import ANY, WRITES, Cut, Proxy
from tests.engine.results import Results, options, play
from tests.preloaded import Nursery
from tests.processes import World

KINDS = ("before", "after", "all")
DOORS = ("server", "workers")
OTHER_SHAPES = ("keyed", "soon", "retry", "mend", "doubt", "edit", "draft", "bulk")
WORKERS = 2
POSTS_AT_RANDOM = 4
CLOSED_SECONDS = 3.0
WRITTEN = tuple(f"COMMIT of {verb}" for verb in WRITES)
# Further passages of one statement are the same loop once more.
MOST_PASSAGES = 6


class Places:
    """The statements that an undisturbed request of each shape passes, in order; learnt once by whoever comes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Counter[tuple[str, str]]] = {}

    def of(
        self, shape: str, door: str, learn: Callable[[], Counter[tuple[str, str]]]
    ) -> list[tuple[str, int]]:
        """(statement, passage) for a door."""
        with self._lock:
            if shape not in self._known:
                self._known[shape] = learn()
            passed = self._known[shape]
        return [
            (statement, number + 1)
            for (where, statement), times in passed.items()
            if where == door
            for number in range(min(times, MOST_PASSAGES))
        ]


class CutLane(Lane):
    """A world whose server and workers reach their store through a proxy, each by a door of its own."""

    def __init__(
        self,
        name: str,
        folder: Path,
        database_url: str,
        seed: int,
        places: Places,
        nursery: Nursery | None = None,
    ) -> None:
        self.proxy = Proxy(database_url, *DOORS)
        self.proxy.open()
        world = World(folder, database_url=self.proxy.url("workers"), nursery=nursery)
        super().__init__(name, world, database_url, seed=seed)
        self._places = places

    def start(self) -> None:
        self.world.start(workers=WORKERS, POLYPOST_DATABASE_URL=self.proxy.url("server"))

    def close(self) -> None:
        super().close()
        self.proxy.close()

    def play(self, point: str) -> None:
        shape, *where = point.split()
        if shape == "random":
            self._at_random()
            return
        kind, door, number = where
        places = self._places.of(shape, door, partial(self._learn, shape))
        self.cut(shape, self._cut(kind, door, *chosen(places, int(number))))

    def cut(self, shape: str, cut: Cut) -> None:
        """One request, one cut, one verdict."""
        self.tally.place = str(cut)
        sent = self._prepared(shape)
        self.proxy.arm(cut)
        self.send_like_node(sent)
        self.judge([sent])
        self.tally.met = self.proxy.disarm()

    def _cut(self, kind: str, door: str, statement: str, passage: int) -> Cut:
        closed = self.random.uniform(0, CLOSED_SECONDS) if kind == "all" else 0.0
        return Cut(door, statement, passage, kind, closed, farewell=self.random.random() < 0.5)

    def _learn(self, shape: str) -> Counter[tuple[str, str]]:
        """What two undisturbed requests pass alike: the first also opens connections, and beats fall in by chance."""
        return self._undisturbed(shape) & self._undisturbed(shape)

    def _undisturbed(self, shape: str) -> Counter[tuple[str, str]]:
        sent = self._prepared(shape)
        if shape not in {"keyed", "doubt"}:
            # A key changes the first statement that writes, by which a commit is named.
            sent.key = None
        self.proxy.arm(None)
        self.send_like_node(sent)
        # Later the judge's own questions pass the server's door.
        at_server = self.proxy.seen()
        self.judge([sent])
        at_workers = self.proxy.seen()
        return Counter(
            {place: times for place, times in at_server.items() if place[0] == "server"}
            | {place: times for place, times in at_workers.items() if place[0] == "workers"}
        )

    def _at_random(self) -> None:
        """Several posts, or changes of posts, at once, several cuts, lossy networks."""
        self.lose_answers()
        changes = failed(self, [True, False]) if self.random.random() < 0.3 else []
        sent = changes + [
            self.order(
                self.random.sample(NETWORKS, 2),
                film=self.random.random() < 0.3,
                soon=(0.2, 2.0) if self.random.random() < 0.3 else None,
            )
            for _ in range(POSTS_AT_RANDOM - len(changes))
        ]
        cut = self._cut(self.random.choice(KINDS), self.random.choice(DOORS), ANY, self.random.randint(1, 80))
        self.tally.place = str(cut)
        self.proxy.arm(cut)
        with ThreadPoolExecutor(len(sent)) as pool:
            for done in [pool.submit(self.send_like_node, each) for each in sent]:
                done.result()
        self.judge(sent)
        self.tally.met = self.proxy.disarm()
        self.world.control("DELETE", "faults")

    def _prepared(self, shape: str) -> Sent:
        """A request of this shape, and before it, undisturbed, what it needs."""
        make: dict[str, Callable[[], Sent]] = {
            "now": self._plain,
            "keyed": self._plain,
            "soon": partial(self._plain, soon=(0.2, 1.5)),
            "retry": self._retry,
            "mend": partial(self._mend, doubt=False),
            "doubt": partial(self._mend, doubt=True),
            "edit": self._edit,
            "draft": self._draft,
            "bulk": self._bulk,
        }
        sent = make[shape]()
        sent.key = None if shape == "now" else sent.key
        if shape == "keyed":
            sent.key = uuid.uuid4().hex
        return sent

    def _plain(self, soon: tuple[float, float] | None = None) -> Sent:
        return self.order(self.random.sample(NETWORKS, 2), film=False, soon=soon)

    def _first(self, path: str, body: dict[str, Any]) -> str:
        with self.world.client() as client:
            answer = client.post(path, json=body)
        assert answer.status_code in {201, 202}, answer.text
        return str(answer.json()["postId"])

    def _retry(self) -> Sent:
        sent = self.order(["twitter"], film=False)
        refuse = {"platform": "twitter", "fault": "duplicate", "times": 1}
        self.world.control("POST", "faults", json=refuse)
        sent.existing = self._first(sent.path, sent.body)
        assert self.settle([sent.existing])[sent.existing]["status"] == "failed"
        sent.path, sent.payload = f"/v1/posts/{sent.existing}/retry", {"json": {}}
        return sent

    def _mend(self, *, doubt: bool) -> Sent:
        (sent,) = failed(self, [doubt])
        return sent

    def _edit(self) -> Sent:
        sent = self._plain(soon=(30, 30))
        sent.existing = self._first(sent.path, sent.body)
        sent.body |= {"content": f"{sent.text} edited", "scheduledFor": in_seconds(1.5)}
        sent.method, sent.path, sent.success = "PUT", f"/v1/posts/scheduled/{sent.existing}", 200
        return sent

    def _draft(self) -> Sent:
        sent = self._plain()
        del sent.body["publishNow"]
        sent.existing = self._first("/v1/posts/drafts", sent.body)
        sent.path, sent.payload = f"/v1/posts/drafts/{sent.existing}/schedule", {"json": {"publishNow": True}}
        return sent

    def _bulk(self) -> Sent:
        sent = self._plain()
        line = json.dumps(sent.body).encode()
        sent.payload = {"content": line, "headers": {"content-type": "application/x-ndjson"}}
        sent.path = "/v1/posts/bulk"
        return sent


def chosen(places: list[tuple[str, int]], number: int) -> tuple[str, int]:
    """The place of a round: by turns a commit of what was written, and any other statement."""
    commits = [each for each in places if each[0].startswith(WRITTEN)]
    pool = [each for each in places if each not in commits] if number % 2 or not commits else commits
    return pool[int(spread(number // 2) * len(pool))]


def spread(number: int) -> float:
    """The number-th of a sequence that fills 0 to 1 ever more evenly, however many are taken (van der Corput)."""
    return int(f"{number:016b}"[::-1], 2) / 2**16


def points(count: int) -> list[str]:
    """As many rounds: half publish-now without a key, a sixth at random, the rest every other shape in turn."""
    ways = [(kind, door) for door in DOORS for kind in KINDS]
    # The two cycles have no common divisor but one, so that every shape meets every way.
    plain, others = cycle(ways), cycle([(shape, *way) for way in ways for shape in OTHER_SHAPES])
    numbers: Counter[tuple[str, ...]] = Counter()
    found = []
    for turn in range(count):
        if turn % 6 == 5:
            place: tuple[str, ...] = ("random",)
        else:
            place = ("now", *next(plain)) if turn % 2 == 0 else next(others)
        found.append(" ".join((*place, str(numbers[place]))))
        numbers[place] += 1
    return found


def main() -> int:
    """The command line; exit status 1 when anything was lost, doubled or untrue."""
    # PostgreSQL takes a hundred connections as it comes, and a lane may hold 35.
    chosen = options(__doc__, runs=200, lanes=2).parse_args()
    chance = random.Random(chosen.seed)
    print(f"seed {chosen.seed}", flush=True)
    results = Results("disconnect", chosen.results)
    wish = [("postgresql", point) for point in points(chosen.runs)]
    folder = Path(tempfile.mkdtemp(prefix="polypost-disconnect-"))
    places = Places()
    with postgres() as new_database, closing(Nursery()) as nursery:

        def lane() -> CutLane:
            seed = chance.getrandbits(32)
            name = f"postgresql-{seed:08x}"
            return CutLane(name, folder / name, new_database(), seed, places, nursery)

        play(results, wish, [("postgresql", lane)] * chosen.lanes)
    return results.report()


if __name__ == "__main__":
    sys.exit(main())

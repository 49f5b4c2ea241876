"""What is measured: one tree's server, workers and sandbox on one store, beside another tree's in the same run."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import World

from bench.load import cpu_seconds
from bench.store import Ledger, ledger

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    "POLYPOST_RATE_LIMIT_PER_MINUTE": "10000000",
    "POLYPOST_LEASE_SECONDS": "30",
    "POLYPOST_HEARTBEAT_SECONDS": "10",
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A state of the source: `old` or `new`, and the folder that holds its `src`."""

    name: str
    folder: Path


@contextmanager
def trees(against: str | None) -> Iterator[list[Tree]]:
    """This tree, and before it the one of a revision; raises CalledProcessError when git does not know it.

    The revision is unpacked into a temporary folder: unlike a work tree it leaves nothing in the
    repository, however the run ends. Both run in this tree's environment, with its dependencies.
    """
    new = Tree("new", ROOT)
    if against is None:
        yield [new]
        return
    packed = subprocess.run(
        ["git", "archive", "--format=tar", against, "src"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    with tempfile.TemporaryDirectory(prefix="polypost-bench-tree-") as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(name, filter="data")
        yield [Tree("old", Path(name)), new]


@dataclass(frozen=True, slots=True)
class Side:
    """A running tree on a store, and how to read what its store did."""

    tree: Tree
    world: World
    store: Ledger

    @property
    def port(self) -> int:
        """The API's port."""
        return int(self.world.url.rpartition(":")[2])

    def cpu(self) -> float:
        """CPU seconds of the server and its workers so far; the sandbox and the store are not in it."""
        return cpu_seconds(process.pid for process in (self.world.server, *self.world.workers))


@contextmanager
def sides(trees: list[Tree], folder: Path, new_database: Callable[[], str] | None) -> Iterator[list[Side]]:
    """One side for each tree, all up at once; with databases, each has a worker process as in production.

    All are up together and idle while one is measured. So the halves of a pair are seconds apart and
    meet the same machine; starting each anew would put a start between them, and cold caches. What an
    idle server does meanwhile is a heartbeat every ten seconds, and it is not counted to the other.
    Both publish to this tree's sandbox: one that answers faster has fewer posts share a commit, which
    would be counted to the server.
    """
    with ExitStack() as stack:
        running = []
        for tree in trees:
            database = new_database() if new_database else None
            place = folder / tree.name
            source = {"PYTHONPATH": str(tree.folder / "src")}
            world = World(place, database_url=database, env={**ENVIRONMENT, **source})
            world.sandbox.env |= {"PYTHONPATH": str(ROOT / "src")}
            stack.callback(world.stop)
            world.start(workers=1 if database else 0)
            world.control("POST", "limits", json={"enforced": False})
            running.append(Side(tree, world, ledger(database, place / "data" / "polypost.db")))
        yield running


def in_turn(sides: list[Side], number: int) -> list[Side]:
    """A B in one round and B A in the next: what drifts, as a growing store, takes from neither."""
    return sides if number % 2 == 0 else sides[::-1]

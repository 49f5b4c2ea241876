"""`make bench`: acceptance, publishing and schedule lag against floors of the same run; idle memory; a large film; a thousand posts."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from tests.databases import postgres
from tests.processes import World

from bench.accept import acceptance
from bench.backlog import backlog
from bench.fit import fitting
from bench.grown import grown
from bench.lag import schedule_lag
from bench.pages import pages
from bench.publish import publishing
from bench.report import FLOOR, Figures, step, table
from bench.scale import BARE_CALLS, LAST, NETWORKS, thousand
from bench.side import Tree, sides, trees
from bench.video import large_video

COMPARED = ("lag", "publish", "accept")
ALONE = ("memory", "video", "fit", "scale")
ASKED_FOR = ("grown-sqlite", "grown-postgresql", "backlog", "pages")
STORES = ("SQLite", "PostgreSQL")


def idle_memory(folder: Path) -> dict[str, float]:
    """Resident megabytes of `polypost serve` without a sandbox, idle."""
    world = World(folder)
    world.server.arguments = ("serve", "--json", "--port", "0")
    world.server.start()
    try:
        time.sleep(3)
        memory = psutil.Process(world.server.pid).memory_full_info()
        return {"idle RSS MB": round(memory.rss / 1e6, 1), "idle PSS MB": round(memory.pss / 1e6, 1)}
    finally:
        world.server.stop()


def _compared(
    parts: list[str],
    sources: list[Tree],
    folder: Path,
    database: Callable[[], str],
    figures: Figures,
    *,
    quick: bool,
) -> None:
    """What is measured of each tree, on both stores. Lag comes first, while hardly anything is stored."""
    for store in STORES:
        step(f"starting {' and '.join(tree.name for tree in sources)} on {store}")
        new_database = database if store == "PostgreSQL" else None
        with sides(sources, folder / store, new_database) as running:
            if "lag" in parts:
                schedule_lag(store, running, figures, quick=quick)
            if "publish" in parts:
                publishing(store, running, figures, quick=quick)
            if "accept" in parts:
                floor = new_database() if new_database else str(folder / "floor.db")
                acceptance(store, running, floor, figures, quick=quick)


def _alone(
    parts: list[str], folder: Path, database: Callable[[], str], figures: Figures, *, quick: bool
) -> None:
    """What is measured of this tree only."""
    if "memory" in parts:
        step("idle memory")
        figures.take("memory", idle_memory(folder / "memory"))
    if "video" in parts:
        step("a large film")
        size = 5_000_000 if quick else 290_000_000
        figures.take(f"{size // 1_000_000} MB film", large_video(folder / "video", size=size))
    if "fit" in parts:
        step("media made to fit")
        for title, found in fitting(folder / "fit", quick=quick).items():
            figures.take(title, found)
    if "scale" in parts:
        _scale(folder, database, figures, quick=quick)


def _scale(folder: Path, database: Callable[[], str], figures: Figures, *, quick: bool) -> None:
    """Posts that are due together: texts on each store, then half of them pictures and a worker that is killed."""
    posts, accounts, lead = (20, 4, 6) if quick else (1000, 100, 30)
    how: dict[str, Any] = {"posts": posts, "lead": lead}
    for store in STORES:
        title = f"{posts} texts at once on {store}"
        step(title)
        url = database() if store == "PostgreSQL" else None
        found = thousand(folder / title, url, networks=("twitter",), accounts=accounts, **how)
        floor = found.pop(BARE_CALLS)
        figures.take(title, found)
        figures.add(f"{title}: {LAST}", FLOOR, floor)
    for limits in (False,) if quick else (False, True):
        title = f"{posts} posts at once, limits {'on' if limits else 'off'}"
        step(title)
        killing = {"limits": limits, "killing": not limits, "accounts": accounts // len(NETWORKS)}
        figures.take(title, thousand(folder / title, database(), **killing, **how))


def _asked_for(
    parts: list[str], folder: Path, database: Callable[[], str], figures: Figures, *, quick: bool
) -> None:
    """What is measured only where it is named: it takes long, and gigabytes."""
    for store in STORES:
        if f"grown-{store.lower()}" in parts:
            new_database = database if store == "PostgreSQL" else None
            count = 1000 if quick else 1_000_000
            with tempfile.TemporaryDirectory(prefix="grown-", dir=folder) as place:
                grown(store, Path(place), new_database, figures, count=count, quick=quick)
        if "pages" in parts:
            step(f"pages on {store}")
            new_database = database if store == "PostgreSQL" else None
            count, rounds = (1000, 4) if quick else (100_000, 200)
            pages(store, folder / f"pages-{store}", new_database, figures, count=count, rounds=rounds)
    if "backlog" in parts:
        posts, every = (10, 2.0) if quick else (500, 10.0)
        step(f"{posts} posts of one account")
        found = backlog(folder / "backlog", database(), posts=posts, every=every)
        figures.take(f"backlog of {posts} on one account", found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", choices=[*COMPARED, *ALONE, *ASKED_FOR], nargs="+", help="these parts alone"
    )
    parser.add_argument(
        "--against",
        metavar="REVISION",
        help="measure a git revision beside this tree, in turn: " + ", ".join(COMPARED),
    )
    parser.add_argument("--quick", action="store_true", help="a few requests each: whether everything runs")
    chosen = parser.parse_args()
    if chosen.against and set(chosen.only or ()) - set(COMPARED):
        parser.error(f"--against measures {', '.join(COMPARED)}; the other parts are of this tree alone.")
    return chosen


def main() -> None:
    """Measure, and print a table in Markdown."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # With it every start of a server would compile all modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parts = chosen.only or [*COMPARED, *(() if chosen.against else ALONE)]
    figures, began, load = Figures(), datetime.now(UTC), os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polypost-bench-")))
        sources = stack.enter_context(trees(chosen.against))
        new_database = stack.enter_context(postgres())
        if set(parts) & set(COMPARED):
            _compared(parts, sources, folder, new_database, figures, quick=chosen.quick)
        _alone(parts, folder, new_database, figures, quick=chosen.quick)
        _asked_for(parts, folder, new_database, figures, quick=chosen.quick)
    print(table(figures.values(), compared=chosen.against is not None))
    seconds = (datetime.now(UTC) - began).total_seconds()
    print(
        f"\n{began:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s, {os.cpu_count()} cores,"
        f" load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end."
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped; processes and temporary files are gone.")

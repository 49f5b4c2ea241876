"""A backlog on one account of a slow network, on PostgreSQL: what stands in the queue, what comes out, what it costs."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import text
from tests.contract.tenant import operator
from tests.engine.loud import on_stage

from bench.load import cpu_seconds
from bench.report import step

# A call of the network takes that long: 500 posts need five minutes.
NETWORK_SECONDS = 0.58
PATIENCE = 5 * NETWORK_SECONDS
COUNT = "SELECT count(*) FROM pgqueuer"


def backlog(folder: Path, database_url: str, *, posts: int = 500, every: float = 10.0) -> dict[str, float]:
    """A row each `every` seconds on standard error until all are out; the least and the most of the full ones."""
    rows: list[tuple[int, int, float]] = []
    with on_stage(folder, database_url) as stage:
        stage.slow_network(NETWORK_SECONDS)
        stage.backlog(posts)
        began, worker = time.monotonic(), stage.world.workers[0].pid
        before, spent = 0, cpu_seconds([worker])
        while before < posts:
            time.sleep(max(0.0, began + every * (len(rows) + 1) - time.monotonic()))
            jobs = operator(stage.world, lambda db: int(db.execute(text(COUNT)).scalar_one()))
            out, now = stage.visible(), cpu_seconds([worker])
            rows.append((jobs, out - before, now - spent))
            step(f"{jobs} jobs, {out} out, {out - before} of them new, {(now - spent) * 1000:.0f} ms of CPU")
            before, spent = out, now
            if len(rows) * every > PATIENCE * posts:
                raise RuntimeError(f"Of {posts} posts {out} are out after {len(rows) * every:.0f} s.")
        seconds = time.monotonic() - began
    # The last is out before its time is over.
    full = rows[:-1] or rows
    return {
        "seconds": seconds,
        "jobs, least": min(jobs for jobs, _, _ in full),
        "jobs, most": max(jobs for jobs, _, _ in full),
        f"out in {every:g} s, least": min(out for _, out, _ in full),
        f"out in {every:g} s, most": max(out for _, out, _ in full),
        "worker CPU ms a post, first half": _cost(full[: (len(full) + 1) // 2]),
        "worker CPU ms a post, second half": _cost(full[len(full) // 2 :]),
    }


def _cost(rows: list[tuple[int, int, float]]) -> float:
    return sum(cpu for _, _, cpu in rows) / max(1, sum(out for _, out, _ in rows)) * 1000

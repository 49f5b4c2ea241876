"""Answers lost on every network, and what became of the posts: a table, judged by what was ever visible.

`python -m tests.platforms.doubt` loses 50 answers with each fault on each network; `--times` and `--platform` narrow it.
Exit status 1 when a post is there twice, is called published and is not there, or ends in another way than its network's
rule says.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import structlog
from rich.progress import Progress
from tests.engine.room import Room
from tests.platforms.conformance import Case, Kind
from tests.platforms.conformance.stage import Stage, in_room

from polypost.platforms.registry import BUILT_IN

FAULTS = ("lost_answer", "error_after")
HEAD = (
    "network",
    "fault",
    "lost",
    "published",
    "outcome_unknown",
    "other",
    "visible",
    "twice",
    "untrue",
    "not by rule",
)


@dataclass
class Row:
    """What became of a network's posts under one fault."""

    platform: str
    fault: str
    lost: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    visible: int = 0
    twice: int = 0
    untrue: int = 0
    against: int = 0

    @property
    def good(self) -> bool:
        return not (self.twice or self.untrue or self.against)

    def cells(self) -> tuple[str, ...]:
        known = self.ends["published"], self.ends["outcome_unknown"]
        other = self.lost - sum(known)
        numbers = (self.lost, *known, other, self.visible, self.twice, self.untrue, self.against)
        return (self.platform, self.fault, *map(str, numbers))


async def lose(stage: Stage, kind: Kind, row: Row) -> None:
    """One post of a kind whose answer is lost."""
    before = len(await stage.visible())
    await stage.fault(row.fault)
    target = await stage.publish(kind, mark=f"{row.fault} {row.lost}")
    seen = len(await stage.visible()) - before
    end = "published" if target.state == "published" else str(target.error_code)
    row.lost += 1
    row.ends[end] += 1
    row.visible += seen
    row.twice += seen > kind.visible
    row.untrue += end == "published" and seen < kind.visible
    row.against += end != kind.stored


async def judge(platform: str, times: int, rows: list[Row], progress: Progress) -> None:
    """Lose a network's answers on a store of its own."""
    case: Case = import_module(f"tests.platforms.conformance.{platform}").CASE

    async def story(room: Room) -> None:
        await room.start()
        stage = await Stage.set(room, case)
        await stage.unlimited()
        for fault in FAULTS:
            row = Row(case.platform, fault)
            rows.append(row)
            task = progress.add_task(f"{case.platform} {fault}", total=times)
            for number in range(times):
                await lose(stage, case.kinds[number % len(case.kinds)], row)
                progress.advance(task)
            progress.remove_task(task)
        await room.healthy()

    with tempfile.TemporaryDirectory(prefix="polypost-doubt-") as folder:
        await in_room(Path(folder), platform, story)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--times", type=int, default=50, help="answers to lose with each fault on each network"
    )
    parser.add_argument("--platform", action="append", choices=BUILT_IN, help="only these networks")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows: list[Row] = []
    with Progress() as progress:
        for platform in chosen.platform or BUILT_IN:
            asyncio.run(judge(platform, chosen.times, rows, progress))
    table = [HEAD, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The dashboard's pages over many posts: how long each takes, asked one after the other over one connection."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
from sqlalchemy import Connection
from tests.browser.scenes import HOME, simple_pages

from bench.filled import Filled
from bench.report import Figures, step
from bench.side import ROOT, Tree, sides
from polypost.access import people


def pages(
    store: str,
    folder: Path,
    new_database: Callable[[], str] | None,
    figures: Figures,
    *,
    count: int,
    rounds: int,
) -> None:
    """Milliseconds of each page for an owner of a project with `count` posts, half of them ahead."""
    with sides([Tree("new", ROOT)], folder, new_database) as (side,):
        filled = Filled(side)
        filled.fill(count // 2)
        filled.client.close()
        cookies = {
            "polypost-session": filled.store(
                lambda db: _signed_in(db, side.world.server.ready["dashboardUrl"])
            )
        }
        # Those of a project itself only lead on.
        paths = [
            *(path for path in simple_pages() if path != "/{project}"),
            f"/{{project}}/posts/{filled.troubled[-1]}",
        ]
        with httpx2.Client(base_url=side.world.url, cookies=cookies, timeout=60, trust_env=False) as client:
            for path in paths:
                name = path.replace(filled.troubled[-1], "{post}")
                step(f"{name} on {store}")
                took = [
                    _asked(client, HOME + path.replace("{project}", filled.project))
                    for _ in range(rounds + 1)
                ]
                ways = statistics.quantiles(took[1:], n=20, method="inclusive")
                title = f"{name} on {store}, {count:,} posts"
                figures.take(title, {"p50 ms": ways[9], "p95 ms": ways[18], "most ms": max(took[1:])})


def _signed_in(db: Connection, link: str) -> str:
    """The secret of a session of the first person, who is made by the link."""
    person = people.accept_invitation(db, link.rpartition("/")[2], name="Bench", password="none that fits")
    return people.open_session(db, person, agent="bench", address="127.0.0.1")


def _asked(client: httpx2.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
    return took

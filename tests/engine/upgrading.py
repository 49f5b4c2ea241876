"""Upgrades and goes back under load, on both stores, and lets the sandbox judge: `python -m tests.engine.upgrading`.

The newer version is this one with a migration more, one that only adds.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

import polypost
from polypost.storage import schema
from tests import databases
from tests.processes import Process, World

MIGRATION = '''"""A column more."""

from alembic import op
from sqlalchemy import Column, Text

revision = "9001"
down_revision = "{head}"
adds_only = True


def upgrade() -> None:
    """Add it."""
    op.add_column("posts", Column("mood", Text))
'''


def newer(folder: Path) -> Path:
    """The package with a revision more, to be found before the present one."""
    package = folder / "newer" / "polypost"
    shutil.copytree(Path(polypost.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    script = package / "storage" / "migrations" / "versions" / "9001_mood.py"
    script.write_text(MIGRATION.format(head=schema.HEAD))
    code = package / "storage" / "schema.py"
    last = f'    "{schema.HEAD}",\n)'
    text = code.read_text()
    assert last in text
    code.write_text(text.replace(last, f'    "{schema.HEAD}",\n    "9001",\n)'))
    return package.parent


class Load(threading.Thread):
    """Posts one after the other, and repeats what was not accepted with the same key, as clients do."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world = world
        self.accepted: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        self.longest = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            self._post(f"Post {number} under load")

    def _post(self, content: str) -> None:
        body = {
            "content": content,
            "publishNow": True,
            "platforms": [self.world.target("twitter"), self.world.target("bluesky")],
        }
        headers = {
            "x-access-key": self.world.key,
            "Idempotency-Key": content.replace(" ", "-"),
            "Prefer": "respond-async",
        }
        began = time.monotonic()
        while True:
            try:
                answer = httpx2.post(
                    f"{self.world.url}/v1/posts", json=body, headers=headers, timeout=60, trust_env=False
                )
            except httpx2.TransportError as error:
                self.seen[type(error).__name__] += 1
            else:
                told = answer.json()
                self.seen[f"{answer.status_code} {told.get('code', '')}".strip()] += 1
                if answer.status_code == 202:
                    self.accepted[content] = told["postId"]
                    self.longest = max(self.longest, time.monotonic() - began)
                    return
            time.sleep(0.1)

    def more(self, count: int) -> None:
        """Wait until so many further posts are accepted."""
        wanted = len(self.accepted) + count
        while len(self.accepted) < wanted:
            time.sleep(0.05)


def timed(call: Any) -> float:
    began = time.monotonic()
    call()
    return round(time.monotonic() - began, 2)


def restarted(process: Process, *, package: Path | None, killed: bool = False) -> dict[str, float]:
    """Seconds that a process took to end and to be ready again, by which version."""
    ended = timed(process.kill if killed else process.stop)
    process.env.pop("PYTHONPATH", None)
    if package is not None:
        process.env["PYTHONPATH"] = str(package)
    return {"killed" if killed else "drained": ended, "ready": timed(process.start)}


def story(folder: Path, database_url: str | None, posts: int) -> dict[str, Any]:
    """Old, new, killed, old again, killed, new; what came of it."""
    world = World(folder, database_url=database_url)
    package = newer(folder)
    steps: list[dict[str, Any]] = []
    try:
        world.start(workers=1 if database_url else 0)
        world.control("POST", "limits", json={"enforced": False})
        load = Load(world)
        load.start()
        load.more(posts)
        if database_url:
            world.env["PYTHONPATH"] = str(package)
            steps.append({"step": "migrate beside them", "seconds": timed(lambda: world.command("migrate"))})
            del world.env["PYTHONPATH"]
            load.more(posts)
        for step, which, killed in (
            ("newer", package, False),
            ("newer, after a kill", package, True),
            ("back to the older", None, False),
            ("older, after a kill", None, True),
            ("newer again", package, False),
        ):
            for process in (*world.workers, world.server):
                went = restarted(process, package=which, killed=killed)
                steps.append({"step": step, "process": process.arguments[0], **went})
            load.more(posts)
        load.ended.set()
        load.join(60)
        ended = world.settle(list(load.accepted.values()))
        seen = Counter((post["platform"], post["text"]) for post in world.visible())
        wanted = {(platform, content) for content in load.accepted for platform in ("twitter", "bluesky")}
        return {
            "store": "postgresql" if database_url else "sqlite",
            "accepted": len(load.accepted),
            "ended": Counter(post["status"] for post in ended.values()),
            "lost": len(wanted - set(seen)),
            "twice": sum(count > 1 for count in seen.values()),
            "answers": load.seen,
            "longestUntilAccepted": round(load.longest, 1),
            "doctor": world.command("doctor")["findings"],
            "steps": steps,
        }
    finally:
        world.stop()


def main() -> None:
    """Both stores; exit status 1 when anything is lost or twice."""
    wrong = False
    with tempfile.TemporaryDirectory() as folder, databases.server() as url:
        for store, address in (("sqlite", None), ("postgresql", databases.fresh_database(url))):
            told = story(Path(folder) / store, address, posts=20)
            print(json.dumps(told, indent=1), flush=True)
            wrong = wrong or bool(told["lost"] or told["twice"] or told["doctor"])
    sys.exit(wrong)


if __name__ == "__main__":
    main()

"""Makes the backups of this version, to be opened by all later ones: `python -m tests.releases.make`, once a release."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from polypost import __version__
from tests import databases
from tests.processes import World

HERE = Path(__file__).parent


def fill(world: World) -> None:
    """Posts in every state that lasts, a schedule, a queue, a profile and a subscription."""
    later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    both = [world.target("twitter"), world.target("bluesky")]
    thread = {**world.target("twitter"), "platformSpecificData": {"threadItems": [{"content": "And more"}]}}

    with world.client() as client:

        def call(path: str, **body: Any) -> dict[str, Any]:
            answer = client.post(path, json=body)
            assert answer.status_code < 300, answer.text
            return dict(answer.json())

        now = [
            call("/v1/posts", content="Out on two networks", publishNow=True, platforms=both),
            call("/v1/posts", content="A thread", publishNow=True, platforms=[thread]),
        ]
        call("/v1/posts", content="Planned", scheduledFor=later, platforms=both)
        call("/v1/posts/drafts", content="A draft", platforms=both)
        call("/v1/profiles", name="Ours")
        call(
            "/v1/notifications",
            channel="webhook",
            webhook={"url": "https://example.com/hook"},
            eventTypes=["post.published"],
        )
        world.settle([each["postId"] for each in now])


def keep(world: World, store: str) -> None:
    """The backup of a world's store beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        made = world.command("backup", folder, "--no-media")
        target = HERE / f"{__version__}-{store}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made["folder"], target)
    database = target / "polypost.db"
    if database.exists():
        with gzip.open(f"{database}.gz", "wb") as packed:
            packed.write(database.read_bytes())
        database.unlink()
    print(json.dumps({"store": store, "bytes": sum(each.stat().st_size for each in target.rglob("*"))}))


def main() -> None:
    """Both stores."""
    with tempfile.TemporaryDirectory() as folder, databases.server() as url:
        for store, address in (("sqlite", None), ("postgresql", databases.fresh_database(url))):
            world = World(Path(folder) / store, database_url=address)
            try:
                world.start()
                fill(world)
                keep(world, store)
            finally:
                world.stop()


if __name__ == "__main__":
    main()

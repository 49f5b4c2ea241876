"""Project A, loud in every way the fairness rule names, beside project B, which only posts a text (`make unfair`)."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Connection, select, update

from polypost import clock
from polypost.integrations import load_master_keys
from polypost.integrations import service as integrations
from polypost.integrations.sealed import open_tokens
from polypost.integrations.tables import integrations as accounts_table
from polypost.integrations.vault import Vault
from polypost.posts.tables import targets
from polypost.settings import Settings
from tests.contract.tenant import Tenant, close, new_tenant, operator
from tests.engine.copies import copy
from tests.engine.media_host import MediaHost
from tests.preloaded import Nursery
from tests.processes import MASTER_KEY, World

ASYNC = {"prefer": "respond-async"}
MOST_TARGETS = 50
AGAIN_SECONDS = 0.05
LONG_AGO = timedelta(minutes=1)
A_SECOND = timedelta(seconds=1)


@dataclass
class Out:
    """A post of B: when it was to be out, and when the network had it; None when it never did."""

    post_id: str
    text: str
    wanted: datetime
    seen: datetime | None = None
    took: float = 0.0

    @property
    def late(self) -> float:
        """Seconds; of a post that never came, those it was waited for."""
        return self.took if self.seen is None else (self.seen - self.wanted).total_seconds()


@dataclass
class Stage:
    """A world with both projects and a media host of A's."""

    world: World
    host: MediaHost
    loud: Tenant
    quiet: Tenant
    # Where B posts, and what its posts have besides a text.
    platform: str = "twitter"
    more: dict[str, Any] = field(default_factory=dict)

    def copies(self, platform: str, count: int) -> list[str]:
        """So many more accounts of A: all of them are the one that the network knows, under other names here."""
        first = self.loud.account(platform).id
        settings = Settings(
            data=Path(self.world.env["POLYPOST_DATA"]),
            master_key=MASTER_KEY if self.world.database_url else None,
        )
        vault = Vault(load_master_keys(settings, embedded=self.world.database_url is None, has_secrets=True))

        def add(db: Connection) -> list[str]:
            row = db.execute(select(accounts_table).where(accounts_table.c.id == first)).one()
            tokens = open_tokens(db, vault, row)
            account = integrations.get(db, self.loud.project_id, first).account
            return [
                integrations.add(
                    db,
                    vault,
                    self.loud.project_id,
                    replace(account, id=f"{account.id}-{uuid.uuid4().hex[:12]}"),
                    tokens,
                    platform=platform,
                ).id
                for _ in range(count)
            ]

        return operator(self.world, add)

    def shout(self, accounts: Sequence[str], platform: str = "twitter", **more: Any) -> list[str]:
        """A text of its own for each of these accounts, now, in as few posts as may be; their ids."""
        made = []
        for start in range(0, len(accounts), MOST_TARGETS):
            entries = [
                {"platform": platform, "accountId": account, "content": f"Loud {uuid.uuid4().hex}"}
                for account in accounts[start : start + MOST_TARGETS]
            ]
            body = {"content": "Loud", "platforms": entries, "publishNow": True, **more}
            answer = self.loud.post(body, headers=ASYNC)
            assert answer.status_code == 202, answer.text
            made.append(answer.json()["postId"])
        return made

    def say(self, *, seconds: float | None = None, who: Tenant | None = None) -> Out:
        """A text of B's (or of `who`), now or in so many seconds."""
        tenant = who or self.quiet
        body = tenant.body(f"Quiet {uuid.uuid4().hex}", self.platform, publishNow=True, **self.more)
        wanted = clock.now()
        if seconds is not None:
            wanted += timedelta(seconds=seconds)
            body |= {"publishNow": False, "scheduledFor": wanted.isoformat(timespec="milliseconds")}
        answer = tenant.post(body, headers=ASYNC)
        assert answer.status_code == 202, answer.text
        return Out(answer.json()["postId"], body["content"], wanted)

    def seen(self, out: Out, patience: float, who: Tenant | None = None) -> Out:
        """Wait until the network shows it, so many seconds after its instant at most."""
        while True:
            if shown := self._shown(out, who or self.quiet):
                out.seen = datetime.fromisoformat(shown[0]["time"])
                return out
            out.took = (clock.now() - out.wanted).total_seconds()
            if out.took > patience:
                return out
            time.sleep(AGAIN_SECONDS)

    def times(self, out: Out) -> int:
        """How many times B's post is out."""
        return len(self._shown(out, self.quiet))

    def _shown(self, out: Out, who: Tenant) -> list[dict[str, Any]]:
        user = who.account(self.platform).user_id
        path = f"posts?platform={self.platform}&accountId={user}&limit=20"
        return [each for each in self.world.control("GET", path)["posts"] if each["text"] == out.text]

    def said(self, post_id: str) -> Counter[str]:
        """What stands in the timeline of a post of A's, by kind."""
        lines = self.loud.client.get(f"/v1/posts/{post_id}/timeline").json()["timeline"]
        return Counter(line["kind"] for line in lines)

    def visible(self) -> int:
        """How many of A's posts X shows."""
        user = self.loud.account("twitter").user_id
        return len(self.world.control("GET", f"posts?platform=twitter&accountId={user}")["posts"])

    def slow_network(self, seconds: float, **more: Any) -> None:
        """X takes its time for each call of A's account."""
        self.loud.fault("slow", self.loud.account("twitter"), seconds=seconds, **more)

    def backlog(self, count: int) -> None:
        """So many posts of one account of A's whose instants have passed, a second apart."""
        kept = self.loud.scheduled(seconds=86_400)["postId"]
        back = timedelta(days=1) + LONG_AGO
        operator(self.world, lambda db: copy(db, kept, range(count), every=A_SECOND, first=back))

    def upload(self, rows: int) -> str:
        """A file of so many posts of A's for another day; the upload's id."""
        later = (clock.now() + timedelta(days=30)).isoformat(timespec="seconds")
        entry = [{"platform": "twitter", "accountId": self.loud.account("twitter").id}]
        lines = [
            json.dumps({"content": f"Loud {uuid.uuid4().hex}", "platforms": entry, "scheduledFor": later})
            for _ in range(rows)
        ]
        headers = ASYNC | {"content-type": "application/x-ndjson"}
        answer = self.loud.client.post("/v1/posts/bulk", content="\n".join(lines), headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["bulkId"])

    def running(self, bulk_id: str) -> bool:
        """Whether rows of the upload are still to come."""
        return bool(self.loud.client.get(f"/v1/posts/bulk/{bulk_id}").json()["status"] == "running")

    def history(self, count: int) -> None:
        """So many posts of A's that are out."""
        out = self.loud.published()["postId"]
        operator(self.world, lambda db: copy(db, out, range(count), every=A_SECOND))

    def bring_forward(self, out: Out) -> None:
        """The post's instant has come, and nothing rings for it, as after a stop."""
        out.wanted = clock.now()

        def change(db: Connection) -> None:
            of_it = update(targets).where(targets.c.post_id == out.post_id)
            db.execute(of_it.values(due_at=out.wanted, next_at=out.wanted, rung_at=None))

        operator(self.world, change)


@contextmanager
def on_stage(
    folder: Path,
    database_url: str | None,
    *,
    nursery: Nursery | None = None,
    before: Sequence[str] = (),
    workers: int = 1,
    film_bytes: int = 8_000_000,
    **env: str,
) -> Iterator[Stage]:
    """Both projects on a new world; on PostgreSQL the targets are carried out by `workers` processes."""
    with ExitStack() as closing:
        host = closing.enter_context(MediaHost(film_bytes).running())
        places = ",".join(f"{name}:{host.port}" for name in ("127.0.0.1", "pictures.example.net"))
        world = World(
            folder,
            database_url=database_url,
            nursery=nursery,
            before=before,
            env={
                "POLYPOST_ALLOW_ADDRESSES": places,
                "POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000",
                "POLYPOST_LEASE_SECONDS": "30",
                "POLYPOST_HEARTBEAT_SECONDS": "10",
                "POLYPOST_RECONCILE_AT": "2,10,60,300,1800",
                **env,
            },
        )
        closing.callback(world.stop)
        world.start(workers=workers if database_url else 0)
        world.control("POST", "limits", json={"enforced": False})
        tenants = [new_tenant(world), new_tenant(world)]
        closing.callback(close, tenants)
        for tenant in tenants:
            tenant.connect("twitter")
        yield Stage(world, host, *tenants)


@contextmanager
def repeating(call: Callable[[httpx2.Client], None], tenant: Tenant, threads: int) -> Iterator[None]:
    """So many clients that call again and again."""
    over = threading.Event()

    def again() -> None:
        with httpx2.Client(
            base_url=tenant.client.base_url, headers=tenant.client.headers, timeout=300, trust_env=False
        ) as client:
            while not over.is_set():
                call(client)

    running = [threading.Thread(target=again) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()

"""What the control surface and the front page see of the running sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polypost import clock
from polypost.sandbox.inbox import Inbox
from polypost.sandbox.simkit import Faults, SimPost, Simulator, Store, sim_post

CLOCK = "clock_ahead"


@dataclass(frozen=True, slots=True)
class Room:
    """The parts of one sandbox: state, faults, simulators by platform, addresses."""

    store: Store
    faults: Faults
    simulators: dict[str, Simulator]
    url: str
    media_url: str
    allow: Callable[[str], None]
    inbox: Inbox
    mail_url: str

    def posts(
        self,
        platform: str | None = None,
        account_id: str | None = None,
        *,
        limit: int = -1,
        deleted: bool = True,
    ) -> list[SimPost]:
        """Every post ever made visible, newest first; a negative limit is none."""
        rows = self.store.all(
            "SELECT * FROM posts WHERE (?1 IS NULL OR platform = ?1) AND (?2 IS NULL OR account_id = ?2)"
            " AND (?3 OR deleted IS NULL) ORDER BY seq DESC LIMIT ?4",
            platform, account_id, deleted, limit,
        )  # fmt: skip
        return [sim_post(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many posts each network shows."""
        rows = self.store.all(
            "SELECT platform, count(*) AS n FROM posts WHERE deleted IS NULL GROUP BY platform"
        )
        return {row["platform"]: row["n"] for row in rows}

    def usernames(self) -> dict[tuple[str, str], str]:
        """Username by platform and account id."""
        rows = self.store.all("SELECT platform, id, username FROM accounts")
        return {(row["platform"], row["id"]): row["username"] for row in rows}

    def link(self, post: SimPost) -> str:
        """The address of a post's page on its network's port."""
        sim = self.simulators.get(post.platform)
        return f"{sim.net.url if sim else ''}{post.permalink}"

    def as_json(self, post: SimPost, usernames: dict[tuple[str, str], str]) -> dict[str, Any]:
        """A post as `GET /_sandbox/posts` shows it."""
        sim = self.simulators.get(post.platform)
        return {
            "platform": post.platform,
            "id": post.id,
            "accountId": post.account_id,
            "username": usernames.get((post.platform, post.account_id)),
            "time": clock.iso(post.created),
            "text": post.text,
            "mediaCount": len(post.media),
            "media": [{**m, "url": sim.net.media_url(m["blob"])} if sim else m for m in post.media],
            "permalink": self.link(post),
            "parent": post.parent,
            "deleted": post.deleted is not None,
            "deletedAt": None if post.deleted is None else clock.iso(post.deleted),
            "raw": post.raw,
        }

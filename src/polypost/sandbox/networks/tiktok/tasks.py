"""Publish tasks: what an init call opens, how far each is, and the moment at which it becomes a post."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.simkit import Document, Media, Network, SimPost

TASK = "publish"
# Where the media are: awaited from the client, fetched by URL, here and worked on, done with, not coming.
AWAITING, FETCHING, HERE, DONE, FAILED = "awaiting", "fetching", "here", "done", "failed"
DIRECT, INBOX = "direct", "inbox"
VIDEO, PHOTO = "video", "photo"
PUBLIC = "PUBLIC_TO_EVERYONE"
DAY = timedelta(hours=24)
PREFIXES = {
    (DIRECT, True): "v_pub_file~v2-1.",
    (DIRECT, False): "v_pub_url~v2-1.",
    (INBOX, True): "v_inbox_file~v2.",
    (INBOX, False): "v_inbox_url~v2.",
}
CANCELLED = "publish_cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """What an init call asks for. `place` is direct or inbox, `urls` is empty where bytes are sent."""

    place: str
    medium: str
    info: dict[str, Any]
    urls: tuple[str, ...] = ()
    cover: int = 0
    size: int = 0
    chunk: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it stands in the store; `body` holds the order and its progress."""

    id: str
    account_id: str
    body: dict[str, Any]

    @property
    def stage(self) -> str:
        """Where the media are."""
        return str(self.body["stage"])

    @property
    def video(self) -> bool:
        """Whether it is a video."""
        return bool(self.body["medium"] == VIDEO)

    @property
    def inbox(self) -> bool:
        """Whether it goes to the creator's inbox instead of the profile."""
        return bool(self.body["place"] == INBOX)

    @property
    def pulled(self) -> bool:
        """Whether TikTok fetches the media itself."""
        return bool(self.body["urls"])

    @property
    def public(self) -> bool:
        """Whether everybody is meant to see it."""
        # Only public posts are moderated, and only of them the id is told.
        return not self.inbox and self.body["info"].get("privacy_level") == PUBLIC

    @property
    def status(self) -> str:
        """TikTok's word for it."""
        if self.stage == FAILED:
            return "FAILED"
        if self.stage == DONE:
            return "SEND_TO_USER_INBOX" if self.inbox else "PUBLISH_COMPLETE"
        return "PROCESSING_DOWNLOAD" if self.pulled else "PROCESSING_UPLOAD"

    def worked_on(self) -> bool:
        """Whether the work on the media is over; a client that looks often gets there as well as one that waits."""
        waited = clock.now().timestamp() - self.body["begun"] - self.body["extra"]
        if waited < 0:
            return False
        enough = self.body["looks"] >= limit("processing_looks") or waited >= limit("processing_seconds")
        return bool(enough) or not self.video

    def moderated(self) -> bool:
        """Whether a public post has passed moderation, after which its id is told."""
        if self.stage != DONE or not self.public:
            return False
        waited = clock.now().timestamp() - self.body["done"] - self.body["moderation"]
        if waited < 0:
            return False
        enough = self.body["after"] > limit("moderation_looks") or waited >= limit("moderation_seconds")
        return bool(enough)


class Tasks:
    """Every task of the network."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def add(self, account_id: str, order: Order, *, extra: float, moderation: float, fails: str) -> Task:
        """Open a task. `fails` is a reason for which it will fail after all, empty for a lucky one."""
        pulled = bool(order.urls)
        prefix = PREFIXES[order.place, not pulled] if order.medium == VIDEO else "p_pub_url~v2."
        body = {
            "place": order.place,
            "medium": order.medium,
            "info": order.info,
            "urls": list(order.urls),
            "cover": order.cover,
            "size": order.size,
            "chunk": order.chunk,
            "count": order.count,
            "blob": "" if pulled else self._net.blobs.new(),
            "received": 0,
            "stage": FETCHING if pulled else AWAITING,
            "reason": "",
            "fails": fails,
            "media": [],
            "looks": 0,
            "after": 0,
            "begun": 0.0,
            "done": 0.0,
            "extra": extra,
            "moderation": moderation,
            "post": None,
        }
        return _task(
            self._net.documents.put(TASK, f"{prefix}{self._net.snowflake()}", body, account_id=account_id)
        )

    def get(self, publish_id: str) -> Task | None:
        """The task with this id, whosever it is."""
        document = self._net.documents.get(TASK, publish_id)
        return None if document is None else _task(document)

    def of_account(self, account_id: str) -> list[Task]:
        """Every task of an account, oldest first."""
        return [_task(document) for document in self._net.documents.of_account(TASK, account_id)]

    def again(self, task: Task) -> Task:
        """The task as it stands now."""
        found = self.get(task.id)
        return task if found is None else found

    def change(self, task: Task, **changes: Any) -> None:
        """Set members of the stored task."""
        self._net.documents.update(TASK, task.id, **changes)

    def fail(self, task: Task, reason: str) -> None:
        """Nothing will come of it."""
        self.change(task, stage=FAILED, reason=reason)

    def arrive(self, task: Task, media: list[Media]) -> None:
        """The media are here and good: the work on them begins, and ends by itself after a while."""
        if task.body["fails"]:
            self.fail(task, task.body["fails"])
            return
        self.change(task, stage=HERE, media=media, begun=clock.now().timestamp())
        self.settle(self.again(task))
        wait = limit("processing_seconds") + task.body["extra"]
        # A moment after the end, or it would look too early.
        asyncio.get_running_loop().call_later(wait + 0.05, self._in_time, task.id)

    def look(self, task: Task) -> Task:
        """Count a look, which brings a task nearer to its end, and the task as it stands then."""
        counter = "after" if task.stage == DONE else "looks"
        self.change(task, **{counter: task.body[counter] + 1})
        return self.settle(self.again(task))

    def settle(self, task: Task) -> Task:
        """Make a post of a task whose time has come."""
        if task.stage == HERE and task.worked_on():
            with self._net.store.transaction():
                self.change(task, stage=DONE, done=clock.now().timestamp(), post=self._publish(task).id)
                task = self.again(task)
        return task

    def settle_all(self, account_id: str) -> list[Task]:
        """Every task of an account, those whose time has come made posts of."""
        return [self.settle(task) for task in self.of_account(account_id)]

    def _in_time(self, publish_id: str) -> None:
        try:
            task = self.get(publish_id)
            if task is not None:
                self.settle(task)
        except sqlite3.ProgrammingError:
            # The sandbox was closed in the meantime; the next look at the task makes up for it.
            return

    def _publish(self, task: Task) -> SimPost:
        account = self._net.accounts.get(task.account_id)
        username = account.username if account else task.account_id
        info = task.body["info"]
        # TikTok's ids begin with the second of publication and end in 32 bits of their own.
        number = str(int(clock.now().timestamp()) << 32 | secrets.randbits(32))
        link = f"/messages/{number}" if task.inbox else f"/@{username}/{task.body['medium']}/{number}"
        if not task.inbox:
            self._net.buckets.take("posts", task.account_id, limit=limit("posts_per_day"), window=DAY)
        return self._net.posts.add(
            id=number,
            account_id=task.account_id,
            text="\n\n".join(filter(None, (info.get("title"), info.get("description")))),
            permalink=link,
            media=task.body["media"],
            raw={
                "publish_id": task.id,
                "place": task.body["place"],
                "medium": task.body["medium"],
                "cover": task.body["cover"],
                "info": info,
            },
        )


def _task(document: Document) -> Task:
    return Task(document.id, document.account_id or "", document.body)

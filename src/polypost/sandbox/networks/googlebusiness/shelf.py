"""The local posts of every location, from the moment Google has taken them; what is shown is a post of the sandbox besides."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from polypost import clock
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.simkit import Account, Document, Media, Network

LOCAL_POST = "local_post"
PROCESSING, LIVE, REJECTED = "PROCESSING", "LIVE", "REJECTED"
SCHEDULED, RECURRING = "SCHEDULED", "RECURRING"


@dataclass(frozen=True, slots=True)
class LocalPost:
    """One post; `told` is what its maker said of it."""

    id: str
    location_id: str
    body: dict[str, Any]
    created: datetime

    @property
    def told(self) -> dict[str, Any]:
        """The members that the maker gave."""
        found: dict[str, Any] = self.body["told"]
        return found

    @property
    def media(self) -> list[Media]:
        """Its photo, if it has one."""
        found: list[Media] = self.body["media"]
        return found

    @property
    def name(self) -> str:
        """Its whole name, under the account that the sandbox names the location by."""
        return f"{self.location_id}/localPosts/{self.id}"

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"/place?id={self.body['cid']}&use=posts&lpsid={self.id}"

    @property
    def state(self) -> str:
        """Google's word for what has become of it by now."""
        now = clock.now()
        planned = self.told.get("scheduledTime")
        if planned is not None and now < datetime.fromisoformat(planned):
            return SCHEDULED
        if self.body["held"] or not self._worked_on(now):
            return PROCESSING
        if self.body["fails"]:
            return REJECTED
        return RECURRING if self.told.get("event", {}).get("recurrenceInfo") else LIVE

    def _worked_on(self, now: datetime) -> bool:
        """Whether the work is over; a client that looks often gets there as well as one that waits."""
        waited = (now - self.created).total_seconds() - self.body["extra"]
        if waited < 0:
            return False
        enough = self.body["looks"] >= limit("processing_looks") or waited >= limit("processing_seconds")
        return enough or not (self.media or self.body["extra"])

    @property
    def order(self) -> str:
        """Its place in lists: the order is not documented, so nobody shall rely on one."""
        return hashlib.blake2b(self.id.encode(), digest_size=8).hexdigest() + self.id


class Shelf:
    """Keeps and shows."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def add(
        self,
        location: Account,
        told: dict[str, Any],
        media: list[Media],
        *,
        extra: float = 0.0,
        fails: bool = False,
        held: bool = False,
    ) -> LocalPost:
        """Take a post: its work lasts `extra` seconds longer, ends in a rejection (`fails`), or never ends (`held`)."""
        number = self._net.snowflake()
        body = {
            "told": told,
            "media": media,
            "cid": location.data["cid"],
            "extra": extra,
            "fails": fails,
            "held": held,
            "looks": 0,
            "shown": False,
            "updated": clock.now().timestamp(),
        }
        post = _post(self._net.documents.put(LOCAL_POST, number, body, account_id=location.id))
        # A little later than the work ends, so that this look finds it over.
        wait = limit("processing_seconds") + extra + 0.05
        asyncio.get_running_loop().call_later(wait, self._in_time, number)
        return self.settle(post)

    def get(self, location: Account, number: str) -> LocalPost | None:
        """A post of a location."""
        found = self._net.documents.get(LOCAL_POST, number)
        return _post(found) if found is not None and found.account_id == location.id else None

    def of(self, location: Account, *, until: datetime) -> list[LocalPost]:
        """The posts of a location that are not younger than an instant, in the order of lists."""
        found = [_post(each) for each in self._net.documents.of_account(LOCAL_POST, location.id)]
        settled = [self.settle(post) for post in found if post.created <= until]
        return sorted(settled, key=lambda post: post.order)

    def look(self, post: LocalPost) -> LocalPost:
        """Count a look, which brings the work nearer to its end, and the post as it stands then."""
        self._net.documents.update(LOCAL_POST, post.id, looks=post.body["looks"] + 1)
        return self.settle(self._again(post))

    def change(self, post: LocalPost, told: dict[str, Any], media: list[Media]) -> LocalPost:
        """Replace what a post says."""
        with self._net.store.transaction():
            self._net.documents.update(
                LOCAL_POST, post.id, told=told, media=media, updated=clock.now().timestamp()
            )
            post = self.settle(self._again(post))
            self._net.posts.update(post.name, text=_text(told), raw=told)
        return post

    def delete(self, post: LocalPost) -> None:
        """Take a post away."""
        with self._net.store.transaction():
            self._net.posts.delete(post.name)
            self._net.documents.delete(LOCAL_POST, post.id)

    def settle(self, post: LocalPost) -> LocalPost:
        """Show a post whose time has come."""
        if post.body["shown"] or post.state not in {LIVE, RECURRING}:
            return post
        with self._net.store.transaction():
            self._net.documents.update(LOCAL_POST, post.id, shown=True)
            self._net.posts.add(
                id=post.name,
                account_id=post.location_id,
                text=_text(post.told),
                permalink=post.path,
                media=post.media,
                raw=post.told,
            )
        return self._again(post)

    def _again(self, post: LocalPost) -> LocalPost:
        found = self._net.documents.get(LOCAL_POST, post.id)
        return post if found is None else _post(found)

    def _in_time(self, number: str) -> None:
        try:
            found = self._net.documents.get(LOCAL_POST, number)
            if found is not None:
                self.settle(_post(found))
        except sqlite3.ProgrammingError:
            # The sandbox was closed in the meantime; the next look at the post makes up for it.
            return


def _text(told: dict[str, Any]) -> str:
    return str(told.get("summary") or told.get("event", {}).get("title", ""))


def _post(document: Document) -> LocalPost:
    return LocalPost(document.id, document.account_id or "", document.body, document.created)

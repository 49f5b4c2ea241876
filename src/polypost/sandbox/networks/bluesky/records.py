"""The records that repositories hold, and the posts that some of them are."""

from __future__ import annotations

from typing import Any

from polypost import clock
from polypost.sandbox.networks.bluesky import resident
from polypost.sandbox.networks.bluesky.blobs import Blobs
from polypost.sandbox.networks.bluesky.cids import record_cid
from polypost.sandbox.networks.bluesky.errors import refused
from polypost.sandbox.networks.bluesky.formats import split_at_uri
from polypost.sandbox.networks.bluesky.tids import Tids
from polypost.sandbox.networks.bluesky.writes import DELETE, POST, Write
from polypost.sandbox.simkit import Account, Network, SimPost, media_of
from polypost.sandbox.simkit.content import Media

RECORD, HEAD = "record", "head"
LIKE, REPOST, FOLLOW = "app.bsky.feed.like", "app.bsky.feed.repost", "app.bsky.graph.follow"
QUOTE = "quote"


class Records:
    """What is stored."""

    def __init__(self, net: Network, blobs: Blobs, tids: Tids) -> None:
        self._blobs = blobs
        self._tids = tids
        self._net = net

    def get(self, uri: str) -> dict[str, Any] | None:
        """A record with its CID, by its address."""
        if uri == resident.POST_URI:
            return resident.STORED
        kept = self._net.documents.get(RECORD, uri)
        return None if kept is None else kept.body

    def post(self, uri: str) -> SimPost | None:
        """A post that is there now, by its address."""
        return resident.POST if uri == resident.POST_URI else self._net.posts.get(uri)

    def thread(self, post: SimPost) -> list[SimPost]:
        """The posts of a post's thread, oldest first."""
        root = post.thread or post.id
        first = [resident.POST] if root == resident.POST_URI else []
        return [*first, *self._net.posts.of_thread(root)]

    def of(self, account: Account, collection: str, *, older_than: float) -> list[dict[str, Any]]:
        """An account's records of a collection that were written before an instant."""
        kept = self._net.documents.of_account(RECORD, account.id)
        return [
            {**each.body, "uri": each.id}
            for each in kept
            if each.body["collection"] == collection and each.created.timestamp() <= older_than
        ]

    def pointing(self, kind: str, subject: str) -> list[dict[str, Any]]:
        """Who liked, reposted or quoted a post or followed an account, oldest first: address, author, time."""
        return [each.body for each in self._net.documents.of_account(f"to {kind}", subject)]

    def pointer(self, post: SimPost) -> dict[str, Any]:
        """A post in the form of `pointing`."""
        return {"uri": post.id, "author": post.account_id, "created": clock.iso(post.created)}

    def collections(self, account: Account) -> list[str]:
        """The collections of which an account has records."""
        kept = self._net.documents.of_account(RECORD, account.id)
        return sorted({each.body["collection"] for each in kept})

    def head(self, account: Account) -> dict[str, str]:
        """The last commit of an account's repository."""
        kept = self._net.documents.get(HEAD, account.id)
        return dict(kept.body) if kept is not None else self._commit(account)

    def check_head(self, account: Account, body: dict[str, Any]) -> None:
        """Raise Refused when `swapCommit` names another commit than the last."""
        asked = body.get("swapCommit")
        if asked and asked != (cid := self.head(account)["cid"]):
            raise refused(400, "InvalidSwap", f"Commit was at {cid}")

    def store(self, account: Account, writes: list[Write]) -> dict[str, str]:
        """Carry changes out, all at once; the new commit."""
        with self._net.store.transaction():
            for write in writes:
                if write.action == DELETE:
                    self._remove(write)
                else:
                    self._put(write)
            return self._commit(account)

    def _remove(self, write: Write) -> None:
        self._net.documents.delete(RECORD, write.uri)
        for kind in (LIKE, REPOST, FOLLOW, QUOTE):
            self._net.documents.delete(f"to {kind}", write.uri)
        if write.collection == POST:
            self._net.posts.delete(write.uri)

    def _put(self, write: Write) -> None:
        body = {"cid": write.cid, "value": write.record, "collection": write.collection, "rkey": write.rkey}
        self._net.documents.put(RECORD, write.uri, body, account_id=write.account.id)
        for kind, subject in _subjects(write):
            pointer = {"uri": write.uri, "author": write.account.id, "created": clock.iso(clock.now())}
            # The owner column holds the subject, so that everything about it can be listed.
            self._net.documents.put(f"to {kind}", write.uri, pointer, account_id=subject)
        for blob in write.blobs:
            self._blobs.hold(write.account, blob)
        if write.visible:
            self._show(write)

    def _show(self, write: Write) -> None:
        posts, uri = self._net.posts, write.uri
        record = write.record if write.fits else _plain(write.record)
        raw = {"record": record, "cid": write.cid, "rkey": write.rkey, "thumb": _thumbnail(write, record)}
        # A key that was deleted may be used again.
        if posts.get(uri, deleted=True) is not None:
            posts.restore(uri, text=record["text"], media=self._media(write, record), raw=raw)
            return
        reply = record.get("reply")
        posts.add(
            id=uri,
            account_id=write.account.id,
            text=record["text"],
            permalink=f"/profile/{write.account.id}/post/{write.rkey}",
            media=self._media(write, record),
            raw=raw,
            parent=reply["parent"]["uri"] if reply else None,
            thread=reply["root"]["uri"] if reply else uri,
        )

    def _media(self, write: Write, record: dict[str, Any]) -> list[Media]:
        found: list[Media] = []
        by_cid = {blob.cid: blob for blob in write.blobs}
        for item in shown_media(record):
            blob = by_cid.get(item["cid"])
            if blob is None:
                continue
            found.append(media_of(blob.name, blob.facts, item["alt"], kind=item["kind"], mime=blob.mime))
        return found

    def _commit(self, account: Account) -> dict[str, str]:
        rev = self._tids.next()
        commit = {"cid": record_cid({"did": account.id, "rev": rev}), "rev": rev}
        self._net.documents.put(HEAD, account.id, commit, account_id=account.id)
        return commit


def _subjects(write: Write) -> list[tuple[str, str]]:
    """What a record points at, and how."""
    if not write.fits:
        return []
    if write.collection in {LIKE, REPOST}:
        return [(write.collection, str(write.record["subject"]["uri"]))]
    if write.collection == FOLLOW:
        return [(FOLLOW, str(write.record.get("subject")))]
    uri = quoted(write.record) if write.visible else None
    return [(QUOTE, uri)] if uri else []


def _thumbnail(write: Write, record: dict[str, Any]) -> dict[str, str] | None:
    """Where the image of a post's link card is."""
    external = media_embed(record).get("external") or {}
    cid = (external.get("thumb") or {}).get("ref", {}).get("$link")
    return next(({"blob": each.name, "mime": each.mime} for each in write.blobs if each.cid == cid), None)


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """What can be shown of a post that was stored without being checked."""
    return {"$type": POST, "text": str(record.get("text", "")), "createdAt": str(record.get("createdAt", ""))}


def media_embed(record: dict[str, Any]) -> dict[str, Any]:
    """The part of a post that shows images, a video or a link; empty without one."""
    embed = record.get("embed") or {}
    if embed.get("$type") == "app.bsky.embed.recordWithMedia":
        embed = embed["media"]
    return embed if isinstance(embed, dict) else {}


def shown_media(record: dict[str, Any]) -> list[dict[str, str]]:
    """The images or the video of a post: kind, CID, alternative text."""
    embed = media_embed(record)
    kind = str(embed.get("$type", "")).rpartition(".")[2]
    items: list[tuple[str, Any, str]] = []
    if kind == "images":
        items = [("image", each["image"], each["alt"]) for each in embed["images"]]
    elif kind == "gallery":
        items = [("image", each.get("image"), each.get("alt", "")) for each in embed["items"]]
    elif kind == "video":
        items = [("video", embed["video"], embed.get("alt", ""))]
    return [
        {"kind": what, "cid": blob["ref"]["$link"], "alt": alt}
        for what, blob, alt in items
        if isinstance(blob, dict)
    ]


def quoted(record: dict[str, Any]) -> str | None:
    """The address of the record that a post quotes."""
    embed = record.get("embed") or {}
    kind = embed.get("$type")
    if kind == "app.bsky.embed.record":
        return str(embed["record"]["uri"])
    if kind == "app.bsky.embed.recordWithMedia":
        return str(embed["record"]["record"]["uri"])
    return None


def rules_of(records: Records, uri: str) -> list[str] | None:
    """Who may reply to a post by its threadgate: kinds of people, an empty list for nobody, None for everybody."""
    place = split_at_uri(uri)
    gate = records.get(f"at://{place[0]}/app.bsky.feed.threadgate/{place[2]}") if place else None
    if gate is None or "allow" not in gate["value"]:
        return None
    return [
        str(rule.get("$type", "")).rpartition("#")[2].removesuffix("Rule") for rule in gate["value"]["allow"]
    ]


def is_quotable(records: Records, uri: str) -> bool:
    """Whether a post may be quoted, by its postgate."""
    place = split_at_uri(uri)
    gate = records.get(f"at://{place[0]}/app.bsky.feed.postgate/{place[2]}") if place else None
    return gate is None or not gate["value"].get("embeddingRules")

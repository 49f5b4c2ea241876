"""What the app's server shows: profiles, posts with what they embed, threads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from polypost import clock
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.records import (
    FOLLOW,
    LIKE,
    QUOTE,
    REPOST,
    Records,
    is_quotable,
    media_embed,
    quoted,
    rules_of,
)
from polypost.sandbox.simkit import Account, Network, SimPost

_DEFS = "app.bsky.feed.defs"


class Views:
    """Builds the objects."""

    def __init__(self, net: Network, identity: Identity, records: Records) -> None:
        self._net = net
        self._identity = identity
        self._records = records

    def profile(self, account: Account, *, detailed: bool = False) -> dict[str, Any]:
        """An account, in short or in full."""
        own = self._own(account)
        basic = {
            "did": account.id,
            "handle": account.username,
            "displayName": own.get("displayName", account.name),
            "avatar": self._image(account, own) or self._net.avatar_url(account.id),
            "labels": [],
            "createdAt": clock.iso(account.created),
        }
        if not detailed:
            return basic
        return basic | {
            "description": own.get("description", account.data.get("description", "")),
            "followersCount": 100 + len(self._records.pointing(FOLLOW, account.id)),
            "followsCount": 10,
            "postsCount": self._net.posts.count(account.id),
            "indexedAt": clock.iso(account.created),
        }

    def profile_of(self, did: str) -> dict[str, Any]:
        """The account with this DID, in short."""
        account = self._identity.find(did)
        assert account is not None
        return self.profile(account)

    def _own(self, account: Account) -> dict[str, Any]:
        """What an account has written about itself."""
        kept = self._records.get(f"at://{account.id}/app.bsky.actor.profile/self")
        value: dict[str, Any] = kept["value"] if kept else {}
        return {name: each for name, each in value.items() if name == "avatar" or isinstance(each, str)}

    def _image(self, account: Account, own: dict[str, Any]) -> str | None:
        """The address of the image that an account has chosen."""
        link = own["avatar"].get("ref") if isinstance(own.get("avatar"), dict) else None
        cid = link.get("$link") if isinstance(link, dict) else None
        query = urlencode({"did": account.id, "cid": cid})
        return f"{self._net.url}/xrpc/com.atproto.sync.getBlob?{query}" if cid else None

    def viewer(self, post: SimPost, reader: Account) -> dict[str, Any]:
        """What a reader has done with a post."""
        marks: dict[str, Any] = {"threadMuted": False, "embeddingDisabled": False}
        for kind, name in ((LIKE, "like"), (REPOST, "repost")):
            for each in self._records.pointing(kind, post.id):
                if each["author"] == reader.id:
                    marks[name] = each["uri"]
        return marks

    def post(self, post: SimPost) -> dict[str, Any]:
        """One post."""
        view: dict[str, Any] = {
            "uri": post.id,
            "cid": post.raw["cid"],
            "author": self.profile_of(post.account_id),
            "record": post.raw["record"],
            **self.counts(post),
            "indexedAt": clock.iso(post.created),
            "labels": self._labels(post),
        }
        embed = self._embed(post)
        gate = rules_of(self._records, post.id)
        if gate is not None:
            gate_uri = post.id.replace("/app.bsky.feed.post/", "/app.bsky.feed.threadgate/")
            kept = self._records.get(gate_uri) or {}
            view["threadgate"] = {"uri": gate_uri, "cid": kept["cid"], "record": kept["value"], "lists": []}
        return {**view, "embed": embed} if embed else view

    def thread(self, post: SimPost, depth: int, height: int) -> dict[str, Any]:
        """A post with what it answers and what answers it."""
        node: dict[str, Any] = {"$type": f"{_DEFS}#threadViewPost", "post": self.post(post)}
        if post.parent and height > 0:
            parent = self._records.post(post.parent)
            node["parent"] = self.thread(parent, 0, height - 1) if parent else not_found(post.parent)
        if depth > 0:
            others = self._records.thread(post)
            node["replies"] = [self.thread(each, depth - 1, 0) for each in others if each.parent == post.id]
        return node

    def feed_item(self, post: SimPost) -> dict[str, Any]:
        """A post in a list, with the two posts it answers."""
        item: dict[str, Any] = {"post": self.post(post)}
        if post.parent:
            item["reply"] = {"root": self._short(post.thread or ""), "parent": self._short(post.parent)}
        return item

    def counts(self, post: SimPost) -> dict[str, int]:
        """What really happened, and a part that grows slowly with the post's age, the same at each look."""
        likes = post.grown(1 + sum(map(ord, post.raw["rkey"])) % 7)
        return {
            "replyCount": self._net.posts.count_replies(post.id),
            "repostCount": likes // 5 + len(self._records.pointing(REPOST, post.id)),
            "likeCount": likes + len(self._records.pointing(LIKE, post.id)),
            "quoteCount": len(self._records.pointing(QUOTE, post.id)),
            "bookmarkCount": likes // 9,
        }

    def media_url(self, post: SimPost, place: int) -> str:
        """The address of an image or video of a post."""
        return self._net.address(post.media[place])

    def quote_of(self, post: SimPost) -> SimPost | None:
        """The post that a post quotes, unless it is gone or may not be quoted."""
        uri = quoted(post.raw["record"])
        if uri is None or not is_quotable(self._records, uri):
            return None
        return self._records.post(uri)

    def _labels(self, post: SimPost) -> list[dict[str, Any]]:
        values = (post.raw["record"].get("labels") or {}).get("values", [])
        return [
            {"src": post.account_id, "uri": post.id, "val": each["val"], "cts": clock.iso(post.created)}
            for each in values
        ]

    def _short(self, uri: str) -> dict[str, Any]:
        post = self._records.post(uri)
        return {"$type": f"{_DEFS}#postView", **self.post(post)} if post else not_found(uri)

    def _embed(self, post: SimPost) -> dict[str, Any] | None:
        media = self._media(post)
        uri = quoted(post.raw["record"])
        if uri is None:
            return media
        record = {"$type": "app.bsky.embed.record#view", "record": self._quote(post, uri)}
        if media is None:
            return record
        return {"$type": "app.bsky.embed.recordWithMedia#view", "record": record, "media": media}

    def _quote(self, post: SimPost, uri: str) -> dict[str, Any]:
        found = self.quote_of(post)
        if found is None:
            if is_quotable(self._records, uri):
                return {"$type": "app.bsky.embed.record#viewNotFound", "uri": uri, "notFound": True}
            return {"$type": "app.bsky.embed.record#viewDetached", "uri": uri, "detached": True}
        media = self._media(found)
        return {
            "$type": "app.bsky.embed.record#viewRecord",
            "uri": found.id,
            "cid": found.raw["cid"],
            "author": self.profile_of(found.account_id),
            "value": found.raw["record"],
            "embeds": [media] if media else [],
            "indexedAt": clock.iso(found.created),
        }

    def _media(self, post: SimPost) -> dict[str, Any] | None:
        embed = media_embed(post.raw["record"])
        kind = str(embed.get("$type", ""))
        if kind == "app.bsky.embed.external":
            return {"$type": f"{kind}#view", "external": self._card(post, embed["external"])}
        if not post.media:
            return None
        if kind == "app.bsky.embed.video":
            view = {"$type": f"{kind}#view", "cid": embed["video"]["ref"]["$link"]}
            view |= {"playlist": self.media_url(post, 0)}
            return view | {n: embed[n] for n in ("alt", "aspectRatio", "presentation") if n in embed}
        gallery = kind == "app.bsky.embed.gallery"
        items = [
            {
                **({"$type": f"{kind}#viewImage", "thumbnail": url} if gallery else {"thumb": url}),
                "fullsize": url,
                "alt": each["alt"],
                **({"aspectRatio": each["aspectRatio"]} if "aspectRatio" in each else {}),
            }
            for place, each in enumerate(embed["items" if gallery else "images"])
            if (url := self.media_url(post, place))
        ]
        return {"$type": f"{kind}#view", "items" if gallery else "images": items}

    def _card(self, post: SimPost, external: dict[str, Any]) -> dict[str, Any]:
        card = {name: external[name] for name in ("uri", "title", "description")}
        url = self.thumbnail(post)
        return {**card, "thumb": url} if url else card

    def thumbnail(self, post: SimPost) -> str | None:
        """The address of the image on a post's link card."""
        name = post.raw.get("thumb")
        return None if name is None else self._net.address(name)


def not_found(uri: str) -> dict[str, Any]:
    """What stands where a post is not there."""
    return {"$type": f"{_DEFS}#notFoundPost", "uri": uri, "notFound": True}

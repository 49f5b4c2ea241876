"""The objects of the API: profiles, posts and containers, with exactly the fields that were asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.threads.attachments import OPTIONS
from polypost.sandbox.networks.threads.errors import pick
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.simkit import Account, Media, Network, SimPost
from polypost.sandbox.simkit.containers import ERROR, Container
from polypost.sandbox.simkit.fields import Asked, Values
from polypost.sandbox.simkit.meta import stamp

HOST = "https://www.threads.net"
MEDIA, USER, CONTAINER_NODE = "ThreadsMedia", "ThreadsUser", "ThreadsMediaContainer"
PRODUCT = "THREADS"
REPOST = "REPOST_FACADE"
ALBUM = "CAROUSEL_ALBUM"
# Fields that the node has and that stay empty here.
USER_FIELDS = ("recently_searched_keywords",)


class Nodes:
    """Builds the objects."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def user(self, account: Account, asked: Asked) -> dict[str, Any]:
        """A profile as its own owner sees it."""
        values: Values = {
            "id": lambda _: account.id,
            "username": lambda _: account.username,
            "name": lambda _: account.name,
            "threads_profile_picture_url": lambda _: self._net.avatar_url(account.id),
            "threads_biography": lambda _: account.data["biography"],
            "is_verified": lambda _: account.data["verified"],
            "is_eligible_for_geo_gating": lambda _: True,
        }
        return pick(values, asked, USER, known=USER_FIELDS)

    def profile(self, account: Account) -> dict[str, Any]:
        """A profile as anybody may look it up."""
        numbers = [metrics(post) for post in self._net.posts.by_account(account.id, limit=100)]
        total = {
            name: sum(each[name] for each in numbers) for name in ("likes", "quotes", "reposts", "views")
        }
        return {
            "username": account.username,
            "name": account.name,
            "profile_picture_url": self._net.avatar_url(account.id),
            "biography": account.data["biography"],
            "follower_count": account.data["followers_count"],
            "is_verified": account.data["verified"],
            **{f"{name}_count": number for name, number in total.items()},
            "replies_count": 0,
        }

    def post(self, post: SimPost, asked: Asked, *, reader: str) -> dict[str, Any]:
        """One post, a reply or a repost among them; `reader` is the account that asks."""
        owner = self._net.accounts.get(post.account_id)
        values = self._head(post, owner) | self._body(post) | self._place(post, reader) | self._attached(post)
        return pick(values, asked, MEDIA)

    def _head(self, post: SimPost, owner: Account | None) -> Values:
        return {
            "id": lambda _: post.id,
            "media_product_type": lambda _: PRODUCT,
            "media_type": lambda _: post.raw["media_type"],
            "permalink": lambda _: HOST + post.permalink,
            "shortcode": lambda _: post.raw["shortcode"],
            "timestamp": lambda _: stamp(post.created),
            "owner": lambda _: {"id": post.account_id},
            # Strangers have no account; their posts know their names.
            "username": lambda _: owner.username if owner else post.raw.get("author", {}).get("username"),
            "is_verified": lambda _: owner.data["verified"] if owner else False,
            "profile_picture_url": lambda _: self._net.avatar_url(post.account_id),
            "has_replies": lambda _: self._net.posts.count_replies(post.id) > 0,
        }

    def _body(self, post: SimPost) -> Values:
        single = post.media[0] if len(post.media) == 1 else None
        video = single is not None and single["kind"] == "video"
        return {
            "text": lambda _: post.text or None,
            "media_url": lambda _: self._net.address(single) if single else None,
            # The sandbox cuts no stills, so the video stands for its own.
            "thumbnail_url": lambda _: self._net.address(single) if single and video else None,
            "alt_text": lambda _: (single.get("alt") or None) if single else None,
            "children": lambda inner: self._children(post, inner),
            "topic_tag": lambda _: post.raw["topic"],
            "is_spoiler_media": lambda _: post.raw["options"].get("is_spoiler_media", False),
            "text_entities": lambda _: post.raw["options"].get("text_entities"),
            "location_id": lambda _: post.raw["options"].get("location_id"),
            "allowlisted_country_codes": lambda _: post.raw["options"].get("allowlisted_country_codes"),
        }

    def _place(self, post: SimPost, reader: str) -> Values:
        raw = post.raw
        root = self._net.posts.get(post.thread or "", deleted=True)
        return {
            "is_reply": lambda _: post.parent is not None,
            "is_reply_owned_by_me": lambda _: post.parent is not None and post.account_id == reader,
            "root_post": lambda _: {"id": post.thread} if post.parent else None,
            "replied_to": lambda _: {"id": post.parent} if post.parent else None,
            "hide_status": lambda _: ("HIDDEN" if raw["hidden"] else "NOT_HUSHED") if post.parent else None,
            "reply_audience": lambda _: (
                (root or post).raw["options"].get("reply_control", "everyone").upper()
            ),
            "is_quote_post": lambda _: raw["quoted"] is not None,
            "quoted_post": lambda inner: self._other(raw["quoted"], inner, reader),
            "reposted_post": lambda inner: self._other(raw["reposted"], inner, reader),
        }

    def _other(self, post_id: str | None, inner: Asked, reader: str) -> dict[str, Any] | None:
        found = self._net.posts.get(post_id) if post_id else None
        return None if found is None else self.post(found, inner, reader=reader)

    def _attached(self, post: SimPost) -> Values:
        options = post.raw["options"]
        ghost = options.get("is_ghost_post")
        gif = options.get("gif_attachment")
        return {
            "link_attachment_url": lambda _: post.raw["link"],
            "poll_attachment": lambda inner: self._poll(post, inner),
            "gif_url": lambda _: f"{HOST}/gif/{gif['provider'].lower()}/{gif['gif_id']}" if gif else None,
            "text_attachment": lambda _: options.get("text_attachment"),
            "ghost_post_status": lambda _: ("archived" if gone(post) else "active") if ghost else None,
            "ghost_post_expiration_timestamp": lambda _: stamp(ghost_end(post)) if ghost else None,
        }

    def _poll(self, post: SimPost, inner: Asked) -> dict[str, Any] | None:
        options = post.raw["options"].get("poll_attachment")
        if options is None:
            return None
        votes = poll_votes(post)
        total = sum(votes.values())
        made: dict[str, Any] = dict(options)
        made |= {
            f"{name}_votes_percentage": round(votes[name] / total, 2) if total else 0 for name in options
        }
        made["total_votes"] = total
        made["expiration_timestamp"] = stamp(post.created + timedelta(hours=limit("poll_hours")))
        if not inner.fields:
            return made
        # Options that the poll does not have may be asked for and are left out.
        known = {name for option in OPTIONS for name in (option, f"{option}_votes_percentage")}
        values = {name: (lambda _, value=value: value) for name, value in made.items()}
        shown = pick({**values, "id": lambda _: None}, inner, "ThreadsPoll", known=known)
        return {name: value for name, value in shown.items() if name != "id"}

    def _children(self, post: SimPost, inner: Asked) -> dict[str, Any] | None:
        if post.raw["media_type"] != ALBUM:
            return None
        pairs = zip(post.raw["children"], post.media, strict=True)
        return {"data": [self._child(post, child_id, media, inner) for child_id, media in pairs]}

    def _child(self, post: SimPost, child_id: str, media: Media, inner: Asked) -> dict[str, Any]:
        values: Values = {
            "id": lambda _: child_id,
            "media_type": lambda _: "VIDEO" if media["kind"] == "video" else "IMAGE",
            "media_url": lambda _: self._net.address(media),
            "alt_text": lambda _: media.get("alt") or None,
            "permalink": lambda _: HOST + post.permalink,
            "timestamp": lambda _: stamp(post.created),
        }
        return pick(values, inner, MEDIA, known=("thumbnail_url", "owner", "username", "shortcode"))

    def container(self, container: Container, asked: Asked) -> dict[str, Any]:
        """How far a container is."""
        values: Values = {
            "id": lambda _: container.id,
            "status": lambda _: container.status,
            "error_message": lambda _: container.reason if container.status == ERROR else None,
        }
        return pick(values, asked, CONTAINER_NODE)


def ghost_end(post: SimPost) -> datetime:
    """When a ghost post disappears."""
    return post.created + timedelta(hours=limit("ghost_hours"))


def gone(post: SimPost) -> bool:
    """Whether a post is a ghost whose day is over."""
    return bool(post.raw["options"].get("is_ghost_post")) and ghost_end(post) <= clock.now()


def poll_votes(post: SimPost) -> dict[str, int]:
    """Votes that grow with a post's views, the same at each look."""
    views = metrics(post)["views"]
    options = post.raw["options"].get("poll_attachment", {})
    return {name: views // (4 + 3 * place) for place, name in enumerate(options)}


def metrics(post: SimPost) -> dict[str, int]:
    """Numbers that grow slowly with a post's age, the same at each look."""
    seed = int(post.id) % 89
    views = post.grown(12 + seed)
    return {
        "views": views,
        "likes": views // (7 + seed % 5),
        "reposts": views // 60,
        "quotes": views // 90,
        "shares": views // 70,
        "clicks": views // 40,
    }

"""The objects of the API: accounts, media, containers and comments, with exactly the fields that were asked for."""

from __future__ import annotations

from typing import Any

from polypost.sandbox.networks.instagram.auth import Caller
from polypost.sandbox.networks.instagram.containers import STORY
from polypost.sandbox.simkit import Account, Document, Media, Network, SimPost
from polypost.sandbox.simkit.containers import ERROR, EXPIRED, FINISHED, PUBLISHED, Container
from polypost.sandbox.simkit.fields import Asked, Values, pick
from polypost.sandbox.simkit.meta import missing, stamp

HOST = "https://www.instagram.com"
COMMENT_NODE = "comment"
STATUS = {
    FINISHED: "Finished: Media has been uploaded and it is ready to be published.",
    PUBLISHED: "Published: Media has been published.",
    EXPIRED: "Expired: Media was not published within 24 hours.",
}
# Fields that the node has (facebook-business 26.0.3) and that stay empty here.
MEDIA_FIELDS = (
    "audio_id", "boost_eligibility_info", "copyright_check_information", "has_poll", "has_slider", "ig_id",
    "legacy_instagram_media_id", "media_audio_type", "reposts_count", "saved_count", "shares_count",
    "total_comments_count", "total_like_count", "total_views_count", "video_title", "view_count",
)  # fmt: skip
USER_FIELDS = ("biography", "is_published", "legacy_instagram_user_id", "website", "shopping_review_status")


class Nodes:
    """Builds the objects."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def user(self, caller: Caller, asked: Asked, *, page: bool = False) -> dict[str, Any]:
        """The caller's professional account; under a Page it is known by the id to publish with."""
        account = caller.account
        # The Instagram login calls the account by an id of the app, the Facebook login by the one to publish with.
        own_id = account.id if caller.facebook or page else account.data["scoped_id"]
        values: Values = {
            "id": lambda _: own_id,
            "user_id": lambda _: account.id,
            "ig_id": lambda _: int(account.id),
            "username": lambda _: account.username,
            "name": lambda _: account.name,
            "account_type": lambda _: account.data["account_type"],
            "profile_picture_url": lambda _: self._net.avatar_url(account.id),
            "has_profile_pic": lambda _: True,
            "followers_count": lambda _: account.data["followers_count"],
            "follows_count": lambda _: 12,
            "media_count": lambda _: self._net.posts.count(account.id),
        }
        return pick(values, asked, "IGUser", known=USER_FIELDS)

    def media(self, post: SimPost, account: Account, asked: Asked) -> dict[str, Any]:
        """One published medium."""
        raw, first = post.raw, post.media[0]
        video = raw["media_type"] == "VIDEO"
        numbers = metrics(post)
        values: Values = {
            "id": lambda _: post.id,
            "caption": lambda _: post.text or None,
            "timestamp": lambda _: stamp(post.created),
            "permalink": lambda _: HOST + post.permalink,
            "shortcode": lambda _: raw["shortcode"],
            "media_type": lambda _: raw["media_type"],
            "media_product_type": lambda _: raw["product"],
            "media_url": lambda _: self._net.address(first),
            "thumbnail_url": lambda _: self._thumbnail(raw) if video else None,
            "username": lambda _: account.username,
            "owner": lambda _: {"id": account.id},
            "alt_text": lambda _: first.get("alt") or None,
            "like_count": lambda _: numbers["likes"],
            "comments_count": lambda _: self.comment_count(post.id),
            "is_comment_enabled": lambda _: raw["comment_enabled"],
            "is_shared_to_feed": lambda _: raw["options"].get("share_to_feed", True) if video else None,
            "is_ai_generated": lambda _: raw["options"].get("is_ai_generated", False),
            "children": lambda inner: self._children(post, inner),
            "comments": lambda inner: {"data": [self.comment(c, inner) for c in self.comments_of(post.id)]},
        }
        return pick(values, asked, "IGMedia", known=MEDIA_FIELDS)

    def _thumbnail(self, raw: dict[str, Any]) -> str | None:
        return None if raw["cover"] is None else f"{self._net.media_url(raw['cover'])}?type=image/jpeg"

    def _children(self, post: SimPost, asked: Asked) -> dict[str, Any] | None:
        if not post.raw["children"]:
            return None
        pairs = zip(post.raw["children"], post.media, strict=True)
        return {"data": [self._child(post, child_id, media, asked) for child_id, media in pairs]}

    def _child(self, post: SimPost, child_id: str, media: Media, asked: Asked) -> dict[str, Any]:
        values: Values = {
            "id": lambda _: child_id,
            "media_type": lambda _: "VIDEO" if media["kind"] == "video" else "IMAGE",
            "media_url": lambda _: self._net.address(media),
            "alt_text": lambda _: media.get("alt") or None,
            "timestamp": lambda _: stamp(post.created),
            "permalink": lambda _: HOST + post.permalink,
            "shortcode": lambda _: post.raw["shortcode"],
        }
        return pick(values, asked, "IGMedia", known=("thumbnail_url", "owner", "username"))

    def container(self, container: Container, asked: Asked) -> dict[str, Any]:
        """How far a container is."""
        values: Values = {
            "id": lambda _: container.id,
            "status_code": lambda _: container.status,
            "status": lambda _: _status_text(container),
            "video_status": lambda _: self._upload_status(container),
        }
        return pick(values, asked, "ShadowIGMediaBuilder", known=("copyright_check_status",))

    def _upload_status(self, container: Container) -> dict[str, Any] | None:
        if container.total is None:
            return None
        received = self._net.blobs.size(container.blob)
        done = received >= container.total
        return {
            "uploading_phase": {
                "status": "complete" if done else "in_progress",
                "bytes_transferred": received,
            },
            "processing_phase": {"status": "complete" if container.status == FINISHED else "not_started"},
        }

    def own(self, caller: Caller, media_id: str, method: str = "get") -> SimPost:
        """The caller's medium with this id. Raises Refused (100/33)."""
        post = self._net.posts.get(media_id)
        if post is None or post.account_id != caller.account.id:
            raise missing(media_id, method)
        return post

    def comments_of(self, media_id: str) -> list[Document]:
        """The comments on a medium, without the answers to them, oldest first."""
        # Sandboxes that an earlier release wrote have comments that know no parent.
        return [each for each in self._said(media_id) if each.body.get("parent") is None]

    def answers_to(self, comment: Document) -> list[Document]:
        """The answers to a comment, oldest first."""
        return [
            each for each in self._said(comment.account_id or "") if each.body.get("parent") == comment.id
        ]

    def _said(self, media_id: str) -> list[Document]:
        return self._net.documents.of_account(COMMENT_NODE, media_id)

    def comment_count(self, media_id: str) -> int:
        """How many comments a medium has, the answers to them among them."""
        return len(self._said(media_id))

    def comment(self, comment: Document, asked: Asked) -> dict[str, Any]:
        """One comment."""
        values: Values = {
            "id": lambda _: comment.id,
            "text": lambda _: comment.body["text"],
            "timestamp": lambda _: stamp(comment.created),
            "username": lambda _: comment.body["username"],
            "from": lambda _: {"id": comment.body["author"], "username": comment.body["username"]},
            "media": lambda _: {"id": comment.account_id},
            "like_count": lambda _: 0,
            "hidden": lambda _: comment.body.get("hidden", False),
            "parent_id": lambda _: comment.body.get("parent"),
            "replies": lambda inner: self._replies(comment, inner),
        }
        return pick(values, asked, "IGComment", known=("user", "legacy_instagram_comment_id"))

    def _replies(self, comment: Document, asked: Asked) -> dict[str, Any] | None:
        found = self.answers_to(comment)
        return {"data": [self.comment(each, asked) for each in found]} if found else None


def _status_text(container: Container) -> str:
    # Clients read the number out of this sentence: it stands in no other field (IG Container).
    if container.status == ERROR:
        told = f" {container.reason}" if container.reason else ""
        return f"Error: Media upload has failed with error code {container.wrong}{told and '.' + told}"
    return STATUS.get(container.status, "In Progress: Media is still being processed.")


def metrics(post: SimPost) -> dict[str, int]:
    """Numbers that grow slowly with a post's age, the same at each look."""
    seed = int(post.id) % 89
    views = post.grown(12 + seed)
    likes, saved, shares = views // (7 + seed % 5), views // 50, views // 70
    return {
        "views": views,
        "reach": views * 4 // 5,
        "likes": likes,
        "saved": saved,
        "shares": shares,
        "follows": views // 200,
        "profile_visits": views // 90,
    }


def is_story(post: SimPost) -> bool:
    """Whether a post is a story, which lists and pages keep apart."""
    return bool(post.raw["product"] == STORY.upper())

"""The objects of the API: people, Pages, posts, photos, videos and comments, with exactly the fields asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import PERSON, PERSON_ID
from polypost.sandbox.networks.facebook.insights import insights
from polypost.sandbox.networks.facebook.known import PAGE_FIELDS, PHOTO_FIELDS, POST_FIELDS, VIDEO_FIELDS
from polypost.sandbox.networks.facebook.library import Library, Photo, Video
from polypost.sandbox.networks.facebook.phases import at, metrics, video_status
from polypost.sandbox.networks.facebook.timeline import STORY, Timeline
from polypost.sandbox.simkit import Account, Document, Media, Network, SimPost
from polypost.sandbox.simkit.fields import Asked, Values, parse, pick
from polypost.sandbox.simkit.meta import listed_names, stamp

HOST = "https://www.facebook.com"
COMMENT, LIKE = "comment", "like"
TASKS = ("ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE")
STATUS_TYPES = {"status": "mobile_status_update", "link": "shared_story", "photo": "added_photos"}


class Nodes:
    """Builds the objects."""

    def __init__(self, net: Network, library: Library, timeline: Timeline) -> None:
        self._net = net
        self._library = library
        self._timeline = timeline

    def person(self, asked: Asked) -> dict[str, Any]:
        """The person behind a user token."""
        values: Values = {
            "id": lambda _: PERSON_ID,
            "name": lambda _: PERSON,
            "first_name": lambda _: PERSON.split()[0],
            "last_name": lambda _: PERSON.split()[1],
            "picture": lambda _: self._image(PERSON_ID),
        }
        return pick(
            values,
            asked,
            "User",
            plain=("name",),
            known=("email", "link", "locale", "short_name", "timezone"),
        )

    def page(
        self, page: Account, asked: Asked, *, token: str | None = None, tasks: tuple[str, ...] = TASKS
    ) -> dict[str, Any]:
        """A Page; its `access_token` is `token`."""
        about = page.data
        values: Values = {
            "id": lambda _: page.id,
            "name": lambda _: page.name,
            "username": lambda _: page.username,
            "link": lambda _: f"{HOST}/{page.id}",
            "category": lambda _: about["category"],
            "category_list": lambda _: [{"id": about["category_id"], "name": about["category"]}],
            "tasks": lambda _: list(tasks),
            "access_token": lambda _: token,
            "fan_count": lambda _: about["followers"],
            "followers_count": lambda _: about["followers"],
            "is_published": lambda _: True,
            "picture": lambda _: self._image(page.id),
        }
        return pick(values, asked, "Page", plain=("name",), known=PAGE_FIELDS)

    def _image(self, owner: str) -> dict[str, Any]:
        url = self._net.avatar_url(owner)
        return {"data": {"height": 96, "width": 96, "is_silhouette": False, "url": url}}

    def any_post(self, page: Account, post_id: str, fields: str) -> dict[str, Any]:
        """A post of the Page, visible or kept back. Raises Refused when it has none with this id."""
        asked = parse(fields)
        post = self._net.posts.get(post_id)
        if post is not None and post.account_id == page.id:
            return self.post(post, page, asked)
        draft = self._timeline.draft(post_id, page)
        if draft is None:
            raise errors.missing(post_id)
        return self.draft(draft, page, asked)

    def post(self, post: SimPost, page: Account, asked: Asked) -> dict[str, Any]:
        """A visible post."""
        numbers = metrics(post)
        values: dict[str, Any] = {
            **self._shared(post.id, page, post.raw, post.text, post.created),
            "permalink_url": lambda _: HOST + post.permalink,
            "is_published": lambda _: True,
            "attachments": lambda inner: self._attachments(post, inner),
            # The member is missing where nobody shared, which clients have to read as 0.
            "shares": lambda _: {"count": numbers["shares"]} if numbers["shares"] else None,
            "comments": lambda inner: self.comments(post.id, page, inner),
            "reactions": lambda inner: _summary(self.reactions(post), inner, liked=self._liked(post)),
            "likes": lambda inner: _summary(self.reactions(post), inner, liked=self._liked(post)),
            "insights": lambda inner: self._insights(post, inner, video=False),
            "full_picture": lambda _: self._first_image(post.media),
            "picture": lambda _: self._first_image(post.media),
        }
        return pick(values, asked, "Post", plain=("created_time", "message"), known=POST_FIELDS)

    def draft(self, draft: Document, page: Account, asked: Asked) -> dict[str, Any]:
        """A post that nobody sees yet."""
        order, scheduled = draft.body["order"], draft.body["scheduled"]
        values: dict[str, Any] = {
            **self._shared(draft.id, page, order, order["text"], draft.created),
            "permalink_url": lambda _: f"{HOST}/{page.id}/posts/{draft.id.partition('_')[2]}",
            "is_published": lambda _: False,
            "scheduled_publish_time": lambda _: int(scheduled) if scheduled is not None else None,
        }
        known = (
            *POST_FIELDS,
            "attachments",
            "shares",
            "comments",
            "reactions",
            "likes",
            "insights",
            "full_picture",
            "picture",
        )
        return pick(values, asked, "Post", plain=("created_time", "message"), known=known)

    def _shared(
        self, post_id: str, page: Account, order: dict[str, Any], text: str, made: datetime
    ) -> dict[str, Any]:
        kind = order["kind"]
        return {
            "id": lambda _: post_id,
            # Empty texts are left out of answers, as all empty members are.
            "message": lambda _: text or None,
            "created_time": lambda _: stamp(made),
            "updated_time": lambda _: stamp(made),
            "from": lambda _: {"name": page.name, "id": page.id},
            "status_type": lambda _: STATUS_TYPES.get(
                kind, "added_photos" if kind == "album" else "added_video"
            ),
            "application": lambda _: {"id": order["app"], "name": order["app"]} if order["app"] else None,
            "is_hidden": lambda _: False,
            "promotable_id": lambda _: post_id,
        }

    def _first_image(self, media: list[Media]) -> str | None:
        return self._net.address(media[0]) if media and media[0]["kind"] == "image" else None

    def _attachments(self, post: SimPost, asked: Asked) -> dict[str, Any] | None:
        raw = post.raw
        if raw["kind"] == "status":
            return None
        if raw["kind"] == "link":
            rows = [{"type": "share", "media_type": "link", "url": raw["link"], "unshimmed_url": raw["link"]}]
        elif raw["video"]:
            rows = [self._attached(post, raw["video"], "video_inline", "video")]
        else:
            rows = [self._attached(post, each, "photo", "photo") for each in raw["photos"]]
        if len(rows) > 1:
            below = {"data": rows}
            whole = self._attached(post, post.id.partition("_")[2], "album", "album")
            rows = [whole | {"subattachments": below}]
        wanted = asked.fields or dict.fromkeys(("media_type", "type", "url", "target", "subattachments"))
        return {"data": [{name: row[name] for name in wanted if name in row} for row in rows]}

    def _attached(self, post: SimPost, object_id: str, kind: str, media_type: str) -> dict[str, Any]:
        url = HOST + post.permalink
        return {"type": kind, "media_type": media_type, "url": url, "target": {"id": object_id, "url": url}}

    def photo(self, photo: Photo, page: Account, asked: Asked) -> dict[str, Any]:
        """A photo, staged or posted."""
        media, shown = photo.media, photo.post or ""
        posted = self._net.posts.get(shown) is not None or self._timeline.draft(shown, page) is not None
        size = {"width": media.get("width"), "height": media.get("height")}
        values: Values = {
            "id": lambda _: photo.id,
            "name": lambda _: photo.caption or None,
            "alt_text": lambda _: media["alt"] or None,
            "alt_text_custom": lambda _: media["alt"] or None,
            "created_time": lambda _: stamp(photo.created),
            "updated_time": lambda _: stamp(photo.created),
            "from": lambda _: {"name": page.name, "id": page.id},
            "link": lambda _: f"{HOST}/photo.php?fbid={photo.id}",
            "page_story_id": lambda _: shown if posted else None,
            "picture": lambda _: self._net.address(media),
            "images": lambda _: [{**size, "source": self._net.address(media)}],
            "width": lambda _: size["width"],
            "height": lambda _: size["height"],
            "can_delete": lambda _: True,
        }
        return pick(values, asked, "Photo", plain=("created_time", "name"), known=PHOTO_FIELDS)

    def video(self, video: Video, page: Account, asked: Asked, *, relative: bool = False) -> dict[str, Any]:
        """A video in whatever state it is; its address is `relative` at times."""
        media, path = video.media, self._video_path(video, page)
        values: Values = {
            "id": lambda _: video.id,
            "title": lambda _: video.title or None,
            "description": lambda _: video.description or None,
            "created_time": lambda _: stamp(video.created),
            "updated_time": lambda _: stamp(video.created),
            "from": lambda _: {"name": page.name, "id": page.id},
            "status": lambda _: video_status(video, self._library.received(video)),
            "published": lambda _: video.published,
            # Facebook gives the path without the host at times; clients have to put it in front.
            "permalink_url": lambda _: path if relative else HOST + path,
            "post_id": lambda _: (video.post or "").rpartition("_")[2] or None,
            "length": lambda _: media.get("duration") if media else None,
            "source": lambda _: self._net.address(media) if media and video.status == "ready" else None,
            "picture": lambda _: self._thumb(video),
            "thumbnails": lambda _: {"data": self.thumbnails(video)},
            "scheduled_publish_time": lambda _: stamp(at(video.scheduled)) if video.scheduled else None,
            "comments": lambda inner: self.comments(video.post or video.id, page, inner),
            "video_insights": lambda inner: self._video_insights(video, inner),
        }
        return pick(values, asked, "Video", plain=("description", "updated_time"), known=VIDEO_FIELDS)

    def _video_path(self, video: Video, page: Account) -> str:
        if video.kind == STORY:
            return f"/stories/{page.id}/{video.post}/"
        return f"/reel/{video.id}/" if video.kind == "reel" else f"/{page.id}/videos/{video.id}/"

    def _thumb(self, video: Video) -> str | None:
        return f"{self._net.media_url(video.thumb)}?type=image/jpeg" if video.thumb else None

    def thumbnails(self, video: Video) -> list[dict[str, Any]]:
        """The images that stand for a video before it plays."""
        if video.thumb is None:
            return []
        return [{"id": f"{video.id}1", "uri": self._thumb(video), "is_preferred": True, "scale": 1}]

    def _insights(self, post: SimPost, asked: Asked, *, video: bool) -> dict[str, Any]:
        """The edge as one of the fields, where its metrics are a modifier."""
        names = listed_names([asked.modifiers.get("metric", "")])
        return insights(post, names, self.reactions(post), video=video)

    def _video_insights(self, video: Video, asked: Asked) -> dict[str, Any]:
        post = self._net.posts.get(video.post or "")
        return {"data": []} if post is None else self._insights(post, asked, video=True)

    def reactions(self, post: SimPost) -> int:
        """How many people reacted to a post, the Page itself among them."""
        return metrics(post)["reactions"] + self._liked(post)

    def _liked(self, post: SimPost) -> bool:
        return self._net.documents.get(LIKE, post.id) is not None

    def all_comments_of(self, object_id: str) -> list[Document]:
        """The comments on a post and the answers to them, oldest first."""
        return self._net.documents.of_account(COMMENT, object_id)

    def comments_of(self, object_id: str) -> list[Document]:
        """The comments on a post, without the answers to them, oldest first."""
        # Sandboxes that an earlier release wrote have comments that know no parent.
        return [each for each in self.all_comments_of(object_id) if each.body.get("parent") is None]

    def answers_to(self, comment: Document) -> list[Document]:
        """The answers to a comment, oldest first."""
        on_post = self.all_comments_of(comment.account_id or "")
        return [each for each in on_post if each.body.get("parent") == comment.id]

    def comments(self, object_id: str, page: Account, asked: Asked) -> dict[str, Any]:
        """The comments on a post as one of its fields."""
        found = self.comments_of(object_id)
        shown = found[: _most(asked)]
        body: dict[str, Any] = {"data": [self.comment(each, page, Asked(asked.fields)) for each in shown]}
        if asked.modifiers.get("summary") in {"true", "1"}:
            body["summary"] = {"order": "chronological", "total_count": len(found), "can_comment": True}
        return body

    def comment(self, comment: Document, page: Account, asked: Asked) -> dict[str, Any]:
        """One comment."""
        number, parent = comment.body["number"], comment.body.get("parent")
        values: Values = {
            "id": lambda _: f"{number}_{comment.id}",
            "message": lambda _: comment.body["message"],
            "created_time": lambda _: stamp(comment.created),
            "from": lambda _: comment.body.get("author") or {"name": page.name, "id": page.id},
            "like_count": lambda _: int(self._net.documents.get(LIKE, comment.id) is not None),
            "comment_count": lambda _: len(self.answers_to(comment)),
            "parent": lambda _: {"id": f"{number}_{parent}"} if parent else None,
            "comments": lambda inner: {
                "data": [
                    self.comment(each, page, Asked(inner.fields))
                    for each in self.answers_to(comment)[: _most(inner)]
                ]
            },
            "can_comment": lambda _: True,
            "can_like": lambda _: True,
            "user_likes": lambda _: self._net.documents.get(LIKE, comment.id) is not None,
            "permalink_url": lambda _: self._comment_link(comment),
            "is_hidden": lambda _: comment.body.get("hidden", False),
            "can_remove": lambda _: True,
            "can_hide": lambda _: "author" in comment.body,
        }
        plain = ("created_time", "from", "message")
        return pick(
            values,
            asked,
            "Comment",
            plain=plain,
            known=("attachment", "message_tags", "object", "is_private"),
        )

    def _comment_link(self, comment: Document) -> str | None:
        post = self._net.posts.get(comment.account_id or "")
        return f"{HOST}{post.permalink}?comment_id={comment.id}" if post else None

    def story(self, post: SimPost) -> dict[str, Any]:
        """A story as the Stories edge lists it."""
        # Stories leave the public after a day and stay in the list as archived (Pages API: Stories).
        lasts = (clock.now() - post.created).total_seconds() < 86_400
        return {
            "post_id": post.id,
            "status": "PUBLISHED" if lasts else "ARCHIVED",
            "creation_time": str(int(post.created.timestamp())),
            "media_type": "video" if post.raw["video"] else "photo",
            "media_id": post.raw["video"] or post.raw["photos"][0],
            "url": HOST + post.permalink,
        }


def _most(asked: Asked) -> int:
    text = asked.modifiers.get("limit", "25")
    return min(int(text), 100) if text.isascii() and text.isdecimal() else 25


def _summary(count: int, asked: Asked, *, liked: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"data": []}
    if asked.modifiers.get("summary") in {"true", "1", "total_count"}:
        body["summary"] = {"total_count": count, "can_like": True, "has_liked": liked}
    return body

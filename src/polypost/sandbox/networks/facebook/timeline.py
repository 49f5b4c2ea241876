"""A Page's posts: made at once, kept unpublished, or waiting for their hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import Caller
from polypost.sandbox.networks.facebook.library import Library, Photo, Video
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.simkit import Account, Document, Exchange, Media, Network, SimPost

DRAFT = "unpublished_post"
# Trouble with publications that only this network knows, by the name of the fault.
AT_PUBLICATION = ("policy_block", "too_fast", "publishing_authorization", "publishing_denied")
STORY = "story"
TEXT_KINDS = frozenset({"status", "link"})


class Timeline:
    """Makes posts visible. Every call that does so asks `check` first."""

    def __init__(self, net: Network, library: Library) -> None:
        self._net = net
        self._library = library

    def check(self, call: Exchange) -> None:
        """Raises Refused where one of the network's own faults strikes a publication."""
        for name in AT_PUBLICATION:
            if call.fault(name):
                raise errors.refused(name)

    def check_repeat(self, page: Account, order: dict[str, Any]) -> None:
        """Raises Refused (506) for a text that says the same as the Page's last post."""
        if order["kind"] not in TEXT_KINDS:
            return
        since = clock.now() - timedelta(seconds=limit("duplicate_seconds"))
        last = self._net.posts.by_account(page.id, limit=1, since=since)
        if last and (last[0].text, last[0].raw["link"]) == (order["text"], order["link"]):
            raise errors.refused("duplicate")

    def publish(self, page: Account, order: dict[str, Any], post_id: str | None = None) -> SimPost:
        """Make a post visible now, with the photos or the video it shows."""
        post_id = post_id or self.new_id(page, order["kind"])
        with self._net.store.transaction():
            media = self._take(page, order, post_id)
            return self._net.posts.add(
                id=post_id,
                account_id=page.id,
                text=order["text"],
                permalink=_path(page, order, post_id),
                media=media,
                raw=order,
            )

    def keep(self, page: Account, order: dict[str, Any], scheduled: float | None) -> str:
        """Keep a post that nobody sees; its id."""
        post_id = self.new_id(page, order["kind"])
        with self._net.store.transaction():
            for photo in self._photos(page, order):
                self._library.show_photo(photo, post_id)
            body = {"order": order, "scheduled": scheduled}
            self._net.documents.put(DRAFT, post_id, body, account_id=page.id)
        return post_id

    def new_id(self, page: Account, kind: str) -> str:
        """A fresh id: a story's is one number, a post's has the Page's before it."""
        number = self._library.new_id()
        return number if kind == STORY else f"{page.id}_{number}"

    def draft(self, post_id: str, page: Account) -> Document | None:
        """The Page's unpublished post with this id."""
        found = self._net.documents.get(DRAFT, post_id)
        return found if found is not None and found.account_id == page.id else None

    def drafts(self, page: Account) -> list[Document]:
        """The Page's posts that wait for their hour, the next first."""
        waiting = [
            d for d in self._net.documents.of_account(DRAFT, page.id) if d.body["scheduled"] is not None
        ]
        return sorted(waiting, key=lambda each: float(each.body["scheduled"]))

    def release(self, page: Account, draft: Document) -> SimPost:
        """Publish what was kept."""
        with self._net.store.transaction():
            self._net.documents.delete(DRAFT, draft.id)
            return self.publish(page, draft.body["order"], draft.id)

    def release_due(self, page: Account) -> None:
        """Publish what was scheduled and whose hour has come."""
        # No clock runs here: what is due comes out when somebody next looks at the Page or posts to it.
        now = clock.now().timestamp()
        for draft in self.drafts(page):
            if draft.body["scheduled"] <= now:
                self.release(page, draft)
        for video in self._library.videos(page.id):
            if video.scheduled is not None and video.scheduled <= now and video.post is None:
                self.show(page, self._library.change(video, scheduled=None))

    def show(self, page: Account, video: Video) -> SimPost:
        """Make a finished video visible."""
        return self.publish(page, video_order(video))

    def _take(self, page: Account, order: dict[str, Any], post_id: str) -> list[Media]:
        """The media of a post, marked as shown by it."""
        video = self._library.video(order["video"], page.id) if order["video"] else None
        if video is not None:
            self._library.change(video, published=True, post=post_id, scheduled=None)
            return [video.media] if video.media else []
        photos = self._photos(page, order)
        for photo in photos:
            self._library.show_photo(photo, post_id)
        return [photo.media for photo in photos]

    def _photos(self, page: Account, order: dict[str, Any]) -> list[Photo]:
        found = [self._library.photo(each, page.id) for each in order["photos"]]
        return [photo for photo in found if photo is not None]


def order_of(kind: str, text: str, *, caller: Caller | None = None, **more: Any) -> dict[str, Any]:
    """A post as it is kept: what it shows and who made it."""
    order: dict[str, Any] = {
        "kind": kind,
        "text": text,
        "link": None,
        "photos": [],
        "video": None,
        "title": "",
        "app": caller.token.client_id if caller else "",
    }
    return order | more


def video_order(video: Video) -> dict[str, Any]:
    """The post that shows a video."""
    text = "" if video.kind == STORY else video.description
    return order_of(video.kind, text, video=video.id, title=video.title, app=video.app)


def is_story(post: SimPost) -> bool:
    """Whether a post is a story, which feeds and pages keep apart."""
    return bool(post.raw["kind"] == STORY)


def _path(page: Account, order: dict[str, Any], post_id: str) -> str:
    if order["kind"] == STORY:
        return f"/stories/{page.id}/{post_id}/"
    if order["kind"] == "reel":
        return f"/reel/{order['video']}/"
    if order["kind"] == "video":
        return f"/{page.id}/videos/{order['video']}/"
    return f"/{page.id}/posts/{post_id.partition('_')[2]}"

"""Making containers and publishing them: `/{user}/threads`, `/threads_publish`, `/repost`, and the quotas."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.threads import errors, places
from polypost.sandbox.networks.threads.auth import MENTIONS, PLACES, PUBLISH, SEARCH, Auth, Caller
from polypost.sandbox.networks.threads.compose import Order, check_children, order_of
from polypost.sandbox.networks.threads.containers import CAROUSEL, IMAGE, TEXT, VIDEO, Containers
from polypost.sandbox.networks.threads.intake import Intake
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.networks.threads.media_rules import MESSAGES
from polypost.sandbox.networks.threads.nodes import ALBUM, REPOST, gone
from polypost.sandbox.networks.threads.text import links, topic
from polypost.sandbox.simkit import Bucket, Media, Network, SimPost, Stranger, exchange
from polypost.sandbox.simkit.containers import FAILED, FETCHING, FINISHED, HERE, Container

DAY = timedelta(hours=24)
SHORTCODE = "shortcode"
READ_AS = {TEXT: "TEXT_POST", IMAGE: IMAGE, VIDEO: VIDEO, CAROUSEL: ALBUM}
# Trouble that only this network knows, by the name of the fault.
CONTAINER_FAULTS = {f"error_{message.lower()}": message for message in MESSAGES}
AT_PUBLICATION = ("media_not_found", "restricted", "spam")
POSTS, REPLIES, DELETES, SEARCHES = "posts", "replies", "deletes", "location_searches"
QUOTAS = {
    "quota_usage": (POSTS, "config"),
    "reply_quota_usage": (REPLIES, "reply_config"),
    "delete_quota_usage": (DELETES, "delete_config"),
    "location_search_quota_usage": (SEARCHES, "location_search_config"),
}


class Publishing:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, containers: Containers, intake: Intake) -> None:
        self._auth = auth
        self._net = net
        self._containers = containers
        self._intake = intake

    async def create(self, request: Request) -> Response:
        """`POST /{user}/threads`: a container, whose video is fetched after the answer; or at once the post."""
        caller = await self._auth.own(request, PUBLISH)
        call = exchange(request)
        order = order_of(caller.params)
        if order.source and call.fault("fetch_refused"):
            raise errors.refused("fetch_refused")
        if "reply_to_id" in order.options and call.fault("reply_too_soon"):
            raise errors.refused("media_not_found", order.options["reply_to_id"])
        self._check_targets(caller, order)
        if order.kind == CAROUSEL:
            if call.fault("child_expired"):
                raise errors.refused("child_expired")
            check_children(self._containers, caller.account.id, order.children)
        wrong = next((word for name, word in CONTAINER_FAULTS.items() if call.fault(name)), "")
        container = self._add(caller, order, wrong=wrong, extra=call.seconds("processing"))
        if order.at_once:
            return await self._publish(request, caller, container)
        if not self._intake.idle(container):
            return JSONResponse({"id": container.id})
        if container.video:
            return JSONResponse({"id": container.id}, background=BackgroundTask(self._intake.take, container))
        # An image is had before the answer, so clients may publish it without looking at the container first.
        await self._intake.take(container)
        return JSONResponse({"id": container.id})

    def _add(self, caller: Caller, order: Order, *, wrong: str, extra: float) -> Container:
        stage = FAILED if wrong else FETCHING if order.source else HERE
        return self._containers.add(
            caller.account.id,
            kind=order.kind,
            stage=stage,
            child=order.child,
            text=order.text,
            source=order.source,
            options=order.options,
            children=order.children,
            blob=self._net.blobs.new() if order.source else "",
            video=order.kind == VIDEO,
            reason=wrong,
            extra=extra,
        )

    def _check_targets(self, caller: Caller, order: Order) -> None:
        """What the new post refers to has to be there, and open to this caller. Raises Refused."""
        options = order.options
        if place := options.get("location_id"):
            caller.require(PLACES)
            if places.find(place) is None:
                raise errors.invalid("Param location_id must be the id of a location")
        if (quoted := options.get("quote_post_id")) and self._visible(quoted) is None:
            raise errors.refused("media_not_found", quoted)
        if parent_id := options.get("reply_to_id"):
            parent = self._visible(parent_id)
            if parent is None:
                raise errors.refused("media_not_found", parent_id)
            self._check_reply(caller, parent)

    def _check_reply(self, caller: Caller, parent: SimPost) -> None:
        root = self._net.posts.get(parent.thread or parent.id) or parent
        if root.account_id == caller.account.id:
            return
        if not caller.may(MENTIONS, SEARCH):
            raise errors.refused("permission")
        # Followers are unknown to the sandbox, so the controls that name them let nobody else in.
        named = f"@{caller.account.username}".lower() in root.text.lower().split()
        control = root.raw["options"].get("reply_control", "everyone")
        ghost = root.raw["options"].get("is_ghost_post")
        if ghost or not (control == "everyone" or (control == "mentioned_only" and named)):
            raise errors.invalid("The author of this post has limited who can reply")

    def _visible(self, post_id: str) -> SimPost | None:
        post = self._net.posts.get(post_id)
        return None if post is None or gone(post) else post

    async def publish(self, request: Request) -> Response:
        """`POST /{user}/threads_publish`, the call that makes something visible."""
        caller = await self._auth.own(request, PUBLISH)
        creation_id = caller.params.text("creation_id")
        if not creation_id:
            raise errors.invalid("The parameter creation_id is required.")
        call = exchange(request)
        for name in AT_PUBLICATION:
            if call.fault(name):
                raise errors.refused(name, creation_id)
        container = self._containers.get(creation_id, caller.account.id)
        # Threads says the same of a container that is not ready and of one that is none.
        if container is None or container.status != FINISHED:
            raise errors.refused("media_not_found", creation_id)
        if container.child:
            raise errors.invalid("A carousel item cannot be published on its own")
        return await self._publish(request, caller, container)

    async def _publish(self, request: Request, caller: Caller, container: Container) -> Response:
        call = exchange(request)
        bucket = self._bucket_of(container)
        if call.lasting("quota", f":{bucket}") or not self.quota(caller, bucket).ok:
            raise errors.refused("quota")
        parent = self._parent(container)
        media = self._media_of(container)
        # Nothing is awaited between these checks and the storing, so two calls cannot publish one container.
        async with call.commit():
            post = self._make_visible(caller, container, parent, media)
        if call.fault("published_anyway"):
            raise errors.refused("published_anyway")
        return JSONResponse({"id": post.id})

    def _bucket_of(self, container: Container) -> str:
        return REPLIES if "reply_to_id" in container.options else POSTS

    def _parent(self, container: Container) -> SimPost | None:
        parent_id = container.options.get("reply_to_id")
        if parent_id is None:
            return None
        parent = self._visible(parent_id)
        if parent is None:
            raise errors.refused("media_not_found", parent_id)
        return parent

    def _media_of(self, container: Container) -> list[Media]:
        if container.kind != CAROUSEL:
            return [] if container.media is None else [container.media]
        media = []
        for child_id in container.children:
            child = self._containers.get(child_id, container.account_id)
            if child is None or child.media is None or child.status != FINISHED:
                raise errors.refused("child_expired")
            media.append(child.media)
        return media

    def _make_visible(
        self, caller: Caller, container: Container, parent: SimPost | None, media: list[Media]
    ) -> SimPost:
        with self._net.store.transaction():
            post_id = self._containers.new_id()
            self._containers.change(container, published=post_id)
            return self._add_post(
                caller,
                post_id,
                text=container.text,
                media=media,
                raw=self._record(container),
                parent=parent,
                bucket=self._bucket_of(container),
            )

    def _add_post(
        self,
        caller: Caller,
        post_id: str,
        *,
        text: str,
        media: list[Media],
        raw: dict[str, Any],
        parent: SimPost | None,
        bucket: str,
    ) -> SimPost:
        shortcode = secrets.token_urlsafe(8)
        self._net.buckets.take(bucket, caller.account.id, limit=_most(bucket), window=DAY)
        self._net.documents.put(SHORTCODE, shortcode, {"media": post_id})
        return self._net.posts.add(
            id=post_id,
            account_id=caller.account.id,
            text=text,
            permalink=f"/@{caller.account.username}/post/{shortcode}",
            media=media,
            raw={**raw, "shortcode": shortcode, "hidden": False},
            parent=parent.id if parent else None,
            thread=(parent.thread or parent.id) if parent else post_id,
        )

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """Let a stranger reply to a post, or to a reply in its conversation. Raises LookupError."""
        post, parent = self._visible(post_id), self._visible(answered or post_id)
        if post is None or parent is None or (parent.thread or parent.id) != (post.thread or post.id):
            raise LookupError(f"Threads has no post {post_id}, or no reply {answered} to it.")
        shortcode, reply_id = secrets.token_urlsafe(8), self._containers.new_id()
        raw = _plain(READ_AS[TEXT]) | {
            "author": {"name": who.name, "username": who.username},
            "shortcode": shortcode,
            "hidden": False,
        }
        with self._net.store.transaction():
            self._net.documents.put(SHORTCODE, shortcode, {"media": reply_id})
            reply = self._net.posts.add(
                id=reply_id,
                account_id=who.id,
                text=text,
                permalink=f"/@{who.username}/post/{shortcode}",
                raw=raw,
                parent=parent.id,
                thread=parent.thread or parent.id,
            )
        return {"id": reply.id, "url": self._net.url + post.permalink}

    def _record(self, container: Container) -> dict[str, Any]:
        options = container.options
        # Without an attachment the first link of a text makes the card; a poll leaves no room for it (Posts).
        in_text = links(container.text) if container.kind == TEXT and "poll_attachment" not in options else []
        return {
            "media_type": READ_AS[container.kind],
            "container": container.id,
            "options": options,
            "children": [self._containers.new_id() for _ in container.children],
            "topic": options.get("topic_tag") or topic(container.text),
            "link": options.get("link_attachment") or next(iter(in_text), None),
            "quoted": options.get("quote_post_id"),
            "reposted": None,
        }

    async def repost(self, request: Request) -> Response:
        """`POST /{post}/repost`: shows another's post among one's own."""
        caller = await self._auth.enter(request, PUBLISH)
        target_id = str(request.path_params["id"])
        target = self._visible(target_id)
        if target is None:
            raise errors.refused("media_not_found", target_id)
        if not self.quota(caller, POSTS).ok:
            raise errors.refused("quota")
        # A repost of a repost shows the original.
        raw = _plain(REPOST) | {"reposted": target.raw["reposted"] or target.id}
        async with exchange(request).commit():
            with self._net.store.transaction():
                post = self._add_post(
                    caller, self._containers.new_id(), text="", media=[], raw=raw, parent=None, bucket=POSTS
                )
        return JSONResponse({"id": post.id})

    async def limits(self, request: Request) -> Response:
        """`GET /{user}/threads_publishing_limit`."""
        caller = await self._auth.own(request, PUBLISH)
        values: dict[str, Any] = {"id": lambda _: None}
        for usage, (bucket, config) in QUOTAS.items():
            now = self.quota(caller, bucket)
            if exchange(request).holds("quota", f":{bucket}"):
                now = replace(now, remaining=0)
            shown = {"quota_total": now.limit, "quota_duration": int(DAY.total_seconds())}
            values[usage] = lambda _, now=now: now.limit - now.remaining
            values[config] = lambda _, shown=shown: shown
        asked = errors.parse(caller.params.text("fields") or "quota_usage,config")
        return JSONResponse({"data": [errors.pick(values, asked, "ThreadsPublishingLimit")]})

    def quota(self, caller: Caller, bucket: str) -> Bucket:
        """How much of a day’s allowance is left."""
        return self._net.buckets.look(bucket, caller.account.id, limit=_most(bucket), window=DAY)

    def spend(self, caller: Caller, bucket: str) -> None:
        """Count one use of a day's allowance. Raises Refused when it is used up."""
        if not self._net.buckets.take(bucket, caller.account.id, limit=_most(bucket), window=DAY).ok:
            raise errors.refused("quota")


def _plain(media_type: str) -> dict[str, Any]:
    """The record of a post without anything to it."""
    return {
        "media_type": media_type,
        "container": None,
        "options": {},
        "children": [],
        "topic": None,
        "link": None,
        "quoted": None,
        "reposted": None,
    }


def _most(bucket: str) -> int:
    return limit(f"{bucket}_per_day")

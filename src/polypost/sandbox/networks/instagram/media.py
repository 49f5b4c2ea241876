"""Making containers and publishing them: `/{ig-id}/media`, `/media_publish`, and the quota."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.auth import PUBLISH, Auth, Caller
from polypost.sandbox.networks.instagram.compose import Order, check_children, order_of
from polypost.sandbox.networks.instagram.containers import CAROUSEL, REEL, STORY, Containers
from polypost.sandbox.networks.instagram.intake import Intake
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Bucket, Media, Network, SimPost, exchange, origin
from polypost.sandbox.simkit.containers import AWAITING, EXPIRED, FAILED, FETCHING, FINISHED, HERE, Container
from polypost.sandbox.simkit.fields import parse, pick

DAY = timedelta(hours=24)
SHORTCODE = "shortcode"
# Trouble at creation and at publication that only this network knows, by the name of the fault.
AT_CREATION = ("fetch_timeout", "fetch_failed", "creation_failed", "trial_refused")
AT_PUBLICATION = ("container_lost", "spam", "restricted")


class MediaEdges:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, containers: Containers, intake: Intake) -> None:
        self._auth = auth
        self._net = net
        self._containers = containers
        self._intake = intake

    async def create(self, request: Request) -> Response:
        """`POST /{ig-id}/media`: a container. Images are fetched now, videos after the answer."""
        caller = await self._auth.own(request, PUBLISH)
        call = exchange(request)
        for name in AT_CREATION:
            if call.fault(name):
                raise errors.refused(name)
        order = order_of(caller.params)
        self._count_container(caller)
        extra = call.seconds("processing")
        if order.kind == CAROUSEL:
            return self._created(self._carousel(caller, order, extra))
        if not order.video:
            media = await self._intake.image(order.source, _purpose(order), order.options.get("alt_text", ""))
            return self._created(self._add(caller, order, HERE, media=media, blob=media["blob"], extra=extra))
        stage, wrong = AWAITING if order.resumable else FETCHING, None
        if call.fault("processing_failed"):
            stage, wrong = FAILED, errors.subcode("upload_unknown")
        container = self._add(caller, order, stage, blob=self._net.blobs.new(), extra=extra, wrong=wrong)
        if order.resumable:
            version = request.path_params.get("version", 26.0)
            host = origin(request, known_as="rupload.facebook.com")
            return self._created(container, uri=f"{host}/ig-api-upload/v{version}/{container.id}")
        return self._created(container)

    def _created(self, container: Container, **more: str) -> Response:
        fetch = BackgroundTask(self._intake.video, container) if self._intake.idle(container) else None
        return JSONResponse({"id": container.id, **more}, background=fetch)

    def _count_container(self, caller: Caller) -> None:
        most = limit("containers_per_day")
        if not self._net.buckets.take("containers", caller.account.id, limit=most, window=DAY).ok:
            raise errors.refused("quota")

    def _add(self, caller: Caller, order: Order, stage: str, **more: Any) -> Container:
        return self._containers.add(
            caller.account.id,
            kind=order.kind,
            stage=stage,
            video=order.video,
            child=order.child,
            text=order.caption,
            source=order.source,
            options=order.options,
            children=order.children,
            **more,
        )

    def _carousel(self, caller: Caller, order: Order, extra: float) -> Container:
        check_children(self._containers, caller.account.id, order.children)
        return self._add(caller, order, HERE, extra=extra)

    async def publish(self, request: Request) -> Response:
        """`POST /{ig-id}/media_publish`, the call that makes something visible."""
        caller = await self._auth.own(request, PUBLISH)
        creation_id = caller.params.text("creation_id")
        if not creation_id:
            raise errors.invalid("The parameter creation_id is required.")
        call = exchange(request)
        for name in AT_PUBLICATION:
            if call.fault(name):
                raise errors.refused(name)
        if self._net.buckets.enforced and call.lasting("quota"):
            raise errors.refused("quota")
        container = self._publishable(caller, creation_id)
        # A carousel counts once, stories and reels count as posts do (Content Publishing).
        if not self._quota(caller).ok:
            raise errors.refused("quota")
        # Nothing is awaited between these checks and the storing, so two calls cannot publish one container.
        async with call.commit():
            post = self._make_visible(caller, container)
        return JSONResponse({"id": post.id})

    def _publishable(self, caller: Caller, creation_id: str) -> Container:
        container = self._containers.get(creation_id, caller.account.id)
        if container is None:
            raise errors.refused("container_lost")
        if container.child:
            raise errors.invalid("A carousel item cannot be published on its own")
        if container.status == EXPIRED:
            # Unpublished for a day (Content Publishing); -2/2207020 is another answer than for one that never was.
            raise errors.refused("container_expired")
        # 9007 too for one that is published already; what Meta says to that is not documented.
        if container.status != FINISHED:
            raise errors.refused("not_ready")
        return container

    def _make_visible(self, caller: Caller, container: Container) -> SimPost:
        with self._net.store.transaction():
            self._net.buckets.take("posts", caller.account.id, limit=limit("posts_per_day"), window=DAY)
            media = self._media_of(container)
            media_id, shortcode = self._containers.new_id(), secrets.token_urlsafe(8)
            self._containers.change(container, published=media_id)
            self._net.documents.put(SHORTCODE, shortcode, {"media": media_id})
            return self._net.posts.add(
                id=media_id,
                account_id=caller.account.id,
                text=container.text,
                permalink=_permalink(caller, container, media_id, shortcode),
                media=media,
                raw=self._record(container, shortcode),
            )

    def _media_of(self, container: Container) -> list[Media]:
        if container.kind != CAROUSEL:
            assert container.media is not None
            return [container.media]
        children = [self._containers.get(child, container.account_id) for child in container.children]
        return [child.media for child in children if child is not None and child.media is not None]

    def _record(self, container: Container, shortcode: str) -> dict[str, Any]:
        # What is read back are other words than those of the creation (IG Media).
        media_type = {CAROUSEL: "CAROUSEL_ALBUM"}.get(container.kind, "VIDEO" if container.video else "IMAGE")
        return {
            "media_type": media_type,
            "product": {STORY: "STORY", REEL: "REELS"}.get(container.kind, "FEED"),
            "shortcode": shortcode,
            "container": container.id,
            "options": container.options,
            "cover": container.cover,
            "children": [self._containers.new_id() for _ in container.children],
            "comment_enabled": True,
        }

    async def quota(self, request: Request) -> Response:
        """`GET /{ig-id}/content_publishing_limit`."""
        caller = await self._auth.own(request, PUBLISH)
        bucket = self._quota(caller)
        if self._net.buckets.enforced and exchange(request).holds("quota"):
            bucket = replace(bucket, remaining=0)
        config = {"quota_total": bucket.limit, "quota_duration": int(DAY.total_seconds())}
        values = {"quota_usage": lambda _: bucket.limit - bucket.remaining, "config": lambda _: config}
        asked = parse(caller.params.text("fields") or "quota_usage")
        made = pick({**values, "id": lambda _: None}, asked, "IGContentPublishingLimit")
        return JSONResponse({"data": [made]})

    def _quota(self, caller: Caller) -> Bucket:
        return self._net.buckets.look("posts", caller.account.id, limit=limit("posts_per_day"), window=DAY)


def _purpose(order: Order) -> str:
    if order.child:
        return "child"
    return STORY if order.kind == STORY else "feed"


def _permalink(caller: Caller, container: Container, media_id: str, shortcode: str) -> str:
    if container.kind == STORY:
        return f"/stories/{caller.account.username}/{media_id}/"
    return f"/{'reel' if container.kind == REEL else 'p'}/{shortcode}/"

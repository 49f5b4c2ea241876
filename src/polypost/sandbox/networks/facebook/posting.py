"""Making posts and photos: `/{page}/feed`, `/photos`, `/photo_stories`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import PUBLISH, READ, Auth, Caller
from polypost.sandbox.networks.facebook.library import Library, Photo
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.nodes import Nodes
from polypost.sandbox.networks.facebook.params import address, attached, schedule, words
from polypost.sandbox.networks.facebook.timeline import STORY, Timeline, order_of
from polypost.sandbox.simkit import Account, Network, exchange
from polypost.sandbox.simkit.meta import flag


class Posting:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, nodes: Nodes, library: Library, timeline: Timeline) -> None:
        self._net = net
        self._auth = auth
        self._nodes = nodes
        self._library = library
        self._timeline = timeline

    async def feed(self, request: Request) -> Response:
        """`POST /{page}/feed`: a text, a link, or staged photos; published, kept back, or for later."""
        caller, page = await self.enter(request)
        params = caller.params
        published = flag(params, "published", default=True)
        scheduled = schedule(params, published=published)
        order = self._order(caller, page)
        if not published:
            return self._made(caller, page, self._timeline.keep(page, order, scheduled))
        call = exchange(request)
        self._timeline.check(call)
        self._timeline.check_repeat(page, order)
        # Nothing is awaited between these checks and the storing, so two calls cannot use one staged photo.
        async with call.commit():
            post = self._timeline.publish(page, order)
        return self._made(caller, page, post.id)

    def _order(self, caller: Caller, page: Account) -> dict[str, Any]:
        message = words(caller.params, "message", most="message_characters")
        link = caller.params.text("link").strip()
        photos = attached(caller.params)
        if not (message.strip() or link or photos):
            raise errors.invalid("Missing message or attachment")
        if photos:
            self._check_photos(page, photos)
            kind = "photo" if len(photos) == 1 else "album"
            return order_of(kind, message, caller=caller, photos=photos)
        if link:
            return order_of("link", message, caller=caller, link=address(link))
        return order_of("status", message, caller=caller)

    def _check_photos(self, page: Account, ids: list[str]) -> None:
        if len(ids) > limit("photos_per_post"):
            raise errors.invalid(f"A post can have at most {limit('photos_per_post')} photos")
        if len(set(ids)) != len(ids):
            raise errors.refused("already_posted")
        for each in ids:
            if self._staged(page, each).post is not None:
                raise errors.refused("already_posted")

    def _staged(self, page: Account, photo_id: str) -> Photo:
        photo = self._library.photo(photo_id, page.id)
        if photo is None:
            raise errors.missing(photo_id, "post")
        return photo

    async def photos(self, request: Request) -> Response:
        """`POST /{page}/photos`: by `url` or as a file, posted at once or staged with `published=false`."""
        caller, page = await self.enter(request)
        params = caller.params
        published = flag(params, "published", default=True)
        temporary = flag(params, "temporary", default=False)
        if temporary and published:
            raise errors.invalid("A temporary photo must not be published")
        scheduled = schedule(params, published=published)
        caption = words(params, "caption", "message", "name", most="message_characters")
        file = next(iter(params.files.values()), None)
        url = params.text("url").strip()
        if file is None and not url:
            raise errors.refused("photo_unreadable", subcode=None)
        media = await self._library.image(file, url, params.text("alt_text_custom"))
        photo = self._library.add_photo(page.id, media, caption=caption, temporary=temporary)
        order = order_of("photo", caption, caller=caller, photos=[photo.id])
        if scheduled is not None:
            return JSONResponse({"id": photo.id, "post_id": self._timeline.keep(page, order, scheduled)})
        if not published:
            return JSONResponse({"id": photo.id})
        call = exchange(request)
        self._timeline.check(call)
        async with call.commit():
            post = self._timeline.publish(page, order)
        return JSONResponse({"id": photo.id, "post_id": post.id})

    async def photo_story(self, request: Request) -> Response:
        """`POST /{page}/photo_stories`: a staged photo as a story of a day."""
        caller, page = await self.enter(request)
        photo_id = caller.params.text("photo_id")
        if not photo_id:
            raise errors.invalid("The parameter photo_id is required")
        photo = self._staged(page, photo_id)
        if photo.post is not None:
            raise errors.refused("already_posted")
        if self._net.blobs.size(photo.media["blob"]) > limit("story_photo_bytes"):
            raise errors.refused("photo_refused")
        call = exchange(request)
        self._timeline.check(call)
        async with call.commit():
            post = self._timeline.publish(page, order_of(STORY, "", caller=caller, photos=[photo.id]))
        return JSONResponse({"success": True, "post_id": post.id})

    async def enter(self, request: Request) -> tuple[Caller, Account]:
        """The caller, who is the Page that the path names. Raises Refused."""
        caller = await self._auth.enter(request)
        return caller, self.acting(request, caller)

    def acting(self, request: Request, caller: Caller) -> Account:
        """The Page that posts. Raises Refused (200) for a person's token, a missing permission or another Page."""
        page = caller.acting
        named = str(request.path_params["id"])
        if named not in {page.id, "me", page.username}:
            # An id may be a Page without the right role; a name that nobody has is an object that is not there.
            raise errors.refused("permission") if named.isdecimal() else errors.missing(named, "post")
        caller.require(PUBLISH, READ)
        self._timeline.release_due(page)
        return page

    def _made(self, caller: Caller, page: Account, post_id: str) -> Response:
        """The new post's id, with the fields that were asked for (read after write)."""
        if fields := caller.params.text("fields"):
            return JSONResponse(self._nodes.any_post(page, post_id, fields))
        return JSONResponse({"id": post_id})

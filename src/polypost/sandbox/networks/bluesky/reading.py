"""The app's server: what `app.bsky` answers to people who look."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.bluesky.bodies import needed, whole
from polypost.sandbox.networks.bluesky.errors import invalid, refused
from polypost.sandbox.networks.bluesky.formats import split_at_uri
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.records import Records
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.networks.bluesky.views import Views
from polypost.sandbox.simkit import Account, Network, SimPost, exchange

_PROFILES = 25


class Reading:
    """The handlers."""

    def __init__(
        self, net: Network, sessions: Sessions, identity: Identity, records: Records, views: Views
    ) -> None:
        self._sessions = sessions
        self._identity = identity
        self._records = records
        self._views = views
        self._net = net

    async def profile(self, request: Request) -> Response:
        """`app.bsky.actor.getProfile`."""
        self._sessions.reader(request)
        return JSONResponse(self._views.profile(self.actor(needed(request, "actor")), detailed=True))

    async def profiles(self, request: Request) -> Response:
        """`app.bsky.actor.getProfiles`."""
        self._sessions.reader(request)
        actors = request.query_params.getlist("actors")
        if not 1 <= len(actors) <= _PROFILES:
            raise invalid(f"actors must have 1 to {_PROFILES} items")
        found = [self._identity.find(actor) for actor in actors]
        return JSONResponse(
            {"profiles": [self._views.profile(each, detailed=True) for each in found if each]}
        )

    async def posts(self, request: Request) -> Response:
        """`app.bsky.feed.getPosts`: those that are there, in the order asked for."""
        reader = self._reader(request)
        uris = request.query_params.getlist("uris")
        if not 1 <= len(uris) <= limit("post_uris"):
            raise invalid(f"Params/uris must have 1 to {limit('post_uris')} elements")
        found = [self._post(uri) for uri in uris]
        return JSONResponse({"posts": [self.seen(each, reader) for each in found if each]})

    async def thread(self, request: Request) -> Response:
        """`app.bsky.feed.getPostThread`."""
        reader = self._reader(request)
        uri = needed(request, "uri")
        post = self._post(uri)
        if post is None:
            raise refused(400, "NotFound", f"Post not found: {uri}")
        depth = whole(request, "depth", 6, 0, 1000)
        height = whole(request, "parentHeight", 80, 0, 1000)
        thread = self._views.thread(post, depth, height)
        return JSONResponse({"thread": {**thread, "post": self.seen(post, reader)}})

    async def author_feed(self, request: Request) -> Response:
        """`app.bsky.feed.getAuthorFeed`, newest first."""
        reader = self._reader(request)
        account = self.actor(needed(request, "actor"))
        size = whole(request, "limit", limit("list_size"), 1, limit("list_size_max"))
        before = whole(request, "cursor", 2**40, 0, 10**12)
        posts = self._net.posts.by_account(
            account.id, limit=size + 1, before=before, until=exchange(request).listed_until()
        )
        more = {"cursor": str(posts[size - 1].seq)} if len(posts) > size else {}
        chosen = request.query_params.get("filter", "posts_with_replies")
        shown = [post for post in posts[:size] if _passes(post, chosen)]
        return JSONResponse({"feed": [self.feed_item(post, reader) for post in shown], **more})

    def seen(self, post: SimPost, reader: Account | None) -> dict[str, Any]:
        """A post, with what the reader has done with it."""
        view = self._views.post(post)
        return {**view, "viewer": self._views.viewer(post, reader)} if reader else view

    def feed_item(self, post: SimPost, reader: Account | None) -> dict[str, Any]:
        """A post in a list, as the reader sees it."""
        return {**self._views.feed_item(post), "post": self.seen(post, reader)}

    def actor(self, actor: str) -> Account:
        """The account that a parameter names. Raises Refused."""
        account = self._identity.find(actor)
        if account is None:
            raise invalid("Profile not found")
        return account

    def _reader(self, request: Request) -> Account | None:
        caller = self._sessions.reader(request)
        return caller.account if caller else None

    def _post(self, uri: str) -> SimPost | None:
        place = split_at_uri(uri)
        account = self._identity.find(place[0]) if place else None
        return self._records.post(f"at://{account.id}/{place[1]}/{place[2]}") if place and account else None


def _passes(post: SimPost, chosen: str) -> bool:
    if chosen == "posts_no_replies":
        return post.parent is None
    if chosen == "posts_with_media":
        return bool(post.media)
    if chosen == "posts_with_video":
        return any(item["kind"] == "video" for item in post.media)
    return True

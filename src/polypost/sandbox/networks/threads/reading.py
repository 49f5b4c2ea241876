"""Reading, hiding and removing what is there: any object by id, lists, replies, conversations."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.threads import errors, places
from polypost.sandbox.networks.threads.auth import (
    DELETE,
    MANAGE_REPLIES,
    MENTIONS,
    PROFILES,
    READ_REPLIES,
    SEARCH,
    Auth,
    Caller,
)
from polypost.sandbox.networks.threads.containers import Containers
from polypost.sandbox.networks.threads.errors import flag
from polypost.sandbox.networks.threads.intake import Intake
from polypost.sandbox.networks.threads.nodes import Nodes, gone
from polypost.sandbox.networks.threads.paging import listed, own_posts, window
from polypost.sandbox.networks.threads.publishing import DELETES, Publishing
from polypost.sandbox.simkit import Network, SimPost, exchange, meta
from polypost.sandbox.simkit.meta import object_id


class Reading:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        auth: Auth,
        nodes: Nodes,
        containers: Containers,
        intake: Intake,
        publishing: Publishing,
    ) -> None:
        self._auth = auth
        self._nodes = nodes
        self._net = net
        self._containers = containers
        self._intake = intake
        self._publishing = publishing

    async def node(self, request: Request) -> Response:
        """`GET /{id}`: the profile, a container, a place, a post."""
        named = object_id(request)
        caller = await self._auth.enter(request)
        asked = errors.parse(caller.params.text("fields"))
        if caller.means(named):
            return JSONResponse(self._nodes.user(caller.account, asked))
        if (container := self._containers.get(named, caller.account.id)) is not None:
            made = self._nodes.container(container, asked)
            if "status" in asked.fields:
                self._containers.look(container)
            fetch = BackgroundTask(self._intake.take, container) if self._intake.idle(container) else None
            return JSONResponse(made, background=fetch)
        if (place := places.find(named)) is not None:
            return JSONResponse(places.shown(place, asked))
        post = self._readable(caller, named)
        return JSONResponse(self._nodes.post(post, asked, reader=caller.account.id))

    async def delete(self, request: Request) -> Response:
        """`DELETE /{id}` of an own post."""
        post_id = object_id(request)
        caller = await self._auth.enter(request, DELETE)
        post = self._net.posts.get(post_id)
        if post is None or post.account_id != caller.account.id:
            raise meta.missing(post_id, "delete")
        if exchange(request).fault("cannot_delete"):
            raise errors.refused("cannot_delete")
        self._publishing.spend(caller, DELETES)
        self._net.posts.delete(post.id)
        return JSONResponse({"success": True, "deleted_id": post.id})

    async def threads(self, request: Request) -> Response:
        """`GET /{user}/threads`: the account's own posts and reposts, newest first, without its replies."""
        caller = await self._auth.own(request)
        found = own_posts(self._net, request, caller, lambda post: post.parent is None and not gone(post))
        return listed(self._nodes, request, caller, found)

    async def ghosts(self, request: Request) -> Response:
        """`GET /{user}/ghost_posts`, those whose day is over among them."""
        caller = await self._auth.own(request)
        found = own_posts(
            self._net, request, caller, lambda post: bool(post.raw["options"].get("is_ghost_post"))
        )
        return listed(self._nodes, request, caller, found)

    async def replies(self, request: Request) -> Response:
        """`GET /{user}/replies`: what the account replied; `GET /{post}/replies`: who replied to a post directly."""
        caller = await self._auth.enter(request, READ_REPLIES)
        named = object_id(request)
        if caller.means(named):
            found = own_posts(self._net, request, caller, lambda post: post.parent is not None)
            return listed(self._nodes, request, caller, found)
        root = self._readable(caller, named)
        thread = self._net.posts.of_thread(root.thread or root.id)
        answers = [post for post in thread if post.parent == root.id]
        return listed(self._nodes, request, caller, window(caller, _sorted(caller, answers)))

    async def conversation(self, request: Request) -> Response:
        """`GET /{post}/conversation`: every reply below a post, nested ones among them, in one list."""
        caller = await self._auth.enter(request, READ_REPLIES)
        root = self._readable(caller, object_id(request))
        inside, below = {root.id}, []
        for post in self._net.posts.of_thread(root.thread or root.id):
            if post.parent in inside:
                inside.add(post.id)
                below.append(post)
        return listed(self._nodes, request, caller, window(caller, _sorted(caller, below)))

    async def manage(self, request: Request) -> Response:
        """`POST /{reply}/manage_reply`: hide or show a reply to an own post, and all below it."""
        caller = await self._auth.enter(request, MANAGE_REPLIES)
        reply_id = object_id(request)
        reply = self._net.posts.get(reply_id)
        root = self._net.posts.get(reply.thread or "") if reply else None
        # Only replies directly below the post can be hidden; what is below them goes with them (Reply Management).
        if reply is None or root is None or root.account_id != caller.account.id or reply.parent != root.id:
            raise meta.missing(reply_id, "post")
        if "hide" not in caller.params.values:
            raise errors.invalid("The parameter hide is required")
        self._net.posts.update(reply.id, raw={**reply.raw, "hidden": flag(caller.params, "hide")})
        return JSONResponse({"success": True})

    def _readable(self, caller: Caller, post_id: str) -> SimPost:
        """A post of one's own, one in a conversation of one's own, or anybody's with the permission to look around."""
        post = self._net.posts.get(post_id)
        if post is None:
            raise meta.missing(post_id)
        root = self._net.posts.get(post.thread or post.id, deleted=True) or post
        owners = {post.account_id, root.account_id}
        if caller.account.id not in owners and (gone(post) or not caller.may(SEARCH, MENTIONS, PROFILES)):
            raise meta.missing(post_id)
        return post


def _sorted(caller: Caller, posts: list[SimPost]) -> list[SimPost]:
    given = caller.params.values.get("reverse")
    return posts[::-1] if given is None or flag(caller.params, "reverse") else posts

"""Comments on media, and the answers to them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.auth import COMMENT, Auth, Caller
from polypost.sandbox.networks.instagram.containers import Containers
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.nodes import COMMENT_NODE, Nodes, is_story
from polypost.sandbox.networks.instagram.parts import part_of
from polypost.sandbox.simkit import Document, Network, SimPost, Stranger, exchange, meta
from polypost.sandbox.simkit.fields import parse
from polypost.sandbox.simkit.meta import object_id

DEFAULT = "id,text,timestamp"


class Talk:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, nodes: Nodes, containers: Containers) -> None:
        self._auth = auth
        self._nodes = nodes
        self._net = net
        self._containers = containers

    async def comment(self, request: Request) -> Response:
        """`POST /{media-id}/comments`; with `fields` the comment is made and an error comes back all the same."""
        caller = await self._auth.enter(request, COMMENT)
        return await self._said(request, caller, self._nodes.own(caller, object_id(request), "post"), None)

    async def answer(self, request: Request) -> Response:
        """`POST /{comment-id}/replies`; an answer to an answer stands beside it."""
        caller = await self._auth.enter(request, COMMENT)
        said = self._named(caller, request, "post")
        post = self._nodes.own(caller, said.account_id or "", "post")
        if said.body.get("hidden"):
            raise errors.invalid("A hidden comment cannot be answered")
        return await self._said(request, caller, post, said.body.get("parent") or said.id)

    async def _said(self, request: Request, caller: Caller, post: SimPost, parent: str | None) -> Response:
        text = caller.params.text("message").strip()
        if not text:
            raise errors.invalid("The parameter message is required")
        if is_story(post) or not post.raw["comment_enabled"]:
            raise errors.invalid("Comments are not possible on this media")
        async with exchange(request).commit():
            comment_id = self._add(post, text, parent, caller.account.id, caller.account.username)
        # 20/1772107, seen in open connectors: clients must not take it for a comment that failed.
        if "fields" in caller.params.values:
            raise errors.refused("comment_fields")
        return JSONResponse({"id": comment_id})

    def _add(self, post: SimPost, text: str, parent: str | None, author: str, username: str) -> str:
        comment_id = self._containers.new_id()
        body = {"text": text, "author": author, "username": username, "parent": parent, "hidden": False}
        # The owner column holds the medium, so that its comments can be listed.
        self._net.documents.put(COMMENT_NODE, comment_id, body, account_id=post.id)
        return comment_id

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """Let a stranger comment on a medium. Raises LookupError."""
        post = self._net.posts.get(post_id)
        if post is None or is_story(post):
            raise LookupError(f"Instagram has no medium {post_id} that takes comments.")
        said = self._net.documents.get(COMMENT_NODE, answered) if answered is not None else None
        if answered is not None and (said is None or said.account_id != post.id):
            raise LookupError(f"The medium has no comment {answered}.")
        parent = (said.body.get("parent") or said.id) if said else None
        comment_id = self._add(post, text, parent, who.id, who.username)
        return {"id": comment_id, "url": self._net.url + post.permalink}

    async def comments(self, request: Request) -> Response:
        """`GET /{media-id}/comments`."""
        caller = await self._auth.enter(request, COMMENT)
        post = self._nodes.own(caller, object_id(request))
        # Newest first since v3.2, the answers to a comment still oldest first.
        return self._told(request, caller, self._nodes.comments_of(post.id)[::-1])

    async def answers(self, request: Request) -> Response:
        """`GET /{comment-id}/replies`."""
        caller = await self._auth.enter(request, COMMENT)
        found = self._nodes.answers_to(self._named(caller, request, "get"))
        return self._told(request, caller, found)

    def _told(self, request: Request, caller: Caller, found: list[Document]) -> Response:
        asked = parse(caller.params.text("fields") or DEFAULT)

        def shown(comment: Document) -> dict[str, Any]:
            return self._nodes.comment(comment, asked)

        most = limit("comments_per_page")
        return JSONResponse(part_of(request, caller, found, shown, most=most))

    def _named(self, caller: Caller, request: Request, method: str) -> Document:
        comment = self.comment_of(caller, object_id(request))
        if comment is None:
            raise meta.missing(object_id(request), method)
        return comment

    def comment_of(self, caller: Caller, comment_id: str) -> Document | None:
        """A comment on one of the caller's media. Raises Refused (100/33) for one on somebody else's."""
        comment = self._net.documents.get(COMMENT_NODE, comment_id)
        if comment is None:
            return None
        self._nodes.own(caller, comment.account_id or "")
        return comment

    def silence(self, comment: Document) -> None:
        """Take a comment away, with its answers."""
        for each in (*self._nodes.answers_to(comment), comment):
            self._net.documents.delete(COMMENT_NODE, each.id)

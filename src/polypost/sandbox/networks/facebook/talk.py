"""What is said under a post: comments, answers to them, likes and reactions."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import ENGAGE, OTHERS, READ, Auth, Caller
from polypost.sandbox.networks.facebook.library import Library
from polypost.sandbox.networks.facebook.listing import listed
from polypost.sandbox.networks.facebook.nodes import COMMENT, LIKE, Nodes
from polypost.sandbox.networks.facebook.params import words
from polypost.sandbox.simkit import Account, Document, Network, SimPost, Stranger, exchange
from polypost.sandbox.simkit.fields import parse
from polypost.sandbox.simkit.meta import SUCCESS, flag, object_id


class Talk:
    """The handlers; `on` and `comment_of` find what is spoken of."""

    def __init__(self, net: Network, auth: Auth, nodes: Nodes, library: Library) -> None:
        self._auth = auth
        self._nodes = nodes
        self._net = net
        self._library = library

    async def comment(self, request: Request) -> Response:
        """`POST /{id}/comments` as the Page, on a post or in answer to a comment."""
        caller = await self._auth.enter(request)
        page = caller.acting
        caller.require(ENGAGE)
        answered = self.comment_of(page, object_id(request))
        post = self.on(caller, answered.account_id or "" if answered else object_id(request), "post")
        text = words(caller.params, "message", most="comment_characters").strip()
        if not text:
            raise errors.invalid("The parameter message is required")
        async with exchange(request).commit():
            comment_id = self._add(post, text, answered)
        return JSONResponse({"id": comment_id})

    def _add(self, post: SimPost, text: str, answered: Document | None, who: Stranger | None = None) -> str:
        comment_id, number = self._library.new_id(), post.id.rpartition("_")[2]
        # Answers to an answer stand beside it: Facebook shows two levels.
        parent = (answered.body.get("parent") or answered.id) if answered else None
        body: dict[str, Any] = {"message": text, "number": number, "parent": parent}
        if who is not None:
            body["author"] = {"name": who.name, "id": who.id}
        # The owner column holds the post, so that its comments can be listed.
        self._net.documents.put(COMMENT, comment_id, body, account_id=post.id)
        return f"{number}_{comment_id}"

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """Let a stranger comment on a post, by its id or its video's or photo's. Raises LookupError."""
        shown = self._net.documents.get("video", post_id) or self._net.documents.get("photo", post_id)
        post = self._net.posts.get((shown.body["post"] or "") if shown else post_id)
        if post is None:
            raise LookupError(f"Facebook has no post {post_id}.")
        said = None
        if answered is not None:
            said = self._net.documents.get(COMMENT, answered.rpartition("_")[2])
            if said is None or said.account_id != post.id:
                raise LookupError(f"The post has no comment {answered}.")
        return {"id": self._add(post, text, said, who), "url": self._net.url + post.permalink}

    async def comments(self, request: Request) -> Response:
        """`GET /{id}/comments` of a post or of a comment; `filter=stream` has the answers among them."""
        caller = await self._auth.enter(request, READ, OTHERS)
        answered = self.comment_of(caller.acting, object_id(request))
        post = self.on(caller, answered.account_id or "" if answered else object_id(request))
        asked, nodes = parse(caller.params.text("fields")), self._nodes
        found = nodes.answers_to(answered) if answered else nodes.comments_of(post.id)
        # Without the filter (`toplevel`) answers show under their comment only.
        if not answered and caller.params.text("filter") == "stream":
            found = nodes.all_comments_of(post.id)
        if caller.params.text("order") == "reverse_chronological":
            found = found[::-1]

        def shown(row: Document) -> dict[str, Any]:
            return nodes.comment(row, caller.acting, asked)

        body = listed(request, caller, found, shown, key=lambda each: each.id)
        if flag(caller.params, "summary", default=False):
            body["summary"] = {
                "order": caller.params.text("order") or "ranked",
                "total_count": len(found),
                "can_comment": True,
            }
        return JSONResponse(body)

    async def like(self, request: Request) -> Response:
        """`POST` and `DELETE /{id}/likes` as the Page."""
        caller = await self._auth.enter(request)
        caller.require(ENGAGE)
        liked = self._liked(caller, request)
        if request.method == "DELETE" or caller.params.text("method").lower() == "delete":
            self._net.documents.delete(LIKE, liked)
        else:
            self._net.documents.put(LIKE, liked, {}, account_id=caller.acting.id)
        return JSONResponse(SUCCESS)

    async def likes(self, request: Request) -> Response:
        """`GET /{id}/likes` and `/reactions`: the Page's own by name, those of all as a number."""
        caller = await self._auth.enter(request, READ)
        page, liked = caller.acting, self._liked(caller, request)
        mine = self._net.documents.get(LIKE, liked) is not None
        row: dict[str, Any] = {"id": page.id, "name": page.name}
        if request.url.path.endswith("/reactions"):
            row["type"] = "LIKE"
        body: dict[str, Any] = {"data": [row] if mine else []}
        if caller.params.text("summary").lower() in {"true", "1", "total_count"}:
            post = self._net.posts.get(liked)
            total = self._nodes.reactions(post) if post else int(mine)
            body["summary"] = {"total_count": total, "can_like": True, "has_liked": mine}
        return JSONResponse(body)

    def _liked(self, caller: Caller, request: Request) -> str:
        comment = self.comment_of(caller.acting, object_id(request))
        return comment.id if comment else self.on(caller, object_id(request)).id

    def on(self, caller: Caller, object_id: str, method: str = "get") -> SimPost:
        """The post with this id, or that shows the video or photo. Raises Refused (100/33)."""
        page = caller.acting
        video, photo = self._library.video(object_id, page.id), self._library.photo(object_id, page.id)
        post_id = (video.post if video else photo.post if photo else None) or object_id
        post = self._net.posts.get(post_id)
        if post is None or post.account_id != page.id:
            raise errors.missing(object_id, method)
        return post

    def comment_of(self, page: Account, comment_id: str) -> Document | None:
        """A comment on one of the Page's posts."""
        comment = self._net.documents.get(COMMENT, comment_id.rpartition("_")[2])
        if comment is None:
            return None
        post = self._net.posts.get(comment.account_id or "")
        return comment if post is not None and post.account_id == page.id else None

    def silence(self, comment: Document) -> None:
        """Take a comment away, with its answers."""
        for each in (*self._nodes.answers_to(comment), comment):
            self._net.documents.delete(COMMENT, each.id)

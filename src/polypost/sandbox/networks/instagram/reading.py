"""Reading, changing and removing what is there: any object by id, lists, comments, insights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.account_insights import POSTS, account_insights
from polypost.sandbox.networks.instagram.auth import BASIC, COMMENT, INSIGHTS, PUBLISH, Auth, Caller
from polypost.sandbox.networks.instagram.containers import Containers
from polypost.sandbox.networks.instagram.facebook import LIST_PAGES, Facebook
from polypost.sandbox.networks.instagram.insights import insights
from polypost.sandbox.networks.instagram.intake import Intake
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.messages import Inbox
from polypost.sandbox.networks.instagram.nodes import COMMENT_NODE, Nodes, is_story
from polypost.sandbox.networks.instagram.talk import Talk
from polypost.sandbox.simkit import Network, SimPost, exchange, meta
from polypost.sandbox.simkit.fields import Asked, parse
from polypost.sandbox.simkit.meta import SUCCESS, flag, object_id, page_size, seq_cursor, seq_of

# The year 2100.
LATEST_SECONDS = 4_102_444_800
ANYBODY = BASIC | LIST_PAGES
LOOKING = frozenset({"status", "status_code", "video_status"})


class Reading:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        auth: Auth,
        facebook: Facebook,
        inbox: Inbox,
        nodes: Nodes,
        talk: Talk,
        containers: Containers,
        intake: Intake,
    ) -> None:
        self._auth = auth
        self._facebook = facebook
        self._inbox = inbox
        self._nodes = nodes
        self._talk = talk
        self._net = net
        self._containers = containers
        self._intake = intake

    async def node(self, request: Request) -> Response:
        """`GET /{id}`: an account, a medium, a container, a comment, a Page."""
        named = object_id(request)
        caller = await self._auth.enter(request, ANYBODY)
        asked = parse(caller.params.text("fields"))
        if caller.means(named):
            return JSONResponse(self._nodes.user(caller, asked))
        if caller.facebook and (found := self._facebook.node(caller, named, asked)) is not None:
            return JSONResponse(found)
        if (container := self._containers.get(named, caller.account.id)) is not None:
            idle = self._intake.idle(container)
            made = self._nodes.container(container, asked)
            # Only a client that asks how far it is counts as looking.
            if LOOKING & set(asked.fields):
                self._containers.look(container)
            return JSONResponse(
                made, background=BackgroundTask(self._intake.video, container) if idle else None
            )
        if (comment := self._talk.comment_of(caller, named)) is not None:
            return JSONResponse(self._nodes.comment(comment, asked))
        said = self._inbox.node(request, caller, named, asked)
        if said is not None:
            return JSONResponse(said)
        return JSONResponse(self._nodes.media(self._nodes.own(caller, named), caller.account, asked))

    async def change(self, request: Request) -> Response:
        """`POST /{media-id}?comment_enabled=…`, the only change that a medium knows; `?hide=…` of a comment."""
        caller = await self._auth.enter(request, COMMENT)
        if (comment := self._talk.comment_of(caller, object_id(request))) is not None:
            if "hide" not in caller.params.values:
                raise errors.invalid("The parameter hide is required")
            hidden = flag(caller.params, "hide")
            self._net.documents.update(COMMENT_NODE, comment.id, hidden=hidden)
            return JSONResponse(SUCCESS)
        post = self._nodes.own(caller, object_id(request), "post")
        if "comment_enabled" not in caller.params.values:
            raise errors.invalid("The parameter comment_enabled is required")
        self._net.posts.update(
            post.id, raw={**post.raw, "comment_enabled": flag(caller.params, "comment_enabled")}
        )
        return JSONResponse(SUCCESS)

    async def delete(self, request: Request) -> Response:
        """`DELETE /{id}` of a medium or a comment; Meta's documents disagree on whether media can go."""
        named = object_id(request)
        caller = await self._auth.enter(request)
        if (comment := self._talk.comment_of(caller, named)) is not None:
            caller.require(COMMENT)
            self._talk.silence(comment)
            return JSONResponse(SUCCESS)
        caller.require(PUBLISH)
        post = self._nodes.own(caller, named, "delete")
        if exchange(request).fault("cannot_delete"):
            raise errors.refused("cannot_delete")
        self._net.posts.delete(post.id)
        return JSONResponse(SUCCESS)

    async def permissions(self, request: Request) -> Response:
        """`DELETE /{user-id}/permissions`: the person takes the app's access back."""
        caller = await self._auth.enter(request, ANYBODY)
        user_id = object_id(request)
        if not (caller.means(user_id) or user_id in {"me", caller.account.data["person_id"]}):
            raise meta.missing(user_id, "delete")
        self._auth.remove(caller.token)
        return JSONResponse(SUCCESS)

    async def media(self, request: Request) -> Response:
        """`GET /{ig-id}/media`: everything but stories, newest first."""
        return await self._list(request, stories=False)

    async def stories(self, request: Request) -> Response:
        """`GET /{ig-id}/stories`: those of the last day."""
        return await self._list(request, stories=True)

    async def _list(self, request: Request, *, stories: bool) -> Response:
        caller = await self._auth.own(request)
        asked = parse(caller.params.text("fields"))
        size = page_size(caller.params.text("limit"), limit("page_size"), limit("page_size_max"))
        found = self._page(request, caller, size + 1, stories=stories)
        shown = found[:size]
        body: dict[str, Any] = {"data": [self._nodes.media(p, caller.account, asked) for p in shown]}
        if shown:
            first, last = seq_cursor(shown[0].seq), seq_cursor(shown[-1].seq)
            body["paging"] = meta.paging(request, caller.token, first, last, more=len(found) > size)
        return JSONResponse(body)

    def _page(self, request: Request, caller: Caller, size: int, *, stories: bool) -> list[SimPost]:
        lag = timedelta(seconds=exchange(request).seconds("listing_lag"))
        since, until = _instant(caller, "since", 0), _instant(caller, "until", LATEST_SECONDS)
        if stories:
            since = max(since, clock.now() - timedelta(hours=limit("story_hours")))
        before = seq_of(caller.params, "after")
        found: list[SimPost] = []
        # Stories and posts are stored as one, so parts are read until the list has enough of its own.
        while len(found) < size:
            part = self._net.posts.by_account(
                caller.account.id,
                limit=2 * size,
                since=since,
                until=min(until, clock.now() - lag),
                before=before,
            )
            found += [post for post in part if is_story(post) == stories]
            if len(part) < 2 * size:
                break
            before = part[-1].seq
        return found[:size]

    async def children(self, request: Request) -> Response:
        """`GET /{media-id}/children` of a carousel."""
        caller = await self._auth.enter(request)
        post = self._nodes.own(caller, object_id(request))
        asked = Asked({"children": parse(caller.params.text("fields"))})
        made = self._nodes.media(post, caller.account, asked)
        return JSONResponse(made.get("children", {"data": []}))

    async def tags(self, request: Request) -> Response:
        """`GET /{ig-id}/tags`: media of others that name the account; nobody does here."""
        caller = await self._auth.own(request)
        parse(caller.params.text("fields"))
        return JSONResponse({"data": []})

    async def insights(self, request: Request) -> Response:
        """`GET /{id}/insights` of an account or a medium."""
        caller = await self._auth.enter(request, INSIGHTS)
        if caller.means(object_id(request)):
            posts = self._net.posts.by_account(caller.account.id, limit=POSTS)
            return JSONResponse(account_insights(caller.account, posts, caller.params))
        post = self._nodes.own(caller, object_id(request))
        return JSONResponse(insights(post, self._nodes.comment_count(post.id), caller.params))


def _instant(caller: Caller, name: str, default: int) -> datetime:
    text = caller.params.text(name) or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > 11:
        raise errors.invalid(f"Param {name} must be a time in seconds")
    return datetime.fromtimestamp(int(text), UTC)

"""Reading, changing and removing what is there: any object by id, lists, comments, insights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from polypost import clock
from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import ENGAGE, INSIGHTS, PERSON_ID, PUBLISH, READ, Auth, Caller
from polypost.sandbox.networks.facebook.insights import insights
from polypost.sandbox.networks.facebook.library import PHOTO, VIDEO, Library, Video
from polypost.sandbox.networks.facebook.listing import between, listed
from polypost.sandbox.networks.facebook.nodes import COMMENT, Nodes
from polypost.sandbox.networks.facebook.page_insights import page_insights
from polypost.sandbox.networks.facebook.params import words
from polypost.sandbox.networks.facebook.talk import Talk
from polypost.sandbox.networks.facebook.timeline import DRAFT, Timeline, is_story
from polypost.sandbox.networks.facebook.videos import Videos
from polypost.sandbox.networks.facebook.web import Web
from polypost.sandbox.simkit import Account, Document, Network, SimPost, bearer, exchange
from polypost.sandbox.simkit.fields import Asked, parse
from polypost.sandbox.simkit.meta import SUCCESS, flag, metric_names, object_id

FARTHEST = 1_000
# Graph API: as many objects as one call may name.
MOST_IDS = 50


class Reading:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        auth: Auth,
        nodes: Nodes,
        talk: Talk,
        web: Web,
        library: Library,
        timeline: Timeline,
        films: Videos,
    ) -> None:
        self._auth = auth
        self._nodes = nodes
        self._talk = talk
        self._web = web
        self._net = net
        self._library = library
        self._timeline = timeline
        self._videos = films

    async def node(self, request: Request) -> Response:
        """`GET /{id}`: a person, a Page, a post, a photo, a video, a comment; a browser gets the page of it."""
        # `/{page}_{post}` without version and token is the address that leads people to a post.
        if "version" not in request.path_params and not _has_token(request):
            return await self._web.anything(request)
        caller = await self._auth.enter(request)
        asked, named = parse(caller.params.text("fields")), object_id(request)
        if named == PERSON_ID or (named == "me" and caller.page is None):
            return JSONResponse(self._nodes.person(asked))
        return JSONResponse(self._object(request, caller, named, asked))

    async def several(self, request: Request) -> Response:
        """`GET /?ids=a,b`: several objects in one answer, each under its id."""
        caller = await self._auth.enter(request)
        ids = [each.strip() for each in caller.params.text("ids").split(",") if each.strip()]
        if not 1 <= len(ids) <= MOST_IDS:
            raise errors.invalid(f"Param ids must name 1 to {MOST_IDS} objects")
        asked = parse(caller.params.text("fields"))
        return JSONResponse({each: self._object(request, caller, each, asked) for each in ids})

    def _object(self, request: Request, caller: Caller, object_id: str, asked: Asked) -> dict[str, Any]:
        page = self._page_named(object_id, caller)
        if page is not None:
            return self._page(caller, page, asked)
        caller.require(READ, *_further(asked))
        return self._thing(request, caller, object_id, asked)

    def _page_named(self, object_id: str, caller: Caller) -> Account | None:
        if object_id == "me":
            return caller.page
        return self._net.accounts.get(object_id) or self._net.accounts.by_username(object_id)

    def _page(self, caller: Caller, page: Account, asked: Asked) -> dict[str, Any]:
        token = None
        if "access_token" in asked.fields:
            mine = caller.page is not None and caller.page.id == page.id
            token = caller.token.value if mine else None
            if caller.page is None:
                token = self._auth.page_token(page, caller.token).value
        return self._nodes.page(page, asked, token=token)

    def _thing(self, request: Request, caller: Caller, object_id: str, asked: Asked) -> dict[str, Any]:
        """A post, photo, video or comment of the calling Page; a person sees those of all their Pages."""
        for page in [caller.page] if caller.page else self._net.accounts.all():
            self._timeline.release_due(page)
            if (video := self._library.video(object_id, page.id)) is not None:
                relative = exchange(request).fault("relative_permalink") is not None
                made = self._nodes.video(video, page, asked, relative=relative)
                self._library.look(video)
                return made
            if (photo := self._library.photo(object_id, page.id)) is not None:
                return self._nodes.photo(photo, page, asked)
            if (comment := self._talk.comment_of(page, object_id)) is not None:
                return self._nodes.comment(comment, page, asked)
            if self._has_post(object_id, page):
                return self._nodes.any_post(page, object_id, caller.params.text("fields"))
        raise errors.missing(object_id)

    def _has_post(self, post_id: str, page: Account) -> bool:
        post = self._net.posts.get(post_id)
        mine = post is not None and post.account_id == page.id
        return mine or self._timeline.draft(post_id, page) is not None

    async def change(self, request: Request) -> Response:
        """`POST /{id}`: a post's text, or its publication; a video's; a comment's text; with `method=delete` its end."""
        caller = await self._auth.enter(request)
        if caller.params.text("method").lower() == "delete":
            return self._deleted(request, caller)
        page, named = caller.acting, object_id(request)
        if (comment := self._talk.comment_of(page, named)) is not None:
            return self._change_comment(caller, comment)
        caller.require(PUBLISH)
        self._timeline.release_due(page)
        if (video := self._library.video(named, page.id)) is not None:
            return await self._videos.change(request, caller, page, video)
        if (draft := self._timeline.draft(named, page)) is not None:
            return await self._change_draft(request, caller, page, draft)
        post = self._own(caller, named, "post")
        # Only the app that made a post may change it (Pages API: Posts).
        self._check_maker(caller, post.raw["app"])
        if "message" not in caller.params.values:
            raise errors.invalid("The parameter message is required")
        self._net.posts.update(post.id, text=words(caller.params, "message", most="message_characters"))
        return JSONResponse(SUCCESS)

    def _change_comment(self, caller: Caller, comment: Document) -> Response:
        """Hide any comment from the public, or reword one of the Page's own."""
        caller.require(ENGAGE)
        changes: dict[str, Any] = {}
        if "is_hidden" in caller.params.values:
            changes["hidden"] = flag(caller.params, "is_hidden", default=False)
        if "message" in caller.params.values:
            if "author" in comment.body:
                raise errors.refused("permission")
            changes["message"] = words(caller.params, "message", most="comment_characters")
        if not changes:
            raise errors.invalid("The parameter message or is_hidden is required")
        self._net.documents.update(COMMENT, comment.id, **changes)
        return JSONResponse(SUCCESS)

    async def _change_draft(
        self, request: Request, caller: Caller, page: Account, draft: Document
    ) -> Response:
        order = dict(draft.body["order"])
        self._check_maker(caller, order["app"])
        if "message" in caller.params.values:
            order["text"] = words(caller.params, "message", most="message_characters")
            self._net.documents.update(DRAFT, draft.id, order=order)
        if flag(caller.params, "is_published", default=False):
            call = exchange(request)
            self._timeline.check(call)
            async with call.commit():
                kept = self._timeline.draft(draft.id, page)
                if kept is not None:
                    self._timeline.release(page, kept)
        return JSONResponse(SUCCESS)

    def _check_maker(self, caller: Caller, app: str) -> None:
        if app != caller.token.client_id:
            raise errors.refused("permission")

    async def delete(self, request: Request) -> Response:
        """`DELETE /{id}` of a post, photo, video or comment."""
        return self._deleted(request, await self._auth.enter(request))

    def _deleted(self, request: Request, caller: Caller) -> Response:
        page, named = caller.acting, object_id(request)
        if (comment := self._talk.comment_of(page, named)) is not None:
            caller.require(ENGAGE)
            self._talk.silence(comment)
            return JSONResponse(SUCCESS)
        caller.require(PUBLISH)
        if exchange(request).fault("cannot_delete"):
            raise errors.refused("permission")
        if (video := self._library.video(named, page.id)) is not None:
            self._library.forget(VIDEO, video.id)
            self._net.posts.delete(video.post or "")
        elif (photo := self._library.photo(named, page.id)) is not None:
            self._library.forget(PHOTO, photo.id)
            self._delete_single(photo.post)
        elif self._timeline.draft(named, page) is not None:
            self._net.documents.delete(DRAFT, named)
        else:
            self._net.posts.delete(self._own(caller, named, "delete").id)
        return JSONResponse(SUCCESS)

    def _delete_single(self, post_id: str | None) -> None:
        """With its only photo a post goes too."""
        post = self._net.posts.get(post_id) if post_id else None
        if post is not None and len(post.raw["photos"]) == 1:
            self._net.posts.delete(post.id)

    async def feed(self, request: Request) -> Response:
        """`GET /{page}/feed`, `/posts`, `/published_posts`: all but stories, newest first."""
        caller, page = await self._look(request)
        asked = parse(caller.params.text("fields"))
        caller.require(*_further(asked))
        posts = [post for post in self._posts(request, caller, page) if not is_story(post)]
        shown = _shower(self._nodes.post, page, asked)
        return JSONResponse(listed(request, caller, posts, shown, key=lambda post: post.id))

    async def stories(self, request: Request) -> Response:
        """`GET /{page}/stories`."""
        caller, page = await self._look(request)
        posts = [post for post in self._posts(request, caller, page) if is_story(post)]
        return JSONResponse(listed(request, caller, posts, self._nodes.story, key=lambda post: post.id))

    async def scheduled(self, request: Request) -> Response:
        """`GET /{page}/scheduled_posts`: what waits for its hour."""
        caller, page = await self._look(request)
        asked = parse(caller.params.text("fields"))
        shown = _shower(self._nodes.draft, page, asked)
        drafts = self._timeline.drafts(page)
        return JSONResponse(listed(request, caller, drafts, shown, key=lambda draft: draft.id))

    async def videos(self, request: Request) -> Response:
        """`GET /{page}/videos` and `/video_reels`: those that are out, newest first."""
        caller, page = await self._look(request)
        asked = parse(caller.params.text("fields"))
        caller.require(*_further(asked))
        kinds = {"reel"} if request.url.path.endswith("/video_reels") else {"video", "reel"}
        until = self._lag(request)
        out = [
            each
            for each in self._library.videos(page.id)
            if each.kind in kinds
            and each.published
            and datetime.fromtimestamp(each.begun, until.tzinfo) <= until
        ]
        relative = exchange(request).fault("relative_permalink") is not None

        def shown(video: Video) -> dict[str, Any]:
            return self._nodes.video(video, page, asked, relative=relative)

        return JSONResponse(listed(request, caller, out, shown, key=lambda video: video.id))

    async def _look(self, request: Request) -> tuple[Caller, Account]:
        caller = await self._auth.enter(request, READ)
        page = self._page_named(object_id(request), caller)
        if page is None or (caller.page is not None and caller.page.id != page.id):
            raise errors.missing(object_id(request))
        self._timeline.release_due(page)
        return caller, page

    def _lag(self, request: Request) -> datetime:
        return clock.now() - timedelta(seconds=exchange(request).seconds("listing_lag"))

    def _posts(self, request: Request, caller: Caller, page: Account) -> list[SimPost]:
        since, until = between(caller)
        seen = self._lag(request)
        last = min(until, seen) if until else seen
        return self._net.posts.by_account(page.id, limit=FARTHEST, since=since, until=last)

    async def attachments(self, request: Request) -> Response:
        """`GET /{post}/attachments`."""
        caller = await self._auth.enter(request, READ)
        post = self._own(caller, object_id(request))
        asked = Asked({"attachments": Asked(parse(caller.params.text("fields")).fields)})
        made = self._nodes.post(post, caller.acting, asked)
        return JSONResponse(made.get("attachments", {"data": []}))

    async def thumbnails(self, request: Request) -> Response:
        """`GET /{video}/thumbnails`."""
        caller = await self._auth.enter(request, READ)
        video = self._library.video(object_id(request), caller.acting.id)
        if video is None:
            raise errors.missing(object_id(request))
        return JSONResponse({"data": self._nodes.thumbnails(video)})

    async def insights(self, request: Request) -> Response:
        """`GET /{post}/insights`, `/{video}/video_insights`, `/{page}/insights`."""
        caller = await self._auth.enter(request, INSIGHTS)
        video, page = request.url.path.endswith("/video_insights"), caller.acting
        if self._page_named(object_id(request), caller) == page:
            posts = self._net.posts.by_account(page.id, limit=FARTHEST)
            return JSONResponse(page_insights(page, posts, caller.params))
        post = self._talk.on(caller, object_id(request))
        names, reactions = metric_names(caller.params), self._nodes.reactions(post)
        return JSONResponse(insights(post, names, reactions, video=video))

    async def image(self, request: Request) -> Response:
        """`GET /{id}/picture`: open to everybody; leads to the image, or tells its address."""
        url = self._net.avatar_url(object_id(request))
        if request.query_params.get("redirect", "true") in {"false", "0"}:
            return JSONResponse({"data": {"height": 96, "width": 96, "is_silhouette": False, "url": url}})
        return RedirectResponse(url, 302)

    def _own(self, caller: Caller, post_id: str, method: str = "get") -> SimPost:
        post = self._net.posts.get(post_id)
        if post is None or post.account_id != caller.acting.id:
            raise errors.missing(post_id, method)
        return post


def _further(asked: Asked) -> tuple[str, ...]:
    """What an edge among the fields needs besides the right to read: as much as on a path of its own."""
    return (INSIGHTS,) if {"insights", "video_insights"} & set(asked.fields) else ()


def _shower(
    build: Callable[..., dict[str, Any]], page: Account, asked: Asked
) -> Callable[[Any], dict[str, Any]]:
    return lambda row: build(row, page, asked)


def _has_token(request: Request) -> bool:
    return bool(request.query_params.get("access_token") or bearer(request, "oauth"))

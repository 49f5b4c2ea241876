"""What changes something: posts of every kind, comments, edits, flairs, marks, and taking them away again."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.auth import Auth, Caller
from polypost.sandbox.networks.reddit.compose import LINK, VIDEOS, Composer, Order, flag, link_key
from polypost.sandbox.networks.reddit.library import Library
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.networks.reddit.rates import Rates
from polypost.sandbox.networks.reddit.subreddits import find
from polypost.sandbox.networks.reddit.things import COMMENT, HOST, Things, lookup, new_id, say
from polypost.sandbox.networks.reddit.websocket import OneMessage, asks_for_socket
from polypost.sandbox.simkit import Network, Pages, Refused, SimPost, exchange

SOCKET = "socket"
SLUG = 50
FAILED: dict[str, Any] = {"type": "failed", "payload": {}}
# Trouble that only Reddit knows, told in answer to a new post.
AT_SUBMISSION = {
    "spam_filter": lambda: errors.special("TROLL"),
    "in_timeout": lambda: errors.body_error("IN_TIMEOUT", None),
    "quota": lambda: errors.body_error("QUOTA_FILLED", "ratelimit"),
    "to_login": errors.to_login,
}
MARKS = {
    "marknsfw": ("nsfw", True),
    "unmarknsfw": ("nsfw", False),
    "spoiler": ("spoiler", True),
    "unspoiler": ("spoiler", False),
}


class Submit:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, auth: Auth, things: Things, library: Library) -> None:
        self._pages = pages
        self._auth = auth
        self._things = things
        self._net = net
        self._library = library
        self._composer = Composer(net, library)
        self._rates = Rates(net)

    async def submit(self, request: Request) -> Response:
        """`POST /api/submit`."""
        caller = await self._auth.enter(request, "submit")
        try:
            order = self._composer.submission(caller.params, caller.person)
            data = await self._carry_out(request, caller, order)
        except Refused as refused:
            raise _dressed(caller, refused) from refused
        answer = {"json": {"errors": [], "data": data}}
        return say(caller.params, answer) if _json_wanted(caller) else errors.jquery(answer)

    async def gallery(self, request: Request) -> Response:
        """`POST /api/submit_gallery_post.json`."""
        caller = await self._auth.enter(request, "submit")
        return await self._by_fullname(request, caller, self._composer.gallery(caller.params, caller.person))

    async def poll(self, request: Request) -> Response:
        """`POST /api/submit_poll_post`."""
        caller = await self._auth.enter(request, "submit")
        return await self._by_fullname(request, caller, self._composer.poll(caller.params, caller.person))

    async def _by_fullname(self, request: Request, caller: Caller, order: Order) -> Response:
        """The answer of the younger calls, whose `id` is a full name."""
        data = await self._carry_out(request, caller, order)
        return say(caller.params, {"json": {"errors": [], "data": {"url": data["url"], "id": data["name"]}}})

    async def _carry_out(self, request: Request, caller: Caller, order: Order) -> dict[str, Any]:
        call = exchange(request)
        for name, answer in AT_SUBMISSION.items():
            if call.fault(name):
                raise Refused(answer())
        self._rates.post(caller.person.id, "posts")
        if call.fault("media_failed"):
            order.works = False
        in_work = limit("video_seconds_in_work") if order.kind in VIDEOS else 0
        ready = clock.now() + timedelta(seconds=max(in_work, call.seconds("processing")))
        # AutoModerator takes posts away without telling their author.
        removed = call.fault("removed") is not None
        post: SimPost | None = None
        async with call.commit():
            with self._net.store.transaction():
                if order.works:
                    post = self._store(caller, order, ready=ready.timestamp(), removed=removed)
                if order.kind in {"image", *VIDEOS}:
                    news = {"post": post.permalink if post else None, "ready": ready.timestamp()}
                    self._net.documents.put(SOCKET, order.assets[0].id, news, account_id=caller.person.id)
        if post is None or order.kind in {"image", *VIDEOS}:
            return self._unnamed(request, caller, order)
        return {"url": HOST + post.permalink, "drafts_count": 0, "id": post.id, "name": f"t3_{post.id}"}

    def _unnamed(self, request: Request, caller: Caller, order: Order) -> dict[str, Any]:
        """What a post with media in work is told: no id, but a socket that will say where it went."""
        silent = exchange(request).fault("no_socket")
        url = None if silent or not order.assets else self._library.socket_url(order.assets[0].id)
        return {
            "user_submitted_page": f"{HOST}/user/{caller.person.username}/submitted/",
            "websocket_url": url,
        }

    def _store(self, caller: Caller, order: Order, *, ready: float, removed: bool) -> SimPost:
        post_id = new_id(self._net)
        raw = {
            "title": order.title,
            "body": order.body,
            "kind": order.kind,
            "sr": order.subreddit.name,
            "url": order.url,
            "flair_id": order.flair_id,
            "flair_text": order.flair_text,
            "nsfw": order.nsfw,
            "spoiler": order.spoiler,
            "send_replies": order.send_replies,
            "items": order.items,
            "poster": order.poster,
            "poll": order.poll,
            "crosspost_parent": order.crosspost.id if order.crosspost else None,
            "ready": ready,
            "removed": removed,
        }
        if order.kind == "link":
            self._net.documents.put(LINK, link_key(order), {"post": post_id})
        return self._net.posts.add(
            id=post_id,
            account_id=caller.person.id,
            text=f"{order.title}\n\n{order.body}".strip(),
            permalink=f"{order.subreddit.path}/comments/{post_id}/{slug(order.title)}/",
            media=[asset.media for asset in order.assets],
            raw=raw,
            thread=order.subreddit.name.casefold(),
        )

    async def socket(self, request: Request) -> Response:
        """The WebSocket of an upload: says once where the post went, or that there is none."""
        asset_id = str(request.path_params["asset"])
        known = self._library.socket_url(asset_id).endswith(f"m={request.query_params.get('m', '')}")
        if not asks_for_socket(request) or not known:
            return self._pages.missing("page not found")
        if exchange(request).fault("socket_closed"):
            raise Refused(errors.plain(403))

        async def news() -> dict[str, Any]:
            until = clock.monotonic() + limit("socket_seconds")
            while True:
                found = self._net.documents.get(SOCKET, asset_id)
                if found is not None and found.body["ready"] <= clock.now().timestamp():
                    post = found.body["post"]
                    return {"type": "success", "payload": {"redirect": HOST + post}} if post else FAILED
                if clock.monotonic() > until:
                    return FAILED
                await asyncio.sleep(0.05)

        return OneMessage(request, news)

    async def comment(self, request: Request) -> Response:
        """`POST /api/comment`: below a post or another comment."""
        caller = await self._auth.enter(request, "submit")
        text = caller.params.text("text").strip()
        parent = caller.params.text("thing_id") or caller.params.text("parent")
        post = self._post_of(parent)
        if post is None:
            raise errors.says("DELETED_LINK" if parent else "NO_THING_ID", "parent")
        if not text:
            raise errors.says("NO_TEXT", "text")
        if len(text) > limit("comment_characters"):
            raise errors.too_long("text", limit("comment_characters"))
        self._rates.post(caller.person.id, "comments")
        body = {
            "text": text,
            "author": caller.person.username,
            "author_id": caller.person.id,
            "parent": parent,
            "deleted": False,
        }
        # The owner column holds the post, so that its comments can be listed.
        made = self._net.documents.put(COMMENT, new_id(self._net), body, account_id=post.id)
        return say(caller.params, _things(self._things.comment(made)))

    def _post_of(self, name: str) -> SimPost | None:
        kind, _, bare = name.partition("_")
        if kind == "t1":
            comment = self._net.documents.get(COMMENT, bare)
            bare = str(comment.account_id) if comment else ""
        return lookup(self._net, bare) if kind in {"t1", "t3"} else None

    async def edit(self, request: Request) -> Response:
        """`POST /api/editusertext`: the text of one's own text post or comment."""
        caller = await self._auth.enter(request, "edit")
        kind, _, bare = caller.params.text("thing_id").partition("_")
        text = caller.params.text("text").strip()
        if kind == "t1" and (comment := self._net.documents.get(COMMENT, bare)) is not None:
            if comment.body["author_id"] != caller.person.id:
                raise errors.says("NOT_AUTHOR", "thing_id")
            self._net.documents.update(COMMENT, bare, text=text)
            changed = self._net.documents.get(COMMENT, bare)
            assert changed is not None
            return say(caller.params, _things(self._things.comment(changed)))
        post = self._own(caller, f"{kind}_{bare}")
        # Only texts can change: no title, no link, no media.
        if post is None or post.raw["kind"] != "self":
            raise errors.says("NOT_AUTHOR", "thing_id")
        if len(text) > limit("body_characters"):
            raise errors.too_long("text", limit("body_characters"))
        raw = {**post.raw, "body": text, "edited": clock.now().timestamp()}
        edited = self._net.posts.update(post.id, text=f"{raw['title']}\n\n{text}".strip(), raw=raw)
        return say(caller.params, _things(self._things.post(edited, reader=caller.person.id)))

    async def delete(self, request: Request) -> Response:
        """`POST /api/del`: the same answer whether or not there was anything to take away."""
        caller = await self._auth.enter(request, "edit")
        name = caller.params.text("id")
        if (post := self._own(caller, name)) is not None:
            self._net.posts.delete(post.id)
        comment = self._net.documents.get(COMMENT, name.removeprefix("t1_"))
        if comment is not None and comment.body["author_id"] == caller.person.id:
            self._net.documents.update(COMMENT, comment.id, deleted=True)
        return JSONResponse({})

    async def mark(self, request: Request) -> Response:
        """`POST /api/marknsfw`, `/api/spoiler` and their opposites."""
        caller = await self._auth.enter(request, "modposts")
        name, value = MARKS[request.url.path.strip("/").split("/")[1].removesuffix(".json")]
        post = self._own(caller, caller.params.text("id"))
        if post is None:
            raise Refused(errors.plain(403))
        self._net.posts.update(post.id, raw={**post.raw, name: value})
        return JSONResponse({})

    async def notify(self, request: Request) -> Response:
        """`POST /api/sendreplies`."""
        caller = await self._auth.enter(request, "edit")
        post = self._own(caller, caller.params.text("id"))
        if post is not None:
            raw = {**post.raw, "send_replies": flag(caller.params, "state")}
            self._net.posts.update(post.id, raw=raw)
        return JSONResponse({})

    async def nothing(self, request: Request) -> Response:
        """Votes and the like: taken, and without effect."""
        await self._auth.enter(request, "vote")
        return JSONResponse({})

    async def select_flair(self, request: Request) -> Response:
        """`POST /r/<name>/api/selectflair`."""
        caller = await self._auth.enter(request, "flair")
        post = self._own(caller, caller.params.text("link"))
        if post is None:
            raise errors.says("NOT_AUTHOR", "link")
        community = find(self._net, post.raw["sr"])
        template = caller.params.text("flair_template_id")
        flair = community.flair(template) if community else None
        if flair is None or flair.mod_only:
            raise errors.says("BAD_FLAIR_TEMPLATE_ID", "flair_template_id")
        text = caller.params.text("text")
        shown = text if flair.editable and text else flair.text
        self._net.posts.update(post.id, raw={**post.raw, "flair_id": template, "flair_text": shown})
        return JSONResponse({"json": {"errors": []}})

    def _own(self, caller: Caller, name: str) -> SimPost | None:
        post = self._net.posts.get(name.removeprefix("t3_"))
        return post if post is not None and post.account_id == caller.person.id else None


def slug(title: str) -> str:
    """The readable end of an address."""
    words = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return words[:SLUG].strip("_") or "post"


def _things(*things: dict[str, Any]) -> dict[str, Any]:
    return {"json": {"errors": [], "data": {"things": list(things)}}}


def _json_wanted(caller: Caller) -> bool:
    return caller.params.text("api_type") == "json"


def _dressed(caller: Caller, refused: Refused) -> Refused:
    """A refusal as the caller reads it: without `api_type=json` the list of errors becomes orders to a script."""
    response = refused.response
    if _json_wanted(caller) or response.status_code != 200:
        return refused
    return Refused(errors.jquery(json.loads(bytes(response.body))))

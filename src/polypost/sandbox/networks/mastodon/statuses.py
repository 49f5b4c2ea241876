"""Statuses: made and read by every client; changed, marked and voted on by Mastodon.py and people in other apps."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.mastodon import rates
from polypost.sandbox.networks.mastodon.answers import BOOKMARKS, LIKES, PINS, VOTES, Answers, moment
from polypost.sandbox.networks.mastodon.auth import Auth
from polypost.sandbox.networks.mastodon.compose import Composer
from polypost.sandbox.networks.mastodon.errors import front_end, invalid, not_found, refused
from polypost.sandbox.networks.mastodon.intake import as_text, read
from polypost.sandbox.networks.mastodon.library import Library
from polypost.sandbox.networks.mastodon.limits import limit
from polypost.sandbox.networks.mastodon.rules import Rules
from polypost.sandbox.networks.mastodon.scheduled import Scheduled
from polypost.sandbox.simkit import Caller, Exchange, Network, Refused, SimPost, exchange

KEY = "idempotency"
MARKS = {
    "favourite": (LIKES, True),
    "unfavourite": (LIKES, False),
    "bookmark": (BOOKMARKS, True),
    "unbookmark": (BOOKMARKS, False),
    "pin": (PINS, True),
    "unpin": (PINS, False),
}
# A pin is part of the profile.
MARKING = {LIKES: "write:favourites", BOOKMARKS: "write:bookmarks", PINS: "write:accounts"}


class Statuses:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        auth: Auth,
        answers: Answers,
        library: Library,
        scheduled: Scheduled,
        rules: Rules,
        composer: Composer,
    ) -> None:
        self._auth = auth
        self._answers = answers
        self._library = library
        self._scheduled = scheduled
        self._rules = rules
        self._net = net
        self._composer = composer

    async def create(self, request: Request) -> Response:
        """`POST /api/v1/statuses`, the call that makes something visible.

        The key is looked up first and stored last, and nothing is locked in between: two calls at once make two posts.
        """
        caller = self._auth.user(request, "write:statuses", what=rates.POST)
        key = request.headers.get("idempotency-key", "").strip()
        if (known := self._known(caller, key)) is not None:
            return self._repeated(caller, known)
        sent, call = await read(request), exchange(request)
        if call.fault("bad_gateway"):
            raise Refused(front_end())
        due = self._scheduled.due(sent)
        older, silenced = self._rules.older(request), call.fault("silenced") is not None
        order = self._composer.check(caller, sent, older=older, silenced=silenced)
        if due is not None:
            made = self._scheduled.add(caller, sent, due, key)
            self._remember(caller, key, made["id"])
            return JSONResponse(made)
        async with call.commit():
            post = self._composer.make(order)
            await self._settle(call, caller, key, post)
            if call.fault("bad_gateway_after"):
                raise Refused(front_end())
        return JSONResponse(self._answers.status(post, caller.account.id))

    async def _settle(self, call: Exchange, caller: Caller, key: str, post: SimPost) -> None:
        if rule := call.fault("late_key"):
            await asyncio.sleep(rule.length)
        if not call.fault("key_lost"):
            self._remember(caller, key, post.id)

    def _known(self, caller: Caller, key: str) -> str | None:
        # The text is not compared: under its key another one gets the old status back.
        found = self._net.documents.get(KEY, f"{caller.account.id} {key}") if key else None
        return None if found is None or found.expired else str(found.body["status"])

    def _remember(self, caller: Caller, key: str, status_id: str) -> None:
        if key:
            until = clock.now() + timedelta(seconds=limit("key_life_seconds"))
            self._net.documents.put(KEY, f"{caller.account.id} {key}", {"status": status_id}, expires=until)

    def _repeated(self, caller: Caller, status_id: str) -> Response:
        # A scheduled status is looked for among the published ones, where it is not: 404, as on a real server.
        post = self._net.posts.get(status_id)
        if post is None:
            raise not_found()
        return JSONResponse(self._answers.status(post, caller.account.id))

    async def one(self, request: Request) -> Response:
        """`GET /api/v1/statuses/{id}`."""
        viewer, post = self._seen(request)
        return JSONResponse(self._answers.status(post, viewer))

    async def several(self, request: Request) -> Response:
        """`GET /api/v1/statuses?id[]=…`, since 4.3."""
        viewer = self._auth.reader(request)
        if self._rules.older(request):
            raise not_found()
        ids = [as_text(each) for each in (await read(request)).listed("id")]
        if len(set(ids)) > limit("lookup_ids"):
            raise refused(422, "Mastodon::ValidationError")
        found = [self._net.posts.get(post_id) for post_id in ids]
        shown = [post for post in found if post is not None and visible(post, viewer)]
        return JSONResponse([self._answers.status(post, viewer) for post in shown])

    def _seen(self, request: Request) -> tuple[str | None, SimPost]:
        viewer = self._auth.reader(request)
        post = self._net.posts.get(request.path_params["id"])
        if post is None or not visible(post, viewer):
            raise not_found()
        return viewer, post

    async def context(self, request: Request) -> Response:
        """`GET /api/v1/statuses/{id}/context`."""
        viewer, post = self._seen(request)
        thread = self._net.posts.of_thread(post.thread or post.id)
        by_id = {each.id: each for each in thread}
        above: list[SimPost] = []
        at = post.parent
        while at in by_id:
            above.insert(0, by_id[at])
            at = by_id[at].parent
        below: list[SimPost] = []
        for each in thread:
            if each.parent in {post.id, *(kept.id for kept in below)}:
                below.append(each)
        show = self._answers.status
        return JSONResponse(
            {
                "ancestors": [show(each, viewer) for each in above if visible(each, viewer)],
                "descendants": [show(each, viewer) for each in below if visible(each, viewer)],
            }
        )

    async def source(self, request: Request) -> Response:
        """`GET /api/v1/statuses/{id}/source`: what was written."""
        caller = self._auth.user(request, "read:statuses")
        post = self._own(request, caller)
        return JSONResponse({"id": post.id, "text": post.text, "spoiler_text": post.raw["spoiler_text"]})

    async def history(self, request: Request) -> Response:
        """`GET /api/v1/statuses/{id}/history`: every version, the oldest first."""
        viewer, post = self._seen(request)
        now = self._version(post, viewer, post.raw.get("edited_at") or moment(post.created))
        return JSONResponse([*post.raw["history"], now])

    def _version(self, post: SimPost, viewer: str | None, since: str) -> dict[str, Any]:
        shown = self._answers.status(post, viewer)
        kept = ("content", "spoiler_text", "sensitive", "account", "media_attachments", "emojis", "poll")
        return {name: shown[name] for name in kept} | {"created_at": since}

    def _own(self, request: Request, caller: Caller) -> SimPost:
        post = self._net.posts.get(request.path_params["id"])
        if post is None or post.account_id != caller.account.id:
            raise not_found()
        return post

    async def edit(self, request: Request) -> Response:
        """`PUT /api/v1/statuses/{id}`: the whole wanted state; what is left out is taken away."""
        caller = self._auth.user(request, "write:statuses")
        post, sent = self._own(request, caller), await read(request)
        if sent.values.get("visibility") and sent.values["visibility"] != post.raw["visibility"]:
            raise invalid("Visibility cannot be changed")
        older = self._rules.older(request)
        order = self._composer.check(caller, sent, older=older, silenced=False, edited=post)
        before = self._version(post, caller.account.id, post.raw.get("edited_at") or moment(post.created))
        fresh = {"media_ids": [upload.id for upload in order.uploads], "edited_at": moment(clock.now())}
        raw = {**post.raw, **order.raw, **fresh, "visibility": post.raw["visibility"]}
        raw["history"] = [*post.raw["history"], before]
        if order.poll and order.poll["options"] != (post.raw.get("poll") or {}).get("options"):
            self._net.documents.delete(VOTES, post.id)
        raw["poll"] = order.poll
        with self._net.store.transaction():
            self._library.release(post.raw["media_ids"], forget=False)
            self._library.attach(order.uploads, post.id)
            changed = self._net.posts.update(post.id, text=order.text, raw=raw)
        return JSONResponse(self._answers.status(changed, caller.account.id))

    async def delete(self, request: Request) -> Response:
        """`DELETE /api/v1/statuses/{id}`: answers with what was written, for whoever wants to write it anew."""
        caller = self._auth.user(request, "write:statuses", what=rates.DELETE)
        post = self._own(request, caller)
        shown = self._answers.status(post, caller.account.id)
        forget = bool((await read(request)).flag("delete_media"))
        with self._net.store.transaction():
            self._net.posts.delete(post.id)
            self._library.release(post.raw["media_ids"], forget=forget)
        return JSONResponse(shown | {"text": post.text})

    async def mark(self, request: Request) -> Response:
        """`POST /api/v1/statuses/{id}/favourite` and its like."""
        verb = request.path_params["verb"]
        if verb not in MARKS:
            raise not_found()
        kind, on = MARKS[verb]
        caller = self._auth.user(request, MARKING[kind])
        post = self._net.posts.get(request.path_params["id"])
        if post is None or not visible(post, caller.account.id):
            raise not_found()
        if kind == PINS and post.account_id != caller.account.id:
            raise invalid("Someone else's post cannot be pinned")
        self._mark(kind, post.id, caller.account.id, True if on else None)
        return JSONResponse(self._answers.status(post, caller.account.id))

    def _mark(self, kind: str, post_id: str, account_id: str, value: Any) -> None:
        marks = {**self._answers.marks(kind, post_id)}
        if value is None:
            marks.pop(account_id, None)
        else:
            marks[account_id] = value
        self._net.documents.put(kind, post_id, marks)

    async def poll(self, request: Request) -> Response:
        """`GET /api/v1/polls/{id}`."""
        viewer, post = self._seen(request)
        if not post.raw.get("poll"):
            raise not_found()
        return JSONResponse(self._answers.poll(post, viewer))

    async def vote(self, request: Request) -> Response:
        """`POST /api/v1/polls/{id}/votes`."""
        caller = self._auth.user(request, "write:statuses")
        post = self._net.posts.get(request.path_params["id"])
        poll = post.raw.get("poll") if post else None
        if post is None or poll is None:
            raise not_found()
        chosen = [as_text(each) for each in (await read(request)).listed("choices")]
        good = chosen and all(each.isdecimal() and int(each) < len(poll["options"]) for each in chosen)
        if not good or (len(chosen) > 1 and not poll["multiple"]):
            raise refused(422, "Validation failed: The chosen vote option does not exist")
        if caller.account.id in self._answers.marks(VOTES, post.id) or post.account_id == caller.account.id:
            raise invalid("You have already voted on this poll")
        self._mark(VOTES, post.id, caller.account.id, [int(each) for each in chosen])
        return JSONResponse(self._answers.poll(post, caller.account.id))


def visible(post: SimPost, viewer: str | None) -> bool:
    """Whether somebody may see a post over the API; everybody follows everybody here."""
    visibility = post.raw["visibility"]
    if visibility in {"public", "unlisted"} or viewer == post.account_id:
        return True
    return visibility == "private" and viewer is not None

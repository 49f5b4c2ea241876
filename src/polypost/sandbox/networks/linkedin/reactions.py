"""For apps that react in the name of members and organizations: one reaction of each to a post."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, restli
from polypost.sandbox.networks.linkedin.auth import Auth, Caller
from polypost.sandbox.networks.linkedin.comments import Thread
from polypost.sandbox.simkit import Document, Network, SimPost, exchange

REACTION = "reaction"
TYPES = ("LIKE", "PRAISE", "EMPATHY", "INTEREST", "APPRECIATION", "ENTERTAINMENT")
_KEY = re.compile(r"\((?:actor:(?P<actor>[^,()]+),)?entity:(?P<entity>.+)\)")


class Reactions:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, thread: Thread) -> None:
        self._auth = auth
        self._net = net
        self._thread = thread

    async def create(self, request: Request) -> Response:
        """`POST /rest/reactions?actor=…`."""
        caller = self._auth.enter(request)
        body = await restli.read_object(request)
        actor, kind = request.query_params.get("actor", ""), body.get("reactionType")
        if not caller.writes(actor):
            raise errors.denied("partnerApiReactions.CREATE")
        if kind not in TYPES:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such reaction", "reactionType")
        root = body.get("root")
        post = self._thread.post(root if isinstance(root, str) else "")
        exchange(request).identify(actor)
        kept = {"actor": actor, "kind": kind, "root": root, "time": int(clock.now().timestamp() * 1000)}
        document = self._net.documents.put(REACTION, f"{actor} {post.id}", kept, account_id=post.id)
        return JSONResponse(_shown(document), 201, headers=errors.traced())

    async def at(self, request: Request) -> Response:
        """`GET /rest/reactions/(entity:…)?q=entity` and `GET /rest/reactions/(actor:…,entity:…)`."""
        caller = self._auth.enter(request)
        actor, post = self._key(request)
        if not caller.reads(post.account_id):
            raise errors.denied("partnerApiReactions.GET")
        if actor:
            return JSONResponse(_shown(self._one(actor, post)))
        start, count = restli.page_of(request)
        found = self._net.documents.of_account(REACTION, post.id)[::-1]
        page = [_shown(document) for document in found[start : start + count]]
        return restli.collection(page, start, count, len(found))

    async def several(self, request: Request) -> Response:
        """`GET /rest/reactions?ids=List((actor:…,entity:…),…)`."""
        caller = self._auth.enter(request)
        ids = restli.listed(request, "ids")
        if ids is None:
            raise errors.invalid("MISSING_FIELD", "ids is missing", "ids")
        return restli.batch(ids, lambda key: self._entity(caller, key))

    def _entity(self, caller: Caller, key: str) -> dict[str, Any] | None:
        actor, post = self._parts(key)
        document = self._net.documents.get(REACTION, f"{actor} {post.id}")
        return _shown(document) if document is not None and caller.reads(post.account_id) else None

    async def delete(self, request: Request) -> Response:
        """`DELETE /rest/reactions/(actor:…,entity:…)`."""
        caller = self._auth.enter(request)
        actor, post = self._key(request)
        if not caller.writes(actor):
            raise errors.denied("partnerApiReactions.DELETE")
        exchange(request).identify(actor)
        self._net.documents.delete(REACTION, self._one(actor, post).id)
        return Response(status_code=204, headers=errors.traced())

    async def like(self, request: Request) -> Response:
        """`POST /v2/socialActions/{urn}/likes`, the reaction LIKE by its older address."""
        caller = self._auth.enter(request)
        actor = (await restli.read_object(request)).get("actor")
        if not isinstance(actor, str) or not caller.writes(actor):
            raise errors.denied("likes.CREATE")
        root = request.path_params["urn"]
        post = self._thread.post(root)
        exchange(request).identify(actor)
        kept = {"actor": actor, "kind": "LIKE", "root": root, "time": int(clock.now().timestamp() * 1000)}
        document = self._net.documents.put(REACTION, f"{actor} {post.id}", kept, account_id=post.id)
        return JSONResponse(_like(document), 201, headers={"x-restli-id": actor, **errors.traced()})

    async def likes(self, request: Request) -> Response:
        """`GET /v2/socialActions/{urn}/likes`."""
        caller = self._auth.enter(request)
        post = self._thread.post(request.path_params["urn"])
        if not caller.reads(post.account_id):
            raise errors.denied("likes.GET_ALL")
        start, count = restli.page_of(request)
        kept = self._net.documents.of_account(REACTION, post.id)[::-1]
        found = [_like(document) for document in kept if document.body["kind"] == "LIKE"]
        return restli.collection(found[start : start + count], start, count, len(found))

    async def unlike(self, request: Request) -> Response:
        """`DELETE /v2/socialActions/{urn}/likes/{actor}`."""
        caller = self._auth.enter(request)
        actor = request.path_params["actor"]
        if not caller.writes(actor):
            raise errors.denied("likes.DELETE")
        exchange(request).identify(actor)
        post = self._thread.post(request.path_params["urn"])
        self._net.documents.delete(REACTION, self._one(actor, post).id)
        return Response(status_code=204, headers=errors.traced())

    def _key(self, request: Request) -> tuple[str, SimPost]:
        return self._parts(request.path_params["key"])

    def _parts(self, key: str) -> tuple[str, SimPost]:
        found = _KEY.fullmatch(unquote(key))
        if found is None:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "This is no key of a reaction")
        return found["actor"] or "", self._thread.post(found["entity"])

    def _one(self, actor: str, post: SimPost) -> Document:
        document = self._net.documents.get(REACTION, f"{actor} {post.id}")
        if document is None:
            raise errors.not_found("reaction")
        return document


def _shown(document: Document) -> dict[str, Any]:
    body = document.body
    stamp = {"actor": body["actor"], "time": body["time"]}
    return {
        "id": f"urn:li:reaction:({body['actor']},{body['root']})",
        "actor": body["actor"],
        "root": body["root"],
        "reactionType": body["kind"],
        "created": stamp,
        "lastModified": stamp,
    }


def _like(document: Document) -> dict[str, Any]:
    shown = _shown(document)
    return {
        "$URN": f"urn:li:like:({shown['actor']},{shown['root']})",
        "actor": shown["actor"],
        "object": shown["root"],
        "created": shown["created"],
        "lastModified": shown["lastModified"],
    }

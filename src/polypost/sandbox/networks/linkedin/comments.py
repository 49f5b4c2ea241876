"""Comments below posts and below each other. Their text is plain."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, restli, urns
from polypost.sandbox.networks.linkedin.auth import Auth
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.simkit import Document, Network, SimPost, exchange

COMMENT = "comment"
# Clients write the thread of a comment as a number, as a URN, or as a URN with its kind before it.
_URN = re.compile(r"urn:li:comment:\((?:activity:|ugcPost:|share:)?(urn:li:[A-Za-z]+:\d+|\d+),(\d+)\)")


class Thread:
    """What is said below a post."""

    def __init__(self, net: Network, composer: Composer) -> None:
        self._net = net
        self._composer = composer

    def post(self, urn: str) -> SimPost:
        """The post behind a URN of its own or of one of its comments. Raises Refused (404)."""
        found = _URN.fullmatch(urn)
        post = self._composer.find(found[1] if found else urn)
        if post is None:
            raise errors.not_found(urn)
        return post

    def of(self, post: SimPost) -> list[Document]:
        """All comments of a post, oldest first."""
        return self._net.documents.of_account(COMMENT, post.id)

    def below(self, urn: str, post: SimPost) -> list[Document]:
        """The comments directly below a post or a comment."""
        return [each for each in self.of(post) if each.body["parent"] == parent_of(urn)]

    def one(self, post: SimPost, number: str) -> Document | None:
        """A comment of a post by its number."""
        document = self._net.documents.get(COMMENT, number)
        return document if document is not None and document.account_id == post.id else None


class Comments:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, thread: Thread) -> None:
        self._auth = auth
        self._net = net
        self._thread = thread

    async def create(self, request: Request) -> Response:
        """`POST /rest/socialActions/{urn}/comments`."""
        caller = self._auth.enter(request)
        body = await restli.read_object(request)
        actor = body.get("actor")
        if not isinstance(actor, str) or urns.kind_of(actor) not in urns.AUTHORS:
            raise errors.invalid("MISSING_FIELD", "actor is missing", "actor")
        # Members are told 403 here at times though w_member_social is on the page (reports).
        if not caller.writes(actor) or exchange(request).fault("comment_forbidden"):
            raise errors.denied("partnerApiSocialActions.CREATE")
        exchange(request).identify(actor)
        urn = request.path_params["urn"]
        post = self._thread.post(urn)
        if post.raw.get("comments_closed"):
            raise errors.denied("partnerApiSocialActions.CREATE")
        given = body.get("parentComment")
        # Ids of LinkedIn begin with the millisecond since 1970, as those of posts do.
        number = self._net.snowflake(epoch_ms=0)
        kept = {
            "actor": actor,
            "text": _text(body.get("message")),
            "parent": parent_of(given if isinstance(given, str) else urn),
            "time": int(clock.now().timestamp() * 1000),
        }
        document = self._net.documents.put(COMMENT, number, kept, account_id=post.id)
        headers = {"x-restli-id": number, "x-linkedin-id": number, **errors.traced()}
        return JSONResponse(shown(document, post), 201, headers=headers)

    async def several(self, request: Request) -> Response:
        """`GET /rest/socialActions/{urn}/comments`: a page, oldest first, or `ids=List(…)`."""
        post = self._read(request)
        ids = restli.listed(request, "ids")
        if ids is not None:
            return restli.batch(ids, lambda number: self._entity(post, number))
        start, count = restli.page_of(request)
        found = self._thread.below(request.path_params["urn"], post)
        page = [shown(document, post) for document in found[start : start + count]]
        return restli.collection(page, start, count, len(found))

    async def one(self, request: Request) -> Response:
        """`GET /rest/socialActions/{urn}/comments/{id}`."""
        post = self._read(request)
        entity = self._entity(post, request.path_params["id"])
        if entity is None:
            raise errors.not_found(request.path_params["id"])
        return JSONResponse(entity)

    async def edit(self, request: Request) -> Response:
        """`POST /rest/socialActions/{urn}/comments/{id}`: PARTIAL_UPDATE."""
        document = self._own(request)
        patch = (await restli.read_object(request)).get("patch")
        message = patch.get("message") if isinstance(patch, dict) else None
        changes = message.get("$set") if isinstance(message, dict) else None
        self._net.documents.update(COMMENT, document.id, text=_text(changes))
        return Response(status_code=204, headers=errors.traced())

    async def delete(self, request: Request) -> Response:
        """`DELETE /rest/socialActions/{urn}/comments/{id}`."""
        self._net.documents.delete(COMMENT, self._own(request).id)
        return Response(status_code=204, headers=errors.traced())

    def _read(self, request: Request) -> SimPost:
        caller = self._auth.enter(request)
        post = self._thread.post(request.path_params["urn"])
        if not caller.reads(post.account_id):
            raise errors.denied("partnerApiSocialActions.GET")
        return post

    def _own(self, request: Request) -> Document:
        caller = self._auth.enter(request)
        post = self._thread.post(request.path_params["urn"])
        document = self._thread.one(post, request.path_params["id"])
        if document is None:
            raise errors.not_found(request.path_params["id"])
        if not caller.writes(document.body["actor"]):
            raise errors.denied("partnerApiSocialActions.DELETE")
        return document

    def _entity(self, post: SimPost, number: str) -> dict[str, Any] | None:
        document = self._thread.one(post, number)
        return None if document is None else shown(document, post)


def parent_of(urn: str) -> str:
    """The number of the comment that a URN names, empty for a post."""
    found = _URN.fullmatch(urn)
    return found[2] if found else ""


def shown(document: Document, post: SimPost) -> dict[str, Any]:
    """A comment as the API gives it."""
    stamp = {"actor": document.body["actor"], "time": document.body["time"]}
    activity = f"urn:li:activity:{urns.id_of(post.id)}"
    urn = f"urn:li:comment:({activity},{document.id})"
    parent = document.body["parent"]
    return {
        "$URN": urn,
        "actor": document.body["actor"],
        "commentUrn": urn,
        "created": stamp,
        "id": document.id,
        "lastModified": stamp,
        "message": {"attributes": [], "text": document.body["text"]},
        "object": activity,
        **({"parentComment": f"urn:li:comment:({activity},{parent})"} if parent else {}),
    }


def _text(message: Any) -> str:
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise errors.invalid("MISSING_FIELD", "message/text is missing", "message/text")
    most = limit("comment_characters")
    if len(text) > most:
        said = f"A comment has at most {most} characters"
        raise errors.invalid("FIELD_LENGTH_TOO_LONG", said, "message/text")
    return text

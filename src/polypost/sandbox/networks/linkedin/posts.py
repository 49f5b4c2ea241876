"""Making, reading, editing and removing posts over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, members, restli, urns
from polypost.sandbox.networks.linkedin.auth import Auth, Caller
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.rates import Rates
from polypost.sandbox.simkit import Network, Refused, SimPost, exchange

EDITABLE = ("commentary", "contentCallToActionLabel", "contentLandingPage", "lifecycleState")
MOST_LISTED = 1_000
# Reports tell of duplicates of posts that were deleted or never shown.
GHOST = "urn:li:share:7000000000000000000"


class Posts:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, composer: Composer) -> None:
        self._auth = auth
        self._rates = rates
        self._net = net
        self._composer = composer

    async def create(self, request: Request) -> Response:
        """`POST /rest/posts`, the call that makes something visible; what was made stands in a header only."""
        caller = self._auth.enter(request)
        self._rates.take(caller)
        body = await restli.read_object(request)
        if "author" in body and isinstance(body["author"], str):
            exchange(request).identify(body["author"])
        if (path := next(members.unknown(body), None)) is not None:
            raise errors.unknown_member(path)
        order = self._composer.check(caller, body)
        call = exchange(request)
        if call.fault("ghost_duplicate"):
            raise Refused(errors.duplicate(GHOST))
        if call.fault("conflict"):
            raise errors.refused("conflict")
        async with call.commit():
            self._composer.refuse_duplicate(order)
            post = self._composer.make(order)
        return created(post.id)

    async def act(self, request: Request) -> Response:
        """`POST /rest/posts/{urn}`: PARTIAL_UPDATE."""
        caller = self._auth.enter(request)
        method = request.headers.get("x-restli-method", "").upper()
        if method and method != "PARTIAL_UPDATE":
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"Method {method[:40]} is not supported here")
        post = self._own(request, caller, request.path_params["urn"])
        patch = (await restli.read_object(request)).get("patch")
        changes = patch.get("$set") if isinstance(patch, dict) else None
        if not isinstance(changes, dict) or not changes:
            raise errors.invalid("MISSING_FIELD", "patch/$set is missing", "patch")
        if unknown := sorted(set(changes) - set(EDITABLE)):
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"{unknown[0]} cannot be changed", unknown[0])
        self._edit(post, changes)
        return Response(status_code=204, headers=errors.traced())

    def _edit(self, post: SimPost, changes: dict[str, Any]) -> None:
        record = {**post.raw["record"], **changes, "lastModifiedAt": _now()}
        text = None
        if "commentary" in changes:
            read = self._composer.read(changes["commentary"])
            text, record["commentary"] = read.text, read.little
        record["lifecycleStateInfo"] = {"isEditedByAuthor": True}
        self._net.posts.update(post.id, text=text, raw={**post.raw, "record": record})

    async def delete(self, request: Request) -> Response:
        """`DELETE /rest/posts/{urn}`: 204, also for what is gone."""
        caller = self._auth.enter(request)
        post = self._composer.find(request.path_params["urn"], deleted=True)
        if post is not None:
            if not caller.writes(post.account_id):
                raise errors.denied("partnerApiPostsExternal.DELETE")
            exchange(request).identify(post.account_id)
            self._net.posts.delete(post.id)
        return Response(status_code=204, headers=errors.traced())

    async def one(self, request: Request) -> Response:
        """`GET /rest/posts/{urn}`."""
        caller = self._auth.enter(request)
        self._reader(caller)
        urn = request.path_params["urn"]
        if urns.kind_of(urn) not in urns.POSTS:
            raise errors.invalid("INVALID_URN_TYPE", f"{urn[:60]} is no post", "id")
        record = self._record(caller, urn)
        if record is None:
            raise errors.not_found(urn)
        return JSONResponse(record)

    async def several(self, request: Request) -> Response:
        """`GET /rest/posts`: by author, or `ids=List(…)`."""
        caller = self._auth.enter(request)
        ids = restli.listed(request, "ids")
        if ids is not None:
            self._reader(caller)
            return restli.batch(ids, lambda urn: self._record(caller, urn))
        if request.query_params.get("q") != "author":
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "There is no such finder", "q")
        return self._by_author(request, caller)

    def _by_author(self, request: Request, caller: Caller) -> Response:
        author = request.query_params.get("author", "")
        if urns.kind_of(author) not in urns.AUTHORS:
            raise errors.invalid("INVALID_URN_TYPE", "The author is no member and no organization", "author")
        if not caller.reads(author):
            raise errors.denied("partnerApiPostsExternal.FINDER-author")
        exchange(request).identify(author)
        start, count = restli.page_of(request)
        lag = timedelta(seconds=exchange(request).seconds("listing_lag"))
        posts = self._net.posts.by_account(author, limit=MOST_LISTED, until=clock.now() - lag)
        # Comments are kept as documents, so everything here is a post.
        by = "lastModifiedAt" if request.query_params.get("sortBy") == "LAST_MODIFIED" else "createdAt"
        records = sorted((post.raw["record"] for post in posts), key=lambda record: -int(record[by]))
        return restli.collection(records[start : start + count], start, count, len(records))

    def _own(self, request: Request, caller: Caller, urn: str) -> SimPost:
        post = self._composer.find(urn)
        if post is None:
            raise errors.not_found(urn)
        if not caller.writes(post.account_id):
            raise errors.denied("partnerApiPostsExternal.PARTIAL_UPDATE")
        exchange(request).identify(post.account_id)
        return post

    def _reader(self, caller: Caller) -> None:
        if not caller.may("r_member_social", "r_organization_social"):
            raise errors.denied("partnerApiPostsExternal.GET")

    def _record(self, caller: Caller, urn: str) -> dict[str, Any] | None:
        post = self._composer.find(urn)
        if post is None or not caller.reads(post.account_id):
            return None
        record: dict[str, Any] = post.raw["record"]
        return record


def created(urn: str) -> Response:
    """201 without a body, under both names that the header has."""
    # The second name is not documented and has been seen.
    headers = {"x-restli-id": urn, "x-linkedin-id": urn, **errors.traced()}
    return Response(status_code=201, headers=headers)


def _now() -> int:
    return int(clock.now().timestamp() * 1000)

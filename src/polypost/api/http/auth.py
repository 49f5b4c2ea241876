"""The key in `x-access-key` → the project (RELIABILITY K1, K2)."""

from __future__ import annotations

from starlette.requests import Request

from polypost.access import Principal
from polypost.entrance.services import services
from polypost.errors import Forbidden, InvalidRequest, Problem, Unauthorized
from polypost.outbound import on_behalf_of
from polypost.posts import queries

HEADER = "x-access-key"


async def principal(request: Request, *scopes: str, by_profile: bool = False) -> Principal:
    """Who asks, with a key that has one of the scopes, if any is needed.

    A key that is bound to profiles is refused by every call but those that keep to them, `by_profile`.
    Raises Unauthorized, Forbidden, TooManyRequests; 400 for two keys.
    """
    keys = request.headers.getlist(HEADER)
    rooms = services(request)
    address = rooms.proxies.client(request.client.host, request.headers) if request.client else ""
    if len(keys) != 1 or not keys[0]:
        # Those without a right key have a bucket of their own: they use up nothing of who has one.
        rooms.throttle.failure(address)
    if len(keys) > 1:
        raise InvalidRequest([Problem(HEADER, "is given more than once", "Send one key.", "two_keys")])
    if not keys or not keys[0]:
        instead = ", not in Authorization" if "authorization" in request.headers else ""
        raise Unauthorized(
            "The x-access-key header is missing.",
            next_step=f"Send your API key in x-access-key{instead}; the server's operator makes one with "
            "`polypost keys create`.",
        )
    try:
        found = await rooms.keyring.authenticate(keys[0])
    except Unauthorized:
        rooms.throttle.failure(address)
        raise
    request.state.who = found
    rooms.throttle.address(address)
    on_behalf_of(found.project.id)
    request.state.allowance = rooms.throttle.key(found.key_id)
    found.require(*scopes)
    if found.profiles and not by_profile:
        raise Forbidden(
            "This API key is bound to profiles, and this call is about the whole project.",
            code="key_bound_to_profiles",
            next_step="Use a key without profiles: `polypost keys create` without --profile.",
        )
    return found


async def principal_for(request: Request, post_id: str, *scopes: str) -> Principal:
    """As `principal`, for a call about one post. Raises NotFound when it has accounts that the key does not reach."""
    found = await principal(request, *scopes, by_profile=True)
    if found.profiles:
        await services(request).store.read(
            lambda db: queries.require_within(db, found.project.id, post_id, found.profiles)
        )
    return found

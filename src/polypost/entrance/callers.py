"""Who asks by an API key, and whether the key reaches what is asked for (RELIABILITY K1, K2)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from polypost.access import Principal
from polypost.entrance.services import Services, services
from polypost.errors import Forbidden, InvalidRequest, Problem, Unauthorized
from polypost.outbound import on_behalf_of
from polypost.posts import queries

HEADER = "x-access-key"


async def caller(request: Request, keys: Sequence[str], missing: str) -> Principal:
    """Who sent the request with these keys, of which there has to be one; `missing` is what to do where there is none.

    Raises Unauthorized, Forbidden, TooManyRequests; 400 for two keys.
    """
    rooms = services(request)
    address = rooms.proxies.client(request.client.host, request.headers) if request.client else ""
    if len(keys) != 1 or not keys[0]:
        # Those without a right key have a bucket of their own: they use up nothing of who has one.
        rooms.throttle.failure(address)
    if len(keys) > 1:
        raise InvalidRequest([Problem(HEADER, "is given more than once", "Send one key.", "two_keys")])
    if not keys or not keys[0]:
        raise Unauthorized("The x-access-key header is missing.", next_step=missing)
    try:
        found = await rooms.keyring.authenticate(keys[0])
    except Unauthorized:
        rooms.throttle.failure(address)
        raise
    request.state.who = found
    rooms.throttle.address(address)
    on_behalf_of(found.project.id)
    request.state.allowance = rooms.throttle.key(found.key_id)
    return found


def require(who: Principal, *scopes: str, by_profile: bool = False) -> None:
    """Pass when the key has one of the scopes, if any is needed.

    One that is bound to profiles is refused by every call but those that keep to them, `by_profile`. Raises Forbidden.
    """
    who.require(*scopes)
    if who.profiles and not by_profile:
        raise Forbidden(
            "This API key is bound to profiles, and this call is about the whole project.",
            code="key_bound_to_profiles",
            next_step="Use a key without profiles: `polypost keys create` without --profile.",
        )


async def require_post(rooms: Services, who: Principal, post_id: str, *scopes: str) -> None:
    """As `require`, for one post. Raises NotFound when it has accounts that the key does not reach."""
    require(who, *scopes, by_profile=True)
    if who.profiles:
        await rooms.store.read(lambda db: queries.require_within(db, who.project.id, post_id, who.profiles))

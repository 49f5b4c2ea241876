"""The key in `x-access-key` → the project (RELIABILITY K1, K2)."""

from __future__ import annotations

from starlette.requests import Request

from polypost.access import Principal
from polypost.entrance.callers import HEADER, caller, require, require_post
from polypost.entrance.services import services

_MISSING = "Send your API key in x-access-key{}; the server's operator makes one with `polypost keys create`."


async def principal(request: Request, *scopes: str, by_profile: bool = False) -> Principal:
    """Who asks, with a key that has one of the scopes, if any is needed.

    A key that is bound to profiles is refused by every call but those that keep to them, `by_profile`.
    Raises Unauthorized, Forbidden, TooManyRequests; 400 for two keys.
    """
    instead = ", not in Authorization" if "authorization" in request.headers else ""
    found = await caller(request, request.headers.getlist(HEADER), _MISSING.format(instead))
    require(found, *scopes, by_profile=by_profile)
    return found


async def principal_for(request: Request, post_id: str, *scopes: str) -> Principal:
    """As `principal`, for a call about one post. Raises NotFound when it has accounts that the key does not reach."""
    found = await principal(request, *scopes, by_profile=True)
    await require_post(services(request), found, post_id)
    return found

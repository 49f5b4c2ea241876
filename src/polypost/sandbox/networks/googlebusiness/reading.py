"""The v1 interfaces: accounts, locations, the standing of a location."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.googlebusiness import errors
from polypost.sandbox.networks.googlebusiness.auth import Auth
from polypost.sandbox.networks.googlebusiness.business import ACCOUNTS, Business, location_view
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.networks.googlebusiness.schema import camel
from polypost.sandbox.simkit import Account, exchange

T = TypeVar("T")
MANAGEMENT = "mybusinessaccountmanagement.googleapis.com"
INFORMATION = "mybusinessbusinessinformation.googleapis.com"
VERIFICATIONS = "mybusinessverifications.googleapis.com"
# Members of a location that a mask may name; those without a value here are left out of answers, as empty ones are.
MEMBERS = frozenset({
    "name", "languageCode", "storeCode", "title", "phoneNumbers", "categories", "storefrontAddress",
    "websiteUri", "regularHours", "specialHours", "serviceArea", "labels", "adWordsLocationExtensions",
    "latlng", "openInfo", "metadata", "profile", "relationshipData", "moreHours", "serviceItems",
})  # fmt: skip


class Reading:
    """The handlers."""

    def __init__(self, auth: Auth, business: Business) -> None:
        self._auth = auth
        self._business = business

    async def accounts(self, request: Request) -> Response:
        """`GET /v1/accounts`: the person's own account first."""
        self._auth.enter(request, MANAGEMENT, "filter", "pageSize", "pageToken", "parentAccount")
        most = limit("accounts_page_size")
        found, more = paged(request, ACCOUNTS, default=most, most=most)
        return JSONResponse(({"accounts": found} if found else {}) | more)

    async def account(self, request: Request) -> Response:
        """`GET /v1/accounts/{id}`."""
        self._auth.enter(request, MANAGEMENT)
        name = f"accounts/{request.path_params['account']}"
        for each in ACCOUNTS:
            if each["name"] == name:
                return JSONResponse(each)
        raise errors.not_found()

    async def locations(self, request: Request) -> Response:
        """`GET /v1/accounts/{id}/locations`; `accounts/-` asks for those of all accounts."""
        known = ("filter", "orderBy", "pageSize", "pageToken", "readMask")
        self._auth.enter(request, INFORMATION, *known)
        name = f"accounts/{request.path_params['account']}"
        if name not in {"accounts/-", *(each["name"] for each in ACCOUNTS)}:
            raise errors.not_found()
        mask = _mask(request)
        listed = [] if exchange(request).fault("no_locations") else self._business.of(name)
        default, most = limit("locations_page_size"), limit("locations_page_size_max")
        found, more = paged(request, listed, default=default, most=most)
        voice = exchange(request).fault("suspended") is None
        shown = [masked(location_view(each, voice=voice), mask) for each in found]
        total = {"totalSize": len(listed)} if name != "accounts/-" and listed else {}
        return JSONResponse(({"locations": shown} if shown else {}) | more | total)

    async def location(self, request: Request) -> Response:
        """`GET /v1/locations/{id}`."""
        self._auth.enter(request, INFORMATION, "readMask")
        mask = _mask(request)
        voice = exchange(request).fault("suspended") is None
        return JSONResponse(masked(location_view(self._location(request), voice=voice), mask))

    async def standing(self, request: Request) -> Response:
        """`GET /v1/locations/{id}/VoiceOfMerchantState`."""
        self._auth.enter(request, VERIFICATIONS)
        self._location(request)
        if exchange(request).fault("suspended"):
            return JSONResponse(
                {"complyWithGuidelines": {"recommendationReason": "BUSINESS_LOCATION_SUSPENDED"}}
            )
        return JSONResponse({"hasVoiceOfMerchant": True, "hasBusinessAuthority": True})

    def _location(self, request: Request) -> Account:
        found = self._business.location(f"locations/{request.path_params['location']}")
        if found is None:
            raise errors.not_found()
        return found


def paged(
    request: Request, items: Sequence[T], *, default: int, most: int, key: Callable[[T], str] | None = None
) -> tuple[list[T], dict[str, str]]:
    """One page of a list, and the token of the next. With `key` the items are in its order. Raises Refused (400).

    Too large a page is made smaller; a token tells the place, or with `key` the item after which the page begins.
    """
    query = request.query_params
    size = query.get("pageSize", "0") or "0"
    if not re.fullmatch(r"-?[0-9]{1,9}", size):
        raise errors.bad_parameter("page_size", f"Invalid value at 'page_size' (TYPE_INT32), \"{size[:40]}\"")
    if int(size) < 0:
        raise errors.bad_parameter("page_size", "page_size must not be negative.")
    # Absent and 0 are one in protocol messages.
    wanted = min(int(size) or default, most)
    token = query.get("pageToken", "")
    try:
        after = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise errors.bad_parameter("page_token", "Invalid page token.") from None
    if key is None:
        if token and not after.isdecimal():
            raise errors.bad_parameter("page_token", "Invalid page token.")
        rest = list(items[int(after or 0) :])
    else:
        rest = [each for each in items if key(each) > after]
    page = rest[:wanted]
    if len(rest) <= wanted:
        return page, {}
    place = str(int(after or 0) + wanted) if key is None else key(page[-1])
    return page, {"nextPageToken": base64.urlsafe_b64encode(place.encode()).decode()}


def _mask(request: Request) -> list[str]:
    """The members that are asked for. Raises Refused (400) without any, or for one that does not exist."""
    text = request.query_params.get("readMask", "")
    names = [name.strip() for name in text.split(",") if name.strip()]
    # Business Information has no default mask (discovery document).
    if not names:
        raise errors.bad_parameter("read_mask", "Request must contain a read_mask.")
    if names == ["*"]:
        return sorted(MEMBERS)
    made = [camel(name) for name in names]
    for name, path in zip(names, made, strict=True):
        if path.partition(".")[0] not in MEMBERS:
            raise errors.bad_parameter("read_mask", f"Invalid field mask provided: {name[:80]}")
    return made


def masked(value: Mapping[str, Any], mask: Sequence[str]) -> dict[str, Any]:
    """The members of a value that a mask names; a dot leads into a message."""
    found: dict[str, Any] = {}
    for path in mask:
        name, _, inner = path.partition(".")
        if name not in value:
            continue
        if inner and isinstance(value[name], Mapping):
            part = masked(value[name], [inner])
            if part:
                found[name] = {**found.get(name, {}), **part}
        else:
            found[name] = value[name]
    return found

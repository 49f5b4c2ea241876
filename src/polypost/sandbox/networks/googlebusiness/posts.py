"""The v4 interface: making, reading, listing, changing and deleting local posts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.googlebusiness import errors
from polypost.sandbox.networks.googlebusiness.auth import Auth
from polypost.sandbox.networks.googlebusiness.business import Business
from polypost.sandbox.networks.googlebusiness.compose import checked
from polypost.sandbox.networks.googlebusiness.intake import Intake
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.networks.googlebusiness.rates import Rates
from polypost.sandbox.networks.googlebusiness.reading import paged
from polypost.sandbox.networks.googlebusiness.schema import LOCAL_POST, body_of, camel
from polypost.sandbox.networks.googlebusiness.shelf import PROCESSING, LocalPost, Shelf
from polypost.sandbox.simkit import Account, Media, Network, exchange

SERVICE = "mybusiness.googleapis.com"
LOCAL = "https://local.google.com"
# A text with this in it is rejected by the content policy, which gives no reason.
MARK = "sandbox:rejected"


class Posts:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, rates: Rates, business: Business, shelf: Shelf) -> None:
        self._auth = auth
        self._rates = rates
        self._business = business
        self._net = net
        self._shelf = shelf
        self._intake = Intake(net)

    async def create(self, request: Request) -> Response:
        """`POST /v4/accounts/{}/locations/{}/localPosts`, the call that makes something visible."""
        location = self._enter(request)
        call = exchange(request)
        if call.fault("role_lost"):
            raise errors.forbidden()
        self._rates.edit(location)
        told = await self._told(request, await body_of(request, LOCAL_POST, "local_post"))
        media = await self._media(request, told)
        rejected = call.fault("rejected") is not None or MARK in told.get("summary", "")
        extra, held = call.seconds("processing"), call.fault("suspended") is not None
        async with call.commit():
            post = self._shelf.add(location, told, media, extra=extra, fails=rejected, held=held)
        body = self._view(request, post)
        # A 200 without a name leaves the client in doubt about what it made.
        if call.fault("nameless"):
            del body["name"]
        return JSONResponse(body)

    async def get(self, request: Request) -> Response:
        """`GET /v4/{name}`."""
        location = self._enter(request)
        return JSONResponse(self._view(request, self._shelf.look(self._post(request, location))))

    async def listed(self, request: Request) -> Response:
        """`GET /v4/accounts/{}/locations/{}/localPosts`, in no order that anybody has written down."""
        location = self._enter(request, "pageSize", "pageToken")
        until = clock.now() - timedelta(seconds=exchange(request).seconds("listing_lag"))
        found, more = paged(
            request,
            self._shelf.of(location, until=until),
            default=limit("posts_page_size"),
            most=limit("posts_page_size_max"),
            key=lambda post: post.order,
        )
        shown = [self._view(request, post) for post in found]
        return JSONResponse(({"localPosts": shown} if shown else {}) | more)

    async def change(self, request: Request) -> Response:
        """`PATCH /v4/{name}?updateMask=…`: the members that the mask names."""
        location = self._enter(request, "updateMask")
        post = self._post(request, location)
        self._rates.edit(location)
        given = await body_of(request, LOCAL_POST, "local_post")
        mask = [
            part.strip() for part in request.query_params.get("updateMask", "").split(",") if part.strip()
        ]
        if not mask:
            raise errors.bad_parameter("update_mask", "update_mask is required.")
        told = dict(post.told)
        for path in mask:
            _put(told, given, camel(path).split("."))
        # A time that is over would be refused again, though this change does not touch it.
        planned = told.pop("scheduledTime", None) if "scheduledTime" not in given else None
        told = await self._told(request, told) | ({"scheduledTime": planned} if planned else {})
        kept = "media" not in {path.partition(".")[0] for path in mask}
        media = post.media if kept else await self._media(request, told)
        return JSONResponse(self._view(request, self._shelf.change(post, told, media)))

    async def delete(self, request: Request) -> Response:
        """`DELETE /v4/{name}`."""
        location = self._enter(request)
        post = self._post(request, location)
        if exchange(request).fault("cannot_delete"):
            raise errors.forbidden()
        self._rates.edit(location)
        self._shelf.delete(post)
        return JSONResponse({})

    async def nowhere(self, request: Request) -> Response:
        """Every other path of v4, `v4/locations/…` among them: the account belongs in it."""
        self._auth.enter(request, SERVICE, *request.query_params)
        raise errors.not_found()

    def _enter(self, request: Request, *parameters: str) -> Account:
        self._auth.enter(request, SERVICE, *parameters)
        path = request.path_params
        location = self._business.at(path["account"], path["location"])
        if location is None:
            raise errors.not_found()
        exchange(request).identify(location.id)
        return location

    def _post(self, request: Request, location: Account) -> LocalPost:
        found = self._shelf.get(location, request.path_params["post"])
        if found is None:
            raise errors.not_found()
        return found

    async def _told(self, request: Request, post: dict[str, Any]) -> dict[str, Any]:
        call = exchange(request)
        return checked(
            post,
            times_required=call.fault("times_required") is not None,
            offer_needs_event=call.fault("offer_needs_event") is not None,
        )

    async def _media(self, request: Request, told: Mapping[str, Any]) -> list[Media]:
        items = told.get("media", [])
        if items and exchange(request).fault("fetch_failed"):
            raise errors.invalid(errors.FETCH, "Fetching image failed.")
        return [await self._intake.photo(item["sourceUrl"]) for item in items]

    def _view(self, request: Request, post: LocalPost) -> dict[str, Any]:
        """A post under the name by which it was asked for."""
        path = request.path_params
        place = f"accounts/{path['account']}/locations/{path['location']}"
        state, told = post.state, post.told
        shown = {
            "name": f"{place}/localPosts/{post.id}",
            "languageCode": told.get("languageCode", "en"),
            "summary": told.get("summary"),
            "callToAction": told.get("callToAction"),
            "state": state,
            "updateTime": _stamp(post.body["updated"]),
            "createTime": _stamp(post.created.timestamp()),
            "scheduledTime": told.get("scheduledTime"),
            "event": told.get("event"),
            "media": [
                {
                    "name": f"{place}/media/localPosts/{media['blob']}",
                    "mediaFormat": "PHOTO",
                    "googleUrl": self._net.address(media),
                }
                for media in post.media
            ],
            "topicType": told["topicType"],
            "alertType": told.get("alertType"),
            "offer": told.get("offer"),
        }
        # Believed: what is not visible yet has no address on Search.
        if state != PROCESSING and not exchange(request).fault("no_search_url"):
            shown["searchUrl"] = LOCAL + post.path
        return {name: _lean(value) for name, value in shown.items() if value}


def _lean(value: Any) -> Any:
    """A value as protocol messages become JSON: zeros and empty texts are left out, messages stay."""
    if isinstance(value, Mapping):
        return {name: _lean(member) for name, member in value.items() if member not in (0, "", [])}
    return [_lean(each) for each in value] if isinstance(value, list) else value


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _put(told: dict[str, Any], given: Mapping[str, Any], steps: list[str]) -> None:
    """Set what a path of the mask names, or remove it where the body has nothing there. Raises Refused (400)."""
    name, *inner = steps
    if name not in LOCAL_POST:
        raise errors.bad_parameter("update_mask", f"Invalid field mask provided: {name[:80]}")
    if inner and isinstance(LOCAL_POST[name], Mapping):
        part = dict(told.get(name, {}))
        source = given.get(name, {})
        if inner[0] in source:
            part[inner[0]] = source[inner[0]]
        else:
            part.pop(inner[0], None)
        told[name] = part
    elif name in given:
        told[name] = given[name]
    else:
        told.pop(name, None)

"""What all lists share: ids, pages and their tokens, the caller's choice of fields."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.fields import parse, pick
from polypost.sandbox.networks.youtube.limits import limit
from polypost.sandbox.networks.youtube.videos import tagged
from polypost.sandbox.simkit import BadBody, Network, SimPost, exchange, read_json

# More than this is never listed of one channel.
MOST = 5_000


def shown(request: Request, body: dict[str, Any], status: int = 200) -> Response:
    """An answer, cut to the `fields` that were asked for."""
    text = request.query_params.get("fields", "")
    return JSONResponse(pick(body, parse(text)) if text else body, status)


def ids(request: Request, name: str = "id") -> list[str]:
    """The ids of a parameter, given as a list with commas or several times. Raises Refused (400) for too many."""
    found = [each for text in request.query_params.getlist(name) for each in text.split(",") if each]
    if len(found) > limit("ids_per_list"):
        raise errors.bad_parameter(name, "The request specifies too many ids.", "invalidFilters")
    return list(dict.fromkeys(found))


def yes(request: Request, name: str) -> bool:
    """Whether a parameter is true, in whichever letters a client writes that."""
    return request.query_params.get(name, "").lower() in {"true", "1"}


def no_filter(*expected: str) -> Exception:
    """400 for a list that is asked for without saying of what."""
    message = f"No filter selected. Expected one of: {', '.join(expected)}"
    return errors.refused(
        400,
        "missingRequiredParameter",
        message,
        domain="youtube.parameter",
        location="parameters.",
        kind="other",
    )


def listed(kind: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A list of everything that was found, on one page."""
    info = {"totalResults": len(items), "resultsPerPage": len(items)}
    return tagged({"kind": f"youtube#{kind}", "items": list(items), "pageInfo": info})


def page(
    request: Request, kind: str, items: Sequence[dict[str, Any]], *, size: str = "page_size"
) -> dict[str, Any]:
    """One page of a list. Raises Refused (400) for a bad `maxResults` or `pageToken`."""
    text = request.query_params.get("maxResults", str(limit(size)))
    most = limit(f"{size}_max")
    if not text.isascii() or not text.isdecimal() or not 0 <= int(text[:6]) <= most:
        raise errors.bad_parameter(
            "maxResults", f"Invalid value '{text[:20]}'. Values must be within the range: [0, {most}]"
        )
    count, begin = int(text[:6]), _begin(request.query_params.get("pageToken", ""))
    part = list(items[begin : begin + count])
    body: dict[str, Any] = {
        "kind": f"youtube#{kind}",
        "items": part,
        "pageInfo": {"totalResults": len(items), "resultsPerPage": count},
    }
    # A page of size 0 would lead to itself forever.
    if begin + count < len(items) and count:
        body["nextPageToken"] = _token(begin + count)
    if begin:
        body["prevPageToken"] = _token(max(0, begin - count))
    return tagged(body)


def _token(begin: int) -> str:
    return base64.urlsafe_b64encode(b"at:%d" % begin).decode().rstrip("=")


def _begin(token: str) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        return min(int(text.removeprefix("at:")), MOST)
    except (binascii.Error, ValueError) as error:
        message = "The request specifies an invalid page token."
        raise errors.bad_parameter("pageToken", message, "invalidPageToken") from error


def uploads_of(request: Request, net: Network, channel_id: str) -> list[SimPost]:
    """A channel's videos as lists know them, newest first; they lag where a rule says so."""
    lag = timedelta(seconds=exchange(request).seconds("listing_lag"))
    return net.posts.by_account(channel_id, limit=MOST, until=clock.now() - lag)


async def resource(request: Request) -> dict[str, Any]:
    """The JSON object in a request's body. Raises Refused (400)."""
    try:
        body = await read_json(request)
    except BadBody as error:
        raise errors.bad_request("Invalid JSON payload received.") from error
    if not isinstance(body, dict):
        raise errors.bad_request("Invalid JSON payload received.")
    return body


def member(body: dict[str, Any], *path: str) -> Any:
    """A member within members, None where the way there ends."""
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found

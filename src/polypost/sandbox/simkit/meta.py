"""What Meta's networks share: the envelope of refusals, parameters, and the login whose tokens are lengthened."""

from __future__ import annotations

import base64
import json
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.convertors import FloatConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.simkit.accounts import Token
from polypost.sandbox.simkit.addresses import origin
from polypost.sandbox.simkit.bodies import BadBody, Params, bearer, read_text_params
from polypost.sandbox.simkit.oauth import OAuthServer
from polypost.sandbox.simkit.rates import Bucket
from polypost.sandbox.simkit.traffic import Refused, Wording

OAUTH, GRAPH = "OAuthException", "GraphMethodException"
SUCCESS = {"success": True}
TRUE, FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
# The store numbers posts with 64 bits; a cursor that somebody made up must not overflow them.
NEWEST = 2**62
DENIED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of Meta's tables: numbers, what each reader is told, HTTP status, and `error_data` where there is some."""

    code: int
    subcode: int | None
    message: str
    title: str = ""
    user: str = ""
    status: int = 400
    transient: bool = False
    kind: str = OAUTH
    data: Mapping[str, Any] | None = None


# Rate limits of Meta have no Retry-After: the usage headers tell the minutes (Graph API: Rate Limiting).
APP_RATE = Fault(4, None, "(#4) Application request limit reached", status=403, transient=True)
# What every network of Meta's says alike.
SHARED = {
    "accident": Fault(2, None, "An unexpected error has occurred. Please retry your request later.",
        "Service temporarily unavailable", "Try again later.", status=500, transient=True),
    "app_rate": APP_RATE,
# Meta answers 401 seldom; clients are to go by code and subcode alone (Graph API: Error Handling).
    "no_token": Fault(104, None, "An access token is required to request this resource.", status=401),
    "unparsable": Fault(190, None, "Invalid OAuth access token - Cannot parse access token"),
    "expired": Fault(190, 463, "Error validating access token: Session has expired."),
}  # fmt: skip


def answer(fault: Fault, *, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope with a fresh trace id."""
    error: dict[str, Any] = {"message": fault.message, "type": fault.kind, "code": fault.code}
    if fault.data is not None:
        error["error_data"] = dict(fault.data)
    if fault.subcode is not None:
        error["error_subcode"] = fault.subcode
    error["is_transient"] = fault.transient
    if fault.title:
        error |= {"error_user_title": fault.title, "error_user_msg": fault.user}
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return JSONResponse({"error": error}, fault.status, headers=headers)


def wording(faults: Mapping[str, Fault], rate_limited: Callable[[float], Response]) -> Wording:
    """How a network words the faults, by its own table."""
    error, duplicate, token_dead, token_expired = (
        partial(answer, faults[name]) for name in ("accident", "duplicate", "invalidated", "expired")
    )
    return Wording(error, rate_limited, duplicate, token_dead, token_expired)


def missing(object_id: str, method: str = "get") -> Refused:
    """100/33 for an object that is not there, or not for this caller."""
    message = (
        f"Unsupported {method} request. Object with ID '{object_id[:40]}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation"
    )
    return Refused(answer(Fault(100, 33, message, kind=GRAPH)))


def invalid(message: str, kind: str = OAUTH) -> Refused:
    """100 for a parameter that is missing or wrong."""
    return Refused(answer(Fault(100, None, f"(#100) {message}", kind=kind)))


async def graph_params(request: Request, kind: str = OAUTH) -> Params:
    """The parameters of a Graph call. Raises Refused (100) for a body that cannot be read."""
    try:
        return await read_text_params(request)
    except BadBody as error:
        raise invalid(f"The request cannot be read: {error}", kind) from error


def object_id(request: Request) -> str:
    """The id in the path."""
    return str(request.path_params.get("id", "me"))


def flag(params: Params, name: str, *, default: bool = False, kind: str = OAUTH) -> bool:
    """A yes or no in any of the ways in which clients write it. Raises Refused (100)."""
    text = params.text(name).lower()
    if not text:
        return default
    if text not in TRUE | FALSE:
        raise invalid(f"Param {name} must be a boolean", kind)
    return text in TRUE


def instant(text: str, name: str, kind: str = OAUTH) -> datetime:
    """A time in seconds since 1970 or as ISO 8601. Raises Refused (100)."""
    try:
        if text.isascii() and text.isdecimal() and len(text) <= 11:
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"Param {name} must be a time", kind) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def page_size(text: str, usual: int, most: int, kind: str = OAUTH) -> int:
    """The `limit` of a list. Raises Refused (100)."""
    text = text or str(usual)
    if not text.isascii() or not text.isdecimal() or int(text[:9]) < 1:
        raise invalid("Param limit must be a number of at least 1", kind)
    return min(int(text[:9]), most)


def cursor(key: str) -> str:
    """A place in a list, as clients get it."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def key_of(cursor: str) -> str:
    """The key behind a cursor. Raises ValueError."""
    return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()


def seq_cursor(seq: int) -> str:
    """The cursor of a post, by its number."""
    return cursor(f"seq:{seq}")


def seq_of(params: Params, name: str, kind: str = OAUTH) -> int | None:
    """The number behind a cursor of a post, None without one. Raises Refused (100)."""
    text = params.text(name)
    try:
        return min(int(key_of(text).removeprefix("seq:")), NEWEST) if text else None
    except ValueError as error:
        raise invalid(f"Invalid parameter: {name}", kind) from error


def stamp(at: datetime) -> str:
    """A time as the Graph API writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S+0000}"


def paging(request: Request, token: Token, first: str, last: str, *, more: bool) -> dict[str, Any]:
    """The cursors of the first and the last that is shown and, where there is `more`, the address that leads on."""
    cursors = {"before": first, "after": last}
    if not more:
        return {"cursors": cursors}
    asked = {name: value for name, value in request.query_params.items() if name != "before"}
    # The address leads on by itself, so the token is in it even when it came in a header.
    way = {"access_token": token.value, **asked, "after": last}
    return {"cursors": cursors, "next": f"{origin(request)}{request.url.path}?{urlencode(way)}"}


def metric_names(params: Params) -> list[str]:
    """The metrics that are asked for, each once: a list, its JSON, or names with commas between them."""
    given = params.values.get("metric")
    return listed_names([str(each) for each in given] if isinstance(given, list) else [params.text("metric")])


def listed_names(texts: Iterable[str]) -> list[str]:
    """The names in these texts, each once."""
    names = [name.strip(' "[]') for text in texts for name in text.split(",")]
    return list(dict.fromkeys(name for name in names if name))


def insight(owner: str, name: str, period: str, title: str, told: str, **values: Any) -> dict[str, Any]:
    """One metric of a post, a video or an account; `told` is its description."""
    where = f"{owner}/insights/{name}/{period}"
    return {"name": name, "period": period, "title": title, "description": told, "id": where, **values}


def upload_header(request: Request, name: str) -> int:
    """A number of bytes in a header of rupload.facebook.com. Raises Refused."""
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise upload_failed("ProcessingFailedError", f"The header {name} must be a number of bytes")
    return int(text)


def upload_failed(kind: str, message: str, *, retriable: bool = False) -> Refused:
    """What rupload.facebook.com says when it takes no more."""
    body = {"debug_info": {"retriable": retriable, "type": kind, "message": message}}
    return Refused(JSONResponse(body, 400))


class _Version(FloatConvertor):
    """The versions that the Graph API has had, down to the first: those that are over are answered by the oldest left."""

    # As remembered of the Graph API's changelog, up to the version that the connectors speak.
    regex = r"1\.0|2\.(?:\d|1[0-2])|3\.[0-3]|(?:[4-9]|1\d|2[0-6])\.0"


register_url_convertor("graph", _Version())


async def nowhere(request: Request) -> Response:
    """The answer for an address, edge or version that the Graph API does not have."""
    # A version that never was gets it too, and is itself not named (koala, issue 611).
    return answer(Fault(2500, None, f"Unknown path components: /{request.path_params['rest']}"))


def spent(percent: int) -> dict[str, int]:
    """A share of calls as the usage headers tell it."""
    return {"call_count": percent, "total_cputime": percent, "total_time": percent}


def share(bucket: Bucket) -> int:
    """The percent of a bucket that is used up."""
    return 100 - 100 * bucket.remaining // bucket.limit if bucket.ok else 100


def compact(value: object) -> str:
    """JSON as the usage headers have it."""
    return json.dumps(value, separators=(",", ":"))


def usage(kind: str, owner: str, percent: int, minutes: int) -> dict[str, str]:
    """The two usage headers: percent of the app's and of the account's share, and the minutes to wait."""
    entry = {"type": kind, **spent(percent), "estimated_time_to_regain_access": minutes}
    return {"x-app-usage": compact(spent(percent)), "x-business-use-case-usage": compact({owner: [entry]})}


def rate_limited(kind: str, seconds: float) -> Response:
    """4 with headers that say in how many minutes calls are welcome again."""
    return answer(APP_RATE, headers=usage(kind, "0", 100, max(1, math.ceil(seconds / 60))))


# "OAuth" is how the rupload hosts are told the token (Reels Publishing, Resumable Uploads).
def given_token(request: Request, params: Params) -> str:
    """The access token of a call: a parameter, or a header as Bearer or OAuth."""
    return params.text("access_token") or bearer(request, "oauth")


def bearing(token: Token) -> dict[str, Any]:
    """A token as the login's addresses give it."""
    return {"access_token": token.value, "token_type": "bearer", "expires_in": token.expires_in}


# The permissions that apps may ask people for: those that the connectors need, the others as remembered.
PERMISSIONS = frozenset({
    "ads_management", "ads_read", "attribution_read", "business_management", "catalog_management", "email",
    "facebook_branded_content_ads_brand", "facebook_creator_marketplace_discovery", "instagram_basic",
    "instagram_branded_content_ads_brand", "instagram_branded_content_brand", "instagram_branded_content_creator",
    "instagram_content_publish", "instagram_creator_marketplace_discovery", "instagram_manage_comments",
    "instagram_manage_contents", "instagram_manage_events", "instagram_manage_insights",
    "instagram_manage_messages", "instagram_manage_upcoming_events", "instagram_shopping_tag_products",
    "leads_retrieval", "manage_app_solution", "manage_fundraisers", "openid", "page_events", "pages_manage_ads",
    "pages_manage_cta", "pages_manage_engagement", "pages_manage_instant_articles", "pages_manage_metadata",
    "pages_manage_posts", "pages_messaging", "pages_read_engagement", "pages_read_user_content",
    "pages_show_list", "pages_user_gender", "pages_user_locale", "pages_user_timezone",
    "private_computation_access", "public_profile", "publish_video", "read_insights", "threads_business_basic",
    "user_age_range", "user_birthday", "user_friends", "user_gender", "user_hometown", "user_likes", "user_link",
    "user_location", "user_messenger_contact", "user_photos", "user_posts", "user_videos",
    "whatsapp_business_management", "whatsapp_business_manage_events", "whatsapp_business_messaging",
})  # fmt: skip


class MetaLogin(OAuthServer):
    """A login whose codes bring a token of hours, which is traded for one of sixty days; nothing else refreshes it."""

    commas = True
    no_app = "Invalid App ID: The provided app ID does not look like a valid app ID."
    no_redirect = "URL blocked: This redirect failed because the redirect URI is not white-listed in the app’s client OAuth settings."
    no_scope = "Invalid Scopes: {}. This message is only shown to developers."
    # None of these logins knows PKCE except that of Facebook, which states it.
    pkce: ClassVar[str | None] = None
    denied = DENIED

    def knows(self, client_id: str, secret: str) -> bool:
        """Whether an app may call: it is known, and shows a secret."""
        return bool(client_id and secret) and self._gate.knows(client_id, secret)

    def count(self, account_id: str, most: int) -> tuple[int, int]:
        """Count a call in the account's day: the percent of `most` that is used up, and the minutes to wait."""
        bucket = self._net.buckets.take("calls", account_id, limit=most, window=timedelta(hours=24))
        wait = 0 if bucket.ok else int((bucket.reset - clock.now()).total_seconds() / 60) + 1
        return share(bucket), wait

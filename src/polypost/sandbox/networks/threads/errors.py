"""How the Threads API says no: the Graph envelope, a code and often a subcode."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass, replace

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused

OAUTH, API, METHOD = "OAuthException", "THApiException", "GraphMethodException"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be refused: the numbers, the HTTP status, and what each reader is told."""

    code: int
    subcode: int | None
    message: str
    title: str = ""
    user: str = ""
    status: int = 400
    transient: bool = False
    kind: str = OAUTH


# Threads API: Troubleshooting, Graph API: Error Handling, and what issue logs show, read 2026-11-24.
FAULTS: dict[str, Fault] = {
    "media_not_found": Fault(
        24,
        4279009,
        "The requested resource does not exist",
        "Media Not Found",
        "The media with id {} cannot be found.",
    ),
    "child_expired": Fault(
        100,
        4279004,
        "Invalid parameter",
        "Carousel item expired",
        "An item of the carousel failed or has expired.",
    ),
    "restricted": Fault(
        25,
        4279013,
        "User access is restricted",
        "Account restricted",
        "This profile cannot publish now.",
        status=403,
    ),
    "spam": Fault(
        4,
        2207051,
        "Application request limit reached",
        "Action blocked",
        "This looked like spam.",
        status=403,
    ),
    # The number is Instagram's; no source shows which one Threads uses.
    "quota": Fault(
        9,
        2207042,
        "Application request limit reached",
        "Limit reached",
        "Wait before publishing more.",
        status=403,
    ),
    "fetch_refused": Fault(
        1,
        2207052,
        "Media download has failed",
        "Download failed",
        "The media could not be fetched from this URI.",
    ),
    "already_long": Fault(
        452, 4279019, "Session key invalid. This could be because the session key has an incorrect format."
    ),
    "expired": Fault(190, 463, "Error validating access token: Session has expired."),
    "invalidated": Fault(
        190, 460, "Error validating access token: The session was invalidated because the password changed."
    ),
    "unparsable": Fault(190, None, "Invalid OAuth access token - Cannot parse access token"),
    "no_token": Fault(104, None, "An access token is required to request this resource.", status=401),
    "bad_secret": Fault(101, None, "Error validating client secret."),
    "permission": Fault(10, None, "(#10) Application does not have permission for this action", status=403),
    "published_anyway": Fault(
        10, None, "(#10) Application does not have permission for this action", status=403, kind=METHOD
    ),
    "app_rate": Fault(4, None, "(#4) Application request limit reached", status=403, transient=True),
    "user_rate": Fault(17, None, "(#17) User request limit reached", transient=True),
    "duplicate": Fault(506, None, "(#506) Duplicate status message"),
    "accident": Fault(
        2,
        None,
        "An unexpected error has occurred. Please retry your request later.",
        "Service temporarily unavailable",
        "Try again later.",
        status=500,
        transient=True,
    ),
    "link_limit": Fault(
        100,
        None,
        "THREADS_API__LINK_LIMIT_EXCEEDED",
        "Too many links",
        "A post can have at most 5 links.",
        kind=API,
    ),
    "cannot_delete": Fault(10, None, "(#10) This post cannot be deleted over the API", status=403),
}


def answer(fault: Fault, *, headers: dict[str, str] | None = None) -> Response:
    """The envelope with a fresh trace id."""
    error: dict[str, object] = {"message": fault.message, "type": fault.kind, "code": fault.code}
    if fault.subcode is not None:
        error["error_subcode"] = fault.subcode
    error["is_transient"] = fault.transient
    if fault.title:
        error |= {"error_user_title": fault.title, "error_user_msg": fault.user}
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return JSONResponse({"error": error}, fault.status, headers=headers)


def refused(name: str, *told: str) -> Refused:
    """An entry of the table as an exception; `told` fills the gaps of its sentence."""
    fault = FAULTS[name]
    return Refused(answer(replace(fault, user=fault.user.format(*told or ("0",)))))


def invalid(message: str) -> Refused:
    """100 for a parameter that is missing or wrong."""
    return Refused(answer(Fault(100, None, f"(#100) {message}", kind=API)))


def missing(object_id: str, method: str = "get") -> Refused:
    """100/33 for an object that is not there, or not for this caller."""
    message = (
        f"Unsupported {method} request. Object with ID '{object_id[:40]}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation"
    )
    return Refused(answer(Fault(100, 33, message, kind=METHOD)))


def unknown_path() -> Response:
    """For an address or edge that the API does not have."""
    return answer(Fault(2500, None, "Unknown path components"))


def rate_limited(seconds: float) -> Response:
    """4 with headers that say in how many minutes calls are welcome again."""
    minutes = max(1, math.ceil(seconds / 60))
    full = {"call_count": 100, "total_cputime": 100, "total_time": 100}
    return answer(FAULTS["app_rate"], headers=usage("0", full, minutes))


def usage(owner: str, used: dict[str, int], minutes: int) -> dict[str, str]:
    """The two usage headers: percent of the app's and of the account's share, and the minutes to wait."""
    entry = {"type": "threads", **used, "estimated_time_to_regain_access": minutes}
    return {"x-app-usage": _compact(used), "x-business-use-case-usage": _compact({owner: [entry]})}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

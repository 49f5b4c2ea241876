"""How the Graph API says no: one envelope, a code, and a subcode where Meta's tables have one."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused

GRAPH, OAUTH = "GraphMethodException", "OAuthException"


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


# Graph API: Error Handling, and the numbers of publishing, read 2026-11-24. Titles are in our own words.
FAULTS: dict[str, Fault] = {
    "no_token": Fault(104, None, "An access token is required to request this resource.", status=401),
    "unparsable": Fault(190, None, "Invalid OAuth access token - Cannot parse access token"),
    "app_removed": Fault(190, 458, "Error validating access token: The user has not authorized application."),
    "checkpoint": Fault(190, 459, "Error validating access token: You cannot access the app till you log in"),
    "invalidated": Fault(190, 460, "Error validating access token: The session has been invalidated."),
    "expired": Fault(190, 463, "Error validating access token: Session has expired."),
    "unconfirmed": Fault(190, 464, "Error validating access token: The user is not confirmed."),
    "page_role_lost": Fault(
        190, 492, "Error validating access token: The user must be an administrator of the page."
    ),
    "permission": Fault(
        200,
        None,
        "(#200) Posting to a Page needs a Page access token with pages_manage_posts and pages_read_engagement",
        status=403,
    ),
    "publishing_authorization": Fault(
        200,
        1404078,
        "(#200) Page Publishing Authorization required",
        "Authorization needed",
        "Confirm your identity for this Page on facebook.com.",
        status=403,
    ),
    "app_rate": Fault(4, None, "(#4) Application request limit reached", status=403, transient=True),
    "page_rate": Fault(
        80001, None, "(#80001) There have been too many calls to this Page account.", transient=True
    ),
    "reel_quota": Fault(613, None, "(#613) Calls to this api have exceeded the rate limit."),
    "policy_block": Fault(
        368, None, "The action attempted has been deemed abusive or is otherwise disallowed", status=403
    ),
    "too_fast": Fault(
        368, 1390008, "The action attempted is disallowed", "Slow down", "You post too fast.", status=403
    ),
    "duplicate": Fault(
        506,
        1455006,
        "(#506) Duplicate status message",
        "Duplicate Status Update",
        "This update is the same as the last one.",
    ),
    "accident": Fault(
        2,
        None,
        "An unexpected error has occurred. Please retry your request later.",
        "Service temporarily unavailable",
        "Try again later.",
        status=500,
        transient=True,
    ),
    "photo_unreadable": Fault(324, 2069019, "(#324) Missing or invalid image file"),
    "photo_refused": Fault(
        100, 1366046, "Invalid parameter", "Can't Read Files", "The photo is too large or of a wrong type."
    ),
    "already_posted": Fault(
        100, 1366051, "Invalid parameter", "Already Posted", "These photos were already posted."
    ),
    "link_refused": Fault(100, 1609005, "Invalid parameter", "Link Error", "The link could not be used."),
    "video_format": Fault(
        352, 1363024, "The video file is in a format that is not supported", "Unsupported format", "Use MP4."
    ),
    "upload_failed": Fault(6000, 1363019, "There was a problem uploading your video file."),
    "upload_timeout": Fault(6000, 1363030, "The video upload timed out.", transient=True),
    "upload_expired": Fault(6000, 1363041, "The upload session has expired or does not exist."),
    "publishing_denied": Fault(100, 1363042, "(#100) No permission to publish the video", status=403),
    "thumbnail_refused": Fault(100, None, "(#100) The thumbnail could not be set for this video"),
}
PROCESSING_FAILED = 1363026


def answer(fault: Fault, *, headers: dict[str, str] | None = None) -> Response:
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


def refused(name: str, **changes: Any) -> Refused:
    """An entry of the table as an exception, with some members changed."""
    return Refused(answer(replace(FAULTS[name], **changes)))


def invalid(message: str) -> Refused:
    """100 for a parameter that is missing or wrong."""
    return Refused(answer(Fault(100, None, f"(#100) {message}")))


def lacking(permission: str) -> Refused:
    """200 for a permission that was not granted."""
    return Refused(answer(Fault(200, None, f"(#200) Requires {permission} permission", status=403)))


def missing(object_id: str, method: str = "get") -> Refused:
    """100/33 for an object that is not there, or not for this caller."""
    message = (
        f"Unsupported {method} request. Object with ID '{object_id[:60]}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation."
    )
    return Refused(answer(Fault(100, 33, message, kind=GRAPH)))


def wrong_offset(start: int, end: int) -> Refused:
    """1363037 with the offsets at which to go on."""
    data = {"start_offset": start, "end_offset": end}
    message = "There was a problem uploading your video file: the offset is not the expected one."
    return Refused(answer(Fault(6000, 1363037, message, transient=True, data=data)))


def unknown_path() -> Response:
    """For an address or edge that the Graph API does not have."""
    return answer(Fault(2500, None, "Unknown path components"))


def login_error(message: str, subcode: int | None = None) -> Refused:
    """100 of the token address."""
    return Refused(answer(Fault(100, subcode, message)))


def rate_limited(seconds: float) -> Response:
    """4, with headers that say in how many minutes calls are welcome again."""
    return answer(FAULTS["app_rate"], headers=usage("0", 100, 100, max(1, math.ceil(seconds / 60))))


def usage(page_id: str, app_percent: int, page_percent: int, minutes: int) -> dict[str, str]:
    """The usage headers: percent of the app's and of the Page's share, and the minutes to wait."""
    entry = {"type": "pages", **_spent(page_percent), "estimated_time_to_regain_access": minutes}
    return {
        "x-app-usage": _compact(_spent(app_percent)),
        "x-page-usage": _compact(_spent(page_percent)),
        "x-business-use-case-usage": _compact({page_id: [entry]}),
    }


def _spent(percent: int) -> dict[str, int]:
    return {"call_count": percent, "total_cputime": percent, "total_time": percent}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

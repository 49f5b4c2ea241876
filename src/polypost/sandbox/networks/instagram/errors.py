"""How the Graph API says no: one envelope, a code and mostly a subcode."""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of Meta's tables: HTTP status, numbers, and what each reader is told."""

    code: int
    subcode: int | None
    message: str
    title: str = ""
    user: str = ""
    status: int = 400
    transient: bool = False
    kind: str = "OAuthException"


def _transient(code: int, subcode: int | None, user: str) -> Fault:
    return Fault(code, subcode, "Fatal", "Something went wrong", user, status=500, transient=True)


# Instagram Platform: Error Codes, and Graph API: Error Handling, read 2026-11-24. Titles are in our own words.
FAULTS: dict[str, Fault] = {
    "fetch_timeout": Fault(-2, 2207003, "Timeout", "Download timed out", "Loading the media took too long."),
    "fetch_failed": Fault(
        9004,
        2207052,
        "Only photo or video can be accepted as media type.",
        "Media download failed",
        "The address did not give a file.",
    ),
    "creation_failed": _transient(-1, 2207032, "The media could not be created. Make a new container."),
    "upload_unknown": _transient(-1, 2207053, "The upload failed for an unknown reason."),
    "not_ready": Fault(
        9007,
        2207027,
        "Media ID is not available",
        "Media not ready",
        "The media cannot be published now. Wait a moment.",
    ),
    "container_lost": Fault(
        24,
        2207008,
        "The requested resource does not exist",
        "Container not found",
        "It is missing or expired.",
    ),
    "container_expired": Fault(
        -2, 2207020, "Media expired", "Media expired", "It was not published in time. Make a new container."
    ),
    "quota": Fault(
        9,
        2207042,
        "Application request limit reached",
        "Posting limit reached",
        "Wait before publishing more.",
    ),
    "spam": Fault(
        4,
        2207051,
        "Application request limit reached",
        "Action blocked",
        "This looked like spam.",
        status=403,
    ),
    "restricted": Fault(
        25,
        2207050,
        "User access is restricted",
        "Account restricted",
        "Sign in to the app to lift it.",
        status=403,
    ),
    "trial_refused": Fault(
        10,
        2207081,
        "Application does not have permission",
        "No trial reels",
        "Not open to this account.",
        status=403,
    ),
    "thumb_offset": Fault(1, 2207057, "Invalid parameter", "Bad thumb_offset", "It lies outside the video."),
    "media_type": Fault(
        100, 2207023, "Invalid parameter", "Unknown media_type", "This media_type cannot be used."
    ),
    "carousel_count": Fault(
        100, 2207028, "Invalid parameter", "Carousel size", "A carousel has 2 to 10 items."
    ),
    "product_position": Fault(
        100, 2207035, "Invalid parameter", "Product tag", "A product tag's position is wrong."
    ),
    "product_count": Fault(
        100, 2207036, "Invalid parameter", "Product tags", "There are too many product tags."
    ),
    "product_tag": Fault(
        100, 2207037, "Invalid parameter", "Product tags", "The product tags are not valid."
    ),
    "tag_count": Fault(
        100, 2207040, "Invalid parameter", "Too many tags", "At most 20 people can be tagged."
    ),
    "tag_position": Fault(
        100, 2207064, "Invalid parameter", "Tag position", "Tags on videos have no position."
    ),
    "video_format": Fault(
        352, 2207026, "The video format is not supported", "Video format", "Use MP4 or MOV."
    ),
    "image_size": Fault(36000, 2207004, "The image is too large", "Image too large", "The most is 8 MiB."),
    "image_format": Fault(36001, 2207005, "The image format is not supported", "Image format", "Use JPEG."),
    "image_ratio": Fault(
        36003, 2207009, "The aspect ratio is not supported.", "Image shape", "Use a shape from 4:5 to 1.91:1."
    ),
    "caption": Fault(
        36004,
        2207010,
        "The caption is too long.",
        "Caption too long",
        "At most 2,200 characters and 30 hashtags.",
    ),
    "expired": Fault(190, 463, "Error validating access token: Session has expired."),
    "invalidated": Fault(
        190,
        460,
        "Error validating access token: The session has been invalidated because the password changed.",
    ),
    "app_removed": Fault(190, 458, "Error validating access token: The user has not authorized application."),
    "unparsable": Fault(190, None, "Invalid OAuth access token - Cannot parse access token"),
    "no_token": Fault(104, None, "An access token is required to request this resource.", status=401),
    "permission": Fault(10, None, "(#10) Application does not have permission for this action", status=403),
    "app_rate": Fault(4, None, "(#4) Application request limit reached", status=403, transient=True),
    "account_rate": Fault(
        80002, None, "(#80002) There have been too many calls to this Instagram account.", transient=True
    ),
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
    "comment_fields": Fault(
        20, 1772107, "(#20) This comment could not be shown", "Comment", "It cannot be read."
    ),
    "window_closed": Fault(
        10, 2534022, "This message is sent outside of allowed window.", status=403, kind="IGApiException"
    ),
    "nobody": Fault(100, 2534014, "The requested user cannot be found.", kind="IGApiException"),
    "cannot_delete": Fault(10, None, "(#10) Media of this kind cannot be deleted over the API", status=403),
}
# Stands only in a container's status; the code that would go with it is not certain.
DOWNLOAD_FAILED = 2207077


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


def refused(name: str) -> Refused:
    """An entry of the table as an exception."""
    return Refused(answer(FAULTS[name]))


def subcode(name: str) -> int:
    """The subcode of an entry that has one."""
    found = FAULTS[name].subcode
    assert found is not None
    return found


def invalid(message: str) -> Refused:
    """100 for a parameter that is missing or wrong."""
    return Refused(answer(Fault(100, None, f"(#100) {message}")))


def missing(object_id: str, method: str = "get") -> Refused:
    """100/33 for an object that is not there, or not for this caller."""
    message = (
        f"Unsupported {method} request. Object with ID '{object_id[:40]}' does not exist, cannot be loaded due to"
        " missing permissions, or does not support this operation"
    )
    return Refused(answer(Fault(100, 33, message, kind="GraphMethodException")))


def unknown_path() -> Response:
    """For an address or edge that the Graph API does not have."""
    return answer(Fault(2500, None, "Unknown path components"))


def rate_limited(seconds: float) -> Response:
    """4 with headers that say in how many minutes calls are welcome again."""
    minutes = max(1, math.ceil(seconds / 60))
    full = {"call_count": 100, "total_cputime": 100, "total_time": 100}
    return answer(FAULTS["app_rate"], headers=usage("0", full, minutes))


def usage(owner: str, used: dict[str, int], minutes: int) -> dict[str, str]:
    """The two usage headers: percent of the app's and of the account's share, and the minutes to wait."""
    entry = {"type": "instagram", **used, "estimated_time_to_regain_access": minutes}
    return {"x-app-usage": _compact(used), "x-business-use-case-usage": _compact({owner: [entry]})}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def login_error(message: str) -> Refused:
    """400 of api.instagram.com's token address, which has a shape of its own."""
    body = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return Refused(JSONResponse(body, 400))

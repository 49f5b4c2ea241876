"""How the Graph API says no: one envelope, a code, and a subcode where Meta's tables have one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from polypost.sandbox.simkit import Refused, meta
from polypost.sandbox.simkit.meta import APP_RATE, GRAPH, SHARED, Fault, answer, compact, spent

# Graph API: Error Handling, and the numbers of publishing, read 2026-11-24. Titles are in our own words.
FAULTS: dict[str, Fault] = {
    **SHARED,
    "app_removed": Fault(190, 458, "Error validating access token: The user has not authorized application."),
    "checkpoint": Fault(190, 459, "Error validating access token: You cannot access the app till you log in"),
    "invalidated": Fault(190, 460, "Error validating access token: The session has been invalidated."),
    "unconfirmed": Fault(190, 464, "Error validating access token: The user is not confirmed."),
    "page_role_lost": Fault(190, 492,
        "Error validating access token: The user must be an administrator of the page."),
    "permission": Fault(200, None,
        "(#200) Posting to a Page needs a Page access token with pages_manage_posts and pages_read_engagement",
        status=403),
    "publishing_authorization": Fault(200, 1404078, "(#200) Page Publishing Authorization required",
        "Authorization needed", "Confirm your identity for this Page on facebook.com.", status=403),
    "page_rate": Fault(80001, None, "(#80001) There have been too many calls to this Page account.",
        transient=True),
    "reel_quota": Fault(613, None, "(#613) Calls to this api have exceeded the rate limit."),
    "policy_block": Fault(368, None,
        "The action attempted has been deemed abusive or is otherwise disallowed", status=403),
    "too_fast": Fault(368, 1390008, "The action attempted is disallowed", "Slow down", "You post too fast.",
        status=403),
    "duplicate": Fault(506, 1455006, "(#506) Duplicate status message", "Duplicate Status Update",
        "This update is the same as the last one."),
    "photo_unreadable": Fault(324, 2069019, "(#324) Missing or invalid image file"),
    "photo_refused": Fault(100, 1366046, "Invalid parameter", "Can't Read Files",
        "The photo is too large or of a wrong type."),
    "already_posted": Fault(100, 1366051, "Invalid parameter", "Already Posted",
        "These photos were already posted."),
    "link_refused": Fault(100, 1609005, "Invalid parameter", "Link Error", "The link could not be used."),
    "video_format": Fault(352, 1363024, "The video file is in a format that is not supported",
        "Unsupported format", "Use MP4."),
    "upload_failed": Fault(6000, 1363019, "There was a problem uploading your video file."),
    "upload_timeout": Fault(6000, 1363030, "The video upload timed out.", transient=True),
    "upload_expired": Fault(6000, 1363041, "The upload session has expired or does not exist."),
    "publishing_denied": Fault(100, 1363042, "(#100) No permission to publish the video", status=403),
    "thumbnail_refused": Fault(100, None, "(#100) The thumbnail could not be set for this video"),
}  # fmt: skip
invalid = meta.invalid
PROCESSING_FAILED = 1363026


def refused(name: str, **changes: Any) -> Refused:
    """An entry of the table as an exception, with some members changed."""
    return Refused(answer(replace(FAULTS[name], **changes)))


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


def login_error(message: str, subcode: int | None = None) -> Refused:
    """100 of the token address."""
    return Refused(answer(Fault(100, subcode, message)))


def rate_limited(seconds: float) -> Response:
    """4, with headers that say in how many minutes calls are welcome again."""
    return answer(APP_RATE, headers=usage("0", 100, 100, max(1, math.ceil(seconds / 60))))


def usage(page_id: str, app_percent: int, page_percent: int, minutes: int) -> dict[str, str]:
    """The usage headers: percent of the app's and of the Page's share, and the minutes to wait."""
    entry = {"type": "pages", **spent(page_percent), "estimated_time_to_regain_access": minutes}
    return {
        "x-app-usage": compact(spent(app_percent)),
        "x-page-usage": compact(spent(page_percent)),
        "x-business-use-case-usage": compact({page_id: [entry]}),
    }

"""How the Graph API says no: one envelope, a code and mostly a subcode."""

from __future__ import annotations

from functools import partial

from starlette.responses import JSONResponse

from polypost.sandbox.simkit import Refused, meta
from polypost.sandbox.simkit.meta import SHARED, Fault, answer


def _transient(code: int, subcode: int | None, user: str) -> Fault:
    return Fault(code, subcode, "Fatal", "Something went wrong", user, status=500, transient=True)


# Instagram Platform: Error Codes, and Graph API: Error Handling, read 2026-11-24. Titles are in our own words.
FAULTS: dict[str, Fault] = {
    **SHARED,
    "fetch_timeout": Fault(-2, 2207003, "Timeout", "Download timed out", "Loading the media took too long."),
    "fetch_failed": Fault(9004, 2207052, "Only photo or video can be accepted as media type.",
        "Media download failed", "The address did not give a file."),
    "creation_failed": _transient(-1, 2207032, "The media could not be created. Make a new container."),
    "upload_unknown": _transient(-1, 2207053, "The upload failed for an unknown reason."),
    "not_ready": Fault(9007, 2207027, "Media ID is not available", "Media not ready",
        "The media cannot be published now. Wait a moment."),
    "container_lost": Fault(24, 2207008, "The requested resource does not exist", "Container not found",
        "It is missing or expired."),
    "container_expired": Fault(-2, 2207020, "Media expired", "Media expired",
        "It was not published in time. Make a new container."),
    "quota": Fault(9, 2207042, "Application request limit reached", "Posting limit reached",
        "Wait before publishing more."),
    "spam": Fault(4, 2207051, "Application request limit reached", "Action blocked", "This looked like spam.",
        status=403),
    "restricted": Fault(25, 2207050, "User access is restricted", "Account restricted",
        "Sign in to the app to lift it.", status=403),
    "trial_refused": Fault(10, 2207081, "Application does not have permission", "No trial reels",
        "Not open to this account.", status=403),
    "thumb_offset": Fault(1, 2207057, "Invalid parameter", "Bad thumb_offset", "It lies outside the video."),
    "media_type": Fault(100, 2207023, "Invalid parameter", "Unknown media_type",
        "This media_type cannot be used."),
    "carousel_count": Fault(100, 2207028, "Invalid parameter", "Carousel size",
        "A carousel has 2 to 10 items."),
    "product_position": Fault(100, 2207035, "Invalid parameter", "Product tag",
        "A product tag's position is wrong."),
    "product_count": Fault(100, 2207036, "Invalid parameter", "Product tags",
        "There are too many product tags."),
    "product_tag": Fault(100, 2207037, "Invalid parameter", "Product tags", "The product tags are not valid."),
    "tag_count": Fault(100, 2207040, "Invalid parameter", "Too many tags", "At most 20 people can be tagged."),
    "tag_position": Fault(100, 2207064, "Invalid parameter", "Tag position",
        "Tags on videos have no position."),
    "video_format": Fault(352, 2207026, "The video format is not supported", "Video format",
        "Use MP4 or MOV."),
    "image_size": Fault(36000, 2207004, "The image is too large", "Image too large", "The most is 8 MiB."),
    "image_format": Fault(36001, 2207005, "The image format is not supported", "Image format", "Use JPEG."),
    "image_ratio": Fault(36003, 2207009, "The aspect ratio is not supported.", "Image shape",
        "Use a shape from 4:5 to 1.91:1."),
    "caption": Fault(36004, 2207010, "The caption is too long.", "Caption too long",
        "At most 2,200 characters and 30 hashtags."),
    "invalidated": Fault(190, 460,
        "Error validating access token: The session has been invalidated because the password changed."),
    "app_removed": Fault(190, 458, "Error validating access token: The user has not authorized application."),
    "permission": Fault(10, None, "(#10) Application does not have permission for this action", status=403),
    "account_rate": Fault(80002, None, "(#80002) There have been too many calls to this Instagram account.",
        transient=True),
    "duplicate": Fault(506, None, "(#506) Duplicate status message"),
    "comment_fields": Fault(20, 1772107, "(#20) This comment could not be shown", "Comment",
        "It cannot be read."),
    "window_closed": Fault(10, 2534022, "This message is sent outside of allowed window.", status=403,
        kind="IGApiException"),
    "nobody": Fault(100, 2534014, "The requested user cannot be found.", kind="IGApiException"),
    "cannot_delete": Fault(10, None, "(#10) Media of this kind cannot be deleted over the API", status=403),
}  # fmt: skip
usage = partial(meta.usage, "instagram")
rate_limited = partial(meta.rate_limited, "instagram")
invalid = meta.invalid
# Stands only in a container's status; the code that would go with it is not certain.
DOWNLOAD_FAILED = 2207077


def refused(name: str) -> Refused:
    """An entry of the table as an exception."""
    return Refused(answer(FAULTS[name]))


def subcode(name: str) -> int:
    """The subcode of an entry that has one."""
    found = FAULTS[name].subcode
    assert found is not None
    return found


def login_error(message: str) -> Refused:
    """400 of api.instagram.com's token address, which has a shape of its own."""
    body = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return Refused(JSONResponse(body, 400))

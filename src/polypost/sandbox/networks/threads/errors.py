"""How the Threads API says no: the Graph envelope, a code and often a subcode."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from polypost.sandbox.simkit import Refused, fields, meta
from polypost.sandbox.simkit.meta import GRAPH, SHARED, Fault, answer

API = "THApiException"


# Threads API: Troubleshooting, Graph API: Error Handling, and what issue logs show, read 2026-11-24.
FAULTS: dict[str, Fault] = {
    **SHARED,
# Also right after FINISHED, where issue logs show that a repeat goes through.
    "media_not_found": Fault(24, 4279009, "The requested resource does not exist", "Media Not Found",
        "The media with id {} cannot be found."),
    "child_expired": Fault(100, 4279004, "Invalid parameter", "Carousel item expired",
        "An item of the carousel failed or has expired."),
    "restricted": Fault(25, 4279013, "User access is restricted", "Account restricted",
        "This profile cannot publish now.", status=403),
    "spam": Fault(4, 2207051, "Application request limit reached", "Action blocked", "This looked like spam.",
        status=403),
    # The number is Instagram's; no source shows which one Threads uses.
    "quota": Fault(9, 2207042, "Application request limit reached", "Limit reached",
        "Wait before publishing more.", status=403),
    "fetch_refused": Fault(1, 2207052, "Media download has failed", "Download failed",
        "The media could not be fetched from this URI."),
    "already_long": Fault(452, 4279019,
        "Session key invalid. This could be because the session key has an incorrect format."),
    "invalidated": Fault(190, 460,
        "Error validating access token: The session was invalidated because the password changed."),
    "bad_secret": Fault(101, None, "Error validating client secret."),
    "permission": Fault(10, None, "(#10) Application does not have permission for this action", status=403),
    "published_anyway": Fault(10, None, "(#10) Application does not have permission for this action",
        status=403, kind=GRAPH),
    "user_rate": Fault(17, None, "(#17) User request limit reached", transient=True),
    "duplicate": Fault(506, None, "(#506) Duplicate status message"),
    "link_limit": Fault(100, None, "THREADS_API__LINK_LIMIT_EXCEEDED", "Too many links",
        "A post can have at most 5 links.", kind=API),
    "cannot_delete": Fault(10, None, "(#10) This post cannot be deleted over the API", status=403),
}  # fmt: skip
usage = partial(meta.usage, "threads")
rate_limited = partial(meta.rate_limited, "threads")
invalid = partial(meta.invalid, kind=API)
# What is asked for, refused with the type of error that Threads has of its own.
parse, pick = partial(fields.parse, kind=API), partial(fields.pick, kind=API)
flag = partial(meta.flag, kind=API)


def refused(name: str, *told: str) -> Refused:
    """An entry of the table as an exception; `told` fills the gaps of its sentence."""
    fault = FAULTS[name]
    return Refused(answer(replace(fault, user=fault.user.format(*told or ("0",)))))

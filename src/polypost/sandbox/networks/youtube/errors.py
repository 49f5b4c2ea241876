"""How YouTube and Google's identity servers say no: a reason in an envelope, plain text on the upload hosts."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from polypost.sandbox.simkit import Refused
from polypost.sandbox.simkit.google import CREDENTIALS, challenged

# Texts with HTML in them are so in real answers.
QUOTA = (
    "The request cannot be completed because you have exceeded your"
    ' <a href="/youtube/v3/getting-started#quota">quota</a>.'
)
UPLOADS_PER_DAY = (
    "Quota exceeded for quota metric 'Video Uploads' and limit 'Video Uploads per day' of service"
    " 'youtube.googleapis.com' for consumer 'project_number:000000000000'."
)
UPLOAD_LIMIT = "The user has exceeded the number of videos they may upload."
SCOPES = "Request had insufficient authentication scopes."
# The double space is in the real one.
TOO_FAR = (
    "Invalid request.  According to the Content-Range header, the upload offset is {} byte(s), which exceeds"
    " already uploaded size of {} byte(s)."
)
UNEVEN = (
    "Invalid request.  The number of bytes uploaded is required to be equal or greater than 262144, except for the"
    " final request (it's recommended to be the exact multiple of 262144).  The received request contained {} bytes,"
    " which does not meet this requirement."
)


def error(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = "youtube.video",
    location: str | None = None,
    kind: str = "parameter",
    shown: str | None = None,
    details: list[dict[str, Any]] | None = None,
) -> Response:
    """The envelope with one entry; `location` and `kind` say what was wrong, `shown` replaces the entry's message."""
    entry = {"message": shown or message, "domain": domain, "reason": reason}
    if location is not None:
        entry |= {"location": location, "locationType": kind}
    body: dict[str, Any] = {"code": status, "message": message, "errors": [entry]}
    if word := WORDS.get((status, reason)):
        body["status"] = word
    if details:
        body["details"] = details
    return JSONResponse({"error": body}, status)


WORDS = {
    (400, "badRequest"): "INVALID_ARGUMENT",
    (401, "authError"): "UNAUTHENTICATED",
    (401, "required"): "UNAUTHENTICATED",
    (403, "insufficientPermissions"): "PERMISSION_DENIED",
}


def refused(status: int, reason: str, message: str, **more: Any) -> Refused:
    """As `error`, to be raised."""
    return Refused(error(status, reason, message, **more))


def invalid(reason: str, message: str, location: str) -> Refused:
    """400 for a member of the body."""
    return refused(400, reason, message, location=location, kind="other")


def bad_request(message: str) -> Refused:
    """400 for what cannot be read as what it should be."""
    return refused(400, "badRequest", message, domain="global")


def bad_parameter(name: str, message: str, reason: str = "invalidParameter") -> Refused:
    """400 for a parameter of the query."""
    return refused(400, reason, message, domain="youtube.parameter", location=name)


def bad_part(reason: str, part: str) -> Refused:
    """400 for a part that is not there or that the body does not belong to."""
    return refused(400, reason, f"'{part}'", domain="youtube.part", location="part")


def not_found(what: str, reason: str, domain: str = "youtube.video", location: str = "id") -> Refused:
    """404 for a thing that is not there or not this caller's to see."""
    message = f"The {what} that you are trying to reach cannot be found."
    return refused(404, reason, message, domain=domain, location=location)


def unauthenticated() -> Response:
    """401 for a token that authorises nothing."""
    return challenged(_token("authError", "Invalid Credentials"), "invalid_token")


def login_required() -> Refused:
    """401 for a call without any token."""
    return Refused(challenged(_token("required", "Login Required.")))


def _token(reason: str, shown: str) -> Response:
    return error(
        401, reason, CREDENTIALS, domain="global", location="Authorization", kind="header", shown=shown
    )


def scope_missing() -> Refused:
    """403 for a token whose scopes do not reach that far."""
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": {"service": "youtube.googleapis.com"},
        }
    ]
    answer = error(
        403,
        "insufficientPermissions",
        SCOPES,
        domain="global",
        shown="Insufficient Permission",
        details=details,
    )
    return Refused(challenged(answer, "insufficient_scope"))


def quota_exceeded() -> Response:
    """403 when the project's units of the day are used up."""
    return error(403, "quotaExceeded", QUOTA, domain="youtube.quota")


def uploads_per_day() -> Response:
    """429 when the project's uploads of the day are used up, which looks like a short-term limit and is none."""
    return error(429, "rateLimitExceeded", UPLOADS_PER_DAY, domain="global")


def upload_limit() -> Response:
    """400 when the channel may upload no more for now."""
    return error(400, "uploadLimitExceeded", UPLOAD_LIMIT)


def backend() -> Response:
    """503 of a server that stumbled."""
    return error(503, "backendError", "Backend Error", domain="global")


def rate_limited(seconds: float) -> Response:
    """429 of a short-term limit."""
    message = "The request cannot be completed because the user sent too many requests in a given timeframe."
    answer = error(429, "userRateLimitExceeded", message, domain="usageLimits")
    answer.headers["retry-after"] = str(max(1, round(seconds)))
    return answer


def duplicate() -> Response:
    """409 as Google's interfaces say it in general; YouTube itself refuses no file twice."""
    message = "The requested operation failed because it tried to create a resource that already exists."
    return error(409, "duplicate", message, domain="global")


def plain(status: int, text: str) -> Refused:
    """What the upload hosts say: a sentence, not JSON."""
    return Refused(PlainTextResponse(text, status))

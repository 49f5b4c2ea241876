"""How Google says no: a code, a word and details in an envelope; the identity servers say it in two members.

Envelope: google.rpc.Status as the APIs answer it; codes 2, 5 and 1000 of a ValidationError and their sentences as seen in
public repositories, read 2026-11-24. The other codes of a ValidationError are the simulator's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused
from polypost.sandbox.simkit.google import CREDENTIALS, challenged

TYPES = "type.googleapis.com/"
WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
INVALID = "Request contains an invalid argument."
NO_CREDENTIALS = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid"
    " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
# Google names the project by its number, of which the sandbox has none.
PROJECT = "projects/000000000000"
REQUIRED, TOO_LONG, CONTRADICTION, MEDIA, FETCH = 2, 3, 4, 5, 1000


def error(status: int, message: str, *details: Mapping[str, Any]) -> Response:
    """The envelope; `details` are left out where there are none, as Google does."""
    body: dict[str, Any] = {"code": status, "message": message, "status": WORDS[status]}
    if details:
        body["details"] = [dict(each) for each in details]
    return JSONResponse({"error": body}, status)


def refused(status: int, message: str, *details: Mapping[str, Any]) -> Refused:
    """As `error`, to be raised."""
    return Refused(error(status, message, *details))


def invalid(code: int, message: str, field: str | None = None) -> Refused:
    """400 of the v4 API: a post that does not fit."""
    entry: dict[str, Any] = {"code": code} | ({"field": field} if field else {}) | {"message": message}
    detail = {"@type": f"{TYPES}google.mybusiness.v4.ValidationError", "errorDetails": [entry]}
    return refused(400, INVALID, detail)


def unreadable(field: str, message: str) -> Refused:
    """400 for a body or a query that is not of the form the API knows."""
    return refused(400, message, _violation(field, message))


def bad_parameter(name: str, message: str) -> Refused:
    """400 for a parameter of the query."""
    return refused(400, INVALID, _violation(name, message))


def _violation(field: str, said: str) -> dict[str, Any]:
    told = [{"field": field, "description": said}]
    return {"@type": f"{TYPES}google.rpc.BadRequest", "fieldViolations": told}


def not_found() -> Refused:
    """404 for what is not there, or not this caller's."""
    return refused(404, "Requested entity was not found.")


def forbidden() -> Refused:
    """403 for somebody without a role at the business."""
    return refused(403, "The caller does not have permission")


def unauthenticated(*, missing: bool = False) -> Response:
    """401 without a token that authorises anything."""
    reason = "CREDENTIALS_MISSING" if missing else "ACCESS_TOKEN_EXPIRED"
    answer = error(401, NO_CREDENTIALS if missing else CREDENTIALS, info(reason, {}))
    return challenged(answer, "" if missing else "invalid_token")


def scope_missing(service: str) -> Refused:
    """403 for a token whose scopes do not reach that far."""
    told = info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", {"service": service})
    answer = error(403, "Request had insufficient authentication scopes.", told)
    return Refused(challenged(answer, "insufficient_scope"))


def api_disabled(service: str) -> Refused:
    """403 for a project in which the API is not switched on."""
    message = (
        f"{service} has not been used in project 000000000000 before or it is disabled. Enable it by visiting"
        f" https://console.developers.google.com/apis/api/{service}/overview?project=000000000000 then retry. If you"
        " enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    return refused(403, message, info("SERVICE_DISABLED", {"service": service, "consumer": PROJECT}))


def quota(service: str, value: int) -> Response:
    """429 for a quota of so many requests a minute; 0 is the quota of a project that Google has not approved."""
    message = (
        "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service"
        f" '{service}' for consumer 'project_number:000000000000'."
    )
    told = {
        "service": service,
        "consumer": PROJECT,
        "quota_metric": f"{service}/default_requests",
        "quota_limit": "defaultPerMinutePerProject",
        "quota_limit_value": str(value),
        "quota_location": "global",
    }
    return error(429, message, info("RATE_LIMIT_EXCEEDED", told))


def rate_limited(seconds: float) -> Response:
    """429 whose details say how long to wait."""
    wait = {"@type": f"{TYPES}google.rpc.RetryInfo", "retryDelay": f"{max(1, round(seconds))}s"}
    return error(429, "Resource has been exhausted (e.g. check quota).", wait)


def unavailable() -> Response:
    """503 of a server that stumbled."""
    return error(503, "The service is currently unavailable.")


def duplicate() -> Response:
    """409 as Google's interfaces say it in general; what Google makes of the same post twice is not known."""
    return error(409, "Requested entity already exists")


def info(reason: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """The detail that names a reason for programs."""
    found = {"@type": f"{TYPES}google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    return found | ({"metadata": dict(metadata)} if metadata else {})

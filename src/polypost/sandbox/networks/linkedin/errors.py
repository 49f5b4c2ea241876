"""How LinkedIn says no: one envelope, with the telling mark in one of three places."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused

BAD_REQUEST = "com.linkedin.common.error.BadRequest"


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of LinkedIn's tables."""

    status: int
    message: str
    code: str | None = None
    service: int | None = None


# Codes and numbers: Microsoft Learn, LinkedIn: Error Handling and recorded answers, read 2026-11-24.
FAULTS: dict[str, Fault] = {
    "empty_token": Fault(401, "Empty oauth2 access token", "EMPTY_ACCESS_TOKEN", 65604),
    "invalid_token": Fault(401, "Invalid access token", "INVALID_ACCESS_TOKEN", 65600),
    "revoked_token": Fault(401, "The token used in the request has been revoked by the user",
        "REVOKED_ACCESS_TOKEN", 65601),
    "expired_token": Fault(401, "The token used in the request has expired", "EXPIRED_ACCESS_TOKEN", 65602),
    "restricted_member": Fault(401, "The member is restricted", "RESTRICTED_MEMBER", 65608),
    "accident": Fault(500, "Unable to obtain activity"),
    "conflict": Fault(409, "The request conflicts with another one", "CONFLICT"),
    "no_version": Fault(400,
        "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        "VERSION_MISSING"),
}  # fmt: skip


def answer(fault: Fault, **more: Any) -> Response:
    """The answer for an entry; `more` are further members of the body."""
    body: dict[str, Any] = {"status": fault.status, "message": fault.message}
    if fault.service is not None:
        body["serviceErrorCode"] = fault.service
    if fault.code is not None:
        body["code"] = fault.code
    return JSONResponse({**body, **more}, fault.status, headers=traced())


def refused(name: str) -> Refused:
    """The refusal with an entry's name."""
    return Refused(answer(FAULTS[name]))


def denied(what: str) -> Refused:
    """403 for a missing scope, role or ownership; `what` names the resource and verb."""
    message = f"Not enough permissions to access: {what}"
    return Refused(answer(Fault(403, message, "ACCESS_DENIED", 100)))


def not_found(what: str) -> Refused:
    """404 for an entity that is not there."""
    return Refused(answer(Fault(404, f"Entity with key {what} was not found", "NOT_FOUND")))


def no_such_path(path: str) -> Response:
    """404 for a resource that does not exist."""
    return answer(Fault(404, f"No virtual resource found for {path}", "RESOURCE_NOT_FOUND", 0))


def unknown_version(version: str) -> Refused:
    """426 for a version that is over or was never there; LinkedIn names it with its revision."""
    # Answers name 20240401 for 202404 (Error Handling).
    full = version.replace(".", "") if "." in version else f"{version}01"
    return Refused(answer(Fault(426, f"Requested version {full} is not active", "NONEXISTENT_VERSION")))


def invalid(code: str, description: str, field: str = "", *, status: int = 400) -> Refused:
    """400 whose code stands in `errorDetails.inputErrors`."""
    return Refused(input_error(status, description, code, description, field))


def input_error(status: int, message: str, code: str, description: str, field: str = "") -> Response:
    """An answer with one entry in `errorDetails.inputErrors`."""
    where = {"inputPath": {"fieldPath": field}} if field else {}
    return answer(
        Fault(status, message),
        errorDetailType=BAD_REQUEST,
        errorDetails={"inputErrors": [{"code": code, "description": description, "input": where}]},
    )


def unknown_member(path: str) -> Refused:
    """422 for a member that the resource has not."""
    said = f"ERROR :: {path[:200]} :: unrecognized field found but not allowed\n"
    return Refused(answer(Fault(422, said)))


def duplicate(urn: str) -> Response:
    """422 that names the post which has this content already."""
    return input_error(
        422,
        f"com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of {urn}",
        "DUPLICATE_POST",
        "Duplicate post is detected",
    )


def throttled(scope: str, *, seconds: float | None = None) -> Response:
    """429 of a day's allowance; it says nothing of when, unless a fault rule asks for it."""
    message = f"Resource level throttle {scope} DAY limit for calls to this resource is reached."
    response = answer(Fault(429, message, "TOO_MANY_REQUESTS", 101))
    if seconds is not None:
        response.headers["retry-after"] = str(max(1, round(seconds)))
    return response


def oauth_error(status: int, error: str, description: str) -> Refused:
    """What the token addresses answer."""
    body = {"error": error, "error_description": description}
    return Refused(JSONResponse(body, status, headers=traced()))


def traced() -> dict[str, str]:
    """The header by which LinkedIn's support finds a call."""
    return {"x-li-uuid": secrets.token_urlsafe(12) + "=="}

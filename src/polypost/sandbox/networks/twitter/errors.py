"""How X says no: problems, invalid requests, and the older list of codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused

# Types name either host, api.twitter.com or api.x.com: clients compare the last segment.
PROBLEMS = "https://api.twitter.com/2/problems/"
NOT_PERMITTED = "You are not permitted to perform this action."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> Response:
    """A problem document; `kind` is the last part of its type's address, or `about:blank`."""
    address = kind if kind == "about:blank" else PROBLEMS + kind
    body = {"title": title, "detail": detail, "type": address, "status": status, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def forbidden(detail: str = NOT_PERMITTED) -> Refused:
    """403 without a type."""
    return Refused(problem(403, "Forbidden", detail))


def unauthorized() -> Response:
    """401 for a token that is unknown, expired or revoked."""
    return problem(401, "Unauthorized", "Unauthorized")


def not_found(detail: str = "Not Found") -> Response:
    """404 for a path or thing that is not there."""
    return problem(404, "Not Found", detail)


def invalid(message: str, parameters: Mapping[str, list[str]] | None = None) -> Refused:
    """400 for one wrong parameter."""
    return invalid_all([(message, parameters or {})])


def invalid_all(wrongs: Iterable[tuple[str, Mapping[str, list[str]]]]) -> Refused:
    """400 that lists every wrong parameter."""
    body = {
        "errors": [{"message": message, "parameters": dict(parameters)} for message, parameters in wrongs],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": PROBLEMS + "invalid-request",
    }
    return Refused(JSONResponse(body, 400))


def missing_entry(resource: str, parameter: str, value: str) -> dict[str, str]:
    """An entry of `errors` in a 200 for something that was asked for and is not there."""
    return {
        "value": value,
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }


def oauth_error(status: int, error: str, description: str) -> Refused:
    """What the token address answers."""
    return Refused(JSONResponse({"error": error, "error_description": description}, status))


def no_credits() -> Response:
    """402 when the app's pay-per-use credits are spent."""
    # Reports of May and June 2026 show the status and about 185 bytes; the text is ours.
    return problem(
        402, "CreditsDepleted", "Your enrolled account does not have any credits to fulfill this request."
    )


def usage_capped() -> Response:
    """429 for a monthly cap, which no short wait cures."""
    return problem(
        429,
        "UsageCapExceeded",
        "Usage cap exceeded: Monthly product cap",
        "usage-capped",
        period="Monthly",
        scope="Product",
    )


def not_enrolled() -> Response:
    """403 for an app that belongs to no project."""
    return problem(
        403,
        "Client Forbidden",
        "This app must be attached to a project that may use this endpoint.",
        "client-forbidden",
        reason="client-not-enrolled",
        required_enrollment="Appropriate Level of API Access",
    )


def suspended() -> Response:
    """403 for an account that X has locked."""
    return problem(
        403, "Forbidden", "This account is suspended and may not perform this action.", "user-suspended"
    )

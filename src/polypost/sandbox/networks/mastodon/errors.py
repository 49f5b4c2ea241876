"""How Mastodon says no: `{"error": "…"}`, no codes, the status decides."""

from __future__ import annotations

from starlette.responses import HTMLResponse, JSONResponse, Response

from polypost.sandbox.simkit import Refused

NOT_FOUND = "Record not found"
TROUBLE = "There was a temporary problem serving your request, please try again"


def error(status: int, text: str, description: str | None = None) -> Response:
    """The one shape of all refusals."""
    body = {"error": text} | ({} if description is None else {"error_description": description})
    return JSONResponse(body, status)


def refused(status: int, text: str, description: str | None = None) -> Refused:
    """The same as something to raise."""
    return Refused(error(status, text, description))


def invalid(text: str) -> Refused:
    """422 for a value that breaks a rule of the model."""
    return refused(422, f"Validation failed: {text}")


def not_found() -> Refused:
    """404 for whatever is not there or not yours to see."""
    return refused(404, NOT_FOUND)


def invalid_client() -> Refused:
    """401 of the OAuth addresses for an app that is not registered here."""
    return refused(
        401,
        "invalid_client",
        "Client authentication failed due to unknown client, no client authentication included, or unsupported "
        "authentication method.",
    )


def invalid_grant() -> Refused:
    """400 for a code that buys nothing."""
    return refused(
        400,
        "invalid_grant",
        "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in "
        "the authorization request, or was issued to another client.",
    )


def front_end() -> Response:
    """What stands in front of a server says when the server is away: a page, no JSON."""
    page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
    return HTMLResponse(page, 502)

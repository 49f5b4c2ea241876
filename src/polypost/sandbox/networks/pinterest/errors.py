"""How Pinterest says no: a status, a number and a sentence; the upload bucket says it in XML.

Numbers: the examples of the OpenAPI description v5.23.0 and public reports, read 2026-11-24. Where neither names one it
is the simulator's choice, and so are most sentences.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from starlette.responses import JSONResponse, Response

from polypost.sandbox.simkit import Refused

TABLE: dict[str, tuple[int, int, str]] = {
    "authentication": (401, 2, "Authentication failed."),
    "scope": (401, 3, "Your token does not have sufficient permissions for this request."),
    "grant": (400, 283, "Invalid authorization code"),
    # A dead refresh token and a wrong secret are refused alike.
    "refresh": (401, 2, "Authentication failed."),
    "permission": (403, 29, "You are not permitted to access that resource."),
    "trial": (403, 29,
        "Apps with Trial access may not create Pins in production https://api.pinterest.com"
        " - use API Sandbox https://api-sandbox.pinterest.com instead."),
    "beta": (403, 29, "This feature is not available to your app."),
    "board": (404, 40, "Board not found."),
    "section": (404, 40, "Board section not found."),
    "pin": (404, 50, "Pin not found."),
    "media": (404, 50, "Media not found."),
    "path": (404, 0, "API method not found."),
    "fetch_failed": (400, 1, "Unable to reach the URL. Please check the URL is correct and try again."),
    "no_image": (400, 1, "Sorry, we could not fetch the image."),
    "too_large": (413, 1, "The request is too large."),
    # Third parties have seen this sentence with 400 as well; it passes all the same.
    "our_end": (400, 12, "Something went wrong on our end. Sorry about that."),
    "accident": (500, 12, "Something went wrong on our end. Sorry about that."),
    "spam": (403, 9,
        "Sorry! You've hit a block (Pins) we have in place to combat spam. Please try again later!"),
    "rate": (429, 8, "You have exceeded your rate limit. Try again later."),
    "duplicate": (409, 58, "This Pin exists already."),
    "section_exists": (409, 58, "Board section exists already."),
    "cover": (400, 1,
        "Invalid request: one of cover_image_url or cover_image_content_type and cover_image_data is required"),
    "media_state": (400, 1, "Invalid request: the media has not been processed yet"),
    "dimensions": (400, 1, "Invalid request: all images of a carousel must have the same dimensions"),
    "business": (403, 29, "Analytics are for business accounts."),
}  # fmt: skip


def answer(name: str) -> JSONResponse:
    """A row of the table."""
    status, code, message = TABLE[name]
    return JSONResponse({"code": code, "message": message}, status)


def refused(name: str) -> Refused:
    """A row of the table, to be raised."""
    return Refused(answer(name))


def invalid(message: str) -> Refused:
    """400 with code 1: the request does not fit the schema."""
    return Refused(JSONResponse({"code": 1, "message": f"Invalid request: {message}"}, 400))


def shown(value: Any) -> str:
    """A value as Pinterest's messages quote it, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def rate_limited(seconds: float) -> Response:
    """429 whose headers say when to come back."""
    found = answer("rate")
    found.headers.update(
        {
            "x-ratelimit-limit": "300, 300;w=60",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(max(1, round(seconds))),
        }
    )
    return found


def bucket_error(status: int, code: str, message: str) -> Refused:
    """An error of the upload bucket, which speaks XML."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Refused(Response(body, status, media_type="application/xml"))

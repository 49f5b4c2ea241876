"""How Reddit says no: as a list in a 200, as a small object with a status, as HTML, and to OAuth calls in a way of its own."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.simkit import Refused

# Wording: Reddit's published source of 2017, recorded answers of 2021 to 2023, or ours where neither speaks.
MESSAGES: Mapping[str, str] = {
    "ALREADY_SUB": "that link has already been submitted",
    "BAD_FLAIR_TEMPLATE_ID": "that flair template does not exist",
    "BAD_NUMBER": "that number isn't in the right range",
    "BAD_URL": "you should check that url",
    "DELETED_LINK": "the link you are commenting on has been deleted",
    "DOMAIN_BANNED": "that domain is not allowed on reddit",
    "GALLERIES_DISABLED": "Gallery posts aren't allowed in this subreddit",
    "INVALID_CROSSPOST_THING": "that isn't a valid crosspost",
    "INVALID_OPTION": "that option is not valid",
    "IN_TIMEOUT": "this account is in timeout",
    "MISSING_VIDEO_URLS": "a video needs a video url and a poster url",
    "NOT_AUTHOR": "you can't do that",
    "NO_IMAGES": "that subreddit doesn't allow images",
    "NO_LINKS": "that subreddit only allows text posts",
    "NO_SELFS": "that subreddit doesn't allow text posts",
    "NO_TEXT": "we need something here",
    "NO_THING_ID": "id not specified",
    "NO_URL": "a url is required",
    "NO_VIDEOS": "that subreddit doesn't allow videos",
    "POLLS_DISABLED": "Poll posts aren't allowed in this subreddit",
    "QUOTA_FILLED": "You've submitted too many links recently. Please try again in an hour.",
    "SUBMIT_VALIDATION_FLAIR_REQUIRED": "Your post must contain post flair.",
    "SUBREDDIT_NOEXIST": "that subreddit doesn't exist",
    "SUBREDDIT_NOTALLOWED": "you aren't allowed to post there.",
    "SUBREDDIT_REQUIRED": "you must specify a subreddit",
    "USER_REQUIRED": "please login to do that",
}


def body_error(code: str, field: str | None, message: str | None = None, **more: Any) -> Response:
    """A refusal with HTTP status 200: `json.errors` holds code, words and field, and there is no `data`."""
    said = message or MESSAGES[code]
    return JSONResponse({"json": {**more, "errors": [[code, said, field]]}})


def says(code: str, field: str | None, message: str | None = None) -> Refused:
    """`body_error` as an exception."""
    return Refused(body_error(code, field, message))


def too_long(field: str, most: int) -> Refused:
    """TOO_LONG for a field."""
    return says("TOO_LONG", field, f"this is too long (max: {most})")


def jquery(answer: dict[str, Any]) -> Response:
    """What a call without `api_type=json` gets: orders for the old pages' script."""
    errors = answer.get("json", {}).get("errors") or []
    calls: list[list[Any]] = [[0, 1, "call", ["body"]]]
    for code, message, field in errors:
        calls.append([1, 2, "attr", "find"])
        calls.append([2, 3, "call", [f".error.{code}.field-{field}"]])
        calls.append([3, 4, "attr", "text"])
        calls.append([4, 5, "call", [message]])
    url = answer.get("json", {}).get("data", {}).get("url")
    if url:
        calls += [[1, 2, "attr", "redirect"], [2, 3, "call", [url]]]
    return JSONResponse({"jquery": calls, "success": not errors})


def plain(status: int, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A status and Reddit's small object."""
    return JSONResponse(
        {**more, "message": HTTPStatus(status).phrase, "error": status}, status, headers=headers
    )


def unauthorized() -> Response:
    """401 for a token that is unknown, expired or revoked."""
    return plain(401, headers={"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'})


def insufficient_scope() -> Refused:
    """403 for a token that may not do this."""
    header = 'Bearer realm="reddit", error="insufficient_scope"'
    return Refused(plain(403, headers={"www-authenticate": header}))


def forbidden(reason: str) -> Refused:
    """403 for a subreddit behind a door."""
    return Refused(plain(403, reason=reason))


def not_found(reason: str | None = None) -> Refused:
    """404, with a reason where Reddit gives one."""
    return Refused(plain(404, reason=reason) if reason else plain(404))


def rule_broken(reason: str, explanation: str, field: str) -> Refused:
    """400 for a post that breaks a rule of its subreddit (`validate_on_submit`)."""
    return Refused(
        plain(
            400,
            fields=[field],
            explanation=explanation,
            error_type="SUBMIT_VALIDATION_ERROR",
            reason=f"SUBMIT_VALIDATION_{reason}",
        )
    )


def bad_request(reason: str, explanation: str) -> Refused:
    """400 for a call that makes no sense."""
    return Refused(plain(400, reason=reason, explanation=explanation))


def posting_too_fast(seconds: float) -> Response:
    """The limit on posting: an error in a 200, with the seconds beside it."""
    minutes = max(1, math.ceil(seconds / 60))
    wait = (
        f"{minutes} minute{'s' if minutes > 1 else ''}" if seconds >= 60 else f"{math.ceil(seconds)} seconds"
    )
    # Reported in 2023; older ones say “you are doing that too much”.
    message = f"Looks like you've been doing that a lot. Take a break for {wait} before trying again."
    return body_error("RATELIMIT", "ratelimit", message, ratelimit=round(seconds, 6))


def too_many_requests(headers: Mapping[str, str]) -> Refused:
    """429 when the window is used up."""
    return Refused(plain(429, headers=headers))


def too_many_until(seconds: float) -> Response:
    """429 of a window that is used up, with the seconds until the next one."""
    headers = {
        "x-ratelimit-used": str(limit("requests_per_window")),
        "x-ratelimit-remaining": "0.0",
        "x-ratelimit-reset": str(max(1, math.ceil(seconds))),
    }
    return plain(429, headers=headers)


def blocked() -> Refused:
    """429 for a client that does not say who it is."""
    return Refused(
        HTMLResponse(
            page(
                "Too Many Requests",
                "Your user agent is empty or generic. Use one that is unique and descriptive.",
            ),
            429,
        )
    )


def accident() -> Response:
    """503 as a page: an outage does not speak JSON."""
    return HTMLResponse(page("Our CDN was unable to reach our servers", "Try again in a moment."), 503)


def page(title: str, text: str) -> str:
    """A small page of HTML."""
    return f"<!doctype html><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>"


def special(*problems: str) -> Response:
    """415 of the spam filter."""
    return plain(415, special_errors=list(problems), reason="BLOCKED")


def to_login() -> Response:
    """302 to the login page."""
    return Response(
        status_code=302, headers={"location": "https://www.reddit.com/login/?dest=%2Fapi%2Fsubmit"}
    )


def grant_error(name: str) -> Response:
    """The token address says no with a 200."""
    return JSONResponse({"error": name})

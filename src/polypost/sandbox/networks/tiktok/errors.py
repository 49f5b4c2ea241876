"""TikTok's words for trouble: the envelope of the v2 API and the flat shape of the OAuth addresses."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.simkit import Refused

OK = "ok"
# Code → HTTP status and message, as the error pages of the Content Posting API list them.
CODES: dict[str, tuple[int, str]] = {
    # TikTok writes it both ways.
    "invalid_param": (400, "A field of the request is invalid."),
    "invalid_params": (400, "One or more fields in request is invalid."),
    "invalid_publish_id": (400, "The publish_id does not exist."),
    "token_not_authorized_for_specified_publish_id": (400,
        "The access_token does not have authorization to access this publish_id."),
    "publish_not_cancellable": (400, "The post can no longer be cancelled."),
    "app_version_check_failed": (400, "The user must update TikTok to 31.8 or later."),
    "scope_permission_missed": (400, "Additional scope permissions are needed for this request."),
    "invalid_file_upload": (400, "The uploaded file does not meet API specifications."),
    "access_token_invalid": (401, "The access token is invalid or not found in the request."),
    "scope_not_authorized": (401, "The user did not authorize the scope required for this request."),
    "spam_risk": (403, "The content was blocked because of spam risk."),
    "spam_risk_too_many_posts": (403, "The daily post cap from the API is reached for the current user."),
    "spam_risk_too_many_pending_share": (403, "There may be at most 5 pending shares within any 24 hours."),
    "spam_risk_user_banned_from_posting": (403, "The user is banned from making new posts."),
    "reached_active_user_cap": (403,
        "The daily quota for active publishing users from your client is reached."),
    "unaudited_client_can_only_post_to_private_accounts": (403,
        "Unaudited clients can only post to a private account. The publish attempt will be blocked."),
    # The code is documented, its status is not certain.
    "url_ownership_unverified": (403, "The ownership of the URL's domain or prefix has to be verified."),
    "privacy_level_option_mismatch": (403,
        "privacy_level is not specified or not among the options from the /creator_info/query/ API."),
    "rate_limit_exceeded": (429, "The API rate limit was exceeded. Please try again later."),
    "internal_error": (500, "Something is wrong. Please try again later."),
}  # fmt: skip


def log_id() -> str:
    """The id under which TikTok's support finds a call."""
    return f"{clock.now():%Y%m%d%H%M%S}{secrets.token_hex(10).upper()}"


def good(data: dict[str, Any]) -> Response:
    """200 with `data` and error code `ok`."""
    return JSONResponse({"data": data, "error": {"code": OK, "message": "", "log_id": log_id()}})


def answer(code: str, message: str = "", *, status: int | None = None) -> Response:
    """A refusal in the envelope; `status` where it is not the code's usual one."""
    usual, said = CODES[code]
    error = {"code": code, "message": message or said, "log_id": log_id()}
    return JSONResponse({"data": {}, "error": error}, status or usual)


def refused(code: str, message: str = "", *, status: int | None = None) -> Refused:
    """`answer`, to be raised."""
    return Refused(answer(code, message, status=status))


def invalid(message: str) -> Refused:
    """400 `invalid_params`, to be raised."""
    return refused("invalid_params", message)


def login(code: str, description: str, status: int) -> Refused:
    """The flat error of the OAuth addresses, to be raised."""
    body = {"error": code, "error_description": description, "log_id": log_id()}
    return Refused(JSONResponse(body, status))

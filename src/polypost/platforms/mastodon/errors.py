"""What a Mastodon server's refusals mean for us.

An error is `{"error", "error_description"}`. There are no codes and the sentences may be translated, so the HTTP status
decides. Mastodon documentation and public reports, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from httpx2 import Response

from polypost.errors import PlatformError, RateLimited, ReconnectRequired, Rejected
from polypost.platforms.kit.answers import parsed, quoted, retry_at, sentence, utc
from polypost.platforms.kit.refusals import no_refusal

# The window of the limits: 300 calls in five minutes (Mastodon documentation, Rate limits).
_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(days=1)
_SHORTEST_WAIT = timedelta(seconds=1)
# Said in English by servers that are not asked for another language; without it the special case below decides.
_SCOPE_WORD = "scope"


class Missing(Rejected):
    """The server does not know what the call is about."""


def said(answer: Response) -> str:
    """The server's own sentence, shortened, or its status."""
    body = parsed(answer)
    text = sentence(body.get("error_description")) or sentence(body.get("error"))
    return quoted("The server", text, answer.status_code)


def error_for(
    answer: Response, now: datetime, *, committing: bool = False, special: bool = False
) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes, `special` that this call asked for a reply to or a quote
    of somebody's post, which that person may not allow.
    """
    status = answer.status_code
    if status == 429:
        return RateLimited(_wait(answer.headers, now), "The server asks to slow down.")
    if status == 503 and "retry-after" in answer.headers:
        return RateLimited(
            _wait(answer.headers, now), "The server is overloaded and asks to come back later."
        )
    if status == 408 or not 400 <= status < 500:
        return no_refusal("The server", status, committing=committing)
    return _refusal(answer, special=special)


def _refusal(answer: Response, *, special: bool) -> PlatformError:
    status, told = answer.status_code, said(answer)
    if status == 401:
        # Tokens have no end, so one that is refused was taken back; nothing renews it.
        return ReconnectRequired(
            f"The server no longer accepts the access token. {told}", reason="access_revoked"
        )
    if status == 403 and special and _SCOPE_WORD not in told.lower():
        return Rejected(
            f"The server does not let this account reply to or quote that post. {told}",
            code="not_permitted",
            next_step="Leave replyToId or quotedStatusId out, or choose another post.",
        )
    if status == 403:
        return ReconnectRequired(
            f"The authorisation does not allow this, or the account is disabled. {told}",
            reason="access_revoked",
        )
    if status in {404, 410}:
        return Missing(f"The server does not find what this is about. {told}")
    if status == 413:
        return Rejected(
            f"The server finds the file too large. {told}",
            code="media_rejected",
            next_step="Use a smaller file.",
        )
    return Rejected(f"The server refused this. {told}")


def used_up_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the allowance is renewed, if the headers say that nothing is left of it."""
    return _wait(headers, now) if headers.get("x-ratelimit-remaining", "").strip() == "0" else None


def _wait(headers: Mapping[str, str], now: datetime) -> datetime:
    reset = _reset(headers.get("x-ratelimit-reset", "").strip(), now)
    until = retry_at(headers, now) or reset or now + _PAUSE
    return min(max(until, now + _SHORTEST_WAIT), now + _LONGEST_PAUSE)


def _reset(text: str, now: datetime) -> datetime | None:
    """The reset as Mastodon writes it, an ISO time, or as other software does, seconds since 1970 or from now."""
    if text.isdecimal() and len(text) <= 10:
        number = int(text)
        return datetime.fromtimestamp(number, UTC) if len(text) == 10 else now + timedelta(seconds=number)
    return utc(text)

"""What Reddit's error answers mean for us: lists of codes in a 200, small objects with a status, pages of HTML.

Codes: Reddit's published source of 2017, recorded answers and reports up to 2026; read on 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from httpx2 import Response

from polypost.errors import Duplicate, PlatformError, RateLimited, ReconnectRequired, Rejected, TokenExpired
from polypost.platforms.kit.answers import member, parsed, quoted, sentence
from polypost.platforms.kit.refusals import no_refusal

# Calls are counted over ten minutes (Reddit Help, Data API rules).
_WINDOW = timedelta(minutes=10)
_QUOTA = timedelta(hours=1)
_SHORTEST_WAIT = timedelta(seconds=1)
_UNITS = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_WAIT = re.compile(r"(\d{1,6}|an?) (millisecond|second|minute|hour|day)s?\b")

_LATER = {"RATELIMIT": _WINDOW, "SUBREDDIT_RATELIMIT": _WINDOW, "QUOTA_FILLED": _QUOTA}
_LOGIN = frozenset({"USER_REQUIRED", "EXPIRED"})
_ACCOUNT = frozenset(
    {"IN_TIMEOUT", "VERIFIED_USER_REQUIRED", "BANNED_IP", "BAD_CAPTCHA", "USER_BLOCKED", "ACCOUNT_SUSPENDED"}
)
_NOT_PERMITTED = frozenset(
    {"SUBREDDIT_NOTALLOWED", "BANNED_FROM_SUBREDDIT", "NOT_WHITELISTED_BY_USER_IN_SUBREDDIT", "THREAD_LOCKED"}
)
_MEDIA = frozenset({"MISSING_VIDEO_URLS", "BAD_IMAGE", "IMAGE_ERROR"})
# What to do about a refusal of the content itself.
_ADVICE = {
    "SUBREDDIT_NOEXIST": "Check the spelling of the subreddit; it may also be banned.",
    "SUBREDDIT_REQUIRED": "Name a subreddit.",
    "NO_SELFS": "This subreddit takes links only: set url.",
    "NO_LINKS": "This subreddit takes text only: leave url and media out.",
    "NO_IMAGES": "This subreddit takes no images.",
    "NO_VIDEOS": "This subreddit takes no videos.",
    "GALLERIES_DISABLED": "This subreddit takes no galleries: post one picture, or elsewhere.",
    "POLLS_DISABLED": "This subreddit takes no polls.",
    "TOO_LONG": "Shorten it.",
    "NO_TEXT": "Write a title or text where Reddit asks for one.",
    "BAD_URL": "Check the address.",
    "NO_URL": "Set url.",
    "DOMAIN_BANNED": "Reddit does not take links to this domain.",
    "SUBMIT_VALIDATION_FLAIR_REQUIRED": "Set flairId to one of the subreddit's flairs.",
    "BAD_FLAIR_TEMPLATE_ID": "Set flairId to one of this subreddit's own flairs.",
    "INVALID_CROSSPOST_THING": "Check crosspostId; not every post and subreddit can be crossposted.",
}
_DOORS = {
    "private": "The subreddit is private.",
    "quarantine": "The subreddit is quarantined.",
    "quarantined": "The subreddit is quarantined.",
    "gold_only": "The subreddit is for Premium members.",
    "banned": "The subreddit is banned.",
}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an answer that decide; empty where the answer is no JSON."""

    status: int
    codes: tuple[str, ...] = ()
    text: str = ""
    reason: str = ""
    seconds: float | None = None
    is_json: bool = False

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read any of Reddit's shapes."""
        body = parsed(answer)
        inner = member(body, "json")
        listed = inner.get("errors")
        rows = [row for row in listed if isinstance(row, list) and row] if isinstance(listed, list) else []
        texts = [sentence(row[1]) for row in rows if len(row) > 1]
        texts += [sentence(body.get("explanation")), sentence(body.get("message"))]
        seconds = inner.get("ratelimit")
        return cls(
            answer.status_code,
            tuple(sentence(row[0]) for row in rows),
            next((text for text in texts if text), ""),
            sentence(body.get("reason")),
            _seconds(seconds),
            bool(body),
        )

    def __str__(self) -> str:
        named = self.codes[0] if self.codes else self.reason
        said = quoted("Reddit", self.text, self.status)
        return f"{said} ({named})" if named else said


def refused(answer: Response) -> bool:
    """Whether an answer with status 200 is a refusal all the same."""
    return bool(ErrorBody.of(answer).codes)


def error_for(answer: Response, now: datetime, *, committing: bool = False) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    if said.status == 429 or (said.status == 503 and "retry-after" in answer.headers):
        return RateLimited(_wait(answer.headers, now), "Reddit asks to slow down.")
    if said.status == 200 and said.codes:
        return _by_code(said, now)
    if 300 <= said.status < 400 and "/login" in answer.headers.get("location", ""):
        return TokenExpired("Reddit asks to log in.")
    if 400 <= said.status < 500:
        return _by_status(said, answer.headers)
    return no_refusal("Reddit", said.status, committing=committing)


def _by_code(said: ErrorBody, now: datetime) -> PlatformError:
    code = said.codes[0]
    if code in _LATER:
        wait = said.seconds if said.seconds is not None else _told(said.text)
        pause = timedelta(seconds=wait) if wait is not None else _LATER[code]
        return RateLimited(now + max(pause, _SHORTEST_WAIT), f"Reddit asks to post more slowly. {said}")
    if code == "ALREADY_SUB":
        return Duplicate(
            "Reddit says that this link has been submitted there already.",
            next_step="Choose another subreddit or link, or set resubmit.",
        )
    if code in _LOGIN:
        return ReconnectRequired(
            f"Reddit no longer accepts this authorisation. {said}", reason="access_revoked"
        )
    return _about_account(said, code) or Rejected(
        f"Reddit refused this. {said}",
        code="media_rejected" if code in _MEDIA else None,
        next_step=_ADVICE.get(code, ""),
    )


def _about_account(said: ErrorBody, code: str) -> Rejected | None:
    """The error for what is held against the account rather than the post."""
    if code in _ACCOUNT:
        return Rejected(
            f"Reddit has restricted this account. {said}",
            code="account_restricted",
            next_step="Sign in on reddit.com with this account and follow what it asks for.",
        )
    if code in _NOT_PERMITTED:
        return Rejected(
            f"The account may not post there. {said}",
            code="not_permitted",
            next_step="Ask the subreddit's moderators, or choose another subreddit.",
        )
    return None


def _by_status(said: ErrorBody, headers: Mapping[str, str]) -> PlatformError:
    challenge = headers.get("www-authenticate", "")
    if said.status == 401 or "invalid_token" in challenge:
        return TokenExpired("Reddit no longer accepts the access token.")
    if "insufficient_scope" in challenge:
        return ReconnectRequired("The authorisation does not allow this.", reason="access_revoked")
    if said.reason in _DOORS:
        return Rejected(
            f"{_DOORS[said.reason]} {said}",
            code="not_permitted",
            next_step="Choose another subreddit, or join it with this account first.",
        )
    if said.status == 403 and not said.is_json:
        return Rejected(
            "Reddit blocks this server or app.",
            code="platform_setup",
            next_step="Whoever runs this server has to check the app's approval at Reddit.",
        )
    # Only with `validate_on_submit` are the subreddit's rules told like this; 415 is the answer of the spam filter.
    rule = said.reason.startswith("SUBMIT_VALIDATION_")
    spam = said.status == 415
    what = (
        "A rule of the subreddit forbids this."
        if rule
        else "Reddit's spam filter refused this."
        if spam
        else ""
    )
    return Rejected(
        f"{what or 'Reddit refused this.'} {said}",
        next_step="Change the post to fit." if rule else "Change the text or the link." if spam else "",
    )


def exhausted_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the window ends whose calls are used up; None while there are some left."""
    left = _float(headers.get("x-ratelimit-remaining"))
    reset = _float(headers.get("x-ratelimit-reset"))
    # The reset is in seconds from now, not an instant.
    return (
        now + timedelta(seconds=max(reset, 1.0))
        if left is not None and left < 1 and reset is not None
        else None
    )


def _wait(headers: Mapping[str, str], now: datetime) -> datetime:
    told = _float(headers.get("retry-after"))
    after = now + timedelta(seconds=told) if told is not None else None
    until = exhausted_until(headers, now) or after or now + _WINDOW
    return max(until, now + _SHORTEST_WAIT)


def _told(text: str) -> float | None:
    """The wait that stands in a sentence, in seconds."""
    found = _WAIT.search(text)
    if found is None:
        return None
    count = int(found[1]) if found[1].isdecimal() else 1
    return count * _UNITS[found[2]]


def _float(text: str | None) -> float | None:
    # A number of a few digits; anything longer is none that a header would name.
    found = re.fullmatch(r"\d{1,7}(?:\.\d+)?", (text or "").strip(), re.ASCII)
    return float(found[0]) if found else None


def _seconds(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e7
    return float(value) if known else None

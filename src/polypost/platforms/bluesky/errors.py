"""What Bluesky's error answers mean for us: `{"error": "Name", "message": "…"}`; the name decides, not the sentence.

Trouble with a token often comes with 400. Read on 2026-11-24: lexicons of 20 August 2026, and answers of the reference
server where they say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from httpx2 import Response

from polypost.errors import Duplicate, PlatformError, RateLimited, Rejected, TokenExpired
from polypost.platforms.kit.answers import epoch, parsed, quoted, retry_at, sentence
from polypost.platforms.kit.refusals import made, no_refusal, reconnect, rejected

# The shortest window that Bluesky counts calls in (Bluesky docs, Rate Limits).
_PAUSE = timedelta(minutes=5)
_SHORTEST_WAIT = timedelta(seconds=1)
# A post costs at most this many points of the allowance.
_POINTS = 3
_OVERLOADED = frozenset({"ServiceOverloaded", "NotEnoughResources"})
_TOO_MANY = frozenset({"RateLimitExceeded", "DailyLimitExceeded", "TooManyOpenUploads"})


class ClocksDiffer(Rejected):
    """An instant that we asked for lies in the past of the account's server, or too far in its future."""


class BlobGone(Rejected):
    """A file that was uploaded is no longer there: the server forgets what no record refers to."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error answer; empty where the answer is no JSON."""

    status: int
    name: str = ""
    text: str = ""

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read an answer."""
        body = parsed(answer)
        return cls(answer.status_code, sentence(body.get("error")), sentence(body.get("message")))

    def __str__(self) -> str:
        return quoted("Bluesky", self.text or self.name, self.status)


_Made = Callable[[ErrorBody], PlatformError]


def _restricted(says: str) -> _Made:
    return rejected(
        says, "account_restricted", "Sign in on bsky.app with this account and follow what it asks for."
    )


_TOKEN = made(TokenExpired, "Bluesky no longer accepts the access token.")
_SCOPE = reconnect("The session does not allow this.")
_BAD_FILE = rejected(
    "Bluesky does not accept an uploaded file.", "media_rejected", "Use another file, or a smaller one."
)
_NO_SERVER = rejected(
    "The account's server does not know this call.",
    "not_permitted",
    "Update the server, or move the account.",
)

# By name; what the lexicons call out, and what the reference server answers.
_BY_NAME: Mapping[str, _Made] = {
    "ExpiredToken": _TOKEN,
    "InvalidToken": _TOKEN,
    "invalid_token": _TOKEN,
    "AuthMissing": _TOKEN,
    "AuthenticationRequired": _TOKEN,
    "InsufficientScope": _SCOPE,
    "AccountTakedown": _restricted("Bluesky has taken this account down."),
    "AccountSuspended": _restricted("Bluesky has suspended this account."),
    "AccountDeactivated": _restricted("This account is deactivated."),
    "RepoTakendown": _restricted("Bluesky has taken this account down."),
    "RepoSuspended": _restricted("Bluesky has suspended this account."),
    "RepoDeactivated": _restricted("This account is deactivated."),
    "AccountNotFound": _restricted("The account is not on this server."),
    "RepoNotFound": _restricted("The account is not on this server."),
    "InvalidSwap": made(Duplicate, "Another record stands where this post was to go.", next_step="Retry it."),
    "BadExpiration": made(ClocksDiffer, "This server's clock differs from Bluesky's."),
    "BlobNotFound": made(
        BlobGone,
        "Bluesky has forgotten an uploaded file.",
        code="media_rejected",
        next_step="Retry, so that it is uploaded anew.",
    ),
    "BlobTooLarge": _BAD_FILE,
    "InvalidMimeType": _BAD_FILE,
    "InvalidSize": _BAD_FILE,
    "PayloadTooLarge": _BAD_FILE,
    "VideoTooLarge": _BAD_FILE,
    "VideoTooLong": _BAD_FILE,
    "BadAspectRatio": _BAD_FILE,
    "UnsupportedContentType": _BAD_FILE,
    "UploadForbidden": rejected("Bluesky does not let this account upload videos.", "not_permitted"),
    "MethodNotImplemented": _NO_SERVER,
    "XRPCNotSupported": _NO_SERVER,
    "InvalidRequest": rejected("Bluesky refused this."),
}
_BY_STATUS: Mapping[int, _Made] = {
    401: _TOKEN,
    403: _SCOPE,
    413: _BAD_FILE,
    501: _NO_SERVER,
}


def error_for(answer: Response, now: datetime, *, committing: bool = False) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    if said.status == 429 or said.name in _TOO_MANY:
        return RateLimited(_wait(answer, now), "Bluesky asks to slow down.")
    if said.status == 503 and ("retry-after" in answer.headers or said.name in _OVERLOADED):
        return RateLimited(_wait(answer, now), "Bluesky is overloaded and asks to come back later.")
    if said.status == 501 or 400 <= said.status < 500:
        error = _BY_NAME.get(said.name) or _BY_STATUS.get(said.status) or rejected("Bluesky refused this.")
        return error(said)
    return no_refusal("Bluesky", said.status, committing=committing)


def exhausted_until(headers: Mapping[str, str]) -> datetime | None:
    """When the allowance that the headers tell of is renewed; None while it holds another post."""
    left = headers.get("ratelimit-remaining", "").strip()
    return epoch(headers.get("ratelimit-reset")) if left.isdecimal() and int(left) < _POINTS else None


def _wait(answer: Response, now: datetime) -> datetime:
    until = exhausted_until(answer.headers) or retry_at(answer.headers, now) or now + _PAUSE
    return max(until, now + _SHORTEST_WAIT)

"""What LinkedIn's error answers mean for us.

The telling mark stands in `code`, `serviceErrorCode` or `errorDetails.inputErrors[].code`; all three are looked at.
Read 2026-11-24: Microsoft Learn, LinkedIn: Error Handling, Posts API, API versioning, Rate Limiting; and recorded answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from httpx2 import Response

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.kit.answers import member, objects, parsed, quoted, retry_at, sentence
from polypost.platforms.kit.refusals import made, reconnect, rejected, token_expired
from polypost.platforms.linkedin.spec import VERSION

POST_URN = re.compile(r"urn:li:(?:share|ugcPost|activity):\d+")
# LinkedIn's numbers for what `code` says in words; answers often carry only one of the two.
_NUMBERS = {
    65600: "INVALID_ACCESS_TOKEN",
    65601: "REVOKED_ACCESS_TOKEN",
    65602: "EXPIRED_ACCESS_TOKEN",
    65604: "EMPTY_ACCESS_TOKEN",
    65608: "RESTRICTED_MEMBER",
    100: "ACCESS_DENIED",
    101: "TOO_MANY_REQUESTS",
}
_SHORTEST_WAIT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error answer that decide; empty where the answer is no JSON."""

    status: int
    text: str = ""
    marks: frozenset[str] = frozenset()
    trace: str = ""

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read an answer's three places."""
        body = parsed(answer)
        message = body.get("message") or body.get("error_description") or body.get("error")
        return cls(
            answer.status_code,
            sentence(message),
            frozenset(_marks(body)),
            answer.headers.get("x-li-uuid", "")[:64],
        )

    def __str__(self) -> str:
        said = quoted("LinkedIn", self.text, self.status)
        # By this LinkedIn's support finds the call.
        return f"{said} (trace {self.trace})" if self.trace else said


def _marks(body: Mapping[str, Any]) -> Iterator[str]:
    for entry in (body, *objects(member(body, "errorDetails").get("inputErrors"))):
        if isinstance(code := entry.get("code"), str):
            yield code
    if (number := body.get("serviceErrorCode")) in _NUMBERS:
        yield _NUMBERS[number]


Make = Callable[[ErrorBody], PlatformError]


def _duplicate(said: ErrorBody) -> PlatformError:
    # The name of the post that is there already is kept: it is what a later look begins with.
    named = POST_URN.search(said.text)
    which = f" It names {named[0]}." if named else ""
    return Duplicate(
        f"LinkedIn says that the account has posted this already.{which}",
        next_step="Change the text and retry.",
    )


_VERSION_ENDED = rejected(
    f"LinkedIn does not take version {VERSION} of its API any more.",
    "platform_setup",
    "Whoever runs this server has to update Polypost.",
)
_NOT_READY: Make = lambda _: Unavailable("LinkedIn is still working on an uploaded file.")  # noqa: E731  # one of a table of them
_BAD_MEDIA = rejected(
    "LinkedIn does not accept an uploaded file.",
    "media_rejected",
    "Re-encode the file (JPEG, PNG or GIF; MP4 with H.264 and AAC; PDF) and retry, so that it is uploaded anew.",
)
_MAY_NOT_RESHARE = rejected(
    "LinkedIn does not let this account reshare that post.",
    "not_permitted",
    "Leave reshareUrn out and link to the post in the text; if that fails too, connect the account again.",
)
_MARKED: Mapping[str, Make] = {
    "DUPLICATE_POST": _duplicate,
    "RESTRICTED_MEMBER": rejected(
        "LinkedIn has restricted this account.",
        "account_restricted",
        "Sign in on linkedin.com with this account and follow what it asks for.",
    ),
    "REVOKED_ACCESS_TOKEN": lambda _: TokenExpired(
        "The account took its authorisation back.", reason="access_revoked"
    ),
    "NONEXISTENT_VERSION": _VERSION_ENDED,
    "VERSION_MISSING": _VERSION_ENDED,
    "MEDIA_ASSET_WAITING_UPLOAD": _NOT_READY,
    "MEDIA_ASSET_PROCESSING": _NOT_READY,
    "MEDIA_ASSET_PROCESSING_FAILED": _BAD_MEDIA,
    "EXPIRED_UPLOAD_URL": _BAD_MEDIA,
    "INVALID_VIDEO_ID": _BAD_MEDIA,
}
_BY_STATUS: Mapping[int, Make] = {
    401: token_expired("LinkedIn"),
    403: reconnect("The authorisation, or the account's role on the page, does not allow this."),
    # A conflict with another call that went on at the same time: nothing was made, and the next try goes through.
    409: made(Unavailable, "LinkedIn was busy with this account."),
    413: _BAD_MEDIA,
    415: _BAD_MEDIA,
    426: _VERSION_ENDED,
}


def error_for(
    answer: Response, now: datetime, *, committing: bool = False, resharing: bool = False
) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes, `resharing` that it shows somebody else's post, which
    may be what is not allowed.
    """
    said = ErrorBody.of(answer)
    if said.status == 429:
        return RateLimited(_wait(answer, now), "LinkedIn's posts of the day are used up.")
    if said.status == 503 and "retry-after" in answer.headers:
        return RateLimited(_wait(answer, now), "LinkedIn is overloaded and asks to come back later.")
    if 400 <= said.status < 500:
        marked = next((_MARKED[mark] for mark in sorted(said.marks) if mark in _MARKED), None)
        if said.status == 403 and resharing:
            return _MAY_NOT_RESHARE(said)
        make = marked or _BY_STATUS.get(said.status) or rejected("LinkedIn refused this.")
        return make(said)
    if committing:
        return OutcomeUnknown("LinkedIn did not say clearly whether it published this.")
    return Unavailable(f"LinkedIn has trouble of its own. {said}")


def _wait(answer: Response, now: datetime) -> datetime:
    """When to come again: a day's allowance is renewed at midnight UTC, unless LinkedIn names a time."""
    if until := retry_at(answer.headers, now):
        return max(until, now + _SHORTEST_WAIT)
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)

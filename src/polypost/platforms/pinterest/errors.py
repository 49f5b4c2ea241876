"""What Pinterest's refusals mean for us.

An error is `{"code", "message"}`. Few codes are documented, so the HTTP status decides first, the code where it is
known, and the sentence only where Pinterest gives nothing else.
Codes: Pinterest OpenAPI description v5.23.0 and public reports, read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from httpx2 import Response

from polypost.errors import (
    Duplicate,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from polypost.platforms.kit.answers import parsed, quoted, sentence, whole
from polypost.platforms.kit.refusals import made, no_refusal, reconnect, rejected, status_is, token_expired

_SCOPE_MISSING, _RATE, _ACCIDENT, _NO_BOARD = 3, 8, 12, 40
_RATE_PAUSE = timedelta(seconds=60)
_SPAM_PAUSE = timedelta(hours=4)
_LONGEST_PAUSE = timedelta(days=1)
# Ten digits are an instant, fewer are seconds from now.
_EPOCH = 1_000_000_000

_ACCIDENT_WORDS = ("something went wrong on our end",)
_FETCH_WORDS = ("could not fetch the image", "unable to reach the url")
_SPAM_WORDS = ("combat spam",)
_TRIAL_WORDS = ("trial access",)


class Missing(Rejected):
    """Pinterest does not know what the call is about."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error answer that decide."""

    status: int
    code: int = 0
    text: str = ""

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read an answer that may be anything."""
        body = parsed(answer)
        return cls(answer.status_code, whole(body.get("code")), sentence(body.get("message")))

    def __str__(self) -> str:
        return quoted("Pinterest", self.text, self.status, 200)

    def mentions(self, words: tuple[str, ...]) -> bool:
        """Whether Pinterest's sentence holds one of these."""
        return any(word in self.text.lower() for word in words)

    @property
    def accident(self) -> bool:
        """Whether it is trouble of Pinterest's own, which some of its 4xx are as well."""
        return not 400 <= self.status < 500 or self.code == _ACCIDENT or self.mentions(_ACCIDENT_WORDS)


_BOARD = "Choose another board; GET /v1/pinterest/boards lists those of the account."
_Row = tuple[Callable[[ErrorBody], bool], Callable[[ErrorBody], PlatformError]]
# The first line that fits decides.
_REFUSALS: tuple[_Row, ...] = (
    (
        # No renewal gives a scope that is missing.
        lambda said: said.status == 401 and said.code == _SCOPE_MISSING,
        reconnect("The authorisation does not allow this."),
    ),
    (status_is(401), token_expired("Pinterest")),
    (
        # Its code (29) is that of other refusals, too, so the sentence has to tell.
        lambda said: said.status == 403 and said.mentions(_TRIAL_WORDS),
        rejected(
            "The Pinterest app has Trial access, which cannot publish.",
            "platform_setup",
            "Whoever runs this server has to apply for Standard access in Pinterest's developer portal.",
        ),
    ),
    (status_is(403), rejected("Pinterest does not let this account do this.", "not_permitted", _BOARD)),
    (
        lambda said: said.status == 404 and said.code in {_NO_BOARD, 404},
        made(Missing, "Pinterest does not find the board.", next_step=_BOARD),
    ),
    (status_is(404), made(Missing, "Pinterest does not find what this is about.")),
    (status_is(409), made(Duplicate, "Pinterest says that this is there already.")),
    # Their fetcher fails now and then for addresses that work a minute later.
    (
        lambda said: said.mentions(_FETCH_WORDS),
        made(Unavailable, "Pinterest could not fetch the picture."),
    ),
    (
        status_is(413),
        rejected("Pinterest finds this too large.", "media_rejected", "Make the pictures smaller."),
    ),
    (lambda _: True, rejected("Pinterest refused this.")),
)


def error_for(answer: Response, now: datetime, *, committing: bool = False) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    if said.status == 429 or (said.code == _RATE and 400 <= said.status < 500):
        return RateLimited(now + _wait(answer.headers, now), "Pinterest asks to slow down.")
    if said.status == 503 and "retry-after" in answer.headers:
        return RateLimited(
            now + _wait(answer.headers, now), "Pinterest is overloaded and asks to come back later."
        )
    if 400 <= said.status < 500 and said.mentions(_SPAM_WORDS):
        return RateLimited(now + _SPAM_PAUSE, f"Pinterest's guard against spam stopped this. {said}")
    if said.status == 408 or said.accident:
        return no_refusal("Pinterest", said.status, committing=committing)
    return next(error(said) for fits, error in _REFUSALS if fits(said))


def used_up_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the allowance is renewed, if the headers say that nothing is left of it."""
    if _first(headers.get("x-ratelimit-remaining", "")) != 0:
        return None
    return now + _wait(headers, now)


def _wait(headers: Mapping[str, str], now: datetime) -> timedelta:
    told = _first(headers.get("retry-after", ""))
    if told is None:
        told = _first(headers.get("x-ratelimit-reset", ""))
    if told is None:
        return _RATE_PAUSE
    if told >= _EPOCH:
        left = datetime.fromtimestamp(min(told, 10 * _EPOCH), UTC) - now
    else:
        left = timedelta(seconds=told)
    return min(max(left, timedelta(seconds=1)), _LONGEST_PAUSE)


def _first(text: str) -> int | None:
    """The first whole number in a header, whose form varies: `100`, or `100, 100;w=1, 1000;w=60`."""
    found = re.match(r"\s*([0-9]{1,12})", text)
    return int(found[1]) if found else None

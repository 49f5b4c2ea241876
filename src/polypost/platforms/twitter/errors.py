"""What X's error answers mean for us.

X has three shapes of errors, and two hosts in `type`, of which only the last segment counts.
Read in August 2026: X developer docs, Response codes and errors, and public reports where the docs are silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from httpx2 import Response

from polypost.errors import Duplicate, PlatformError, RateLimited
from polypost.platforms.kit.answers import epoch, objects, parsed, quoted, retry_at, sentence
from polypost.platforms.kit.refusals import no_refusal, reconnect, rejected, status_is, token_expired

_WINDOW = timedelta(minutes=15)
_MONTHLY_PAUSE = timedelta(hours=6)
_SHORTEST_WAIT = timedelta(seconds=1)
_BUCKETS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
# Numbers of the old API that still turn up.
_RATE_LIMIT_CODE, _DUPLICATE_CODE = 88, 187


class Call(Enum):
    """What was asked for, which decides what an unexplained 403 means."""

    PLAIN_POST = auto()
    SPECIAL_POST = auto()
    UPLOAD = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error answer that decide; empty where the answer is no JSON."""

    status: int
    kind: str = ""
    reason: str = ""
    text: str = ""
    codes: frozenset[int] = frozenset()
    fields: frozenset[str] = frozenset()

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read any of X's three shapes."""
        body = parsed(answer)
        errors = objects(body.get("errors"))
        texts = [error.get("message") or error.get("detail") for error in errors]
        texts += [body.get("detail"), body.get("error_description"), body.get("title"), body.get("error")]
        return cls(
            answer.status_code,
            sentence(body.get("type")).rstrip("/").rpartition("/")[2],
            sentence(body.get("reason")),
            next((shown for text in texts if (shown := sentence(text))), ""),
            frozenset(code for error in errors if isinstance(code := error.get("code"), int)),
            frozenset(name for error in errors for name in _names(error.get("parameters"))),
        )

    def __str__(self) -> str:
        return quoted("X", self.text, self.status)

    def mentions(self, *words: str) -> bool:
        """Whether X's sentence holds one of these."""
        return any(word in self.text.lower() for word in words)


# Which refusal, and what it is for us.
_Row = tuple[Callable[[ErrorBody, Call], bool], Callable[[ErrorBody], PlatformError]]


def _unexplained(said: ErrorBody, call: Call) -> bool:
    """A 403 that may come from a missing scope or from what was asked for; X does not tell."""
    # Without `media.write` every upload is refused with a 403.
    vague = said.mentions("not permitted to perform this action")
    return said.status == 403 and (vague or call is Call.UPLOAD)


_REFUSALS: tuple[_Row, ...] = (
    (status_is(401), token_expired("X")),
    # Calls cost credits since February 2026; how the sentence goes is not known, so the status alone counts.
    (
        status_is(402),
        rejected(
            "The X app has no credits left.",
            "platform_billing",
            "Whoever runs this server has to buy credits in X's developer console; then retry.",
        ),
    ),
    (
        lambda said, _: _DUPLICATE_CODE in said.codes or said.mentions("duplicate content"),
        lambda _: Duplicate(
            "X says that the account has posted this text already.", next_step="Change the text and retry."
        ),
    ),
    (
        lambda said, _: said.kind == "unsupported-authentication",
        reconnect("The token is of a kind that cannot post."),
    ),
    (
        lambda said, _: said.kind == "client-forbidden" or said.reason == "client-not-enrolled",
        rejected(
            "X does not let this app use its API.",
            "platform_setup",
            "Whoever runs this server has to enrol the app in X's developer console.",
        ),
    ),
    (
        lambda said, _: (
            said.kind == "user-suspended" or said.mentions("account is suspended", "temporarily locked")
        ),
        rejected(
            "X has restricted this account.",
            "account_restricted",
            "Sign in on x.com with this account and follow what it asks for.",
        ),
    ),
    (
        lambda said, _: said.kind == "oauth1-permissions",
        reconnect("The authorisation does not allow this."),
    ),
    (
        lambda said, call: _unexplained(said, call) and call in {Call.PLAIN_POST, Call.UPLOAD},
        reconnect("The authorisation does not allow this."),
    ),
    (
        lambda said, call: _unexplained(said, call) and call is Call.SPECIAL_POST,
        rejected(
            "X does not let this account post in this way.",
            "not_permitted",
            "Try without the reply, community, poll, reply restriction or long text it asks for.",
        ),
    ),
    (
        lambda said, _: "media.media_ids" in said.fields or said.mentions("media id"),
        rejected(
            "X does not accept an uploaded file.",
            "media_rejected",
            "Retry, so that the media is uploaded anew.",
        ),
    ),
    (lambda _said, _call: True, rejected("X refused this.")),
)


def error_for(
    answer: Response, now: datetime, *, call: Call = Call.OTHER, committing: bool = False
) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    if said.status == 429 or _RATE_LIMIT_CODE in said.codes:
        return _limited(answer, said, now)
    if said.status == 503 and "retry-after" in answer.headers:
        return RateLimited(_wait(answer, now), "X is overloaded and asks to come back later.")
    if 400 <= said.status < 500:
        return next(error(said) for when, error in _REFUSALS if when(said, call))
    return no_refusal("X", said.status, committing=committing)


def _limited(answer: Response, said: ErrorBody, now: datetime) -> RateLimited:
    if said.kind == "usage-capped":
        # A month's end is not in the answer; the app's owner may also raise the cap at any time.
        return RateLimited(now + _MONTHLY_PAUSE, "The X app has used up its posts of the month.")
    return RateLimited(_wait(answer, now), "X asks to slow down.")


def _wait(answer: Response, now: datetime) -> datetime:
    reset = epoch(answer.headers.get(f"{_BUCKETS[0]}-reset"))
    until = exhausted_until(answer.headers) or retry_at(answer.headers, now) or reset or now + _WINDOW
    return max(until, now + _SHORTEST_WAIT)


def exhausted_until(headers: Mapping[str, str]) -> datetime | None:
    """When the last of the used-up allowances is renewed; None when none is used up."""
    # A day's allowance may be empty while the window's headers still show room (reports of 2026).
    resets = [
        reset
        for bucket in _BUCKETS
        if headers.get(f"{bucket}-remaining", "").strip() == "0"
        and (reset := epoch(headers.get(f"{bucket}-reset")))
    ]
    return max(resets, default=None)


def _names(parameters: Any) -> Iterator[str]:
    return iter(parameters if isinstance(parameters, Mapping) else ())

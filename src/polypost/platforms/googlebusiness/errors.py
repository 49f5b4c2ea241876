"""What Google's refusals mean for us.

The HTTP status decides first, then the reason of an `ErrorInfo`, then the code of a `ValidationError`; sentences are only
shown. Shapes: google.rpc.Status and error details as the APIs answer them; codes 2, 5 and 1000 as seen in public
repositories, read 2026-11-24.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from httpx2 import Response

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from polypost.platforms.kit.answers import member, objects, parsed, quoted, sentence
from polypost.platforms.kit.refusals import made, reconnect, rejected, status_is, token_expired

_MEDIA_RULE, _FETCH = 5, 1000
# Quotas count by the minute (Business Profile APIs, Usage limits).
_PAUSE = timedelta(seconds=60)
_LONGEST_PAUSE = timedelta(days=1)
_OPERATOR = "Whoever runs this server has to look at the project in Google's cloud console."


_MOVED = "If the location has moved to another business group, connect it again."


class Missing(Rejected):
    """Google does not know what the call is about."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an answer that decide. `quota` is the limit that a refused project has, if that is told."""

    status: int
    reason: str = ""
    text: str = ""
    quota: str = ""
    codes: frozenset[int] = frozenset()
    fields: tuple[str, ...] = ()
    wait: timedelta | None = None

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read the APIs' envelope or the identity server's two members."""
        error = parsed(answer).get("error")
        if isinstance(error, str):
            return cls(answer.status_code, error, sentence(parsed(answer).get("error_description")))
        if not isinstance(error, Mapping):
            return cls(answer.status_code, wait=_header_wait(answer.headers))
        details = objects(error.get("details"))
        entries = [entry for detail in details for entry in objects(detail.get("errorDetails"))]
        violations = [entry for detail in details for entry in objects(detail.get("fieldViolations"))]
        known = next((detail for detail in details if isinstance(detail.get("reason"), str)), {})
        texts = [sentence(entry.get("message")) for entry in entries]
        texts += [sentence(entry.get("description")) for entry in violations]
        return cls(
            answer.status_code,
            str(known.get("reason", "")),
            "; ".join(text for text in texts if text) or sentence(error.get("message")),
            str(member(known, "metadata").get("quota_limit_value", "")),
            frozenset(entry["code"] for entry in entries if isinstance(entry.get("code"), int)),
            tuple(str(entry["field"]) for entry in (*entries, *violations) if entry.get("field")),
            _delay(details) or _header_wait(answer.headers),
        )

    def __str__(self) -> str:
        return quoted("Google", self.text, self.status)


def object_of(answer: Response) -> dict[str, Any] | None:
    """The JSON object of an answer, which is empty where a list is; None when it is anything else."""
    try:
        body = json.loads(answer.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


_Row = tuple[Callable[[ErrorBody], bool], Callable[[ErrorBody], PlatformError]]
# The first line that fits decides.
_REFUSALS: tuple[_Row, ...] = (
    (status_is(401), token_expired("Google")),
    (
        lambda said: said.status == 403 and said.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        reconnect("The permission to manage the business was not given."),
    ),
    (
        lambda said: said.status == 403 and said.reason in {"SERVICE_DISABLED", "CONSUMER_INVALID"},
        rejected("The interface is not switched on for the app.", "platform_setup", _OPERATOR),
    ),
    (
        status_is(403),
        rejected(
            "Google does not let this login post for the business.",
            "not_permitted",
            "Ask an owner of the business profile for a role there, or connect with another login.",
        ),
    ),
    (status_is(404), made(Missing, "Google does not find this.", next_step=_MOVED)),
    (status_is(409), made(Duplicate, "Google says that this is there already.")),
    # Its fetcher fails now and then for addresses that work a minute later.
    (
        lambda said: _FETCH in said.codes,
        made(Unavailable, "Google could not fetch the photo.", code="media_unreachable"),
    ),
    (
        lambda said: _MEDIA_RULE in said.codes or any(field.startswith("media") for field in said.fields),
        rejected("Google could not use the photo.", "media_rejected", "Use another picture."),
    ),
    (
        lambda said: any(field.startswith("event") for field in said.fields),
        rejected(
            "Google did not accept the event.",
            None,
            "Set eventTitle and both ends with date and time; an offer may need them too.",
        ),
    ),
    (lambda _: True, rejected("Google refused this.")),
)


def error_for(answer: Response, now: datetime, *, committing: bool = False) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    if said.status == 429:
        return not_approved(said) if said.quota == "0" else RateLimited(now + _pause(said), slow_down(said))
    if said.status == 408 or not 400 <= said.status < 500:
        if committing:
            return OutcomeUnknown("Google did not say clearly whether it has taken the post.")
        return Unavailable(f"Google has trouble of its own (status {said.status}).")
    return next(error(said) for fits, error in _REFUSALS if fits(said))


def not_approved(said: ErrorBody) -> Rejected:
    """A project whose quota is 0: waiting does not help."""
    return Rejected(
        f"Google has not approved the app for the Business Profile APIs. {said}",
        code="platform_setup",
        next_step="Whoever runs this server has to apply for Basic API Access and wait for Google's approval.",
    )


def slow_down(said: ErrorBody) -> str:
    """What a limit is called that ends by itself."""
    return f"Google asks to slow down. {said}"


def _pause(said: ErrorBody) -> timedelta:
    return min(max(said.wait or _PAUSE, timedelta(seconds=1)), _LONGEST_PAUSE)


def _delay(details: list[Mapping[str, Any]]) -> timedelta | None:
    for detail in details:
        found = re.fullmatch(r"([0-9]{1,9})(?:\.[0-9]+)?s", str(detail.get("retryDelay", "")))
        if found:
            return timedelta(seconds=int(found[1]) + ("." in found[0]))
    return None


def _header_wait(headers: Mapping[str, str]) -> timedelta | None:
    told = headers.get("retry-after", "")
    return timedelta(seconds=int(told)) if re.fullmatch(r"[0-9]{1,9}", told) else None

"""What the error numbers of Meta's Graph APIs mean for us.

Nearly every error says OAuthException, so only `code` and `error_subcode` decide; messages are shown, never read.
Numbers: Meta for Developers, Graph API: Error Handling, read 2026-11-24. What a network adds stands in its own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any

from polypost.errors import (
    Duplicate,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
)
from polypost.platforms.kit.answers import sentence, shortened, whole
from polypost.platforms.kit.refusals import Refusal

_MESSAGE_LENGTH = 200


class Gone(Unavailable):
    """The object is not there, or not any more, or not for this account; nothing came of it."""


class PermissionMissing(ReconnectRequired):
    """The authorisation lives but does not allow this."""


class ParameterRefused(Rejected):
    """A parameter is not accepted, without a number that says more."""


class Kind(Enum):
    """Our reading of a number."""

    TOKEN = auto()
    REVOKED = auto()
    SECURITY = auto()
    PERMISSION = auto()
    RATE = auto()
    NOT_READY = auto()
    TRANSIENT = auto()
    GONE = auto()
    PARAMETER = auto()
    REFUSED = auto()
    DUPLICATE = auto()


class Row(Refusal[Kind]):
    """What a number means."""

    __slots__ = ()


def file_refused(says: str, change: str) -> Row:
    """The row of a file that the network cannot use."""
    return Row(Kind.REFUSED, says, change, "media_rejected")


@dataclass(frozen=True, slots=True)
class GraphError:
    """The error object of an answer; `status` is the HTTP status, `data` its `error_data`."""

    status: int
    code: int = 0
    subcode: int = 0
    text: str = ""
    transient: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, body: Any) -> GraphError:
        """Read the Graph shape, the older shape of token endpoints, or anything else."""
        if not isinstance(body, Mapping):
            return cls(status)
        error = body.get("error")
        if not isinstance(error, Mapping):
            return cls(status, text=_text(body.get("error_message")))
        # What is written for people first; `message` is for developers.
        text = error.get("error_user_msg") or error.get("error_user_title") or error.get("message")
        data = error.get("error_data")
        return cls(
            status,
            whole(error.get("code")),
            whole(error.get("error_subcode")),
            _text(text),
            error.get("is_transient") is True,
            data if isinstance(data, Mapping) else {},
        )


def rows_of_subcodes(name: str, *, owner: str = "account's owner") -> dict[tuple[int, int], Row]:
    """What (code, subcode) means at every network of the house."""
    return {
        (100, 33): Row(Kind.GONE, f"{name} does not know this object or gives no access to it."),
        (190, 458): Row(Kind.REVOKED, "The app was removed in the account's settings."),
        (190, 459): Row(Kind.SECURITY, f"{name} wants the {owner} to pass a security check first."),
        (190, 460): Row(Kind.SECURITY, "The account's password was changed."),
        (190, 463): Row(Kind.TOKEN, "The access token has expired."),
        (190, 464): Row(Kind.SECURITY, "The account has not been confirmed."),
        (190, 467): Row(Kind.TOKEN, "The access token is no longer valid."),
        (190, 492): Row(Kind.REVOKED, "The account has lost the role that publishing needs."),
    }


def rows_of_codes(name: str) -> dict[int, Row]:
    """What a code alone means at every network of the house."""
    trouble = Row(Kind.TRANSIENT, f"{name} has trouble of its own.")
    role = Row(Kind.PERMISSION, f"{name} says that this authorisation may not do this.")
    busy = Row(Kind.RATE, f"{name} asks to slow down.")
    login = Row(Kind.TOKEN, f"{name} ended the authorisation.")
    return {
        1: trouble,
        2: trouble,
        3: role,
        10: role,
        100: Row(Kind.PARAMETER, f"{name} does not accept a parameter of this request."),
        102: login,
        190: login,
        368: Row(
            Kind.REFUSED,
            f"{name} blocked this under its policies.",
            "Look at the account before trying again.",
            "account_restricted",
        ),
        506: Row(
            Kind.DUPLICATE,
            f"{name} says that this was posted already.",
            "Look at the account; to post it again, change it and retry.",
        ),
        **dict.fromkeys((4, 17, 32, 341, 613), busy),
        **dict.fromkeys(range(200, 300), role),
    }


_BY_KIND: Mapping[Kind, Callable[[str], PlatformError]] = {
    Kind.TOKEN: TokenExpired,
    Kind.REVOKED: partial(ReconnectRequired, reason="access_revoked"),
    Kind.SECURITY: partial(ReconnectRequired, reason="security_invalidation"),
    Kind.PERMISSION: partial(PermissionMissing, reason="access_revoked"),
    Kind.GONE: Gone,
    Kind.TRANSIENT: Unavailable,
    Kind.DUPLICATE: Duplicate,
    Kind.PARAMETER: ParameterRefused,
}


class Numbers:
    """The table of one network: a code with its subcode decides, then a `unique` subcode, then the code alone.

    A network whose answers ask for more overrides `named`, `error_for` or `commit_error_for`.
    """

    def __init__(
        self,
        name: str,
        *,
        subcodes: Mapping[tuple[int, int], Row],
        codes: Mapping[int, Row],
        unique: Mapping[int, Row],
        rate_pause: timedelta,
        not_ready_pause: timedelta = timedelta(),
        errors: Mapping[Kind, Callable[[str], PlatformError]] | None = None,
    ) -> None:
        self.name = name
        self._subcodes = subcodes
        self._codes = codes
        self._unique = unique
        self._rate_pause = rate_pause
        self._not_ready_pause = not_ready_pause
        self._errors = {**_BY_KIND, **(errors or {})}

    def named(self, error: GraphError) -> Row | None:
        """The table's word on these numbers."""
        return (
            self._subcodes.get((error.code, error.subcode))
            or self._unique.get(error.subcode)
            or self._codes.get(error.code)
        )

    def row(self, error: GraphError) -> Row:
        """The table's word on these numbers, or the best reading of the status."""
        if named := self.named(error):
            return named
        if error.transient or error.status >= 500 or error.status < 400 or error.status == 408:
            return Row(Kind.TRANSIENT, f"{self.name} has trouble of its own.")
        if error.status == 429:
            return Row(Kind.RATE, f"{self.name} asks to slow down.")
        if error.status == 401:
            return Row(Kind.TOKEN, f"{self.name} ended the authorisation.")
        numbers = f"code {error.code}, subcode {error.subcode}" if error.code else f"status {error.status}"
        return Row(Kind.REFUSED, f"{self.name} refused the request ({numbers}).")

    def error_for(self, error: GraphError, *, now: datetime, wait: timedelta | None = None) -> PlatformError:
        """Our error for an answer to a repeatable call; `wait` is what the headers ask for."""
        row = self.row(error)
        said = f'{row.says} It says: "{error.text}"' if error.text else row.says
        if row.kind is Kind.RATE:
            return RateLimited(now + (wait or self._rate_pause), said)
        if row.kind is Kind.NOT_READY:
            # Asked too soon is no failed attempt, and this is the one error that costs none.
            return RateLimited(now + self._not_ready_pause, said)
        if row.kind is Kind.REFUSED:
            return Rejected(said, code=row.code, next_step=row.change)
        return self._errors[row.kind](said)

    def commit_error_for(
        self, error: GraphError, *, now: datetime, wait: timedelta | None = None, told_to_wait: bool = False
    ) -> PlatformError:
        """Our error for an answer to the publishing call, after which the post may be out in spite of the error.

        `told_to_wait` says that the answer had a Retry-After header.
        """
        if error.status == 503 and told_to_wait and not error.code:
            return RateLimited(now + (wait or self._rate_pause), f"{self.name} asks to slow down.")
        if self.row(error).kind is Kind.TRANSIENT or error.status >= 500 or error.status < 400:
            return self.unsure()
        return self.error_for(error, now=now, wait=wait)

    def unsure(self) -> OutcomeUnknown:
        """The post may be out."""
        return OutcomeUnknown(f"{self.name} did not say clearly whether it published this.")


def _text(value: Any) -> str:
    return shortened(sentence(value), _MESSAGE_LENGTH)

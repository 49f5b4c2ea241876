"""What the Graph API's error numbers mean for a Page's posts.

Nearly every error says OAuthException, so only `code` and `error_subcode` decide; messages are shown, never read.
Numbers: Meta for Developers, Graph API: Error Handling, and what open connectors meet, read 2026-11-24.
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
    Unavailable,
)


class Gone(Unavailable):
    """The object is not there, or not any more, or not for this Page."""


class Nowhere(Rejected):
    """What the publishing call speaks of is not there; nothing came of it."""


class PermissionMissing(ReconnectRequired):
    """The authorisation lives but does not allow this."""


class ParameterRefused(Rejected):
    """A parameter is not accepted, without a number that says more."""


class WrongOffset(Unavailable):
    """The bytes came from another place of the file than the one that is due; `piece` is that, where it was told."""

    def __init__(self, message: str, piece: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.piece = piece


class Kind(Enum):
    """Our reading of a number."""

    TOKEN = auto()
    REVOKED = auto()
    SECURITY = auto()
    PERMISSION = auto()
    RATE = auto()
    TRANSIENT = auto()
    GONE = auto()
    OFFSET = auto()
    PARAMETER = auto()
    REFUSED = auto()
    DUPLICATE = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """A number's kind, what happened, what to change, and our word for it where it has one."""

    kind: Kind
    says: str
    change: str = ""
    code: str | None = None


_SERVER = "Facebook has trouble of its own."
_LOGIN = "Facebook ended the authorisation."
_ROLE = "Facebook says that this authorisation may not do this."
_BUSY = "Facebook asks to slow down."
_LOOK = "Look at the Page on Facebook before trying again."
_LINK = Row(Kind.REFUSED, "Facebook cannot use this link.", "Check the link, or leave it out.")
_BLOCKED = Row(Kind.REFUSED, "Facebook blocked this under its policies.", _LOOK, "account_restricted")
_CONFIRM = Row(
    Kind.REFUSED,
    "Facebook wants the people behind this Page to confirm who they are.",
    "Open the Page on Facebook and follow what it asks for, then try again.",
    "account_restricted",
)
_PICTURE = Row(
    Kind.REFUSED,
    "Facebook cannot use this picture.",
    "Save it as a JPEG or PNG of at most 4 MB.",
    "media_rejected",
)
_FILM = Row(
    Kind.REFUSED,
    "Facebook cannot use this video.",
    "Re-encode it as an MP4 with H.264 video and AAC sound.",
    "media_rejected",
)
_SAID_TWICE = Row(
    Kind.DUPLICATE,
    "Facebook says that the Page has posted this already.",
    "Look at the Page; to post it again, change it and retry.",
)

_SUBCODES: dict[int, Row] = {
    33: Row(Kind.GONE, "Facebook does not know this object or gives no access to it."),
    458: Row(Kind.REVOKED, "The app was removed in the account's settings."),
    459: Row(Kind.SECURITY, "Facebook wants the person to pass a security check on facebook.com first."),
    460: Row(Kind.SECURITY, "The password was changed."),
    463: Row(Kind.TOKEN, "The access token has expired."),
    464: Row(Kind.SECURITY, "The person's account has not been confirmed."),
    467: Row(Kind.TOKEN, "The access token is no longer valid."),
    492: Row(Kind.REVOKED, "The person has lost the role on the Page that publishing needs."),
    1346003: _BLOCKED,
    1363019: _FILM,
    1363030: Row(Kind.TRANSIENT, "The upload took too long."),
    1363037: Row(Kind.OFFSET, "Facebook expects other bytes of the video."),
    1363041: Row(Kind.GONE, "The upload session has expired."),
    1363042: Row(Kind.PERMISSION, _ROLE),
    1366046: _PICTURE,
    1366051: _SAID_TWICE,
    1390008: Row(
        Kind.REFUSED,
        "Facebook says that this Page posts too fast.",
        f"Wait a day. {_LOOK}",
        "account_restricted",
    ),
    1404006: _BLOCKED,
    1404078: _CONFIRM,
    1404102: _BLOCKED,
    1404112: _BLOCKED,
    1609005: _LINK,
    1609008: _LINK,
    1609010: _LINK,
    4854002: _CONFIRM,
}
_CODES: dict[int, Row] = {
    1: Row(Kind.TRANSIENT, _SERVER),
    2: Row(Kind.TRANSIENT, _SERVER),
    3: Row(Kind.PERMISSION, _ROLE),
    4: Row(Kind.RATE, _BUSY),
    10: Row(Kind.PERMISSION, _ROLE),
    17: Row(Kind.RATE, _BUSY),
    32: Row(Kind.RATE, _BUSY),
    100: Row(Kind.PARAMETER, "Facebook does not accept a parameter of this request."),
    102: Row(Kind.TOKEN, _LOGIN),
    104: Row(Kind.TOKEN, _LOGIN),
    190: Row(Kind.TOKEN, _LOGIN),
    324: _PICTURE,
    341: Row(Kind.RATE, _BUSY),
    352: _FILM,
    368: _BLOCKED,
    506: _SAID_TWICE,
    613: Row(Kind.RATE, _BUSY),
    1500: _LINK,
    6000: _FILM,
    80001: Row(Kind.RATE, _BUSY),
} | {code: Row(Kind.PERMISSION, _ROLE) for code in range(200, 300)}
# The numbers below belong to one code each; the long ones come as code or as subcode, with codes that vary.
_OF_TOKENS = frozenset({458, 459, 460, 463, 464, 467, 492})
_LONG = 1_000_000
_VIDEO_FAMILY = range(1_363_000, 1_364_000)

RATE_PAUSE = timedelta(minutes=15)
_MESSAGE_LENGTH = 200


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
        """Read the Graph shape, the upload host's shape, or anything else."""
        error = body.get("error") if isinstance(body, Mapping) else None
        if not isinstance(error, Mapping):
            return cls(status)
        text = error.get("error_user_msg") or error.get("error_user_title") or error.get("message")
        data = error.get("error_data")
        return cls(
            status,
            _number(error.get("code")),
            _number(error.get("error_subcode")),
            _text(text),
            error.get("is_transient") is True,
            data if isinstance(data, Mapping) else {},
        )

    @property
    def row(self) -> Row:
        """The table's word on these numbers, or the best reading of the status."""
        named = self._by_subcode() or _CODES.get(self.code) or self._by_code()
        if named:
            return named
        if self.transient or self.status >= 500 or self.status < 400 or self.status == 408:
            return Row(Kind.TRANSIENT, _SERVER)
        if self.status == 429:
            return Row(Kind.RATE, _BUSY)
        if self.status == 401:
            return Row(Kind.TOKEN, _LOGIN)
        numbers = f" (code {self.code}, subcode {self.subcode})" if self.code else f" (status {self.status})"
        return Row(Kind.REFUSED, f"Facebook refused the request{numbers}.")

    def _by_subcode(self) -> Row | None:
        """A short subcode only counts with its own code, a long one always."""
        if self.subcode >= _LONG:
            return _long(self.subcode)
        fits = self.code == 190 if self.subcode in _OF_TOKENS else self.code == 100 and self.subcode == 33
        return _SUBCODES[self.subcode] if fits else None

    def _by_code(self) -> Row | None:
        return _long(self.code) if self.code >= _LONG else None


def _long(number: int) -> Row | None:
    return _SUBCODES.get(number) or (_FILM if number in _VIDEO_FAMILY else None)


_BY_KIND: dict[Kind, Callable[[str], PlatformError]] = {
    # There is nothing to renew a dead Page token with, so it asks for a new login at once.
    Kind.TOKEN: partial(ReconnectRequired, reason="token_expired"),
    Kind.REVOKED: partial(ReconnectRequired, reason="access_revoked"),
    Kind.SECURITY: partial(ReconnectRequired, reason="security_invalidation"),
    Kind.PERMISSION: partial(PermissionMissing, reason="access_revoked"),
    Kind.GONE: Gone,
    Kind.TRANSIENT: Unavailable,
    Kind.DUPLICATE: Duplicate,
    Kind.PARAMETER: ParameterRefused,
}


def error_for(error: GraphError, *, now: datetime, wait: timedelta | None = None) -> PlatformError:
    """Our error for an answer to a repeatable call; `wait` is what the headers ask for."""
    row = error.row
    said = f'{row.says} It says: "{error.text}"' if error.text else row.says
    if row.kind is Kind.RATE:
        return RateLimited(now + (wait or RATE_PAUSE), said)
    if row.kind is Kind.OFFSET:
        return WrongOffset(said, _piece(error.data))
    if row.kind is Kind.REFUSED:
        return Rejected(said, code=row.code, next_step=row.change)
    return _BY_KIND[row.kind](said)


def commit_error_for(
    error: GraphError, *, now: datetime, wait: timedelta | None = None, told_to_wait: bool = False
) -> PlatformError:
    """Our error for an answer to the publishing call, after which the post may be out in spite of the error.

    `told_to_wait` says that the answer had a Retry-After header.
    """
    if error.status == 503 and told_to_wait and not error.code:
        return RateLimited(now + (wait or RATE_PAUSE), _BUSY)
    row = error.row
    if row.kind is Kind.TRANSIENT or error.status >= 500 or error.status < 400:
        return OutcomeUnknown("Facebook did not say clearly whether it published this.")
    if row.kind in {Kind.GONE, Kind.OFFSET}:
        return Nowhere(
            "Facebook no longer finds the Page or what was prepared for it.",
            next_step="Check that the Page still exists, then retry.",
        )
    return error_for(error, now=now, wait=wait)


def _piece(data: Mapping[str, Any]) -> tuple[int, int] | None:
    ends = [str(data.get(name, "")) for name in ("start_offset", "end_offset")]
    if not all(each.isascii() and each.isdecimal() for each in ends):
        return None
    return int(ends[0]), int(ends[1])


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: Any) -> str:
    said = " ".join(value.split()) if isinstance(value, str) else ""
    return said if len(said) <= _MESSAGE_LENGTH else said[: _MESSAGE_LENGTH - 1] + "…"

"""What the error numbers of Threads mean for us.

Nearly every error says OAuthException, so only `code` and `error_subcode` decide; messages are shown, never read.
Numbers: Meta for Developers, Threads API: Troubleshooting, and Graph API: Error Handling, read 2026-11-24; those of
containers and of the publishing call also from issue logs of other connectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


class Gone(Unavailable):
    """The container or post is not there, or not any more; nothing came of it."""


class NotReady(RateLimited):
    """The publishing call came too soon, or for a container that Threads does not find; nothing was published."""


class PermissionMissing(ReconnectRequired):
    """The authorisation lives but does not allow this."""


class AlreadyLong(Rejected):
    """The token that was to be exchanged lives sixty days already."""


class Kind(Enum):
    """Our reading of a number."""

    TOKEN = auto()
    REVOKED = auto()
    SECURITY = auto()
    PERMISSION = auto()
    RATE = auto()
    TRANSIENT = auto()
    GONE = auto()
    REFUSED = auto()
    DUPLICATE = auto()
    ALREADY_LONG = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """A number's kind, what happened, what to change, and our word for it where it has one."""

    kind: Kind
    says: str
    change: str = ""
    code: str | None = None


_SERVER = "Threads has trouble of its own."
_LOGIN = "Threads ended the authorisation."
_ROLE = "Threads says that this authorisation may not do this."
_BUSY = "Threads asks to slow down."
_QUOTA = "The account has used up its Threads posts for the day."
_PUBLIC = "The address of this server's media has to be reachable from the internet."
_PULL = "Threads could not fetch the file from this server."
_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."
_UNSURE = "Threads did not say clearly whether it published this."

_SUBCODES: dict[tuple[int, int], Row] = {
    (100, 33): Row(Kind.GONE, "Threads does not know this object or gives no access to it."),
    (190, 458): Row(Kind.REVOKED, "The app was removed in the account's settings."),
    (190, 459): Row(Kind.SECURITY, "Threads wants the account's owner to pass a security check first."),
    (190, 460): Row(Kind.SECURITY, "The account's password was changed."),
    (190, 463): Row(Kind.TOKEN, "The access token has expired."),
    (190, 464): Row(Kind.SECURITY, "The account has not been confirmed."),
    (190, 467): Row(Kind.TOKEN, "The access token is no longer valid."),
    (190, 492): Row(Kind.REVOKED, "The account has lost the role that publishing needs."),
}
# These subcodes are unique, and some come with a code that is not certain.
_UNIQUE: dict[int, Row] = {
    4279004: Row(Kind.GONE, "An item of the carousel failed or has expired."),
    4279009: Row(Kind.GONE, "Threads does not find this yet, or not any more."),
    4279013: Row(
        Kind.REFUSED,
        "The Threads profile is restricted.",
        "Open Threads with this account and follow what it asks for.",
        "account_restricted",
    ),
    4279019: Row(Kind.ALREADY_LONG, "The access token lives sixty days already."),
    2207042: Row(Kind.RATE, _QUOTA),
    2207051: Row(
        Kind.REFUSED,
        "Threads blocked this as likely spam.",
        "Look at the account, wait a day, and publish less often or something less alike.",
        "account_restricted",
    ),
    2207052: Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
}
_CODES: dict[int, Row] = {
    1: Row(Kind.TRANSIENT, _SERVER),
    2: Row(Kind.TRANSIENT, _SERVER),
    3: Row(Kind.PERMISSION, _ROLE),
    4: Row(Kind.RATE, _BUSY),
    9: Row(Kind.RATE, _QUOTA),
    10: Row(Kind.PERMISSION, _ROLE),
    17: Row(Kind.RATE, _BUSY),
    24: Row(Kind.GONE, "Threads does not find this yet, or not any more."),
    32: Row(Kind.RATE, _BUSY),
    100: Row(Kind.REFUSED, "Threads does not accept a parameter of this request."),
    102: Row(Kind.TOKEN, _LOGIN),
    190: Row(Kind.TOKEN, _LOGIN),
    341: Row(Kind.RATE, _BUSY),
    368: Row(
        Kind.REFUSED,
        "Threads blocked this under its policies.",
        "Look at the account before trying again.",
        "account_restricted",
    ),
    452: Row(Kind.TOKEN, _LOGIN),
    506: Row(
        Kind.DUPLICATE,
        "Threads says that this was posted already.",
        "Look at the account; to post it again, change it and retry.",
    ),
    613: Row(Kind.RATE, _BUSY),
} | {code: Row(Kind.PERMISSION, _ROLE) for code in range(200, 300)}
# What a container in state ERROR gives as its `error_message`; "ASPEC" is Meta's own spelling.
_CONTAINER: dict[str, Row] = {
    "INVALID_ASPEC_RATIO": Row(
        Kind.REFUSED, "Threads refuses the shape of the file.", "Crop it to at most 10:1.", "media_rejected"
    ),
    "INVALID_BIT_RATE": Row(
        Kind.REFUSED,
        "The video has too high a bit rate.",
        "Re-encode it with at most 100 Mbit/s.",
        "media_rejected",
    ),
    "INVALID_DURATION": Row(
        Kind.REFUSED, "The video is too long.", "Cut it to at most 5 minutes.", "media_rejected"
    ),
    "INVALID_FRAME_RATE": Row(
        Kind.REFUSED,
        "The video has an unusual frame rate.",
        "Re-encode it with 23 to 60 frames a second.",
        "media_rejected",
    ),
    "INVALID_AUDIO_CHANNELS": Row(
        Kind.REFUSED,
        "The video has too many sound channels.",
        "Mix the sound down to stereo.",
        "media_rejected",
    ),
    "INVALID_AUDIO_CHANNEL_LAYOUT": Row(
        Kind.REFUSED,
        "The video has an unusual order of sound channels.",
        "Mix it down to stereo.",
        "media_rejected",
    ),
    # These three may pass: a new container is tried before the file is blamed.
    "FAILED_DOWNLOADING_VIDEO": Row(Kind.GONE, _PULL, _PUBLIC, "media_unreachable"),
    "FAILED_PROCESSING_AUDIO": Row(
        Kind.GONE, "Threads could not process the sound.", _REENCODE, "media_rejected"
    ),
    "FAILED_PROCESSING_VIDEO": Row(
        Kind.GONE, "Threads could not process the video.", _REENCODE, "media_rejected"
    ),
}
_UNTOLD = Row(
    Kind.GONE,
    "Threads could not fetch or process the media and gives no reason.",
    "Check that this server's media can be reached from the internet, or re-encode the file (JPEG, PNG; MP4 with "
    "H.264 and AAC).",
    "media_rejected",
)
_AMBIGUOUS = 10

RATE_PAUSE = timedelta(hours=1)
NOT_READY_PAUSE = timedelta(seconds=10)
_MESSAGE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class GraphError:
    """The error object of an answer; `status` is the HTTP status."""

    status: int
    code: int = 0
    subcode: int = 0
    text: str = ""
    transient: bool = False

    @classmethod
    def of(cls, status: int, body: Any) -> GraphError:
        """Read the Graph shape, the older shape of token endpoints, or anything else."""
        if not isinstance(body, Mapping):
            return cls(status)
        error = body.get("error")
        if not isinstance(error, Mapping):
            return cls(status, text=_text(body.get("error_message")))
        text = error.get("error_user_msg") or error.get("error_user_title") or error.get("message")
        return cls(
            status,
            _number(error.get("code")),
            _number(error.get("error_subcode")),
            _text(text),
            error.get("is_transient") is True,
        )

    @property
    def row(self) -> Row:
        """The table's word on these numbers, or the best reading of the status."""
        named = _SUBCODES.get((self.code, self.subcode)) or _UNIQUE.get(self.subcode) or _CODES.get(self.code)
        if named:
            return named
        if self.transient or self.status >= 500 or self.status < 400 or self.status == 408:
            return Row(Kind.TRANSIENT, _SERVER)
        if self.status == 429:
            return Row(Kind.RATE, _BUSY)
        if self.status == 401:
            return Row(Kind.TOKEN, _LOGIN)
        numbers = f" (code {self.code}, subcode {self.subcode})" if self.code else f" (status {self.status})"
        return Row(Kind.REFUSED, f"Threads refused the request{numbers}.")


_BY_KIND: dict[Kind, Callable[[str], PlatformError]] = {
    Kind.TOKEN: TokenExpired,
    Kind.REVOKED: partial(ReconnectRequired, reason="access_revoked"),
    Kind.SECURITY: partial(ReconnectRequired, reason="security_invalidation"),
    Kind.PERMISSION: partial(PermissionMissing, reason="access_revoked"),
    Kind.GONE: Gone,
    Kind.TRANSIENT: Unavailable,
    Kind.DUPLICATE: Duplicate,
    Kind.ALREADY_LONG: AlreadyLong,
}


def error_for(error: GraphError, *, now: datetime, wait: timedelta | None = None) -> PlatformError:
    """Our error for an answer to a repeatable call; `wait` is what the headers ask for."""
    row = error.row
    said = f'{row.says} It says: "{error.text}"' if error.text else row.says
    if row.kind is Kind.RATE:
        return RateLimited(now + (wait or RATE_PAUSE), said)
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
    kind = error.row.kind
    if kind is Kind.TRANSIENT or error.status >= 500 or error.status < 400:
        return OutcomeUnknown(_UNSURE)
    if error.code == _AMBIGUOUS and kind is Kind.PERMISSION:
        # The same permission made the container, and posts have been seen to come out in spite of this answer.
        return OutcomeUnknown(_UNSURE)
    if kind is Kind.GONE:
        # Asked too soon is no failed attempt, and this is the one error that costs none.
        return NotReady(now + NOT_READY_PAUSE, error.row.says)
    return error_for(error, now=now, wait=wait)


def container_row(message: str) -> Row:
    """What the `error_message` of a container in state ERROR means: GONE where a new container may do better."""
    return _CONTAINER.get(message, _UNTOLD)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: Any) -> str:
    said = " ".join(value.split()) if isinstance(value, str) else ""
    return said if len(said) <= _MESSAGE_LENGTH else said[: _MESSAGE_LENGTH - 1] + "…"

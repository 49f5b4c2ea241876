"""What Instagram's error numbers mean for us.

Nearly every error says OAuthException, so only `code` and `error_subcode` decide; messages are shown, never read.
Numbers: Meta for Developers, Instagram Platform: Error Codes, and Graph API: Error Handling, read 2026-11-24.
"""

from __future__ import annotations

import re
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
    """The container or media item is not there, or not any more; nothing came of it."""


class PushRefused(Gone):
    """The upload host does not take bytes from this login."""


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
    QUOTA = auto()
    TRANSIENT = auto()
    GONE = auto()
    NOT_READY = auto()
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


_SERVER = "Instagram has trouble of its own."
_LOGIN = "Instagram ended the authorisation."
_ROLE = "Instagram says that this authorisation may not do this."
_BUSY = "Instagram asks to slow down."
_PUBLIC = "The address of this server's media has to be reachable from the internet."
_PULL = "Instagram could not fetch the file from this server."

_SUBCODES: dict[tuple[int, int], Row] = {
    (190, 458): Row(Kind.REVOKED, "The app was removed in the account's settings."),
    (190, 459): Row(Kind.SECURITY, "Instagram wants the account's owner to pass a security check first."),
    (190, 460): Row(Kind.SECURITY, "The account's password was changed."),
    (190, 463): Row(Kind.TOKEN, "The access token has expired."),
    (190, 464): Row(Kind.SECURITY, "The account has not been confirmed."),
    (190, 467): Row(Kind.TOKEN, "The access token is no longer valid."),
    (190, 492): Row(Kind.REVOKED, "The account has lost the role that publishing needs."),
    (100, 33): Row(Kind.GONE, "Instagram does not know this object or gives no access to it."),
    (-2, 2207003): Row(Kind.TRANSIENT, "Instagram took too long to fetch the file."),
    (-2, 2207020): Row(Kind.GONE, "The prepared media has expired."),
    (-1, 2207001): Row(Kind.TRANSIENT, _SERVER),
    (-1, 2207032): Row(Kind.TRANSIENT, "Instagram could not create the media."),
    (-1, 2207053): Row(Kind.TRANSIENT, "Instagram could not take the upload."),
    (-1, 2207077): Row(Kind.TRANSIENT, "Instagram could not fetch the video."),
    (-1, 2207082): Row(Kind.TRANSIENT, "Instagram could not take the upload."),
    (1, 2207057): Row(
        Kind.REFUSED, "The cover frame lies outside the video.", "Choose a smaller thumbOffset."
    ),
    (4, 2207051): Row(
        Kind.REFUSED,
        "Instagram blocked this as likely spam.",
        "Look at the account, wait a day, and publish less often or something less alike.",
        "account_restricted",
    ),
    (9, 2207042): Row(Kind.QUOTA, "The account has used up its Instagram posts for the day."),
    (10, 2534022): Row(
        Kind.REFUSED,
        "Instagram lets an account answer only within 24 hours of the person's last message.",
        "Wait until the person writes again.",
        "message_window_closed",
    ),
    (10, 2207081): Row(Kind.REFUSED, "This account may not make trial reels.", "Publish a normal reel."),
    (24, 2207006): Row(Kind.GONE, "Instagram no longer has the media."),
    (24, 2207008): Row(Kind.GONE, "Instagram does not find the prepared media."),
    (25, 2207050): Row(
        Kind.REFUSED,
        "The Instagram account is restricted or inactive.",
        "Open Instagram with this account and follow what it asks for.",
        "account_restricted",
    ),
    (100, 2534014): Row(Kind.GONE, "Instagram does not find this person."),
    (100, 2207023): Row(Kind.REFUSED, "Instagram does not know this kind of media.", "Use a JPEG or an MP4."),
    (100, 2207028): Row(Kind.REFUSED, "A carousel has 2 to 10 items.", "Change the number of media items."),
    (100, 2207035): Row(Kind.REFUSED, "A product tag's position is not accepted.", "Leave the tag out."),
    (100, 2207036): Row(Kind.REFUSED, "Product tags are not accepted here.", "Leave the tags out."),
    (100, 2207037): Row(Kind.REFUSED, "A tagged product is not valid.", "Leave the tag out."),
    (100, 2207040): Row(Kind.REFUSED, "There are more than 20 tags or mentions.", "Remove mentions."),
    (100, 2207064): Row(Kind.REFUSED, "A tag on a video has no position.", "Leave the position out."),
    (352, 2207026): Row(
        Kind.REFUSED,
        "Instagram cannot read this video.",
        "Re-encode it as an MP4 with H.264 video and AAC sound.",
        "media_rejected",
    ),
    (9004, 2207052): Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
    (9007, 2207027): Row(Kind.NOT_READY, "Instagram is still working on the media."),
    (36000, 2207004): Row(
        Kind.REFUSED, "The picture is too large.", "Save it with at most 8 MB.", "media_rejected"
    ),
    (36001, 2207005): Row(
        Kind.REFUSED,
        "Instagram does not take this picture's format.",
        "Convert it to JPEG.",
        "media_rejected",
    ),
    (36003, 2207009): Row(
        Kind.REFUSED,
        "Instagram refuses the picture's shape.",
        "Crop it to between 4:5 and 1.91:1.",
        "media_rejected",
    ),
    (36004, 2207010): Row(Kind.REFUSED, "The caption is too long.", "Shorten it to 2,200 characters."),
}
_CODES: dict[int, Row] = {
    1: Row(Kind.TRANSIENT, _SERVER),
    2: Row(Kind.TRANSIENT, _SERVER),
    3: Row(Kind.PERMISSION, _ROLE),
    4: Row(Kind.RATE, _BUSY),
    9: Row(Kind.QUOTA, "The account has used up its Instagram posts for the day."),
    10: Row(Kind.PERMISSION, _ROLE),
    17: Row(Kind.RATE, _BUSY),
    32: Row(Kind.RATE, _BUSY),
    100: Row(Kind.PARAMETER, "Instagram does not accept a parameter of this request."),
    102: Row(Kind.TOKEN, _LOGIN),
    190: Row(Kind.TOKEN, _LOGIN),
    341: Row(Kind.RATE, _BUSY),
    368: Row(
        Kind.REFUSED,
        "Instagram blocked this under its policies.",
        "Look at the account before trying again.",
        "account_restricted",
    ),
    506: Row(
        Kind.DUPLICATE,
        "Instagram says that this was posted already.",
        "Look at the account; to post it again, change it and retry.",
    ),
    613: Row(Kind.RATE, _BUSY),
    9004: Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
    80001: Row(Kind.RATE, _BUSY),
    80002: Row(Kind.RATE, _BUSY),
} | {code: Row(Kind.PERMISSION, _ROLE) for code in range(200, 300)}
# Publishing subcodes are unique, and some come with a code that is not certain.
_PUBLISHING = {subcode: row for (_, subcode), row in _SUBCODES.items() if subcode >= 2_207_000}
_NUMBER = re.compile(r"\b(2207\d{3})\b")

RATE_PAUSE = timedelta(hours=1)
NOT_READY_PAUSE = timedelta(seconds=30)
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
        """Read the Graph shape, the token endpoint's shape, or anything else."""
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
        named = (
            _SUBCODES.get((self.code, self.subcode)) or _PUBLISHING.get(self.subcode) or _CODES.get(self.code)
        )
        if named:
            return named
        if self.transient or self.status >= 500 or self.status < 400 or self.status == 408:
            return Row(Kind.TRANSIENT, _SERVER)
        if self.status == 429:
            return Row(Kind.RATE, _BUSY)
        if self.status == 401:
            return Row(Kind.TOKEN, _LOGIN)
        numbers = f" (code {self.code}, subcode {self.subcode})" if self.code else f" (status {self.status})"
        return Row(Kind.REFUSED, f"Instagram refused the request{numbers}.")


_BY_KIND: dict[Kind, Callable[[str], PlatformError]] = {
    Kind.TOKEN: TokenExpired,
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
    if row.kind in {Kind.RATE, Kind.QUOTA}:
        return RateLimited(now + (wait or RATE_PAUSE), said)
    if row.kind is Kind.NOT_READY:
        # Asked too soon is no failed attempt, and this is the one error that costs none.
        return RateLimited(now + NOT_READY_PAUSE, said)
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
    if error.row.kind is Kind.TRANSIENT or error.status >= 500 or error.status < 400:
        return OutcomeUnknown("Instagram did not say clearly whether it published this.")
    return error_for(error, now=now, wait=wait)


def container_error(status: str, *, now: datetime) -> PlatformError:
    """Our error for the text of a container in state ERROR, which holds at most a subcode."""
    found = _NUMBER.search(status)
    if found is None or int(found[1]) not in _PUBLISHING:
        return Unavailable("Instagram could not process the media.")
    return error_for(GraphError(400, subcode=int(found[1])), now=now)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: Any) -> str:
    said = " ".join(value.split()) if isinstance(value, str) else ""
    return said if len(said) <= _MESSAGE_LENGTH else said[: _MESSAGE_LENGTH - 1] + "…"

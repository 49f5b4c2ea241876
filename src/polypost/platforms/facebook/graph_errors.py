"""What the Graph API's error numbers mean for a Page's posts, besides those of all Graph APIs.

Numbers: what open connectors meet, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from polypost.errors import PlatformError, ReconnectRequired, Rejected, Unavailable
from polypost.platforms.families.meta.errors import (
    GraphError,
    Kind,
    Numbers,
    Row,
    file_refused,
    rows_of_codes,
    rows_of_subcodes,
)
from polypost.platforms.kit.media import RE_ENCODE

_NAME = "Facebook"


class Nowhere(Rejected):
    """What the publishing call speaks of is not there; nothing came of it."""


class WrongOffset(Unavailable):
    """The bytes came from another place of the file than the one that is due; `piece` is that, where it was told."""

    def __init__(self, message: str, piece: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.piece = piece


_LOOK = "Look at the Page on Facebook before trying again."
_LINK = Row(Kind.REFUSED, "Facebook cannot use this link.", "Check the link, or leave it out.")
_BLOCKED = Row(Kind.REFUSED, "Facebook blocked this under its policies.", _LOOK, "account_restricted")
_CONFIRM = Row(
    Kind.REFUSED,
    "Facebook wants the people behind this Page to confirm who they are.",
    "Open the Page on Facebook and follow what it asks for, then try again.",
    "account_restricted",
)
_IMAGE = file_refused("Facebook cannot use this picture.", "Save it as a JPEG or PNG of at most 4 MB.")
_VIDEO = file_refused("Facebook cannot use this video.", RE_ENCODE)
_SAID_TWICE = Row(
    Kind.DUPLICATE,
    "Facebook says that the Page has posted this already.",
    "Look at the Page; to post it again, change it and retry.",
)

_WRONG_OFFSET = 1363037
# They come as code or as subcode, with codes that vary.
_LONG_NUMBERS = {
    1346003: _BLOCKED,
    1363019: _VIDEO,
    1363030: Row(Kind.TRANSIENT, "The upload took too long."),
    _WRONG_OFFSET: Row(Kind.TRANSIENT, "Facebook expects other bytes of the video."),
    1363041: Row(Kind.GONE, "The upload session has expired."),
    1363042: Row(Kind.PERMISSION, "Facebook says that this authorisation may not do this."),
    1366046: _IMAGE,
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
_LONG = 1_000_000
_VIDEO_FAMILY = range(1_363_000, 1_364_000)
_CODES = rows_of_codes(_NAME) | {
    104: Row(Kind.TOKEN, "Facebook ended the authorisation."),
    324: _IMAGE,
    352: _VIDEO,
    368: _BLOCKED,
    506: _SAID_TWICE,
    1500: _LINK,
    6000: _VIDEO,
    80001: Row(Kind.RATE, "Facebook asks to slow down."),
}

RATE_PAUSE = timedelta(minutes=15)


class _Numbers(Numbers):
    """Long numbers count with any code; bytes from the wrong place are told apart."""

    def named(self, error: GraphError) -> Row | None:
        """A long subcode first, then as in the table, then a long code."""
        return _long(error.subcode) or super().named(error) or _long(error.code)

    def error_for(self, error: GraphError, *, now: datetime, wait: timedelta | None = None) -> PlatformError:
        """As in the table."""
        found = super().error_for(error, now=now, wait=wait)
        return WrongOffset(found.message, _piece(error.data)) if _is_offset(error) else found

    def commit_error_for(
        self, error: GraphError, *, now: datetime, wait: timedelta | None = None, told_to_wait: bool = False
    ) -> PlatformError:
        """As for every network, but for what is not there."""
        if 400 <= error.status < 500 and (self.row(error).kind is Kind.GONE or _is_offset(error)):
            return Nowhere(
                "Facebook no longer finds the Page or what was prepared for it.",
                next_step="Check that the Page still exists, then retry.",
            )
        return super().commit_error_for(error, now=now, wait=wait, told_to_wait=told_to_wait)


NUMBERS = _Numbers(
    _NAME,
    subcodes=rows_of_subcodes(_NAME, owner="person"),
    codes=_CODES,
    unique={},
    rate_pause=RATE_PAUSE,
    # There is nothing to renew a dead Page token with, so it asks for a new login at once.
    errors={Kind.TOKEN: partial(ReconnectRequired, reason="token_expired")},
)
error_for, commit_error_for = NUMBERS.error_for, NUMBERS.commit_error_for


def _long(number: int) -> Row | None:
    if number < _LONG:
        return None
    return _LONG_NUMBERS.get(number) or (_VIDEO if number in _VIDEO_FAMILY else None)


def _is_offset(error: GraphError) -> bool:
    return _WRONG_OFFSET in {error.subcode, error.code}


def _piece(data: Mapping[str, Any]) -> tuple[int, int] | None:
    ends = [str(data.get(name, "")) for name in ("start_offset", "end_offset")]
    if not all(each.isascii() and each.isdecimal() for each in ends):
        return None
    return int(ends[0]), int(ends[1])

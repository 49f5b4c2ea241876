"""What the error numbers of Threads mean for us, besides those of all Graph APIs.

Numbers: Meta for Developers, Threads API: Troubleshooting, read 2026-11-24; those of containers and of the publishing
call also from issue logs of other connectors.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from polypost.errors import PlatformError, RateLimited, Rejected
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

_NAME = "Threads"
_LOGIN = "Threads ended the authorisation."
_QUOTA = "The account has used up its Threads posts for the day."
_PUBLIC = "The address of this server's media has to be reachable from the internet."
_PULL = "Threads could not fetch the file from this server."


class NotReady(RateLimited):
    """The publishing call came too soon, or for a container that Threads does not find; nothing was published."""


class AlreadyLong(Rejected):
    """The token that was to be exchanged lives sixty days already."""


_ALREADY_LONG = 4279019
# These subcodes are unique, and some come with a code that is not certain.
_UNIQUE = {
    4279004: Row(Kind.GONE, "An item of the carousel failed or has expired."),
    4279009: Row(Kind.GONE, "Threads does not find this yet, or not any more."),
    4279013: Row(
        Kind.REFUSED,
        "The Threads profile is restricted.",
        "Open Threads with this account and follow what it asks for.",
        "account_restricted",
    ),
    _ALREADY_LONG: Row(Kind.REFUSED, "The access token lives sixty days already."),
    2207042: Row(Kind.RATE, _QUOTA),
    2207051: Row(
        Kind.REFUSED,
        "Threads blocked this as likely spam.",
        "Look at the account, wait a day, and publish less often or something less alike.",
        "account_restricted",
    ),
    2207052: Row(Kind.REFUSED, _PULL, _PUBLIC, "media_unreachable"),
}
_CODES = rows_of_codes(_NAME) | {
    9: Row(Kind.RATE, _QUOTA),
    24: Row(Kind.GONE, "Threads does not find this yet, or not any more."),
    100: Row(Kind.REFUSED, "Threads does not accept a parameter of this request."),
    452: Row(Kind.TOKEN, _LOGIN),
}
# What a container in state ERROR gives as its `error_message`; "ASPEC" is Meta's own spelling.
_CONTAINER: dict[str, Row] = {
    "INVALID_ASPEC_RATIO": file_refused("Threads refuses the shape of the file.", "Crop it to at most 10:1."),
    "INVALID_BIT_RATE": file_refused(
        "The video has too high a bit rate.", "Re-encode it with at most 100 Mbit/s."
    ),
    "INVALID_DURATION": file_refused("The video is too long.", "Cut it to at most 5 minutes."),
    "INVALID_FRAME_RATE": file_refused(
        "The video has an unusual frame rate.", "Re-encode it with 23 to 60 frames a second."
    ),
    "INVALID_AUDIO_CHANNELS": file_refused(
        "The video has too many sound channels.", "Mix the sound down to stereo."
    ),
    "INVALID_AUDIO_CHANNEL_LAYOUT": file_refused(
        "The video has an unusual order of sound channels.", "Mix it down to stereo."
    ),
    # These three may pass: a new container is tried before the file is blamed.
    "FAILED_DOWNLOADING_VIDEO": Row(Kind.GONE, _PULL, _PUBLIC, "media_unreachable"),
    "FAILED_PROCESSING_AUDIO": Row(
        Kind.GONE, "Threads could not process the sound.", RE_ENCODE, "media_rejected"
    ),
    "FAILED_PROCESSING_VIDEO": Row(
        Kind.GONE, "Threads could not process the video.", RE_ENCODE, "media_rejected"
    ),
}
_UNTOLD = Row(
    Kind.GONE,
    "Threads could not fetch or process the media and gives no reason.",
    "Check that this server's media can be reached from the internet, or re-encode the file (JPEG, PNG; MP4 with "
    "H.264 and AAC).",
    "media_rejected",
)
# The same permission made the container, and posts have been seen to come out in spite of this answer.
_AMBIGUOUS = 10

RATE_PAUSE = timedelta(hours=1)
# By issue logs of other clients the same container is found after 5 to 30 seconds as a rule.
NOT_READY_PAUSE = timedelta(seconds=10)


class _Numbers(Numbers):
    """What is not there yet is asked for once more."""

    def error_for(self, error: GraphError, *, now: datetime, wait: timedelta | None = None) -> PlatformError:
        """As in the table."""
        found = super().error_for(error, now=now, wait=wait)
        return AlreadyLong(found.message) if error.subcode == _ALREADY_LONG else found

    def commit_error_for(
        self, error: GraphError, *, now: datetime, wait: timedelta | None = None, told_to_wait: bool = False
    ) -> PlatformError:
        """As for every network, but for two answers."""
        row = self.row(error)
        if 400 <= error.status < 500:
            if error.code == _AMBIGUOUS and row.kind is Kind.PERMISSION:
                return self.unsure()
            if row.kind is Kind.GONE:
                # Asked too soon is no failed attempt, and this is the one error that costs none.
                return NotReady(now + NOT_READY_PAUSE, row.says)
        return super().commit_error_for(error, now=now, wait=wait, told_to_wait=told_to_wait)


NUMBERS = _Numbers(
    _NAME, subcodes=rows_of_subcodes(_NAME), codes=_CODES, unique=_UNIQUE, rate_pause=RATE_PAUSE
)
error_for, commit_error_for = NUMBERS.error_for, NUMBERS.commit_error_for


def container_row(message: str) -> Row:
    """What the `error_message` of a container in state ERROR means: GONE where a new container may do better."""
    return _CONTAINER.get(message, _UNTOLD)

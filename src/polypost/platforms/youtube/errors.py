"""What YouTube's error answers mean for us.

The reason of the first entry decides, not the status: a channel's upload limit is a 400, a daily limit a 429.
Reasons: YouTube Data API, Errors, and the pages of each method, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum, auto
from functools import partial
from zoneinfo import ZoneInfo

from httpx2 import Response

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
from polypost.platforms.kit.answers import objects, parsed, quoted, retry_after, sentence
from polypost.platforms.kit.refusals import Refusal

# How much a channel may upload YouTube does not tell; by reports there is room again after about a day.
CHANNEL_PAUSE = timedelta(hours=24)
SHORT_PAUSE = timedelta(minutes=1)
_PACIFIC = ZoneInfo("America/Los_Angeles")


class Missing(Rejected):
    """What the call is about is not on YouTube."""


class Forbidden(ReconnectRequired):
    """The authorisation lives but does not allow this."""


class Kind(Enum):
    """Our reading of a reason."""

    TOKEN = auto()
    FORBIDDEN = auto()
    DAILY = auto()
    CHANNEL = auto()
    SHORT = auto()
    REFUSED = auto()
    MISSING = auto()
    DUPLICATE = auto()
    TRANSIENT = auto()


class Row(Refusal[Kind]):
    """What a reason means."""

    __slots__ = ()


_TROUBLE = "YouTube has trouble of its own."
_DAY = "The YouTube app has used up its allowance of the day."
_BUSY = "YouTube asks to slow down."
_RIGHTS = "YouTube says that this authorisation may not do this."
_SETUP = "Whoever runs this server has to look at the app in Google's cloud console."


def _field(says: str, change: str) -> Row:
    return Row(Kind.REFUSED, says, change)


def _setup(says: str) -> Row:
    return Row(Kind.REFUSED, says, _SETUP, "platform_setup")


def _restricted(says: str) -> Row:
    change = "Sign in on youtube.com with this account and follow what it asks for."
    return Row(Kind.REFUSED, says, change, "account_restricted")


def _no_channel() -> Row:
    change = "Make a channel on youtube.com with this account, then connect it again."
    return Row(Kind.REFUSED, "This Google account has no YouTube channel.", change, "no_account")


_TOKEN = Row(Kind.TOKEN, "YouTube no longer accepts the access token.")
REASONS: Mapping[str, Row] = {
    **dict.fromkeys(("authError", "required", "expired", "authorizationRequired"), _TOKEN),
    "insufficientPermissions": Row(Kind.FORBIDDEN, _RIGHTS),
    "forbidden": Row(Kind.FORBIDDEN, _RIGHTS),
    "accountDelegationForbidden": Row(Kind.FORBIDDEN, _RIGHTS),
    "youtubeSignupRequired": _no_channel(),
    "authenticatedUserNotChannel": _no_channel(),
    "channelNotFound": _no_channel(),
    "authenticatedUserAccountClosed": _restricted("YouTube has closed this account."),
    "authenticatedUserAccountSuspended": _restricted("YouTube has suspended this account."),
    "channelClosed": _restricted("YouTube has closed this channel."),
    "channelSuspended": _restricted("YouTube has suspended this channel."),
    "quotaExceeded": Row(Kind.DAILY, _DAY),
    "dailyLimitExceeded": Row(Kind.DAILY, _DAY),
    "dailyLimitExceededUnreg": _setup("The YouTube app is not known to Google."),
    "accessNotConfigured": _setup("The YouTube Data API is not switched on for the app."),
    "keyInvalid": _setup("Google does not accept the app's key."),
    "keyExpired": _setup("Google does not accept the app's key any more."),
    "ipRefererBlocked": _setup("The app may not be used from this server's address."),
    "uploadLimitExceeded": Row(Kind.CHANNEL, "The channel has used up the uploads that YouTube allows it."),
    "uploadRateLimitExceeded": Row(Kind.SHORT, _BUSY),
    "rateLimitExceeded": Row(Kind.SHORT, _BUSY),
    "userRateLimitExceeded": Row(Kind.SHORT, _BUSY),
    "servingLimitExceeded": Row(Kind.SHORT, _BUSY),
    "concurrentLimitExceeded": Row(Kind.SHORT, _BUSY),
    "invalidTitle": _field(
        "YouTube does not accept the title.", "Write one of 1 to 100 characters without < and >."
    ),
    "invalidDescription": _field(
        "YouTube does not accept the description.", "Shorten it to 5000 bytes, without < and >."
    ),
    "invalidTags": _field("YouTube does not accept the tags.", "Give fewer or shorter tags."),
    "invalidCategoryId": _field(
        "YouTube does not accept the category.", "Choose a categoryId that videos can have, such as 22."
    ),
    "invalidPublishAt": _field("YouTube does not accept the time of publication.", "Retry."),
    "invalidVideoMetadata": _field("YouTube does not accept the video's details.", "Change them and retry."),
    "invalidFilename": _field("YouTube does not accept the file's name.", "Use another file."),
    "invalidRecordingDetails": _field("YouTube does not accept the recording details.", "Leave them out."),
    "invalidVideoGameRating": _field("YouTube does not accept the rating.", "Leave it out."),
    "defaultLanguageNotSet": _field("YouTube wants to know the language.", "Set defaultLanguage."),
    "mediaBodyRequired": _field("YouTube received no file.", "Retry."),
    "forbiddenPrivacySetting": _field(
        "YouTube does not let the video have this visibility.", "Choose another visibility."
    ),
    "forbiddenLicenseSetting": _field(
        "YouTube does not let the video have this license.", "Leave license out."
    ),
    "forbiddenEmbedSetting": _field("YouTube does not let the channel choose this.", "Leave embeddable out."),
    "invalidImage": Row(
        Kind.REFUSED,
        "YouTube cannot use the picture.",
        "Save it as a JPEG of at most 2 MB.",
        "media_rejected",
    ),
    "commentsDisabled": _field(
        "Comments are switched off for the video.", "Switch them on in YouTube Studio."
    ),
    "videoNotFound": Row(Kind.MISSING, "The video is not on YouTube any more."),
    "notFound": Row(Kind.MISSING, "YouTube does not know what was asked for."),
    "playlistNotFound": Row(Kind.MISSING, "The playlist is not on YouTube."),
    "duplicate": Row(Kind.DUPLICATE, "YouTube says that this is there already."),
    "conflict": Row(Kind.DUPLICATE, "YouTube says that this is there already."),
    "backendError": Row(Kind.TRANSIENT, _TROUBLE),
    "backendNotConnected": Row(Kind.TRANSIENT, _TROUBLE),
    "internalError": Row(Kind.TRANSIENT, _TROUBLE),
    "internalTransientError": Row(Kind.TRANSIENT, _TROUBLE),
    "processingFailure": Row(Kind.TRANSIENT, _TROUBLE),
    "SERVICE_UNAVAILABLE": Row(Kind.TRANSIENT, _TROUBLE),
}
_BY_KIND: Mapping[Kind, Callable[[str], PlatformError]] = {
    Kind.TOKEN: TokenExpired,
    Kind.FORBIDDEN: partial(Forbidden, reason="access_revoked"),
    Kind.MISSING: Missing,
    Kind.TRANSIENT: Unavailable,
    Kind.DUPLICATE: partial(Duplicate, next_step="Look at the channel before you retry."),
}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an answer that decide; no reason where it is no JSON, as on the upload hosts."""

    status: int
    reason: str = ""
    text: str = ""

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read YouTube's envelope or the identity server's two members."""
        body = parsed(answer)
        error = body.get("error")
        if isinstance(error, str):
            return cls(answer.status_code, error, sentence(body.get("error_description")))
        if not isinstance(error, Mapping):
            return cls(answer.status_code)
        first = next(iter(objects(error.get("errors"))), {})
        text = sentence(error.get("message")) or sentence(first.get("message"))
        return cls(answer.status_code, sentence(first.get("reason")), text)

    def __str__(self) -> str:
        return quoted("YouTube", self.text, self.status)

    @property
    def row(self) -> Row:
        """The table's word on the reason, or the best reading of the status."""
        named = REASONS.get(self.reason)
        if named is not None and named.kind is Kind.SHORT and "per day" in self.text.lower():
            # Since 2026 the uploads of a day are counted apart, and refused in the words of a short-term limit.
            return Row(Kind.DAILY, _DAY)
        if named is not None:
            return named
        if self.status >= 500 or self.status < 400 or self.status == 408:
            return Row(Kind.TRANSIENT, _TROUBLE)
        by_status = {
            401: _TOKEN,
            404: REASONS["notFound"],
            409: REASONS["conflict"],
            429: Row(Kind.SHORT, _BUSY),
        }
        return by_status.get(self.status, Row(Kind.REFUSED, "YouTube refused this."))


def error_for(answer: Response, now: datetime, *, committing: bool = False) -> PlatformError:
    """Our error for an answer that is not the one hoped for, a 2xx that makes no sense included.

    `committing` says that it answers the call that publishes.
    """
    said = ErrorBody.of(answer)
    row = said.row
    if committing and (row.kind is Kind.TRANSIENT or not 400 <= said.status < 500):
        return OutcomeUnknown("YouTube did not say clearly whether it has the whole video.")
    told = f"{row.says} {said}"
    waits = {
        Kind.DAILY: lambda: next_midnight(now),
        Kind.CHANNEL: lambda: now + CHANNEL_PAUSE,
        Kind.SHORT: lambda: now + (_asked_wait(answer) or SHORT_PAUSE),
    }
    if row.kind in waits:
        return RateLimited(waits[row.kind](), told)
    if row.kind is Kind.REFUSED:
        return Rejected(told, code=row.code, next_step=row.change)
    return _BY_KIND[row.kind](told)


def next_midnight(now: datetime) -> datetime:
    """When the allowances of a day are renewed: at midnight in California."""
    here = now.astimezone(_PACIFIC)
    return datetime.combine(here.date() + timedelta(days=1), time(), _PACIFIC).astimezone(now.tzinfo)


def _asked_wait(answer: Response) -> timedelta | None:
    told = retry_after(answer.headers)
    return None if told is None else max(told, timedelta(seconds=1))

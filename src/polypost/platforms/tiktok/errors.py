"""What TikTok's error codes and fail reasons mean for us.

Success is `error.code == "ok"`, whatever the HTTP status says; messages are shown, never read.
Codes: TikTok for Developers, Error Handling, and the pages of the Content Posting API, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from httpx2 import Response

from polypost.errors import (
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    ReconnectRequired,
    Rejected,
    TokenExpired,
    Unavailable,
    Undone,
)
from polypost.platforms.kit.answers import member, parsed, sentence, shortened, word
from polypost.platforms.kit.refusals import Refusal

OK = "ok"
MINUTE = timedelta(minutes=1)
# Caps of a day have no instant at which they end: an hour later there may be room.
CAP_PAUSE = timedelta(hours=1)
_MESSAGE_LENGTH = 200


class Kind(Enum):
    """Our reading of a code."""

    TOKEN = auto()
    SCOPE = auto()
    RATE = auto()
    CAP = auto()
    TRANSIENT = auto()
    REFUSED = auto()


class Row(Refusal[Kind]):
    """What a code means."""

    __slots__ = ()


_SCOPE = Row(Kind.SCOPE, "The authorisation does not include what this needs.")
_PARAMETER = Row(Kind.REFUSED, "TikTok does not accept a field of this post.", "Change the post.")
_SPAM = Row(
    Kind.REFUSED,
    "TikTok blocked this as likely spam.",
    "Look at the account, and publish less often or something less alike.",
    "account_restricted",
)
_BANNED = Row(
    Kind.REFUSED,
    "TikTok has banned this account from posting.",
    "Open TikTok with this account and follow what it asks for.",
    "account_restricted",
)
_MANY = Row(Kind.CAP, "The account has made all the TikTok posts that apps may make in a day.")

CODES: Mapping[str, Row] = {
    "access_token_invalid": Row(Kind.TOKEN, "TikTok does not accept the access token."),
    "scope_not_authorized": _SCOPE,
    "scope_permission_missed": _SCOPE,
    # Both spellings occur.
    "invalid_param": _PARAMETER,
    "invalid_params": _PARAMETER,
    "invalid_file_upload": Row(
        Kind.REFUSED,
        "TikTok does not take this file.",
        "Re-encode it as an MP4 with H.264 video.",
        "media_rejected",
    ),
    "invalid_publish_id": Row(Kind.REFUSED, "TikTok does not know this publication."),
    "token_not_authorized_for_specified_publish_id": Row(
        Kind.REFUSED, "This publication belongs to another authorisation."
    ),
    "publish_not_cancellable": Row(Kind.REFUSED, "TikTok no longer lets this be cancelled."),
    "app_version_check_failed": Row(
        Kind.REFUSED,
        "The creator's TikTok app is too old for drafts of photos.",
        "Update TikTok on the phone to 31.8 or later.",
        "not_permitted",
    ),
    "spam_risk": _SPAM,
    "spam_risk_too_many_posts": _MANY,
    "spam_risk_too_many_pending_share": Row(
        Kind.CAP, "Five drafts of the last 24 hours wait in the creator's TikTok inbox."
    ),
    "spam_risk_user_banned_from_posting": _BANNED,
    # Five accounts in 24 hours for an app that TikTok has not audited.
    "reached_active_user_cap": Row(
        Kind.CAP, "The TikTok app of this server has published for as many accounts as it may in a day."
    ),
    "unaudited_client_can_only_post_to_private_accounts": Row(
        Kind.REFUSED,
        "TikTok has not audited the app of this server, which may publish to private accounts only.",
        "Make the account private and use privacyLevel SELF_ONLY, or have the app audited.",
        "platform_setup",
    ),
    "url_ownership_unverified": Row(
        Kind.REFUSED,
        "The domain from which TikTok has to fetch the photos is not verified for the app of this server.",
        "Whoever runs this server has to verify its public address in the app's settings on TikTok.",
        "platform_setup",
    ),
    "privacy_level_option_mismatch": Row(
        Kind.REFUSED,
        "The account does not offer this privacyLevel.",
        "Choose one that it offers.",
        "not_permitted",
    ),
    "rate_limit_exceeded": Row(Kind.RATE, "TikTok asks to slow down."),
    "internal_error": Row(Kind.TRANSIENT, "TikTok has trouble of its own."),
}

_MEDIA = "media_rejected"
FAIL_REASONS: Mapping[str, tuple[str, str, str]] = {
    "file_format_check_failed": ("It cannot read the file.", "Re-encode it (MP4 with H.264; JPEG).", _MEDIA),
    "duration_check_failed": ("The video is too short or too long.", "Cut the video.", _MEDIA),
    "frame_rate_check_failed": (
        "The frame rate is not accepted.",
        "Use 23 to 60 frames a second.",
        _MEDIA,
    ),
    "picture_size_check_failed": (
        "The size in pixels is not accepted.",
        "Scale it: videos 360 to 4096 pixels a side, photos at most 1080p.",
        _MEDIA,
    ),
    "internal": ("It had trouble of its own.", "Retry it.", "platform_unavailable"),
    "video_pull_failed": ("It could not fetch the video.", "Retry it.", "media_unreachable"),
    "photo_pull_failed": (
        "It could not fetch a photo.",
        "The address of this server's media has to be reachable from the internet.",
        "media_unreachable",
    ),
    "publish_cancelled": ("The publication was cancelled.", "", "rejected"),
    "auth_removed": (
        "The creator took the authorisation back.",
        "Connect the account again.",
        "reconnect_required",
    ),
    "spam_risk_too_many_posts": (
        "The account has made its posts of the day.",
        "Retry it in 24 hours.",
        "rejected",
    ),
    "spam_risk_user_banned_from_posting": (_BANNED.says, _BANNED.change, "account_restricted"),
    "spam_risk_text": ("It takes the text for spam.", "Change the text.", "rejected"),
    "spam_risk": (_SPAM.says, _SPAM.change, "account_restricted"),
}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An answer of the v2 API, read: `code` is empty where there is no envelope."""

    status: int
    code: str
    text: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Response) -> ErrorBody:
        """Read an answer, whatever it holds."""
        body = parsed(answer)
        error = member(body, "error")
        said = shortened(sentence(error.get("message")), _MESSAGE_LENGTH)
        return cls(answer.status_code, word(error.get("code")) or "", said, member(body, "data"))

    @property
    def good(self) -> bool:
        """Whether TikTok did what was asked."""
        return self.code == OK

    @property
    def row(self) -> Row:
        """The table's word on the code, or the best reading of the status."""
        named = CODES.get(self.code)
        if named is not None:
            return named
        if self.status == 429:
            return CODES["rate_limit_exceeded"]
        if self.status == 401:
            return CODES["access_token_invalid"]
        if self.status >= 500 or self.status < 400 or self.status == 408:
            return CODES["internal_error"]
        return Row(Kind.REFUSED, f"TikTok refused this ({self.code or f'status {self.status}'}).")


def error_for(said: ErrorBody, now: datetime) -> PlatformError:
    """Our error for a refused call that can be repeated."""
    row = said.row
    text = f'{row.says} It says: "{said.text}"' if said.text else row.says
    if row.kind is Kind.TOKEN:
        return TokenExpired(text)
    if row.kind is Kind.SCOPE:
        return ReconnectRequired(text, reason="access_revoked")
    if row.kind in {Kind.RATE, Kind.CAP}:
        return RateLimited(now + (MINUTE if row.kind is Kind.RATE else CAP_PAUSE), text)
    if row.kind is Kind.TRANSIENT:
        return Unavailable(text)
    return Rejected(text, code=row.code, next_step=row.change)


def commit_error_for(said: ErrorBody, now: datetime) -> PlatformError:
    """Our error for a publishing call that was not plainly accepted: only a plain refusal says that nothing is out."""
    if said.good or said.row.kind is Kind.TRANSIENT:
        return OutcomeUnknown("TikTok did not say clearly whether it took this.")
    return error_for(said, now)


def undone(reason: str) -> Undone:
    """Our error for a publication that ended in FAILED."""
    says, change, code = FAIL_REASONS.get(reason, (f"Its reason: {reason or 'none given'}.", "", "rejected"))
    return Undone(f"TikTok did not publish this. {says}", code=code, next_step=change)

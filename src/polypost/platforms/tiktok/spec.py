"""What TikTok is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read

_READ = date(2026, 11, 24)
_DIRECT = "TikTok for Developers, Content Posting API: Direct Post"
_UPLOAD = "TikTok for Developers, Content Posting API: Upload"
_PHOTO = "TikTok for Developers, Content Posting API: Photo"
_CREATOR = "TikTok for Developers, Content Posting API: Query Creator Info"
_STATUS = "TikTok for Developers, Content Posting API: Get Post Status"
_TRANSFER = "TikTok for Developers, Content Posting API: Media Transfer Guide"
_SHARING = "TikTok for Developers, Content Sharing Guidelines: about 15"

API = "https://open.tiktokapis.com"
WEB = "https://www.tiktok.com"
UPLOAD = "https://open-upload.tiktokapis.com"
# The pages say MB without saying which; the smaller reading fits both.
MB = 1_000_000

_limit = limits_read(_READ)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/v2/auth/authorize/",
    token_url=f"{API}/v2/oauth/token/",
    scopes=("user.info.basic", "user.info.profile", "video.publish", "video.upload"),
    scope_separator=",",
    pkce=True,
    challenge="hex",
    client_id_name="client_key",
    # Without it TikTok connects whoever is logged in, which makes a second account unreachable.
    authorize_extra={"disable_auto_auth": "1"},
    refresh_rotates=True,
    refusals=frozenset({"invalid_grant", "invalid_request", "access_denied"}),
    # Errors come with any status.
    refusing=frozenset({200, 400, 401, 403}),
    revoke_url=f"{API}/v2/oauth/revoke/",
    revokes=("access_token",),
    token_type_hint=False,
    revoked=frozenset({200, 400, 401, 403}),
)

SPEC = Spec(
    id="tiktok",
    name="TikTok",
    other_names=("tt",),
    availability="prod",
    api_version=ApiVersion("v2", None, "TikTok for Developers, Content Posting API; no end date published"),
    oauth=OAUTH,
    hosts={"api": API, "login": WEB, "upload": UPLOAD},
    text_limit="caption_units",
    limits={
        "caption_units": _limit(2200, "UTF-16 units", _DIRECT),
        "photo_title_units": _limit(90, "UTF-16 units", _PHOTO),
        "photo_description_units": _limit(4000, "UTF-16 units", _PHOTO),
        "photos_max": _limit(35, "photos", _PHOTO),
        "photo_bytes": _limit(20 * MB, "bytes", _TRANSFER),
        "photo_short_side": _limit(1080, "pixels", _TRANSFER),
        "photo_long_side": _limit(1920, "pixels", _TRANSFER),
        "video_bytes": _limit(4_000 * MB, "bytes", _TRANSFER),
        "video_min_side": _limit(360, "pixels", _TRANSFER),
        "video_max_side": _limit(4096, "pixels", _TRANSFER),
        "video_min_fps": _limit(23, "frames / second", _TRANSFER),
        "video_max_fps": _limit(60, "frames / second", _TRANSFER),
        "video_max_seconds": _limit(600, "seconds", _TRANSFER),
        "chunk_min_bytes": _limit(5 * MB, "bytes", _TRANSFER),
        "chunk_max_bytes": _limit(64 * MB, "bytes", _TRANSFER),
        "last_chunk_max_bytes": _limit(128 * MB, "bytes", _TRANSFER),
        "chunks_max": _limit(1000, "chunks", _TRANSFER),
        "upload_url_seconds": _limit(3600, "seconds", _UPLOAD),
        "inits_per_minute": _limit(6, "calls / minute", _DIRECT),
        "creator_calls_per_minute": _limit(20, "calls / minute", _CREATOR),
        "status_calls_per_minute": _limit(30, "calls / minute", _STATUS),
        "posts_per_day": _limit(15, "posts / 24 h", _SHARING),
        "pending_shares": _limit(5, "drafts / 24 h", _UPLOAD),
        # No length is documented; animations are repeated up to it.
        "video_min_seconds": _limit(3, "seconds", "not documented; what other publishing APIs print"),
    },
    media_types={
        "image": ("image/jpeg", "image/webp"),
        "video": ("video/mp4", "video/quicktime", "video/webm"),
    },
    media={
        "image": MediaProfile(
            _TRANSFER,
            _READ,
            ("image/jpeg", "image/webp"),
            bytes="photo_bytes",
            long_side="photo_long_side",
            short_side="photo_short_side",
            pulled=True,
        ),
        "video": MediaProfile(
            _TRANSFER,
            _READ,
            ("video/mp4", "video/quicktime", "video/webm"),
            bytes="video_bytes",
            long_side="video_max_side",
            min_seconds="video_min_seconds",
            max_seconds="video_max_seconds",
            min_fps="video_min_fps",
            max_fps="video_max_fps",
            codecs=("h264", "hevc", "vp8", "vp9"),
            silence=True,
        ),
    },
    lists={"video": False, "photos": False, "draft": False},
    reconcile_kind="H",
    retry_when_absent="always",
    post_kinds=("video", "photos", "draft"),
    confirms_later=True,
    own_copies=True,
    quirks=(
        "An app that TikTok has not audited can publish with privacyLevel SELF_ONLY only, to private accounts only.",
        "There are no text-only posts, no stories, and no posts that mix photos and a video.",
        "What the creator may choose from (audience, comments, duets, length) is asked before each post.",
        "Videos are uploaded; photos are fetched by TikTok from this server's public address, whose domain has to be "
        "verified in the app's settings.",
        "Photos have to be JPEG or WebP.",
        "A draft waits in the creator's inbox; a video draft has no caption, because people write it in the app.",
        "TikTok works on a post before it is out, and may still refuse it then.",
        "Only public posts have an address of their own, and only after moderation; without one the profile is shown.",
        "Nothing can be edited or deleted by an app.",
    ),
)

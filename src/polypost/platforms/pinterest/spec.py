"""What Pinterest is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_SPEC = "Pinterest OpenAPI description v5.23.0"
_HELP = "Pinterest Business Help: Pinterest product specs"
_RATES = "Pinterest for Developers: Rate limits"
_OURS = "not documented; what can be sent in one call in useful time"

API = "https://api.pinterest.com/v5"
WEB = "https://www.pinterest.com"
UPLOAD = "https://pinterest-media-upload.s3-accelerate.amazonaws.com"

_limit = limits_read(_READ, _SPEC)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/oauth/",
    token_url=f"{API}/oauth/token",
    scopes=("boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"),
    scope_separator=",",
    client_auth="basic",
    # Apps made before 25 September 2025 get a refresh token that can be renewed only when they ask for it.
    exchange_extra={"continuous_refresh": "true"},
    refresh_rotates=True,
    refusing=frozenset({400, 401, 403}),
    revoke_url=f"{API}/oauth/token/revoke",
    revokes=("refresh_token", "access_token"),
    # Pinterest revokes only the tokens of system users; the others it refuses to.
    revoked=frozenset({400, 401, 403, 404}),
)

SPEC = Spec(
    id="pinterest",
    name="Pinterest",
    other_names=("pin",),
    availability="prod",
    api_version=ApiVersion("v5", None, "Pinterest OpenAPI description v5.23.0; no end date published"),
    oauth=OAUTH,
    hosts={"api": API.removesuffix("/v5"), "web": WEB, "upload": UPLOAD},
    text_limit="description_shown_characters",
    limits={
        "title_characters": _limit(100, "characters"),
        "description_characters": _limit(800, "characters"),
        "description_shown_characters": _limit(500, "characters", _HELP),
        "alt_text_characters": _limit(500, "characters"),
        "link_characters": _limit(2048, "characters"),
        "carousel_min_items": _limit(2, "pictures"),
        "carousel_max_items": _limit(5, "pictures"),
        "image_bytes": _limit(20 * MIB, "bytes", _HELP),
        "pushed_bytes": _limit(20 * MIB, "bytes", _OURS),
        "video_bytes": _limit(2048 * MIB, "bytes", _HELP),
        "video_min_seconds": _limit(4, "seconds", _HELP),
        "video_max_seconds": _limit(15 * 60, "seconds", _HELP),
        "video_min_ratio": _limit(0.5, "width / height", _HELP),
        "video_max_ratio": _limit(1.91, "width / height", _HELP),
        "trial_requests_per_day": _limit(1000, "calls / day / app", _RATES),
        "standard_requests_per_second": _limit(100, "calls / second / account", _RATES),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff"),
        "video": ("video/mp4", "video/quicktime", "video/x-m4v"),
    },
    described=("image", "gif", "video"),
    media={
        # Other types are taken from an address only, and not by every part of Pinterest.
        "image": MediaProfile(_SPEC, _READ, ("image/jpeg", "image/png", "image/gif"), bytes="image_bytes"),
        "gif": MediaProfile(_HELP, _READ, ("image/gif",), bytes="image_bytes", transparent=True),
        "video": MediaProfile(
            _HELP,
            _READ,
            ("video/mp4", "video/quicktime", "video/x-m4v"),
            bytes="video_bytes",
            min_ratio="video_min_ratio",
            max_ratio="video_max_ratio",
            min_seconds="video_min_seconds",
            max_seconds="video_max_seconds",
            codecs=("h264", "hevc"),
        ),
        "cover": MediaProfile(_SPEC, _READ, ("image/jpeg", "image/png"), bytes="image_bytes"),
    },
    lists={"image": True, "video": True, "multiple images": True, "gif": False},
    reconcile_kind="L",
    retry_when_absent="never",
    post_kinds=("image", "carousel", "video"),
    quirks=(
        "Every pin stands on a board; boardId is required, and GET /v1/pinterest/boards lists the account's boards.",
        "There are no text-only pins, and a carousel has pictures only, all of one size.",
        "Without a title the first line of the text is the title, shortened to 100 characters.",
        "Pinterest fetches pictures from their public address. Where there is none, JPEG and PNG are sent in the call "
        "itself; other formats need a public address.",
        "A video's cover is coverImageUrl, else the media item's thumbnail, else the video's first frame.",
        "The API takes 800 characters of text, while Pinterest's help says that 500 are shown.",
        "Pictures of 2:3 (1000 × 1500) are shown whole; taller ones are cut.",
        "An app with Trial access cannot publish in production; only Standard access can.",
        "The same pin can be published twice; Pinterest refuses no duplicates.",
    ),
    thumbnails=True,
)

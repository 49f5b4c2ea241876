"""What X is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_OPENAPI = "X API OpenAPI 2.167"
_MEDIA = "X developer docs, Media: Best practices"
_COUNTING = "X developer docs, Counting characters; twitter-text configuration 3"
_CHANGELOG = "X developer docs, Changelog"
_RATES = "X developer docs, Rate limits"
# The sources were read in August 2026; which day is not noted.
_READ = date(2026, 8, 1)

API = "https://api.x.com"
WEB = "https://x.com"

_limit = limits_read(_READ, _MEDIA)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/i/oauth2/authorize",
    token_url=f"{API}/2/oauth2/token",
    scopes=("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
    pkce=True,
    client_auth="basic",
    secretless_apps=True,
    refresh_rotates=True,
    revoke_url=f"{API}/2/oauth2/revoke",
    revokes=("refresh_token", "access_token"),
    code_note="X's code lives for 30 seconds.",
)

VIDEO = MediaProfile(
    _MEDIA,
    _READ,
    ("video/mp4", "video/quicktime"),
    bytes="video_bytes",
    long_side="video_long_side",
    short_side="video_short_side",
    min_ratio="video_min_ratio",
    max_ratio="video_max_ratio",
    min_seconds="video_min_seconds",
    max_seconds="video_max_seconds",
    max_fps="video_fps",
    channels="audio_channels",
    codecs=("h264",),
    sounds=("aac",),
)

SPEC = Spec(
    id="twitter",
    name="X",
    other_names=("tweet", "twitterx", "xtwitter"),
    availability="prod",
    api_version=ApiVersion("2", None, f"{_OPENAPI}; no end date published"),
    oauth=OAUTH,
    hosts={"api": API, "web": WEB},
    text_limit="text",
    limits={
        "text": _limit(280, "weighted characters", _COUNTING),
        "long_text": _limit(25_000, "weighted characters", f"{_CHANGELOG}, August 2024"),
        "url": _limit(23, "weighted characters", _COUNTING),
        "cashtags": _limit(1, "cashtags", f"{_CHANGELOG}, April 2026"),
        "images": _limit(4, "items", f"{_OPENAPI}, CreatePostsMedia"),
        "image_bytes": _limit(5 * MIB, "bytes"),
        "gif_bytes": _limit(15 * MIB, "bytes"),
        "gif_width": _limit(1280, "pixels"),
        "gif_height": _limit(1080, "pixels"),
        "gif_frames": _limit(350, "frames"),
        "gif_pixels": _limit(300_000_000, "pixels in all frames"),
        "video_bytes": _limit(512 * MIB, "bytes"),
        "video_min_seconds": _limit(0.5, "seconds"),
        "video_max_seconds": _limit(140, "seconds"),
        "video_min_side": _limit(32, "pixels"),
        "video_long_side": _limit(1280, "pixels"),
        "video_short_side": _limit(1024, "pixels"),
        "video_subscriber_long_side": _limit(1920, "pixels"),
        "video_subscriber_short_side": _limit(1080, "pixels"),
        "video_min_ratio": _limit(1 / 3, "width / height"),
        "video_max_ratio": _limit(3, "width / height"),
        "video_fps": _limit(60, "frames / second"),
        "audio_channels": _limit(2, "channels"),
        "poll_min_options": _limit(2, "options", f"{_OPENAPI}, CreatePostsPoll"),
        "poll_max_options": _limit(4, "options", f"{_OPENAPI}, CreatePostsPoll"),
        "poll_option_characters": _limit(25, "characters", f"{_OPENAPI}, CreatePostsPoll"),
        "poll_min_minutes": _limit(5, "minutes", f"{_OPENAPI}, CreatePostsPoll"),
        "poll_max_minutes": _limit(10_080, "minutes", f"{_OPENAPI}, CreatePostsPoll"),
        # 1 MiB is proven and 5 MB was the old limit; the present one is not documented.
        "segment_bytes": _limit(4 * MIB, "bytes", f"{_OPENAPI}, AppendMediaUploadRequest"),
        "alt_text_characters": _limit(1000, "characters", f"{_OPENAPI}, MetadataCreateRequest"),
        "segments": _limit(1000, "segments", f"{_OPENAPI}, AppendMediaUploadRequest"),
        "media_life_hours": _limit(24, "hours", f"{_OPENAPI}, InitializeMediaUploadResponse"),
        "posts_per_window": _limit(100, "posts / 15 minutes", _RATES),
        "posts_per_app_day": _limit(10_000, "posts / 24 h", _RATES),
        "posts_per_three_hours": _limit(300, "posts / 3 h", _RATES),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/webp", "image/gif"),
        "gif": ("image/gif",),
        "video": ("video/mp4", "video/quicktime"),
    },
    described=("image", "gif"),
    media={
        "image": MediaProfile(
            _MEDIA,
            _READ,
            ("image/jpeg", "image/png", "image/webp", "image/gif"),
            bytes="image_bytes",
            transparent=True,
        ),
        "gif": MediaProfile(
            _MEDIA,
            _READ,
            ("image/gif",),
            bytes="gif_bytes",
            width="gif_width",
            height="gif_height",
            frames="gif_frames",
            all_pixels="gif_pixels",
            transparent=True,
        ),
        "video": VIDEO,
        "video/premium": replace(
            VIDEO,
            long_side="video_subscriber_long_side",
            short_side="video_subscriber_short_side",
            max_seconds="",
        ),
    },
    lists={"every post": True},
    reconcile_kind="DL",
    retry_when_absent="unique_text",
    post_kinds=("text", "images", "gif", "video", "poll", "thread"),
    quirks=(
        "Length is weighted: every link counts 23, an emoji 2, most letters outside the Latin scripts 2.",
        "Posts over 280 weighted characters need X Premium and longPost.",
        "A post shows four pictures, or one GIF, or one video.",
        "X refuses a text that the account has posted a short while ago.",
        "Self-serve apps may use one cashtag in a post, may not quote, and may only reply to people who"
        " mentioned or quoted the account.",
        "A post with a link costs the app about thirteen times as much as one without.",
        "An authorisation code lives for 30 seconds.",
    ),
)

"""What Mastodon is as data: limits as they stand on a server that nobody changed, each with its source and day.

A server may have others; what `server.py` read from it stands in the account's metadata and goes before these.
"""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_DOCS = "Mastodon documentation, Instance entity"
_STATUSES = "Mastodon documentation, statuses API methods"
_RATES = "Mastodon documentation, Rate limits"
_CODE = "Mastodon source, as copied in public repositories"
_OURS = "not documented; seen by other clients"

CLIENT_NAME = "Polypost"
# In `api_versions.mastodon`: the key's rules are known for servers that tell it at all, quotes came with 7 (4.5).
QUOTES_SINCE = 7
# Servers before 4.3 know no `profile`.
SCOPES = ("profile", "write:statuses", "write:media", "read:statuses")
OLD_SCOPES = ("read:accounts", "write:statuses", "write:media", "read:statuses")

_limit = limits_read(_READ, _DOCS)

SPEC = Spec(
    id="mastodon",
    name="Mastodon",
    other_names=("fediverse", "masto"),
    availability="prod",
    api_version=ApiVersion(
        "v1, v2", None, "Mastodon documentation of 2 July 2026 (4.6); no end date published"
    ),
    oauth=None,
    hosts={"server": "the server that the account's owner names"},
    text_limit="text_characters",
    limits={
        "text_characters": _limit(500, "characters"),
        "media_per_post": _limit(4, "items"),
        "url_characters": _limit(23, "characters"),
        "image_bytes": _limit(16 * MIB, "bytes"),
        "image_pixels": _limit(33_177_600, "pixels"),
        "video_bytes": _limit(99 * MIB, "bytes"),
        "video_fps": _limit(120, "frames / second"),
        "video_pixels": _limit(8_294_400, "pixels"),
        "alt_text_characters": _limit(1_500, "characters"),
        "poll_min_options": _limit(2, "options", _CODE),
        "poll_max_options": _limit(4, "options"),
        "poll_option_characters": _limit(50, "characters"),
        "poll_min_seconds": _limit(300, "seconds"),
        "poll_max_seconds": _limit(2_629_746, "seconds"),
        "key_life_seconds": _limit(3_600, "seconds", _STATUSES),
        "requests_per_window": _limit(300, "calls / 5 minutes / token", _RATES),
        "media_per_window": _limit(30, "uploads / 30 minutes", _RATES),
        "deletes_per_window": _limit(30, "deletions / 30 minutes", _RATES),
        "posts_per_three_hours": _limit(300, "posts / 3 h", _CODE),
        "media_life_hours": _limit(24, "hours", _OURS),
    },
    media_types={
        "image": (
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/heic",
            "image/heif",
            "image/webp",
            "image/avif",
        ),
        "gif": ("image/gif",),
        "video": ("video/webm", "video/mp4", "video/quicktime", "video/ogg"),
    },
    described=("image", "gif", "video"),
    media={
        "image": MediaProfile(
            _DOCS,
            _READ,
            (
                "image/jpeg",
                "image/png",
                "image/gif",
                "image/heic",
                "image/heif",
                "image/webp",
                "image/avif",
            ),
            bytes="image_bytes",
            pixels="image_pixels",
            transparent=True,
        ),
        "gif": MediaProfile(
            _DOCS, _READ, ("image/gif",), bytes="video_bytes", pixels="video_pixels", transparent=True
        ),
        "video": MediaProfile(
            _CODE,
            _READ,
            ("video/webm", "video/mp4", "video/quicktime"),
            bytes="video_bytes",
            pixels="video_pixels",
            max_fps="video_fps",
            codecs=("h264", "vp8", "vp9", "av1"),
        ),
    },
    lists={"every post": True},
    reconcile_kind="K",
    retry_when_absent="always",
    post_kinds=("text", "images", "gif", "video", "poll", "thread"),
    quirks=(
        "Every server has limits of its own; Polypost reads them when the account is connected and once a day after that.",
        "A link counts 23 characters, of @user@example.social only @user counts, the content warning counts too.",
        "Without visibility a post is public: the preference of the account is not used.",
        "An animated GIF becomes a film without sound, and stands alone in a post as a video does.",
        "A content warning makes a post sensitive.",
        "A server that has limited an account makes its public posts unlisted without an error; the target then warns.",
        "People who are mentioned are notified, and are the only readers of a direct post.",
        "Tokens have no end; the account's owner takes them back under Preferences, Account, Authorized apps.",
        "Other software that speaks this API works as far as it does; without a version of Mastodon's API nothing is "
        "sent a second time on a guess.",
    ),
    own_servers=True,
)

"""What Bluesky is as data: addresses, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, Spec, limits_read

_POST = "Lexicon app.bsky.feed.post"
_EMBED = "Lexicons app.bsky.embed"
_FACET = "Lexicon app.bsky.richtext.facet"
_RATES = "Bluesky docs, Rate Limits"
_SERVER = "reference server @atproto/pds 0.4.217, as observed"
_APP = "Bluesky's own app, constants.ts; in no lexicon"
_READ = date(2026, 11, 24)

ENTRYWAY = "https://bsky.social"
APP_VIEW = "https://public.api.bsky.app"
VIDEO = "https://video.bsky.app"
DIRECTORY = "https://plc.directory"
WEB = "https://bsky.app"

_limit = limits_read(_READ)

# Accounts come in by an app password; Bluesky's OAuth needs no app of one's own either, and is not used.
OAUTH = None

SPEC = Spec(
    id="bluesky",
    name="Bluesky",
    other_names=("bsky", "atproto"),
    availability="prod",
    api_version=ApiVersion(
        "lexicons of 20 August 2026", None, "bluesky-social/atproto; no end date published"
    ),
    oauth=OAUTH,
    hosts={"entryway": ENTRYWAY, "app": APP_VIEW, "video": VIDEO, "directory": DIRECTORY, "web": WEB},
    text_limit="text_graphemes",
    limits={
        "text_graphemes": _limit(300, "characters as people see them", _POST),
        "text_bytes": _limit(3_000, "bytes in UTF-8", _POST),
        "langs": _limit(3, "languages", _POST),
        "tags": _limit(8, "tags", _POST),
        "tag_graphemes": _limit(64, "characters as people see them", _FACET),
        "tag_bytes": _limit(640, "bytes in UTF-8", _FACET),
        "images": _limit(4, "items", f"{_EMBED}.images"),
        "gallery_items": _limit(20, "items", f"{_EMBED}.gallery"),
        "image_bytes": _limit(2_000_000, "bytes", f"{_EMBED}.images"),
        "thumbnail_bytes": _limit(1_000_000, "bytes", f"{_EMBED}.external"),
        "video_bytes": _limit(300_000_000, "bytes", f"{_EMBED}.video"),
        "video_seconds": _limit(600, "seconds", _APP),
        "captions": _limit(20, "tracks", f"{_EMBED}.video"),
        "caption_bytes": _limit(20_000, "bytes", f"{_EMBED}.video"),
        "blob_bytes": _limit(50_000_000, "bytes", "Bluesky docs, Uploading images and video"),
        "blobs_per_day": _limit(1_000, "uploads / day", _SERVER),
        "write_points_per_hour": _limit(5_000, "points / hour", _RATES),
        "write_points_per_day": _limit(35_000, "points / day", _RATES),
        "create_points": _limit(3, "points", _RATES),
        "update_points": _limit(2, "points", _RATES),
        "delete_points": _limit(1, "points", _RATES),
        "calls_per_five_minutes": _limit(3_000, "calls / 5 minutes from one address", _RATES),
        "logins_per_five_minutes": _limit(30, "logins / 5 minutes", _RATES),
        "logins_per_day": _limit(300, "logins / day", _RATES),
        "access_seconds": _limit(7_200, "seconds", _SERVER),
        "refresh_seconds": _limit(7_776_000, "seconds", _SERVER),
        "refresh_grace_seconds": _limit(7_200, "seconds", _SERVER),
        "service_auth_seconds": _limit(3_600, "seconds", _SERVER),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/webp", "image/gif"),
        "gif": ("image/gif", "video/mp4"),
        "video": ("video/mp4",),
    },
    described=("image", "gif", "video"),
    media={
        "image": MediaProfile(
            f"{_EMBED}.images",
            _READ,
            ("image/jpeg", "image/png", "image/webp", "image/gif"),
            bytes="image_bytes",
        ),
        "video": MediaProfile(
            f"{_EMBED}.video",
            _READ,
            ("video/mp4",),
            bytes="video_bytes",
            max_seconds="video_seconds",
            codecs=("h264",),
            sounds=("aac",),
            moving="gif",
        ),
        "cover": MediaProfile(
            f"{_EMBED}.external", _READ, ("image/jpeg", "image/png"), bytes="thumbnail_bytes"
        ),
    },
    lists={"every post": True},
    reconcile_kind="K",
    retry_when_absent="always",
    post_kinds=("text", "images", "gallery", "gif", "video", "link card", "quote", "reply", "thread"),
    quirks=(
        "A text has at most 300 characters as people see them, and at most 3,000 bytes.",
        "Links, mentions and tags work only because Polypost marks them; a mention of a handle that does not exist stays"
        " plain text.",
        "A link gets a card only with `card`: Bluesky does not look at pages itself, and neither does Polypost.",
        "One post shows pictures, or one video, or one card; a quote may stand beside any of them.",
        "A GIF file is shown as a still picture; an MP4 of type `gif` plays by itself in a loop.",
        "A picture has at most 2 MB (2,000,000 bytes); servers that were not updated in 2026 take half of that.",
        "A video needs a confirmed e-mail address.",
        "An edited post is shown as it was, so posts cannot be edited.",
    ),
    own_servers=True,
)

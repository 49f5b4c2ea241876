"""What Threads is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_OVERVIEW = "Meta for Developers, Threads API: Overview"
_POSTS = "Meta for Developers, Threads API: Posts"
_POLLS = "Meta for Developers, Threads API: Polls"
_OBSERVED = "not documented; what other connectors observe"

VERSION = "v1.0"
GRAPH = "https://graph.threads.net"
LOGIN = "https://threads.net"
SITE = "https://www.threads.net"

_limit = limits_read(_READ, _OVERVIEW)

OAUTH = OAuth2(
    authorize_url=f"{LOGIN}/oauth/authorize",
    token_url=f"{GRAPH}/oauth/access_token",
    # Reading replies finds the parts of a chain whose answer was lost; the last three take posts back, name places
    # and tell figures.
    scopes=(
        "threads_basic",
        "threads_content_publish",
        "threads_read_replies",
        "threads_delete",
        "threads_location_tagging",
        "threads_manage_insights",
    ),
    scope_separator=",",
)

SPEC = Spec(
    id="threads",
    name="Threads",
    availability="prod",
    api_version=ApiVersion(
        VERSION, None, "Meta for Developers, Threads API: Changelog; no end date published"
    ),
    oauth=OAUTH,
    hosts={"graph": GRAPH, "login": LOGIN, "site": SITE},
    text_limit="text_characters",
    limits={
        "text_characters": _limit(500, "characters", _POSTS),
        "links": _limit(5, "links", _POSTS),
        "topic_tag_characters": _limit(50, "characters", _POSTS),
        "alt_text_characters": _limit(1000, "characters", _OBSERVED),
        "poll_min_options": _limit(2, "options", _POLLS),
        "poll_max_options": _limit(4, "options", _POLLS),
        "poll_option_characters": _limit(25, "characters", _OBSERVED),
        "text_entities": _limit(10, "spoilers", "Meta for Developers, Threads API: Spoilers"),
        "text_attachment_characters": _limit(
            10_000, "characters", "Meta for Developers, Threads API: Text Attachments"
        ),
        "carousel_min_items": _limit(2, "items", _POSTS),
        "carousel_max_items": _limit(20, "items", _POSTS),
        "image_bytes": _limit(8 * MIB, "bytes"),
        "image_max_ratio": _limit(10, "width / height"),
        "video_bytes": _limit(1024 * MIB, "bytes"),
        "video_max_seconds": _limit(300, "seconds"),
        "video_min_fps": _limit(23, "frames / second"),
        "video_max_fps": _limit(60, "frames / second"),
        "video_max_width": _limit(1920, "pixels"),
        "video_min_ratio": _limit(0.01, "width / height"),
        "video_max_ratio": _limit(10, "width / height"),
        "video_max_bitrate": _limit(100_000_000, "bits / second"),
        "audio_max_rate": _limit(48_000, "hertz"),
        "audio_max_channels": _limit(2, "channels"),
        "posts_per_day": _limit(250, "posts / 24 h"),
        "replies_per_day": _limit(1000, "replies / 24 h"),
        "deletes_per_day": _limit(100, "deletions / 24 h"),
        "container_life_hours": _limit(24, "hours", "Meta for Developers, Threads API: Troubleshooting"),
    },
    media_types={"image": ("image/jpeg", "image/png"), "video": ("video/mp4", "video/quicktime")},
    described=("image", "gif", "video"),
    media={
        "image": MediaProfile(
            _OVERVIEW,
            _READ,
            ("image/jpeg", "image/png"),
            bytes="image_bytes",
            max_ratio="image_max_ratio",
            pulled=True,
        ),
        "video": MediaProfile(
            _OVERVIEW,
            _READ,
            ("video/mp4", "video/quicktime"),
            bytes="video_bytes",
            width="video_max_width",
            min_ratio="video_min_ratio",
            max_ratio="video_max_ratio",
            max_seconds="video_max_seconds",
            min_fps="video_min_fps",
            max_fps="video_max_fps",
            bitrate="video_max_bitrate",
            rate="audio_max_rate",
            channels="audio_max_channels",
            codecs=("h264", "hevc"),
            sounds=("aac",),
            silence=True,
            pulled=True,
        ),
    },
    lists={"text": True, "image": True, "video": True, "carousel": True, "gif": False},
    reconcile_kind="H",
    retry_when_absent="always",
    post_kinds=("text", "image", "video", "carousel", "poll", "thread"),
    renews_access_tokens=True,
    quirks=(
        "An emoji counts as the bytes it takes in UTF-8, so most count 4 and a family 25 of the 500 characters.",
        "Threads fetches all media itself, from the URL in the post; that URL has to be public.",
        "Without topicTag the first #tag in the text becomes the topic; a post has one topic.",
        "Without linkAttachment the first link in a post without media becomes its card.",
        "Pictures narrower than 320 or wider than 1440 pixels are scaled.",
        "A chain of posts is a post and its own replies; replies count against their own 1,000 a day.",
        "How many posts and replies of the day are left is read before each publication.",
        "The authorisation of a private profile ends 90 days after it was given and cannot be renewed further.",
    ),
)

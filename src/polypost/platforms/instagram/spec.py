"""What Instagram is as data: addresses, scopes, limits, each number with its source and the day it was read.

This is the Instagram Login (no Facebook Page needed); a token of the Facebook Login does not work on these hosts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_PUBLISHING = "Meta for Developers, Instagram Platform: Content Publishing"
_MEDIA = "Meta for Developers, Instagram Platform: IG User Media"
_MESSAGING = "Meta for Developers, Instagram API with Instagram Login: Messaging API"
_BELIEVED = "not documented; what other connectors observe"

VERSION = "v26.0"
GRAPH = "https://graph.instagram.com"
LOGIN = "https://www.instagram.com"
TOKEN = "https://api.instagram.com"  # noqa: S105  # a host, not a secret
UPLOAD = "https://rupload.facebook.com"

_limit = limits_read(_READ, _MEDIA)

OAUTH = OAuth2(
    authorize_url=f"{LOGIN}/oauth/authorize",
    token_url=f"{TOKEN}/oauth/access_token",
    # The last one is for figures.
    scopes=(
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_insights",
    ),
    scope_separator=",",
    # Without these Instagram connects whoever is logged in, which makes a second account unreachable.
    authorize_extra={"enable_fb_login": "0", "force_authentication": "1"},
)

_REEL = MediaProfile(
    _MEDIA,
    _READ,
    ("video/mp4", "video/quicktime"),
    bytes="video_bytes",
    width="video_max_width",
    min_ratio="reel_min_ratio",
    max_ratio="reel_max_ratio",
    min_seconds="video_min_seconds",
    max_seconds="reel_max_seconds",
    min_fps="video_min_fps",
    max_fps="video_max_fps",
    rate="audio_max_rate",
    codecs=("h264", "hevc"),
    sounds=("aac",),
    silence=True,
)

SPEC = Spec(
    id="instagram",
    name="Instagram",
    other_names=("ig", "insta"),
    availability="prod",
    api_version=ApiVersion(
        VERSION, None, "Meta for Developers, Graph API: Versioning; no end date published yet"
    ),
    oauth=OAUTH,
    hosts={"graph": GRAPH, "login": LOGIN, "token": TOKEN, "upload": UPLOAD},
    text_limit="caption_characters",
    limits={
        "caption_characters": _limit(2200, "characters", _PUBLISHING),
        "caption_hashtags": _limit(30, "hashtags", _PUBLISHING),
        "caption_mentions": _limit(20, "mentions", _PUBLISHING),
        # Image posts and images in a carousel, since 24 March 2025; neither reels nor stories.
        "alt_text_characters": _limit(1000, "characters", _PUBLISHING),
        "carousel_min_items": _limit(2, "items", _PUBLISHING),
        "carousel_max_items": _limit(10, "items", _PUBLISHING),
        "collaborators": _limit(3, "accounts"),
        "image_bytes": _limit(8 * MIB, "bytes"),
        "image_min_ratio": _limit(4 / 5, "width / height"),
        "image_max_ratio": _limit(1.91, "width / height"),
        "video_bytes": _limit(300 * MIB, "bytes"),
        "video_min_seconds": _limit(3, "seconds"),
        "reel_max_seconds": _limit(15 * 60, "seconds"),
        "video_min_fps": _limit(23, "frames / second"),
        "video_max_fps": _limit(60, "frames / second"),
        "video_max_width": _limit(1920, "pixels"),
        "audio_max_rate": _limit(48_000, "hertz"),
        "reel_min_ratio": _limit(0.01, "width / height"),
        "reel_max_ratio": _limit(10, "width / height"),
        "story_video_bytes": _limit(100 * MIB, "bytes"),
        "story_max_seconds": _limit(60, "seconds"),
        "story_min_ratio": _limit(0.1, "width / height"),
        "story_max_ratio": _limit(10, "width / height"),
        "carousel_video_max_seconds": _limit(60, "seconds", _BELIEVED),
        "containers_per_day": _limit(400, "containers / 24 h", _PUBLISHING),
        "message_bytes": _limit(1000, "bytes", _MESSAGING),
        "message_window_hours": _limit(24, "hours", _MESSAGING),
        "container_life_hours": _limit(24, "hours", "Meta for Developers, Instagram Platform: IG Container"),
    },
    media_types={"image": ("image/jpeg",), "video": ("video/mp4", "video/quicktime")},
    described=("image", "gif"),
    media={
        "image": MediaProfile(
            _MEDIA,
            _READ,
            ("image/jpeg",),
            bytes="image_bytes",
            min_ratio="image_min_ratio",
            max_ratio="image_max_ratio",
            pulled=True,
        ),
        "image/story": MediaProfile(_MEDIA, _READ, ("image/jpeg",), bytes="image_bytes", pulled=True),
        "video": _REEL,
        "video/story": replace(
            _REEL,
            bytes="story_video_bytes",
            max_seconds="story_max_seconds",
            min_ratio="story_min_ratio",
            max_ratio="story_max_ratio",
        ),
        "video/carousel": replace(_REEL, max_seconds="carousel_video_max_seconds", pulled=True),
        "cover": MediaProfile(_MEDIA, _READ, ("image/jpeg",), bytes="image_bytes", pulled=True),
    },
    lists={"image": True, "carousel": True, "reel": True, "gif": False, "story": False},
    reconcile_kind="H",
    retry_when_absent="always",
    post_kinds=("image", "carousel", "reel", "story"),
    renews_access_tokens=True,
    quirks=(
        "Only professional accounts (Business or Creator) can publish.",
        "There are no text-only posts, and a story takes no caption.",
        "A single video is always a reel.",
        "Instagram fetches pictures and covers itself, from the URL in the post; that URL has to be public.",
        "Carousel items are all cropped to the shape of the first one.",
        "Pictures narrower than 320 or wider than 1440 pixels are scaled.",
        "How many posts a day are allowed (50 or 100) differs by account and is read before each publication.",
        "Whether a published post can be deleted by an app is up to Instagram.",
    ),
)

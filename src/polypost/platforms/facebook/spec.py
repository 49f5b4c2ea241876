"""What Facebook is as data: addresses, scopes, limits, each number with its source and the day it was read.

Only Pages: Meta lets no app post to profiles or groups.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_REELS = "Meta for Developers, Video API: Reels Publishing"
_STORIES = "Meta for Developers, Pages API: Stories"
_BELIEVED = "not documented; what other connectors observe"

VERSION = "v26.0"
WEB = "https://www.facebook.com"
GRAPH = "https://graph.facebook.com"
VIDEO = "https://graph-video.facebook.com"
UPLOAD = "https://rupload.facebook.com"

# Without these nothing can be published; the others only add to it.
NEEDED = ("pages_show_list", "pages_manage_posts", "pages_read_engagement")

_limit = limits_read(_READ)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/{VERSION}/dialog/oauth",
    token_url=f"{GRAPH}/{VERSION}/oauth/access_token",
    # Comments need the fourth, Pages that a business owns are only listed with the fifth, figures need the last.
    scopes=(*NEEDED, "pages_manage_engagement", "business_management", "read_insights"),
    scope_separator=",",
)

_REEL = MediaProfile(
    _REELS,
    _READ,
    ("video/mp4", "video/quicktime"),
    min_ratio="reel_ratio",
    max_ratio="reel_ratio",
    min_seconds="reel_min_seconds",
    max_seconds="reel_max_seconds",
    min_fps="reel_min_fps",
    max_fps="reel_max_fps",
    codecs=("h264", "hevc", "vp9", "av1"),
    sounds=("aac",),
    # "Fixed frame rate", in the specification of reels.
    steady=True,
    silence=True,
)

SPEC = Spec(
    id="facebook",
    name="Facebook",
    other_names=("fb", "meta", "facebookpage"),
    availability="prod",
    api_version=ApiVersion(
        VERSION, None, "Meta for Developers, Graph API: Versioning; no end date published yet"
    ),
    oauth=OAUTH,
    hosts={"web": WEB, "graph": GRAPH, "video": VIDEO, "upload": UPLOAD},
    text_limit="message_characters",
    limits={
        "message_characters": _limit(63_206, "characters", _BELIEVED),
        "comment_characters": _limit(8_000, "characters", _BELIEVED),
        "title_characters": _limit(255, "characters", _BELIEVED),
        "photos_per_post": _limit(10, "photos", _BELIEVED),
        "photo_bytes": _limit(10 * MIB, "bytes", f"{_BELIEVED}; documented are 4 MB"),
        "story_photo_bytes": _limit(4 * MIB, "bytes", _STORIES),
        "reel_min_seconds": _limit(3, "seconds", _REELS),
        "reel_max_seconds": _limit(90, "seconds", _REELS),
        "story_min_seconds": _limit(3, "seconds", _STORIES),
        "story_max_seconds": _limit(60, "seconds", _STORIES),
        "reel_min_fps": _limit(24, "frames / second", _REELS),
        "reel_max_fps": _limit(60, "frames / second", _REELS),
        "reel_min_width": _limit(540, "pixels", _REELS),
        "reel_min_height": _limit(960, "pixels", _REELS),
        "reel_ratio": _limit(9 / 16, "width / height", _REELS),
        "reels_per_day": _limit(30, "reels / 24 h", _REELS),
        "staged_hours": _limit(24, "hours", _BELIEVED),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/gif"),
        "gif": ("image/gif",),
        "video": ("video/mp4", "video/quicktime"),
    },
    described=("image", "gif"),
    media={
        "image": MediaProfile(
            _BELIEVED, _READ, ("image/jpeg", "image/png", "image/gif"), bytes="photo_bytes"
        ),
        "image/story": MediaProfile(
            _STORIES, _READ, ("image/jpeg", "image/png", "image/gif"), bytes="story_photo_bytes"
        ),
        "video": MediaProfile(
            _BELIEVED,
            _READ,
            ("video/mp4", "video/quicktime"),
            codecs=("h264", "hevc", "vp9", "av1"),
            sounds=("aac",),
            silence=True,
        ),
        "video/reel": _REEL,
        "video/story": replace(
            _REEL, source=_STORIES, min_seconds="story_min_seconds", max_seconds="story_max_seconds"
        ),
        "cover": MediaProfile(_BELIEVED, _READ, ("image/jpeg", "image/png"), bytes="photo_bytes"),
    },
    lists={"text": True, "photos": False, "video": False, "reel": False, "story": False},
    reconcile_kind="H",
    retry_when_absent="always",
    post_kinds=("text", "link", "photo", "photos", "video", "reel", "story"),
    account_choice=True,
    quirks=(
        "Only Pages can be posted to, no profiles and no groups.",
        "One login stands for all Pages of a person; you choose which of them to connect.",
        "A post holds photos or one video, never both, and a link is left out where there is media.",
        "A GIF goes out as a photo.",
        "A story takes no text and lasts a day.",
        "Facebook shows new videos as reels; `contentType` `reel` publishes by the reels' own way.",
        "After a lost answer a text, a link and a photo story are looked for, but never sent again.",
        "Unpublished posts are in no list, so an unpublished text whose answer was lost cannot be found again.",
        "Facebook refuses a text that repeats the Page's last post.",
        "Each Page may publish 30 reels in 24 hours.",
    ),
)

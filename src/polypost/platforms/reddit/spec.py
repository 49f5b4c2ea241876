"""What Reddit is as data: addresses, scopes, limits, each number with its source and the day it was read.

Reddit publishes no machine-readable description; its pages and the traffic of open clients are what there is.
"""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_DATA_API = "Reddit Help, Data API rules"
_SOURCE = "Reddit's published source of 2017"
_OBSERVED = "not documented; what open clients observe"
_OAUTH = "Reddit, OAuth2 wiki; recorded token answers"

API = "https://oauth.reddit.com"
WEB = "https://www.reddit.com"

_limit = limits_read(_READ, _OBSERVED)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/api/v1/authorize",
    token_url=f"{WEB}/api/v1/access_token",
    scopes=("identity", "submit", "read", "flair", "edit", "history", "mysubreddits"),
    client_auth="basic",
    # Without it Reddit gives no refresh token, and the account would be lost after a day.
    authorize_extra={"duration": "permanent"},
    # By a word with a 200 or a 400, or by the number of a 400 in the body.
    refusals=frozenset({"invalid_grant", "invalid_request", "400"}),
    refusing=frozenset({200, 400}),
    app_refusals=frozenset({"unauthorized_client", "invalid_client", "401"}),
    # It takes its access tokens with it.
    revoke_url=f"{WEB}/api/v1/revoke_token",
    revokes=("refresh_token",),
    code_note="A code can be used once.",
)

SPEC = Spec(
    id="reddit",
    name="Reddit",
    other_names=("subreddit",),
    availability="prod",
    api_version=ApiVersion("unversioned", None, "Reddit's API has no versions; no end date published"),
    oauth=OAUTH,
    hosts={
        "api": API,
        "web": WEB,
        "images": "https://reddit-uploaded-media.s3-accelerate.amazonaws.com",
        "videos": "https://reddit-uploaded-video.s3-accelerate.amazonaws.com",
    },
    text_limit="body_characters",
    limits={
        "title_characters": _limit(300, "characters", _SOURCE),
        "body_characters": _limit(40_000, "characters", _SOURCE),
        "comment_characters": _limit(10_000, "characters", _SOURCE),
        "flair_characters": _limit(64, "characters", _SOURCE),
        "gallery_min_items": _limit(2, "items"),
        "gallery_max_items": _limit(20, "items"),
        "gallery_caption_characters": _limit(180, "characters"),
        "poll_min_options": _limit(2, "options"),
        "poll_max_options": _limit(6, "options"),
        "poll_min_days": _limit(1, "days"),
        "poll_max_days": _limit(7, "days"),
        "image_bytes": _limit(20 * MIB, "bytes"),
        "gif_bytes": _limit(100 * MIB, "bytes"),
        "video_bytes": _limit(1024 * MIB, "bytes"),
        "video_max_seconds": _limit(15 * 60, "seconds"),
        "requests_per_window": _limit(1_000, "requests / 10 minutes", _DATA_API),
        "window_seconds": _limit(600, "seconds", _DATA_API),
        "access_token_seconds": _limit(86_400, "seconds", _OAUTH),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/gif"),
        "gif": ("image/gif",),
        "video": ("video/mp4", "video/quicktime"),
    },
    media={
        "image": MediaProfile(
            _OBSERVED,
            _READ,
            ("image/jpeg", "image/png", "image/gif"),
            bytes="image_bytes",
            transparent=True,
        ),
        "gif": MediaProfile(_OBSERVED, _READ, ("image/gif",), bytes="gif_bytes", transparent=True),
        "video": MediaProfile(
            _OBSERVED,
            _READ,
            ("video/mp4", "video/quicktime"),
            bytes="video_bytes",
            max_seconds="video_max_seconds",
            codecs=("h264",),
            sounds=("aac",),
        ),
        "cover": MediaProfile(_OBSERVED, _READ, ("image/jpeg", "image/png"), bytes="image_bytes"),
    },
    lists={"every post": True},
    reconcile_kind="L",
    # Links are the exception, see the connector: Reddit itself refuses the second one.
    retry_when_absent="never",
    post_kinds=(
        "text",
        "text with pictures",
        "link",
        "image",
        "gif",
        "video",
        "silent video",
        "gallery",
        "poll",
        "crosspost",
    ),
    quirks=(
        "Every post goes to one subreddit, or to the account's own profile as u_name, and has a title.",
        "Each subreddit decides what it takes: links, text, images, videos, galleries, polls; many want a flair.",
        "Reddit answers most refusals with status 200 and a list of errors.",
        "A post with an image or a video is answered without an id; Polypost finds it among the account's posts.",
        "Title, link and media of a post cannot be changed afterwards.",
        "A link that a subreddit has already is refused there, unless resubmit is set.",
        "New accounts and those with little karma may post only every few minutes; such posts wait.",
        "AutoModerator may remove a post silently; its author goes on seeing it.",
        "An app needs Reddit's approval, and for commercial use a contract.",
    ),
    thumbnails=True,
)

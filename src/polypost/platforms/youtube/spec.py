"""What YouTube is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, Spec, limits_read
from polypost.platforms.families.google.spec import LOGIN, TOKEN, oauth_for
from polypost.platforms.kit.media import MIB

_READ = date(2026, 11, 24)
_DISCOVERY = "YouTube Data API v3 discovery document, revision 20261104"
_VIDEOS = "YouTube Data API, Videos resource"
_THUMBNAILS = "YouTube Data API, Thumbnails: set"
_UPLOADS = "YouTube Data API, Resumable uploads"
_QUOTA = "YouTube Data API, Quota costs (June 2026)"
_HELP = "YouTube Help"
_BELIEVED = "not documented; general knowledge"

API = "https://www.googleapis.com"
WEB = "https://www.youtube.com"

_SCOPE = "https://www.googleapis.com/auth/"
UPLOAD_SCOPE = f"{_SCOPE}youtube.upload"
READ_SCOPE = f"{_SCOPE}youtube.readonly"
WRITE_SCOPE = f"{_SCOPE}youtube.force-ssl"

_limit = limits_read(_READ)

OAUTH = oauth_for(UPLOAD_SCOPE, READ_SCOPE, WRITE_SCOPE, include_granted_scopes="true")

SPEC = Spec(
    id="youtube",
    name="YouTube",
    other_names=("yt", "shorts"),
    availability="prod",
    api_version=ApiVersion("v3", None, f"{_DISCOVERY}; no end date published"),
    oauth=OAUTH,
    hosts={"api": API, "login": LOGIN, "token": TOKEN, "web": WEB},
    text_limit="description_bytes",
    limits={
        "title_characters": _limit(100, "characters", _VIDEOS),
        "description_bytes": _limit(5000, "bytes", _VIDEOS),
        "tags_characters": _limit(500, "characters in all tags", _VIDEOS),
        "comment_characters": _limit(10_000, "characters", _BELIEVED),
        "video_bytes": _limit(274_877_906_944, "bytes", f"{_DISCOVERY}, videos.insert"),
        "video_max_seconds": _limit(12 * 3600, "seconds", f"{_HELP}, upload limits"),
        "unverified_max_seconds": _limit(15 * 60, "seconds", f"{_HELP}, upload limits"),
        "short_max_seconds": _limit(180, "seconds", f"{_HELP}, YouTube Shorts"),
        "thumbnail_bytes": _limit(2 * MIB, "bytes", _THUMBNAILS),
        "thumbnail_min_width": _limit(640, "pixels", f"{_HELP}, video thumbnails"),
        "chunk_unit_bytes": _limit(256 * 1024, "bytes", _UPLOADS),
        "session_life_days": _limit(7, "days", _BELIEVED),
        "video_inserts_per_day": _limit(100, "uploads / day and app", _QUOTA),
        "units_per_day": _limit(10_000, "units / day and app", _QUOTA),
    },
    media_types={
        "video": ("video/mp4", "video/quicktime", "video/webm"),
        "image": ("image/jpeg", "image/png", "image/gif"),
    },
    media={
        "video": MediaProfile(
            f"{_HELP}, recommended upload encoding",
            _READ,
            ("video/mp4", "video/quicktime", "video/webm"),
            bytes="video_bytes",
            max_seconds="video_max_seconds",
            hdr=True,
        ),
        "cover": MediaProfile(_THUMBNAILS, _READ, ("image/jpeg", "image/png"), bytes="thumbnail_bytes"),
    },
    lists={"every video": True},
    reconcile_kind="H",
    retry_when_absent="always",
    post_kinds=("video", "short"),
    quirks=(
        "A post is exactly one video; the interface has no text, picture or community posts.",
        "The text becomes the description; a title that is not given is made of its beginning.",
        "YouTube makes a Short of an upright or square video of at most three minutes by itself.",
        "Uploads of an app that YouTube has not audited are locked as private.",
        "A channel that is not verified by phone takes 15 minutes of video and no thumbnail of one's own.",
        "An app has 100 uploads a day, and 10,000 units for everything else, until midnight in California.",
        "Files are judged after the upload: YouTube may reject a video that it took, for its content or as a copy.",
        "Videos that are made for kids have no comments.",
    ),
    thumbnails=True,
)

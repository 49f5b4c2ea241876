"""What YouTube allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

DISCOVERY = "YouTube Data API v3 discovery document, revision 20261104"
VIDEOS = "YouTube Data API, Videos resource"
THUMBNAILS = "YouTube Data API, Thumbnails: set"
QUOTA = "YouTube Data API, Quota costs (June 2026)"
UPLOADS = "YouTube Data API, Resumable uploads"
HELP = "YouTube Help"
IDENTITY = "Google Identity, OAuth 2.0"
BELIEVED = "not documented; general knowledge"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "title_characters": Number(100, VIDEOS),
    "description_bytes": Number(5_000, VIDEOS),
    "tags_characters": Number(500, VIDEOS),
    "comment_characters": Number(10_000, BELIEVED),
    "video_bytes": Number(274_877_906_944, f"{DISCOVERY}, videos.insert"),
    "video_max_seconds": Number(12 * 3600, f"{HELP}, upload limits"),
    "unverified_max_seconds": Number(15 * 60, f"{HELP}, upload limits"),
    "short_max_seconds": Number(180, f"{HELP}, YouTube Shorts"),
    "thumbnail_bytes": Number(2 * 1024 * 1024, THUMBNAILS),
    "thumbnail_min_width": Number(640, f"{HELP}, video thumbnails"),
    "chunk_unit_bytes": Number(256 * 1024, UPLOADS),
    "session_life_days": Number(7, BELIEVED),
    "video_inserts_per_day": Number(100, QUOTA),
    "units_per_day": Number(10_000, QUOTA),
    "searches_per_day": Number(100, QUOTA),
    "ids_per_list": Number(50, DISCOVERY),
    "page_size": Number(5, DISCOVERY),
    "page_size_max": Number(50, DISCOVERY),
    "comments_page_size": Number(20, DISCOVERY),
    "comments_page_size_max": Number(100, DISCOVERY),
    "playlist_title_characters": Number(150, BELIEVED),
    "caption_bytes": Number(100 * 1024 * 1024, f"{DISCOVERY}, captions.insert"),
    "caption_name_characters": Number(150, "YouTube Data API, Captions resource"),
    "code_life_seconds": Number(600, OURS),
    "access_life_seconds": Number(3_599, IDENTITY),
    "refresh_idle_days": Number(182, f"{IDENTITY}: six months"),
    "testing_refresh_days": Number(7, f"{IDENTITY}, publishing status Testing"),
    "live_refresh_tokens": Number(100, IDENTITY),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(5, OURS),
}
# Units of the daily quota by what is called; videos.insert and search.list have allowances of their own.
COSTS = {"list": 1, "write": 50, "thumbnail": 50, "caption": 400}

limit = whole(LIMITS)

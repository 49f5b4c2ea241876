"""What TikTok allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

DIRECT = "TikTok for Developers, Content Posting API: Direct Post"
UPLOAD = "TikTok for Developers, Content Posting API: Upload"
PHOTO = "TikTok for Developers, Content Posting API: Photo"
CREATOR = "TikTok for Developers, Content Posting API: Query Creator Info"
STATUS = "TikTok for Developers, Content Posting API: Get Post Status"
TRANSFER = "TikTok for Developers, Content Posting API: Media Transfer Guide"
LOGIN = "TikTok for Developers, Login Kit: Manage User Access Tokens"
DISPLAY = "TikTok for Developers, Display API"
OURS = "not documented; the simulator's choice"
# The pages say MB and GB without saying which; where they differ, the larger reading is let in.
MIB = 1024 * 1024


LIMITS: dict[str, Number] = {
    "caption_units": Number(2_200, DIRECT),
    "photo_title_units": Number(90, PHOTO),
    "photo_description_units": Number(4_000, PHOTO),
    "photos_max": Number(35, PHOTO),
    "photo_bytes": Number(20 * MIB, TRANSFER),
    "photo_short_side": Number(1_080, TRANSFER),
    "photo_long_side": Number(1_920, TRANSFER),
    "video_bytes": Number(4 * 1024 * MIB, TRANSFER),
    "video_min_side": Number(360, TRANSFER),
    "video_max_side": Number(4_096, TRANSFER),
    "video_min_fps": Number(23, TRANSFER),
    "video_max_fps": Number(60, TRANSFER),
    "video_max_seconds": Number(600, TRANSFER),
    "chunk_min_bytes": Number(5_000_000, TRANSFER),
    "chunk_max_bytes": Number(64 * MIB, TRANSFER),
    "last_chunk_max_bytes": Number(128 * MIB, TRANSFER),
    "chunks_max": Number(1_000, TRANSFER),
    "upload_url_seconds": Number(3_600, UPLOAD),
    "upload_url_characters": Number(256, UPLOAD),
    "publish_id_characters": Number(64, UPLOAD),
    "inits_per_minute": Number(6, DIRECT),
    "creator_calls_per_minute": Number(20, CREATOR),
    "status_calls_per_minute": Number(30, STATUS),
    "reads_per_minute": Number(600, DISPLAY),
    "posts_per_day": Number(15, "TikTok for Developers, Content Sharing Guidelines: about 15"),
    "pending_shares": Number(5, UPLOAD),
    "videos_per_call": Number(20, DISPLAY),
    "code_seconds": Number(600, OURS),
    # The page of November 2026; earlier versions had the lives that are called old here.
    "access_seconds": Number(7_200, LOGIN),
    "refresh_seconds": Number(180 * 86_400, LOGIN),
    "old_access_seconds": Number(86_400, f"{LOGIN}, an earlier version"),
    "old_refresh_seconds": Number(365 * 86_400, f"{LOGIN}, an earlier version"),
    "creator_max_seconds": Number(300, OURS),
    "restricted_max_seconds": Number(60, OURS),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(5, OURS),
    "moderation_looks": Number(1, OURS),
    "moderation_seconds": Number(2, OURS),
    "pull_wait_seconds": Number(1, OURS),
}

limit = whole(LIMITS)

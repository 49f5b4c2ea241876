"""What Facebook allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import exactly, whole

POSTS = "Meta for Developers, Pages API: Posts"
PHOTOS = "Meta for Developers, Graph API: Page photos"
REELS = "Meta for Developers, Video API: Reels Publishing"
STORIES = "Meta for Developers, Pages API: Stories"
VIDEOS = "Meta for Developers, Graph API: Page videos (older edition)"
LOGIN = "Meta for Developers, Facebook Login: access tokens"
RATES = "Meta for Developers, Graph API: Rate Limiting"
SEEN = "not documented; seen in open connectors"
OURS = "not documented; the simulator's choice"
MIB = 1024 * 1024


LIMITS: dict[str, Number] = {
    "message_characters": Number(63_206, SEEN),
    "comment_characters": Number(8_000, SEEN),
    "title_characters": Number(255, SEEN),
    "photos_per_post": Number(10, SEEN),
    "photo_bytes": Number(10 * MIB, SEEN),
    "story_photo_bytes": Number(4 * MIB, STORIES),
    "reel_min_seconds": Number(3, REELS),
    "reel_max_seconds": Number(90, REELS),
    "story_min_seconds": Number(3, STORIES),
    "story_max_seconds": Number(60, STORIES),
    "reel_min_fps": Number(24, REELS),
    "reel_max_fps": Number(60, REELS),
    "reel_min_width": Number(540, REELS),
    "reel_min_height": Number(960, REELS),
    "reel_ratio": Number(9 / 16, REELS),
    "reels_per_day": Number(30, REELS),
    "staged_hours": Number(24, SEEN),
    "story_hours": Number(24, STORIES),
    "simple_video_bytes": Number(1024 * MIB, VIDEOS),
    "simple_video_seconds": Number(20 * 60, VIDEOS),
    "video_bytes": Number(10 * 1024 * MIB, OURS),
    "chunk_bytes": Number(MIB, "Meta for Developers, Graph API: Page videos, the example of a start"),
    "schedule_minutes_min": Number(10, POSTS),
    "schedule_days_max": Number(75, "Meta for Developers, Graph API: Page feed; the guide says 30"),
    "code_seconds": Number(600, OURS),
    "short_token_seconds": Number(5_400, LOGIN),
    "long_token_seconds": Number(5_183_944, LOGIN),
    "data_access_seconds": Number(90 * 86_400, LOGIN),
    "page_size": Number(25, OURS),
    "page_size_max": Number(100, "Meta for Developers, Graph API: Page feed"),
    "engaged_users": Number(10, OURS),
    "calls_per_engaged_user": Number(4_800, RATES),
    "app_users": Number(100, OURS),
    "calls_per_app_user": Number(200, RATES),
    "duplicate_seconds": Number(60, OURS),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(5, OURS),
}

limit = whole(LIMITS)
exact = exactly(LIMITS)

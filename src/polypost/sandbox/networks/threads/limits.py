"""What Threads allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import exactly, whole

OVERVIEW = "Meta, Threads API: Overview"
POSTS = "Meta, Threads API: Posts"
POLLS = "Meta, Threads API: Polls"
SPOILERS = "Meta, Threads API: Spoilers"
ATTACHMENTS = "Meta, Threads API: Text Attachments"
GHOSTS = "Meta, Threads API: Ghost Posts"
TOKENS = "Meta, Threads API: Long-Lived Tokens"
CODES = "Meta, Threads API: Get Access Tokens"
INSIGHTS = "Meta, Threads API: Insights"
SEEN = "seen in open connectors, not documented"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "text_characters": Number(500, POSTS),
    "links": Number(5, POSTS),
    "topic_tag_characters": Number(50, POSTS),
    "alt_text_characters": Number(1_000, SEEN),
    "poll_min_options": Number(2, POLLS),
    "poll_max_options": Number(4, POLLS),
    "poll_option_characters": Number(25, SEEN),
    "text_entities": Number(10, SPOILERS),
    "text_attachment_characters": Number(10_000, ATTACHMENTS),
    "carousel_min_items": Number(2, POSTS),
    "carousel_max_items": Number(20, POSTS),
    "image_bytes": Number(8 * 1024 * 1024, OVERVIEW),
    "image_max_ratio": Number(10, OVERVIEW),
    "video_bytes": Number(1024 * 1024 * 1024, OVERVIEW),
    "video_max_seconds": Number(300, OVERVIEW),
    "video_min_fps": Number(23, OVERVIEW),
    "video_max_fps": Number(60, OVERVIEW),
    "video_max_width": Number(1_920, OVERVIEW),
    "video_min_ratio": Number(0.01, OVERVIEW),
    "video_max_ratio": Number(10, OVERVIEW),
    "video_max_bitrate": Number(100_000_000, OVERVIEW),
    "audio_max_rate": Number(48_000, OVERVIEW),
    "audio_max_channels": Number(2, OVERVIEW),
    "posts_per_day": Number(250, OVERVIEW),
    "replies_per_day": Number(1_000, OVERVIEW),
    "deletes_per_day": Number(100, OVERVIEW),
    "location_searches_per_day": Number(500, OVERVIEW),
    "container_life_hours": Number(24, "Meta, Threads API: Troubleshooting"),
    "ghost_hours": Number(24, GHOSTS),
    "poll_hours": Number(24, POLLS),
    "code_seconds": Number(3_600, CODES),
    "short_token_seconds": Number(3_600, CODES),
    "long_token_seconds": Number(60 * 86_400, TOKENS),
    "refresh_age_seconds": Number(86_400, TOKENS),
    "page_size": Number(25, OURS),
    "page_size_max": Number(100, SEEN),
    "impressions": Number(10, OVERVIEW),
    "calls_per_impression": Number(4_800, OVERVIEW),
    "insights_begin": Number(1_712_991_600, INSIGHTS),
    "demographics_followers": Number(100, INSIGHTS),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(5, OURS),
}

limit = whole(LIMITS)
exact = exactly(LIMITS)

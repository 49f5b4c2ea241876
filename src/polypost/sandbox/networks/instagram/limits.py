"""What Instagram allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import exactly, whole

PUBLISHING = "Meta, Instagram Platform: Content Publishing"
MEDIA = "Meta, Instagram Platform: IG User media"
ERRORS = "Meta, Instagram Platform: Error Codes"
LOGIN = "Meta, Instagram Platform: Business Login"
RATES = "Meta, Graph API: Rate Limiting"
MESSAGING = "Meta, Instagram Platform: Messaging API"
SEEN = "seen in open connectors, not documented"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "caption_characters": Number(2_200, MEDIA),
    "hashtags": Number(30, MEDIA),
    "mentions": Number(20, MEDIA),
    "user_tags": Number(20, ERRORS),
    "collaborators": Number(3, MEDIA),
    "product_tags": Number(5, MEDIA),
    "sponsors": Number(2, MEDIA),
    "alt_text_characters": Number(1_000, MEDIA),
    "carousel_min": Number(2, PUBLISHING),
    "carousel_max": Number(10, PUBLISHING),
    "image_bytes": Number(8 * 1024 * 1024, MEDIA),
    "image_ratio_min": Number(4 / 5, MEDIA),
    "image_ratio_max": Number(1.91, MEDIA),
    "video_bytes": Number(300 * 1024 * 1024, MEDIA),
    "video_width": Number(1_920, MEDIA),
    "video_ratio_min": Number(0.01, MEDIA),
    "video_ratio_max": Number(10, MEDIA),
    "video_fps_min": Number(23, MEDIA),
    "video_fps_max": Number(60, MEDIA),
    "audio_hertz": Number(48_000, MEDIA),
    "reel_seconds_min": Number(3, MEDIA),
    "reel_seconds_max": Number(15 * 60, MEDIA),
    "story_video_bytes": Number(100 * 1024 * 1024, MEDIA),
    "story_ratio_min": Number(0.1, MEDIA),
    "story_seconds_min": Number(3, MEDIA),
    "story_seconds_max": Number(60, MEDIA),
    "child_seconds_min": Number(3, MEDIA),
    "child_seconds_max": Number(60, SEEN),
    "container_hours": Number(24, PUBLISHING),
    "containers_per_day": Number(400, PUBLISHING),
    "posts_per_day": Number(100, PUBLISHING),
    "story_hours": Number(24, "Meta, Instagram Platform: IG User stories"),
    "code_seconds": Number(3_600, LOGIN),
    "short_token_seconds": Number(3_600, LOGIN),
    "long_token_seconds": Number(60 * 86_400, LOGIN),
    "refresh_age_seconds": Number(86_400, LOGIN),
    "facebook_short_token_seconds": Number(5_400, "Meta, Facebook Login: access tokens"),
    "comments_per_page": Number(50, "Meta, Instagram Platform: Comment Moderation"),
    "message_bytes": Number(1_000, MESSAGING),
    "message_window_hours": Number(24, MESSAGING),
    "messages_told": Number(20, "Meta, Instagram Platform: Conversations API"),
    "page_size": Number(25, OURS),
    "page_size_max": Number(100, OURS),
    "impressions": Number(10, OURS),
    "calls_per_impression": Number(4_800, RATES),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(5, OURS),
}

limit = whole(LIMITS)
exact = exactly(LIMITS)

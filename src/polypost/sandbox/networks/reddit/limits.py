"""What Reddit allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

OAUTH = "Reddit, OAuth2 (archived wiki) and recorded token answers"
DATA_API = "Reddit Help, Data API rules"
SOURCE = "Reddit's published source of 2017"
OBSERVED = "not documented; seen in open clients and recorded traffic"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "title_characters": Number(300, SOURCE),
    "body_characters": Number(40_000, SOURCE),
    "comment_characters": Number(10_000, SOURCE),
    "flair_characters": Number(64, SOURCE),
    "gallery_min_items": Number(2, OBSERVED),
    "gallery_max_items": Number(20, OBSERVED),
    "gallery_caption_characters": Number(180, OBSERVED),
    "poll_min_options": Number(2, OBSERVED),
    "poll_max_options": Number(6, OBSERVED),
    "poll_min_days": Number(1, OBSERVED),
    "poll_max_days": Number(7, OBSERVED),
    "image_bytes": Number(20 * 1024 * 1024, OBSERVED),
    "gif_bytes": Number(100 * 1024 * 1024, OBSERVED),
    "video_bytes": Number(1024 * 1024 * 1024, OBSERVED),
    "video_max_seconds": Number(15 * 60, OBSERVED),
    # 100 a minute, averaged over ten.
    "requests_per_window": Number(1_000, DATA_API),
    "window_seconds": Number(600, DATA_API),
    "posts_per_window": Number(100, OURS),
    "comments_per_window": Number(100, OURS),
    "listing_max": Number(100, SOURCE),
    "listing_default": Number(25, SOURCE),
    "code_seconds": Number(600, OURS),
    # Recordings up to 2020 show 3,600.
    "access_token_seconds": Number(86_400, OAUTH),
    "lease_seconds": Number(3_600, OURS),
    "video_seconds_in_work": Number(1, OURS),
    "socket_seconds": Number(120, OURS),
}

limit = whole(LIMITS)

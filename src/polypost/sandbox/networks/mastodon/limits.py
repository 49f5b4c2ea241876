"""What a Mastodon server allows when nobody changed it, each number with its source. Written without a look at our connector."""

from __future__ import annotations

from datetime import date, timedelta

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

DOCS = "Mastodon documentation, Instance entity"
RATES = "Mastodon documentation, Rate limits"
CODE = "Mastodon source, as copied in public repositories"
KEYS = "Mastodon documentation, statuses API methods"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "text_characters": Number(500, DOCS),
    "media_per_post": Number(4, DOCS),
    "url_characters": Number(23, DOCS),
    "image_bytes": Number(16_777_216, DOCS),
    "image_pixels": Number(33_177_600, DOCS),
    "video_bytes": Number(103_809_024, DOCS),
    "video_fps": Number(120, DOCS),
    "video_pixels": Number(8_294_400, DOCS),
    "alt_text_characters": Number(1_500, DOCS),
    "poll_min_options": Number(2, CODE),
    "poll_max_options": Number(4, DOCS),
    # The user guide says 25.
    "poll_option_characters": Number(50, DOCS),
    "poll_min_seconds": Number(300, DOCS),
    "poll_max_seconds": Number(2_629_746, DOCS),
    "key_life_seconds": Number(3_600, KEYS),
    "requests_per_window": Number(300, RATES),
    # rack_attack.rb: so many over all tokens of a user, and the number above for each.
    "requests_per_window_of_user": Number(1_500, CODE),
    "media_per_window": Number(30, RATES),
    "deletes_per_window": Number(30, RATES),
    "posts_per_three_hours": Number(300, CODE),
    "media_life_hours": Number(24, OURS),
    "schedule_ahead_seconds": Number(300, KEYS),
    "listing_max": Number(40, KEYS),
    "lookup_ids": Number(20, CODE, date(2026, 11, 25)),
    "code_life_seconds": Number(600, CODE),
    "processing_seconds": Number(1, OURS),
}
# What a server's operator can change, as `PUT /_sandbox/limits` on this network's port does.
CONFIGURABLE = frozenset({
    "text_characters", "media_per_post", "url_characters", "image_bytes", "image_pixels", "video_bytes",
    "video_fps", "video_pixels", "alt_text_characters", "poll_max_options", "poll_option_characters",
    "poll_min_seconds", "poll_max_seconds",
})  # fmt: skip

SHORT_WINDOW = timedelta(minutes=5)
LONG_WINDOW = timedelta(minutes=30)
POST_WINDOW = timedelta(hours=3)

IMAGES = ("image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp", "image/avif")
VIDEOS = ("video/webm", "video/mp4", "video/quicktime", "video/ogg", "video/x-ms-asf")
AUDIO = (
    "audio/wave", "audio/wav", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave", "audio/ogg",
    "audio/vorbis", "audio/mpeg", "audio/mp3", "audio/webm", "audio/flac", "audio/aac", "audio/m4a",
    "audio/x-m4a", "audio/mp4", "audio/3gpp",
)  # fmt: skip

limit = whole(LIMITS)

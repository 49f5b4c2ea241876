"""X."""

NAMES = {
    "text": "text_weighted",
    "long_text": "text_weighted_premium",
    "url": "url_weight",
    "images": "media_per_post",
    "video_min_seconds": "video_seconds_min",
    "video_max_seconds": "video_seconds_max",
    "video_min_side": "video_side_min",
    "video_subscriber_long_side": "video_long_side_premium",
    "video_subscriber_short_side": "video_short_side_premium",
    "video_max_ratio": "video_ratio",
    "poll_min_options": "poll_options_min",
    "poll_max_options": "poll_options_max",
    "poll_min_minutes": "poll_minutes_min",
    "poll_max_minutes": "poll_minutes_max",
}
DIFFERENT = {"segment_bytes": "the present limit is not documented; we send less than the old one"}
ALONE = {
    "video_min_ratio": "the inverse of video_max_ratio",
    "audio_channels": "the simulator does not listen",
    "media_life_hours": "in seconds there",
    "posts_per_window": "compared as rates",
    "posts_per_app_day": "compared as rates",
    "posts_per_three_hours": "compared as rates",
}

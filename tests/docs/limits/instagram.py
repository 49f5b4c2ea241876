"""Instagram."""

NAMES = {
    "caption_hashtags": "hashtags",
    "caption_mentions": "mentions",
    "carousel_min_items": "carousel_min",
    "carousel_max_items": "carousel_max",
    "image_min_ratio": "image_ratio_min",
    "image_max_ratio": "image_ratio_max",
    "video_min_seconds": "reel_seconds_min",
    "reel_max_seconds": "reel_seconds_max",
    "video_min_fps": "video_fps_min",
    "video_max_fps": "video_fps_max",
    "video_max_width": "video_width",
    "audio_max_rate": "audio_hertz",
    "reel_min_ratio": "video_ratio_min",
    "reel_max_ratio": "video_ratio_max",
    "story_max_seconds": "story_seconds_max",
    "story_min_ratio": "story_ratio_min",
    "carousel_video_max_seconds": "child_seconds_max",
    "container_life_hours": "container_hours",
}
ALONE = {"story_max_ratio": "one bound for both there"}

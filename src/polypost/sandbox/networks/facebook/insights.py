"""`/{post}/insights` and `/{video}/video_insights`: a metric that is not there refuses the whole call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polypost.sandbox.networks.facebook.errors import invalid
from polypost.sandbox.networks.facebook.phases import metrics
from polypost.sandbox.simkit import SimPost
from polypost.sandbox.simkit.meta import insight

# Pages API: Insights, read 2026-11-24; the post_impressions family was withdrawn on 15 Jun 2026.
POST_METRICS = (
    "post_media_view", "post_total_media_view_unique", "post_clicks", "post_reactions_by_type_total",
    "post_reactions_like_total", "post_video_views", "post_video_avg_time_watched",
)  # fmt: skip
VIDEO_METRICS = (
    "total_video_views",
    "total_video_views_unique",
    "total_video_avg_time_watched",
    "blue_reels_play_count",
)


def insights(post: SimPost, wanted: Sequence[str], reactions: int, *, video: bool) -> dict[str, Any]:
    """The answer. Raises Refused (100) for a metric that is not known or was withdrawn."""
    allowed = VIDEO_METRICS if video else POST_METRICS
    if not wanted and not video:
        raise invalid("The parameter metric is required")
    for name in wanted:
        if name not in allowed:
            raise invalid("The value must be a valid insights metric")
    numbers = _numbers(post, reactions)
    return {"data": [_entry(post.id, name, numbers[name]) for name in wanted or allowed]}


def _numbers(post: SimPost, liked: int) -> dict[str, Any]:
    numbers = metrics(post)
    # In milliseconds: people stay for two fifths of a video here.
    watched = int((post.media[0].get("duration") or 0) * 400) if post.media else 0
    return {
        "post_media_view": numbers["views"],
        "post_total_media_view_unique": numbers["viewers"],
        "post_clicks": numbers["clicks"],
        "post_reactions_by_type_total": {"like": liked} if liked else {},
        "post_reactions_like_total": liked,
        "post_video_views": numbers["views"] // 2,
        "post_video_avg_time_watched": watched,
        "total_video_views": numbers["views"],
        "total_video_views_unique": numbers["viewers"],
        "total_video_avg_time_watched": watched,
        "blue_reels_play_count": numbers["views"],
    }


def _entry(object_id: str, name: str, value: Any) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    told = f"{title}, since publication."
    return insight(object_id, name, "lifetime", title, told, values=[{"value": value}])

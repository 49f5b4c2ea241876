"""`/{media-id}/insights`: metrics by the type of the medium; one that does not fit refuses the whole call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.instagram.errors import invalid
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.nodes import metrics
from polypost.sandbox.simkit import Params, Refused, SimPost
from polypost.sandbox.simkit.meta import Fault, answer, insight, metric_names

SHARED = ("reach", "views", "likes", "comments", "saved", "shares", "total_interactions")
# Instagram Platform: Insights, read 2026-11-24.
BY_PRODUCT: dict[str, tuple[str, ...]] = {
    "FEED": (*SHARED, "follows", "profile_visits", "profile_activity"),
    "REELS": (*SHARED, "ig_reels_avg_watch_time", "ig_reels_video_view_total_time"),
    "STORY": (
        "reach",
        "views",
        "replies",
        "navigation",
        "follows",
        "profile_visits",
        "shares",
        "total_interactions",
    ),
}
TITLES = {"ig_reels_avg_watch_time": "Average watch time", "ig_reels_video_view_total_time": "Watch time"}


def insights(post: SimPost, comments: int, params: Params) -> dict[str, Any]:
    """The answer. Raises Refused (100) for a metric that the medium does not have, or a story's after its day."""
    product = str(post.raw["product"])
    wanted = metric_names(params)
    if not wanted:
        raise invalid("The parameter metric is required")
    allowed = BY_PRODUCT[product]
    for index, name in enumerate(wanted):
        if name not in allowed:
            raise invalid(f"metric[{index}] must be one of the following values: {', '.join(allowed)}")
    if product == "STORY" and clock.now() - post.created > timedelta(hours=limit("story_hours")):
        raise Refused(answer(Fault(10, None, "(#10) The metrics of this story are not available any more")))
    numbers = _numbers(post, comments)
    return {"data": [_entry(post.id, name, numbers.get(name, 0)) for name in wanted]}


def _numbers(post: SimPost, comments: int) -> dict[str, int]:
    numbers = metrics(post)
    interactions = numbers["likes"] + comments + numbers["saved"] + numbers["shares"]
    watched = int((post.media[0].get("duration") or 0) * 400)
    return {
        **numbers,
        "comments": comments,
        "total_interactions": interactions,
        "ig_reels_avg_watch_time": watched,
        "ig_reels_video_view_total_time": watched * numbers["views"],
        "replies": 0,
        "navigation": numbers["views"] // 3,
        "profile_activity": numbers["profile_visits"],
    }


def _entry(media_id: str, name: str, value: int) -> dict[str, Any]:
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    told = f"{title} since publication."
    return insight(media_id, name, "lifetime", title, told, values=[{"value": value}])

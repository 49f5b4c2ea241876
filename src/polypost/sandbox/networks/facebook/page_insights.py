"""For apps that show a Page's numbers: `/{page}/insights`, by day, week or four weeks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.facebook.errors import invalid
from polypost.sandbox.networks.facebook.phases import metrics
from polypost.sandbox.simkit import Account, Params, SimPost
from polypost.sandbox.simkit.meta import insight, instant, metric_names, stamp

# Page Insights, read 2026-11-24; page_impressions and page_fans went on 15 Jun 2026.
PAGE_METRICS = (
    "page_media_view", "page_total_media_view_unique", "page_follows", "page_daily_follows",
    "page_daily_follows_unique", "page_daily_unfollows_unique", "page_post_engagements", "page_total_actions",
    "page_views_total", "page_video_views", "page_actions_post_reactions_like_total",
    "page_actions_post_reactions_total",
)  # fmt: skip
PERIODS = {"day": 1, "week": 7, "days_28": 28}
# The longest span between since and until (Page Insights).
LONGEST = 93


def page_insights(page: Account, posts: list[SimPost], params: Params) -> dict[str, Any]:
    """The answer. Raises Refused (100) for a metric, a period or a span that the Page does not have."""
    names = metric_names(params)
    if not names:
        raise invalid("The parameter metric is required")
    if any(name not in PAGE_METRICS for name in names):
        raise invalid("The value must be a valid insights metric")
    asked = params.text("period")
    if asked and asked not in PERIODS:
        raise invalid(f"Param period must be one of {', '.join(PERIODS)}")
    ends = _ends(params)
    periods = [asked] if asked else list(PERIODS)
    return {"data": [_series(page, posts, name, period, ends) for name in names for period in periods]}


def _ends(params: Params) -> list[datetime]:
    """Where each day of the answer ends; the last two without a span."""
    now = clock.now()
    until = instant(params.text("until"), "until") if params.text("until") else now
    given = params.text("since")
    since = instant(given, "since") if given else until - timedelta(days=2)
    if until < since or until - since > timedelta(days=LONGEST):
        raise invalid(f"There cannot be more than {LONGEST} days between since and until")
    days = max(1, (until - since).days)
    return [until - timedelta(days=back) for back in reversed(range(days))]


def _series(
    page: Account, posts: list[SimPost], name: str, period: str, ends: list[datetime]
) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    values = [
        {"value": _number(page, posts, name, end, PERIODS[period]), "end_time": stamp(end)} for end in ends
    ]
    return insight(page.id, name, period, title, f"{title} of the Page.", values=values)


def _number(page: Account, posts: list[SimPost], name: str, end: datetime, days: int) -> Any:
    """A post's numbers count on the day of its publication."""
    begin = end - timedelta(days=days)
    found = [metrics(post) for post in posts if begin < post.created <= end]
    total = {key: sum(each[key] for each in found) for key in ("views", "viewers", "clicks", "reactions")}
    if name == "page_follows":
        return page.data["followers"]
    if name == "page_actions_post_reactions_total":
        return {"like": total["reactions"]} if total["reactions"] else {}
    if "reactions" in name:
        return total["reactions"]
    if name == "page_post_engagements":
        return total["reactions"] + total["clicks"]
    if "media_view" in name:
        return total["viewers"] if name.endswith("unique") else total["views"]
    return total["views"] // 2 if name == "page_video_views" else 0

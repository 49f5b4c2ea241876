"""For apps that show an account's numbers: `/{account}/insights`, as a total or day by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from polypost import clock
from polypost.sandbox.networks.instagram.errors import invalid
from polypost.sandbox.networks.instagram.nodes import metrics
from polypost.sandbox.simkit import Account, Params, SimPost
from polypost.sandbox.simkit.meta import insight, instant, metric_names, stamp

# Instagram Platform: Insights of accounts, read 2026-11-24.
TOTALS = (
    "views", "likes", "comments", "shares", "saves", "replies", "reposts", "total_interactions", "accounts_engaged",
    "profile_links_taps", "follows_and_unfollows", "profile_views", "website_clicks",
)  # fmt: skip
SERIES = ("reach", "follower_count", "online_followers")
PEOPLE = ("engaged_audience_demographics", "reached_audience_demographics", "follower_demographics")
ALL = (*SERIES, *TOTALS, *PEOPLE)
PERIODS = {"day": 1, "week": 7, "days_28": 28, "month": 30, "lifetime": 0}
NAMES = {"saves": "saved"}
# The longest span between since and until (Instagram Platform: Insights).
LONGEST = 30
POSTS = 500


def account_insights(account: Account, posts: list[SimPost], params: Params) -> dict[str, Any]:
    """The answer. Raises Refused (100) for a metric, period or span that accounts do not have."""
    names = metric_names(params)
    if not names:
        raise invalid("The parameter metric is required")
    for index, name in enumerate(names):
        if name not in ALL:
            raise invalid(f"metric[{index}] must be one of the following values: {', '.join(ALL)}")
    period = params.text("period") or "day"
    if period not in PERIODS:
        raise invalid(f"period must be one of the following values: {', '.join(PERIODS)}")
    total = params.text("metric_type") == "total_value"
    if not total and (wrong := next((name for name in names if name not in SERIES), None)):
        raise invalid(
            f"The following metrics ({wrong}) should be specified with parameter metric_type=total_value"
        )
    ends = _ends(params)
    return {"data": [_entry(account, posts, name, period, ends, total=total) for name in names]}


def _ends(params: Params) -> list[datetime]:
    """Where each day of the answer ends; the last two without a span."""
    until = _instant(params, "until") or clock.now()
    since = _instant(params, "since") or until - timedelta(days=2)
    if not timedelta(0) <= until - since <= timedelta(days=LONGEST):
        raise invalid(f"There cannot be more than {LONGEST} days between since and until")
    return [until - timedelta(days=back) for back in reversed(range(max(1, (until - since).days)))]


def _instant(params: Params, name: str) -> datetime | None:
    text = params.text(name)
    return instant(text, name) if text else None


def _entry(
    account: Account, posts: list[SimPost], name: str, period: str, ends: list[datetime], *, total: bool
) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    entry = insight(account.id, name, period, title, f"{title} of the account.")
    days = [_number(posts, name, end) for end in ends]
    if total or name in PEOPLE:
        return entry | {"total_value": {"value": sum(days)}}
    return entry | {
        "values": [{"value": value, "end_time": stamp(end)} for value, end in zip(days, ends, strict=True)]
    }


def _number(posts: list[SimPost], name: str, end: datetime) -> int:
    """What the posts of the day before `end` came to; followers neither come nor go here."""
    found = [metrics(post) for post in posts if end - timedelta(days=1) < post.created <= end]
    if name in {"total_interactions", "accounts_engaged"}:
        return sum(each["likes"] + each["saved"] + each["shares"] for each in found)
    return sum(each.get(NAMES.get(name, name), 0) for each in found)

"""All pages together."""

from __future__ import annotations

from polypost.dashboard.pages import (
    accounts,
    analytics,
    approvals,
    bulk,
    calendar,
    compose,
    inbox,
    keys,
    live,
    posts,
    queue,
    recurrences,
    settings,
    signing,
    team,
    uploads,
    usage,
    webhooks,
)
from polypost.dashboard.web import Dashboard


def dashboard() -> Dashboard:
    """The dashboard as an application of its own; what is spelled out comes before what takes any word."""
    rooms = (
        signing,
        approvals,
        team,
        compose,
        accounts,
        analytics,
        inbox,
        usage,
        calendar,
        live,
        posts,
        queue,
        recurrences,
        bulk,
        uploads,
        webhooks,
        keys,
        settings,
    )
    return Dashboard(page for room in rooms for page in room.PAGES)

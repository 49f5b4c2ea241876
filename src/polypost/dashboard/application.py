"""All pages together."""

from __future__ import annotations

from polypost.dashboard.pages import (
    accounts,
    analytics,
    approvals,
    bulk,
    calendar,
    compose,
    consent,
    health,
    inbox,
    keyboard,
    keys,
    live,
    posts,
    queue,
    recurrences,
    requests,
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
        consent,
        signing,
        approvals,
        accounts,
        analytics,
        bulk,
        calendar,
        compose,
        health,
        inbox,
        keyboard,
        keys,
        live,
        posts,
        queue,
        recurrences,
        requests,
        settings,
        team,
        uploads,
        usage,
        webhooks,
    )
    return Dashboard(page for room in rooms for page in room.PAGES)

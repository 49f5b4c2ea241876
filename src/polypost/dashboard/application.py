"""All pages together."""

from __future__ import annotations

from polypost.dashboard.pages import (
    accounts,
    analytics,
    calendar,
    compose,
    inbox,
    live,
    posts,
    signing,
    team,
    usage,
)
from polypost.dashboard.web import Dashboard


def dashboard() -> Dashboard:
    """The dashboard as an application of its own; what is spelled out comes before what takes any word."""
    rooms = (signing, team, compose, accounts, calendar, live, posts, analytics, inbox, usage)
    return Dashboard(page for room in rooms for page in room.PAGES)

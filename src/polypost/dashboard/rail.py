"""Where the rail leads: an entry for each page of a project that can be gone to from everywhere, in their order."""

from __future__ import annotations

from typing import NamedTuple

from polypost.dashboard.render import words


class Entry(NamedTuple):
    """A page by the word of its path, which is the name of its mark too; `daily` ones come first and apart."""

    key: str
    word: str
    daily: bool = False


RAIL = (
    Entry("compose", words("Compose"), daily=True),
    Entry("calendar", words("Calendar"), daily=True),
    Entry("posts", words("Posts"), daily=True),
    Entry("accounts", words("Accounts"), daily=True),
    Entry("approvals", words("Approvals"), daily=True),
    Entry("inbox", words("Inbox"), daily=True),
    Entry("analytics", words("Analytics"), daily=True),
    Entry("queue", words("Queue"), daily=True),
    Entry("bulk", words("Bulk")),
    Entry("uploads", words("Uploads")),
    Entry("webhooks", words("Webhooks")),
    Entry("keys", words("Keys")),
    Entry("requests", words("Requests")),
    Entry("usage", words("Usage")),
    Entry("people", words("People")),
    Entry("settings", words("Settings")),
    Entry("health", words("Health")),
)

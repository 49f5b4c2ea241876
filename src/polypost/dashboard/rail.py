"""Where the rail leads: an entry for each page of a project that can be gone to from everywhere, in their order."""

from __future__ import annotations

from typing import NamedTuple

from polypost.dashboard.catalogue import phrase


class Entry(NamedTuple):
    """A page by the word of its path, which is the name of its mark too; `daily` ones come first and apart."""

    key: str
    word: str
    daily: bool = False


RAIL = (
    Entry("compose", phrase("Compose"), daily=True),
    Entry("calendar", phrase("Calendar"), daily=True),
    Entry("posts", phrase("Posts"), daily=True),
    Entry("accounts", phrase("Accounts"), daily=True),
    Entry("approvals", phrase("Approvals"), daily=True),
    Entry("inbox", phrase("Inbox"), daily=True),
    Entry("analytics", phrase("Analytics"), daily=True),
    Entry("queue", phrase("Queue"), daily=True),
    Entry("bulk", phrase("Bulk")),
    Entry("uploads", phrase("Uploads")),
    Entry("webhooks", phrase("Webhooks")),
    Entry("keys", phrase("Keys")),
    Entry("requests", phrase("Requests")),
    Entry("usage", phrase("Usage")),
    Entry("people", phrase("People")),
    Entry("settings", phrase("Settings")),
    Entry("health", phrase("Health")),
)

"""What Google allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

REFERENCE = "Google My Business API v4, accounts.locations.localPosts"
ACCOUNTS = "Account Management API v1 discovery document, revision 20261026"
INFORMATION = "Business Information API v1 discovery document, revision 20261026"
QUOTA = "Business Profile APIs: Usage limits"
OAUTH = "Google Identity: Using OAuth 2.0 for Web Server Applications"
SEEN = "seen in open connectors, not documented"
VENDORS = "limits that other publishing APIs print, not documented"
OURS = "not documented; the simulator's choice"
MIB = 1024 * 1024


LIMITS: dict[str, Number] = {
    "summary_characters": Number(1_500, SEEN),
    "event_title_characters": Number(58, VENDORS),
    "photos_max": Number(1, SEEN),
    "photo_min_width": Number(400, VENDORS),
    "photo_min_height": Number(300, VENDORS),
    "photo_min_bytes": Number(10 * 1024, VENDORS),
    "photo_max_bytes": Number(5 * MIB, VENDORS),
    "requests_per_minute": Number(300, QUOTA),
    "edits_per_minute": Number(10, QUOTA),
    "accounts_page_size": Number(20, ACCOUNTS),
    "locations_page_size": Number(10, INFORMATION),
    "locations_page_size_max": Number(100, INFORMATION),
    "posts_page_size": Number(20, REFERENCE),
    "posts_page_size_max": Number(100, REFERENCE),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(4, OURS),
    "code_life_seconds": Number(600, OURS),
    "access_life_seconds": Number(3_599, OAUTH),
    "testing_refresh_days": Number(7, OAUTH),
    "refresh_idle_days": Number(180, OAUTH),
    "live_refresh_tokens": Number(100, OAUTH),
}

limit = whole(LIMITS)

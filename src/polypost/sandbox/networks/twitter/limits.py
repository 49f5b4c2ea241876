"""What X allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

OPENAPI = "X API OpenAPI 2.167"
DOCS = "docs.x.com"
LENGTH = "twitter-text configuration v3"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "text_weighted": Number(280, LENGTH),
    "text_weighted_premium": Number(25_000, f"{DOCS} changelog, August 2024"),
    "url_weight": Number(23, LENGTH),
    "media_per_post": Number(4, OPENAPI),
    "tagged_users": Number(10, OPENAPI),
    "poll_options_min": Number(2, OPENAPI),
    "poll_options_max": Number(4, OPENAPI),
    "poll_option_characters": Number(25, OPENAPI),
    "poll_minutes_min": Number(5, OPENAPI),
    "poll_minutes_max": Number(10_080, OPENAPI),
    "alt_text_characters": Number(1_000, OPENAPI),
    "image_bytes": Number(5 * 1024 * 1024, f"{DOCS} media best practices"),
    "gif_bytes": Number(15 * 1024 * 1024, f"{DOCS} media best practices"),
    "gif_width": Number(1280, f"{DOCS} media best practices"),
    "gif_height": Number(1080, f"{DOCS} media best practices"),
    "gif_frames": Number(350, f"{DOCS} media best practices"),
    "gif_pixels": Number(300_000_000, f"{DOCS} media best practices"),
    "video_bytes": Number(512 * 1024 * 1024, f"{DOCS} media best practices"),
    "video_seconds_min": Number(0.5, f"{DOCS} media best practices"),
    "video_seconds_max": Number(140, f"{DOCS} media best practices"),
    "video_seconds_max_premium": Number(4 * 3600, OURS),
    "video_side_min": Number(32, f"{DOCS} media best practices"),
    "video_long_side": Number(1280, f"{DOCS} media best practices"),
    "video_short_side": Number(1024, f"{DOCS} media best practices"),
    "video_long_side_premium": Number(1920, f"{DOCS} media best practices"),
    "video_short_side_premium": Number(1080, f"{DOCS} media best practices"),
    "video_ratio": Number(3, f"{DOCS} media best practices"),
    "video_fps": Number(60, f"{DOCS} media best practices"),
    "segments": Number(1_000, OPENAPI),
    # v2 names no size for a segment, v1.1 did.
    "segment_bytes": Number(5 * 1024 * 1024, "v1.1 media upload guide"),
    # The page's example shows 1,295,999.
    "media_life_seconds": Number(86_400, OPENAPI),
    "code_life_seconds": Number(30, f"{DOCS} OAuth 2.0"),
    "access_life_seconds": Number(7_200, f"{DOCS} OAuth 2.0"),
    "refresh_life_days": Number(182, OURS),
    "state_characters": Number(500, f"{DOCS} OAuth 2.0"),
    "duplicate_hours": Number(12, OURS),
    "cashtags": Number(1, f"{DOCS} changelog, 2026"),
    # The page about edits says 30 minutes, the changelog an hour: the longer one holds here.
    "edit_minutes": Number(60, f"{DOCS} changelog"),
    "edits": Number(5, f"{DOCS} edit posts"),
    "lookup_ids": Number(100, OPENAPI),
    "listing_min": Number(5, OPENAPI),
    "listing_max": Number(100, OPENAPI),
    "private_metrics_days": Number(30, f"{DOCS} metrics"),
}

limit = whole(LIMITS)


@dataclass(frozen=True, slots=True)
class Window:
    """How many calls in how long."""

    calls: int
    length: timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """The windows of one endpoint: per user, per app, and a long one per user.

    From docs.x.com, rate limits, read 2026-11-24; `lookup`, `users` and `analytics` are the simulator's choice.
    """

    user: Window
    app: Window | None = None
    long: Window | None = None


_QUARTER = timedelta(minutes=15)
_DAY = timedelta(hours=24)

RATES: dict[str, Rate] = {
    # A log of February 2026 shows 100, an older guide says 200. The 300 count reposts too.
    "create": Rate(Window(100, _QUARTER), Window(10_000, _DAY), Window(300, timedelta(hours=3))),
    "delete": Rate(Window(50, _QUARTER)),
    "timeline": Rate(Window(900, _QUARTER), Window(10_000, _QUARTER)),
    "lookup": Rate(Window(900, _QUARTER), Window(3_500, _QUARTER)),
    "analytics": Rate(Window(300, _QUARTER)),
    "me": Rate(Window(75, _QUARTER)),
    "users": Rate(Window(900, _QUARTER)),
    "initialize": Rate(Window(1_875, _QUARTER), Window(180_000, _DAY)),
    "append": Rate(Window(1_875, _QUARTER), Window(180_000, _DAY)),
    "finalize": Rate(Window(1_875, _QUARTER), Window(180_000, _DAY)),
    "upload": Rate(Window(500, _QUARTER), Window(50_000, _DAY)),
    "status": Rate(Window(1_000, _QUARTER), Window(100_000, _DAY)),
    "metadata": Rate(Window(500, _QUARTER), Window(50_000, _DAY)),
}

"""What Pinterest allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import exactly, whole

SPEC = "Pinterest OpenAPI description v5.23.0"
HELP = "Pinterest Business Help: Pinterest product specs"
RATES = "Pinterest for Developers: Rate limits"
LOGIN = "Pinterest for Developers: Set up authentication and authorization"
UPLOAD = "Pinterest for Developers: Create boards and Pins"
OURS = "not documented; the simulator's choice"
MIB = 1024 * 1024


LIMITS: dict[str, Number] = {
    "title_characters": Number(100, SPEC),
    "description_characters": Number(800, SPEC),
    # The description takes 800, the help page says how many are shown.
    "description_shown_characters": Number(500, HELP),
    "alt_text_characters": Number(500, SPEC),
    "link_characters": Number(2_048, SPEC),
    "carousel_min_items": Number(2, SPEC),
    "carousel_max_items": Number(5, SPEC),
    "image_bytes": Number(20 * MIB, HELP),
    "video_bytes": Number(2_048 * MIB, HELP),
    "video_min_seconds": Number(4, HELP),
    "video_max_seconds": Number(15 * 60, HELP),
    "video_min_ratio": Number(0.5, HELP),
    "video_max_ratio": Number(1.91, HELP),
    "section_name_characters": Number(180, SPEC),
    "board_name_characters": Number(180, OURS),
    "page_size": Number(25, SPEC),
    "page_size_max": Number(250, SPEC),
    "pins_per_analysis": Number(100, SPEC),
    "top_pins": Number(50, SPEC),
    "analytics_days": Number(90, "Pinterest for Developers: Analytics"),
    "code_seconds": Number(600, OURS),
    "access_token_seconds": Number(30 * 86_400, LOGIN),
    # The only kind for apps made since 25 September 2025; older ones had 365 days.
    "refresh_token_seconds": Number(60 * 86_400, LOGIN),
    "request_bytes": Number(64 * MIB, OURS),
    "upload_seconds": Number(3_600, OURS),
    "processing_looks": Number(2, OURS),
    "processing_seconds": Number(6, OURS),
    "trial_requests_per_day": Number(1_000, RATES),
    "standard_requests_per_second": Number(100, RATES),
    # The categories are documented, their numbers are not.
    "org_read_per_minute": Number(1_000, OURS),
    "org_write_per_minute": Number(300, OURS),
    "org_analytics_per_minute": Number(300, OURS),
}

limit = whole(LIMITS)
exact = exactly(LIMITS)

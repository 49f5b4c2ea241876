"""What Bluesky allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from datetime import timedelta

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

POST = "Lexicon app.bsky.feed.post"
EMBED = "Lexicons app.bsky.embed"
FACET = "Lexicon app.bsky.richtext.facet"
LABELS = "Lexicon com.atproto.label.defs"
GATES = "Lexicon app.bsky.feed.threadgate"
RECORDS = "Lexicon com.atproto.repo.listRecords"
RATES = "Bluesky docs, Rate Limits"
BLOBS = "Bluesky docs, Uploading images and video"
SERVER = "reference server @atproto/pds 0.4.217, as observed"
APP = "Bluesky's own app, constants.ts; in no lexicon"
OURS = "not documented; the simulator's choice"


LIMITS: dict[str, Number] = {
    "text_graphemes": Number(300, POST),
    "text_bytes": Number(3_000, POST),
    "langs": Number(3, POST),
    "tags": Number(8, POST),
    "tag_graphemes": Number(64, FACET),
    "tag_bytes": Number(640, FACET),
    "labels": Number(10, LABELS),
    "images": Number(4, EMBED),
    "gallery_items": Number(20, EMBED),
    # Formerly 1,000,000, which the reference server 0.4.217 still enforces.
    "image_bytes": Number(2_000_000, EMBED),
    "thumbnail_bytes": Number(1_000_000, EMBED),
    # Formerly 100,000,000.
    "video_bytes": Number(300_000_000, EMBED),
    # Formerly 180.
    "video_seconds": Number(600, APP),
    "captions": Number(20, EMBED),
    "caption_bytes": Number(20_000, EMBED),
    "reply_rules": Number(5, GATES),
    "blob_bytes": Number(50_000_000, BLOBS),
    "blobs_per_day": Number(1_000, SERVER),
    "write_points_per_hour": Number(5_000, RATES),
    "write_points_per_day": Number(35_000, RATES),
    "create_points": Number(3, RATES),
    "update_points": Number(2, RATES),
    "delete_points": Number(1, RATES),
    "calls_per_five_minutes": Number(3_000, RATES),
    "logins_per_five_minutes": Number(30, RATES),
    "logins_per_day": Number(300, RATES),
    "access_seconds": Number(2 * 3_600, SERVER),
    "refresh_seconds": Number(90 * 86_400, SERVER),
    "refresh_grace_seconds": Number(2 * 3_600, SERVER),
    "service_auth_seconds": Number(3_600, SERVER),
    "list_size": Number(50, RECORDS),
    "list_size_max": Number(100, RECORDS),
    "post_uris": Number(25, "Lexicon app.bsky.feed.getPosts"),
    "writes": Number(200, SERVER),
    "blob_life_seconds": Number(6 * 3_600, OURS),
    "videos_per_day": Number(25, OURS),
    "video_bytes_per_day": Number(10_000_000_000, OURS),
    "video_looks": Number(2, OURS),
    "part_bytes": Number(8 * 1024 * 1024, OURS),
    "open_uploads": Number(5, OURS),
    "upload_life_seconds": Number(24 * 3_600, OURS),
}

limit = whole(LIMITS)


def span(name: str) -> timedelta:
    """A number of seconds by name, as a length of time."""
    return timedelta(seconds=limit(name))

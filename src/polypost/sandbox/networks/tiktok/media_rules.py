"""What TikTok makes of the bytes of a video or a photo: the fail reason, or nothing to say."""

from __future__ import annotations

from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.simkit import Media, media_of

VIDEO_TYPES = frozenset({"video/mp4", "video/quicktime", "video/webm"})
VIDEO_CODECS = frozenset({"h264", "hevc", "vp8", "vp9"})
PHOTO_TYPES = frozenset({"image/jpeg", "image/webp"})
FORMAT, DURATION = "file_format_check_failed", "duration_check_failed"
RATE, IMAGE = "frame_rate_check_failed", "picture_size_check_failed"
# Encoders end within a frame or two of the length asked for, and mean rates are not exact.
SECONDS_SLACK, RATE_SLACK = 0.1, 0.5


def examine(path: Path, *, video: bool, longest: int) -> tuple[Media | None, str | None]:
    """A file as a post shows it, and the fail reason if it cannot be used; `longest` is the creator's own limit."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, FORMAT
    wrong = _wrong_video(facts, longest) if video else _wrong_photo(facts)
    kind = "video" if facts.kind == "video" else "image"
    return media_of(path.name, facts, kind=kind), wrong


def _wrong_video(facts: Facts, longest: int) -> str | None:
    low, high = limit("video_min_side"), limit("video_max_side")
    slow, fast = limit("video_min_fps") - RATE_SLACK, limit("video_max_fps") + RATE_SLACK
    if facts.mime not in VIDEO_TYPES or facts.video_codec not in {*VIDEO_CODECS, None}:
        return FORMAT
    most = min(longest, limit("video_max_seconds"))
    if facts.duration is not None and facts.duration > most + SECONDS_SLACK:
        return DURATION
    if facts.fps is not None and not slow <= facts.fps <= fast:
        return RATE
    if any(side is not None and not low <= side <= high for side in (facts.width, facts.height)):
        return IMAGE
    return None


def _wrong_photo(facts: Facts) -> str | None:
    if facts.mime not in PHOTO_TYPES:
        return FORMAT
    # “1080p” does not say which side: upright photos are taken as well.
    short, long = sorted((facts.width or 1, facts.height or 1))
    if short > limit("photo_short_side") or long > limit("photo_long_side"):
        return IMAGE
    return None

"""What YouTube makes of the bytes of a video or a thumbnail, once they are all here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.youtube.limits import limit

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif"})
# Encoders end within a frame or two of the length that was asked for.
SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Examined:
    """A video's facts, and how its processing ends: `failed` or `rejected` with YouTube's reason, or well."""

    facts: Facts | None
    ends: str = "processed"
    reason: str = ""


def examine_video(path: Path, *, long_allowed: bool) -> Examined:
    """Look at the bytes; nothing is refused here, a bad file only fails later, in its processing."""
    if path.stat().st_size == 0:
        return Examined(None, "failed", "emptyFile")
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return Examined(None, "failed", "invalidFile")
    if facts.kind != "video":
        return Examined(facts, "failed", "invalidFile")
    longest = limit("video_max_seconds" if long_allowed else "unverified_max_seconds")
    if facts.duration is not None and facts.duration > longest + SLACK:
        return Examined(facts, "rejected", "length")
    return Examined(facts)


def is_short(facts: Facts) -> bool:
    """Whether YouTube shows a video as a Short: upright or square, and at most three minutes long."""
    upright = bool(facts.width and facts.height and facts.width <= facts.height)
    return upright and facts.duration is not None and facts.duration <= limit("short_max_seconds") + SLACK


def good_thumbnail(path: Path) -> bool:
    """Whether the bytes can be a thumbnail."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return False
    return (
        facts.mime in IMAGES
        and facts.size <= limit("thumbnail_bytes")
        # The help page alone names a least width; the method's page knows none.
        and (facts.width or 0) >= limit("thumbnail_min_width")
    )

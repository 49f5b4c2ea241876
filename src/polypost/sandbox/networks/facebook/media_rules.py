"""What Facebook makes of the bytes of an image or a video."""

from __future__ import annotations

from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.facebook.limits import exact, limit

PHOTOS = frozenset({"image/jpeg", "image/png", "image/gif"})
# Facebook takes these two as well; our probe does not read them, so only their first bytes are judged.
SIGNATURES = {b"BM": "image/bmp", b"II*\x00": "image/tiff", b"MM\x00*": "image/tiff"}
VIDEOS = frozenset({"video/mp4", "video/quicktime"})
VIDEO, REEL, STORY = "video", "reel", "story"
# Ratios are quotients of whole pixels, rates and lengths are measured.
RATIO_SLACK, RATE_SLACK, LENGTH_SLACK = 0.01, 0.5, 0.1


def image(path: Path) -> tuple[Facts | None, str | None]:
    """The facts of an image, and the name of the error if it cannot be used."""
    facts: Facts | None
    try:
        facts = probe(path)
    except TooManyPixels:
        return None, "photo_refused"
    except Unsupported:
        facts = _by_signature(path)
    if facts is None:
        return None, "photo_unreadable"
    if facts.mime not in {*PHOTOS, *SIGNATURES.values()}:
        return facts, "photo_refused"
    return facts, "photo_refused" if facts.size > limit("photo_bytes") else None


def _by_signature(path: Path) -> Facts | None:
    with path.open("rb") as file:
        head = file.read(4)
    mime = next((mime for mark, mime in SIGNATURES.items() if head.startswith(mark)), None)
    return None if mime is None else Facts("image", mime, path.stat().st_size)


def video(path: Path, kind: str) -> tuple[Facts | None, str | None]:
    """The facts of a video, and a sentence about what is wrong with it, if anything is."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "The file is not a video."
    if facts.mime not in VIDEOS:
        return facts, f"Files of type {facts.mime} are not supported here."
    return facts, None if kind == VIDEO else _wrong_length(facts, kind) or _wrong_shape(facts)


def _wrong_length(facts: Facts, kind: str) -> str | None:
    low, high = limit(f"{kind}_min_seconds"), limit(f"{kind}_max_seconds")
    if facts.duration is not None and not low - LENGTH_SLACK <= facts.duration <= high + LENGTH_SLACK:
        return f"The video lasts {facts.duration:.1f} seconds, not {low} to {high}."
    slow, fast = limit("reel_min_fps") - RATE_SLACK, limit("reel_max_fps") + RATE_SLACK
    if facts.fps is not None and not slow <= facts.fps <= fast:
        return f"The video has {facts.fps:.1f} frames per second, not 24 to 60."
    return None


def _wrong_shape(facts: Facts) -> str | None:
    if not facts.width or not facts.height:
        return None
    # 9:16 with 540x960 as the least (Video API: Reels Publishing).
    if abs(facts.width / facts.height - exact("reel_ratio")) > RATIO_SLACK:
        return f"The shape {facts.width}x{facts.height} is not 9:16."
    if facts.width < limit("reel_min_width") or facts.height < limit("reel_min_height"):
        return f"{facts.width}x{facts.height} is smaller than 540x960."
    return None

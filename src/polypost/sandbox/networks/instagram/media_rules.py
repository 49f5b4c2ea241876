"""What Instagram makes of the bytes of an image or a video."""

from __future__ import annotations

from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.instagram.limits import exact, limit

VIDEOS = frozenset({"video/mp4", "video/quicktime"})
# Ratios are quotients of whole pixels: 1080x566 stands for 1.91:1 in Meta's own examples.
RATIO_SLACK = 0.01
RATE_SLACK = 0.5
STORY = "story"


def most_bytes(purpose: str, *, video: bool) -> int:
    """The size limit of what a container is for."""
    if not video:
        return limit("image_bytes")
    return limit("story_video_bytes" if purpose == STORY else "video_bytes")


def examine_image(path: Path, purpose: str) -> tuple[Facts | None, str | None]:
    """The facts of an image, and the name of the error if it cannot be used."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "fetch_failed"
    if facts.mime != "image/jpeg":
        return facts, "image_format"
    if facts.size > limit("image_bytes"):
        return facts, "image_size"
    ratio = (facts.width or 1) / (facts.height or 1)
    low, high = exact("image_ratio_min") - RATIO_SLACK, exact("image_ratio_max") + RATIO_SLACK
    if purpose != STORY and not low <= ratio <= high:
        return facts, "image_ratio"
    return facts, None


def examine_video(path: Path, purpose: str) -> tuple[Facts | None, str | None]:
    """The facts of a video, and a sentence about what is wrong with it, if anything is."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "The file is not a video."
    if facts.mime not in VIDEOS:
        return facts, f"The type {facts.mime} is neither MP4 nor MOV."
    if facts.size > most_bytes(purpose, video=True):
        return facts, "The file is too large."
    return facts, _wrong_streams(facts) or _wrong_length(facts, purpose) or _wrong_shape(facts, purpose)


def _wrong_streams(facts: Facts) -> str | None:
    if facts.video_codec not in {"h264", "hevc", None}:
        return f"The video codec {facts.video_codec} is neither H.264 nor HEVC."
    if facts.audio_codec not in {"aac", None} or (facts.audio_rate or 0) > limit("audio_hertz"):
        return "The sound is not AAC of at most 48 kHz."
    low, high = limit("video_fps_min") - RATE_SLACK, limit("video_fps_max") + RATE_SLACK
    if facts.fps is not None and not low <= facts.fps <= high:
        return f"The video has {facts.fps:.1f} frames per second, not 23 to 60."
    return None


def _wrong_length(facts: Facts, purpose: str) -> str | None:
    low, high = limit(f"{purpose}_seconds_min"), limit(f"{purpose}_seconds_max")
    # Encoders end within a frame or two of the length that was asked for.
    if facts.duration is not None and not low - 0.1 <= facts.duration <= high + 0.1:
        return f"The video lasts {facts.duration:.1f} seconds, not {low} to {high}."
    return None


def _wrong_shape(facts: Facts, purpose: str) -> str | None:
    if not facts.width or not facts.height:
        return None
    low = exact("story_ratio_min" if purpose == STORY else "video_ratio_min")
    if not low <= facts.width / facts.height <= exact("video_ratio_max"):
        return f"The shape {facts.width}x{facts.height} is too narrow or too wide."
    if facts.width > limit("video_width"):
        return f"The video is {facts.width} pixels wide, more than {limit('video_width')}."
    return None

"""What Threads makes of the bytes of an image or a video: the facts, and the word for what is wrong."""

from __future__ import annotations

from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.threads.limits import exact, limit

IMAGES = frozenset({"image/jpeg", "image/png"})
VIDEOS = frozenset({"video/mp4", "video/quicktime"})
# A container's `error_message`, Threads API: Troubleshooting; the fourth is Meta's own spelling.
DOWNLOAD, AUDIO, VIDEO = "FAILED_DOWNLOADING_VIDEO", "FAILED_PROCESSING_AUDIO", "FAILED_PROCESSING_VIDEO"
RATIO, BIT_RATE, DURATION = "INVALID_ASPEC_RATIO", "INVALID_BIT_RATE", "INVALID_DURATION"
FRAME_RATE, CHANNELS, LAYOUT = "INVALID_FRAME_RATE", "INVALID_AUDIO_CHANNELS", "INVALID_AUDIO_CHANNEL_LAYOUT"
UNKNOWN = "UNKNOWN"
MESSAGES = (DOWNLOAD, AUDIO, VIDEO, RATIO, BIT_RATE, DURATION, FRAME_RATE, CHANNELS, LAYOUT, UNKNOWN)
RATE_SLACK = 0.5
SECONDS_SLACK = 0.1


def most_bytes(*, video: bool) -> int:
    """The largest file of a kind."""
    return limit("video_bytes" if video else "image_bytes")


def examine(path: Path, *, video: bool) -> tuple[Facts | None, str | None]:
    """The facts of a file, and the message for what is wrong with it, if anything is."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, VIDEO if video else UNKNOWN
    return facts, _video(facts) if video else _image(facts)


def _image(facts: Facts) -> str | None:
    if facts.mime not in IMAGES or facts.size > most_bytes(video=False):
        return UNKNOWN
    wide = (facts.width or 1) / (facts.height or 1)
    return RATIO if wide > exact("image_max_ratio") else None


def _video(facts: Facts) -> str | None:
    if facts.mime not in VIDEOS or facts.size > most_bytes(video=True):
        return VIDEO
    if facts.video_codec not in {"h264", "hevc", None} or (facts.width or 0) > limit("video_max_width"):
        return VIDEO
    return _sound(facts) or _rates(facts) or _shape(facts)


def _sound(facts: Facts) -> str | None:
    if facts.audio_codec not in {"aac", None} or (facts.audio_rate or 0) > limit("audio_max_rate"):
        return AUDIO
    return CHANNELS if (facts.audio_channels or 0) > limit("audio_max_channels") else None


def _rates(facts: Facts) -> str | None:
    # Encoders end within a frame or two of the length that was asked for.
    if facts.duration is not None and not 0 < facts.duration <= limit("video_max_seconds") + SECONDS_SLACK:
        return DURATION
    low, high = limit("video_min_fps") - RATE_SLACK, limit("video_max_fps") + RATE_SLACK
    if facts.fps is not None and not low <= facts.fps <= high:
        return FRAME_RATE
    return BIT_RATE if (facts.bitrate or 0) > limit("video_max_bitrate") else None


def _shape(facts: Facts) -> str | None:
    if not facts.width or not facts.height:
        return None
    fits = exact("video_min_ratio") <= facts.width / facts.height <= exact("video_max_ratio")
    return None if fits else RATIO

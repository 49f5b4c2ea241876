"""What X makes of the bytes of an image, an animation or a video."""

from __future__ import annotations

from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.twitter.limits import LIMITS, limit

MEDIA_TYPES = frozenset({
    "video/mp4", "video/webm", "video/mp2t", "video/quicktime", "text/srt", "text/vtt", "image/jpeg",
    "image/gif", "image/bmp", "image/png", "image/webp", "image/pjpeg", "image/tiff", "model/gltf-binary",
    "model/vnd.usdz+zip",
})  # fmt: skip
CATEGORIES = frozenset({
    "tweet_image", "tweet_gif", "tweet_video", "amplify_video", "dm_image", "dm_gif", "dm_video", "subtitles",
})  # fmt: skip
FOR_POSTS = frozenset({"tweet_image", "tweet_gif", "tweet_video", "amplify_video"})
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
# 3, 7 and 13 stand in recorded answers, 16 is a belief.
KEY_PREFIX = {"image": "3", "gif": "16", "video": "7", "amplify": "13"}


def kind_of(category: str) -> str:
    """image, gif, video or subtitles: what a media category holds."""
    return {"image": "image", "gif": "gif", "video": "video"}.get(category.rpartition("_")[2], "subtitles")


def media_key(category: str, media_id: str) -> str:
    """The key that X gives beside the id."""
    return f"{KEY_PREFIX['amplify' if category.startswith('amplify') else kind_of(category)]}_{media_id}"


def most_bytes(kind: str) -> int:
    """The size limit of a kind of media."""
    return limit({"image": "image_bytes", "gif": "gif_bytes"}.get(kind, "video_bytes"))


def examine(path: Path, kind: str, *, premium: bool) -> tuple[Facts | None, str | None]:
    """The facts of an upload and what is wrong with it, if anything is."""
    if kind == "subtitles":
        return None, None
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "The media type is unrecognized."
    if facts.size > most_bytes(kind):
        return facts, f"The file is larger than {most_bytes(kind)} bytes."
    if kind == "image":
        wrong = None if facts.mime in IMAGES else f"The picture type {facts.mime} is not supported."
    elif kind == "gif":
        wrong = _wrong_gif(facts)
    else:
        wrong = _wrong_video(facts, premium=premium)
    return facts, wrong


def _wrong_gif(facts: Facts) -> str | None:
    width, height, frames = facts.width or 0, facts.height or 0, facts.frames or 1
    if facts.mime != "image/gif":
        return "The file is not a GIF."
    if width > limit("gif_width") or height > limit("gif_height"):
        return f"The GIF is {width}x{height}, more than {limit('gif_width')}x{limit('gif_height')}."
    if frames > limit("gif_frames"):
        return f"The GIF has {frames} frames, more than {limit('gif_frames')}."
    if width * height * frames > limit("gif_pixels"):
        return "The GIF has too many pixels in all its frames."
    return None


def _wrong_video(facts: Facts, *, premium: bool) -> str | None:
    if facts.kind != "video":
        return "The file is not a video."
    if facts.video_codec not in {"h264", None} or facts.audio_codec not in {"aac", None}:
        return f"The codecs {facts.video_codec} and {facts.audio_codec} are not supported; use H.264 and AAC."
    if (facts.audio_channels or 0) > 2:
        return "The sound has more than two channels."
    # Mean rates are not exact.
    if (facts.fps or 0) > limit("video_fps") + 0.5:
        return f"The video has {facts.fps:.0f} frames per second, more than {limit('video_fps')}."
    return _wrong_length(facts, premium=premium) or _wrong_shape(facts, premium=premium)


def _wrong_length(facts: Facts, *, premium: bool) -> str | None:
    longest = limit("video_seconds_max_premium" if premium else "video_seconds_max")
    if facts.duration is not None and facts.duration < LIMITS["video_seconds_min"].value:
        return "The video is shorter than half a second."
    if facts.duration is not None and facts.duration > longest:
        return f"The video lasts {facts.duration:.0f} seconds, more than {longest}."
    return None


def _wrong_shape(facts: Facts, *, premium: bool) -> str | None:
    if not facts.width or not facts.height:
        return None
    tier = "_premium" if premium else ""
    short, long = sorted((facts.width, facts.height))
    if short < limit("video_side_min"):
        return f"The video is {facts.width}x{facts.height}, too small."
    if long > limit(f"video_long_side{tier}") or short > limit(f"video_short_side{tier}"):
        return f"The video is {facts.width}x{facts.height}, too large."
    if long > short * limit("video_ratio"):
        return "The video's sides differ by more than 1:3."
    return None

"""What Pinterest makes of the bytes of an image or a video."""

from __future__ import annotations

import colorsys
import hashlib
import io
from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.pinterest.limits import exact, limit
from polypost.sandbox.simkit import Media, Network, media_of

FETCHED = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff"})
VIDEOS = frozenset({"video/mp4", "video/quicktime", "video/x-m4v"})
CODECS = frozenset({"h264", "hevc", None})
# Ratios are quotients of whole pixels: 1080x566 stands for 1.91:1.
RATIO_SLACK = 0.01
COVER_SIDE = 600


def image_facts(path: Path) -> Facts | None:
    """The facts of an image that Pinterest can show; None for anything else."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None
    return facts if facts.mime in FETCHED and facts.size <= limit("image_bytes") else None


def examine_video(path: Path) -> tuple[Facts | None, str]:
    """The facts of a video, and a sentence about what is wrong with it, empty for a good one."""
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "The file is not a video."
    if facts.mime not in VIDEOS or facts.video_codec not in CODECS:
        return facts, f"{facts.mime} with {facts.video_codec} is not MP4, MOV or M4V with H.264 or H.265."
    if facts.size > limit("video_bytes"):
        return facts, "The file is too large."
    low, high = limit("video_min_seconds"), limit("video_max_seconds")
    # Encoders end within a frame or two of the length that was asked for.
    if facts.duration is not None and not low - 0.1 <= facts.duration <= high + 0.1:
        return facts, f"The video lasts {facts.duration:.1f} seconds, not {low} to {high}."
    least, most = exact("video_min_ratio") - RATIO_SLACK, exact("video_max_ratio") + RATIO_SLACK
    if facts.width and facts.height and not least <= facts.width / facts.height <= most:
        return facts, f"The shape {facts.width}x{facts.height} is too narrow or too wide."
    return facts, ""


def key_frame(net: Network, video: Media, seconds: int) -> Media:
    """An image in the place of a frame: nothing here can decode videos, so it is a colour that follows from the moment."""
    from PIL import Image

    hue = hashlib.blake2b(f"{video['blob']}@{seconds}".encode(), digest_size=1).digest()[0] / 256
    red, green, blue = (int(255 * part) for part in colorsys.hls_to_rgb(hue, 0.45, 0.4))
    width, height = video.get("width") or COVER_SIDE, video.get("height") or COVER_SIDE
    shape = (COVER_SIDE, max(1, round(height * COVER_SIDE / width)))
    out = io.BytesIO()
    Image.new("RGB", shape, (red, green, blue)).save(out, "PNG")
    blob = net.blobs.new()
    net.blobs.write(blob, out.getvalue())
    return media_of(blob, Facts("image", "image/png", out.tell(), width=shape[0], height=shape[1]))

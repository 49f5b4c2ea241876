"""What X takes as images, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    THIRTY_FRAMES,
    Rule,
    at_most,
    channels,
    dimensions,
    each_item,
    exact_size,
    gif_frames,
    images,
    images_gifs_and_videos,
    judged,
    moves_alone,
    no_longer_than,
    no_shorter_than,
    one_of,
    shape,
)
from polypost.platforms.kit.texts import too_many
from polypost.platforms.twitter.spec import SPEC
from polypost.probe import Facts


def media_problems(path: str, items: Sequence[MediaRef], *, subscribed: bool) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list."""
    return [*_together(path, items), *each_item(path, items, partial(_item, subscribed=subscribed))]


def _together(path: str, items: Sequence[MediaRef]) -> Iterable[Problem]:
    most = SPEC.limit("images")
    says = f"A post on X shows at most {most} pictures; there are"
    excess = too_many(path, len(items), most, says, ", or move them to threadItems")
    return moves_alone(path, items, "X", "a GIF", most) or excess


def _item(path: str, item: MediaRef, *, subscribed: bool) -> Iterable[Problem]:
    if wrong := images_gifs_and_videos(path, item, "X"):
        return [wrong]
    facts = item.facts
    if facts is None:
        return ()
    if item.type == "video":
        return judged(path, facts, _PREMIUM_VIDEO if subscribed else _VIDEO)
    return judged(path, facts, _IMAGE if item.type == "image" else _GIF)


def _gif_pixels(facts: Facts) -> int | None:
    """Pixels in all frames; not told of a GIF that has too many of those already."""
    sides, frames = dimensions(facts), facts.frames
    return sides[0] * sides[1] * frames if sides and frames and frames <= _FRAMES else None


def _video(kind: str, longest: Sequence[Rule], hint: str) -> tuple[Rule, ...]:
    least, shortest = SPEC.limit("video_min_side"), SPEC.limits["video_min_seconds"].value
    long, short = SPEC.limit(f"{kind}_long_side"), SPEC.limit(f"{kind}_short_side")
    flat, upright = SPEC.limits["video_max_ratio"].value, SPEC.limits["video_min_ratio"].value
    return (
        *_STREAMS,
        no_shorter_than(
            shortest, f"A video on X lasts at least {shortest:g} seconds; this one lasts {{0:g}}."
        ),
        *longest,
        shape(
            lambda sides: min(sides) >= least,
            f"A video on X has at least {least}×{least} pixels; this one has {{0[0]}}×{{0[1]}}.",
            "Use a larger video.",
        ),
        shape(
            # Of one that is too small this has been said.
            lambda sides: min(sides) < least or (max(sides) <= long and min(sides) <= short),
            f"X takes videos of at most {long}×{short} pixels from this account, upright or flat; "
            "this one has {0[0]}×{0[1]}.",
            hint,
        ),
        shape(
            lambda sides: upright <= sides[0] / sides[1] <= flat,
            "X takes videos between 1:3 and 3:1; this one has {0[0]}×{0[1]}.",
            "Crop the video.",
        ),
    )


_IMAGE = (
    images(SPEC.media_types["image"], "X takes pictures as JPEG, PNG, WebP or GIF"),
    exact_size("X", SPEC.limit("image_bytes"), "Save it with a lower quality or fewer pixels."),
)
_WIDTH, _HEIGHT, _FRAMES = SPEC.limit("gif_width"), SPEC.limit("gif_height"), SPEC.limit("gif_frames")
_GIF = (
    exact_size("X", SPEC.limit("gif_bytes"), "Use fewer frames or colours, or an MP4 video."),
    shape(
        lambda sides: sides[0] <= _WIDTH and sides[1] <= _HEIGHT,
        f"X takes GIFs of at most {_WIDTH}×{_HEIGHT} pixels; this one has {{0[0]}}×{{0[1]}}.",
        "Scale it down, or use an MP4 video.",
    ),
    gif_frames("X", _FRAMES),
    Rule(
        _gif_pixels,
        lambda pixels: pixels <= SPEC.limit("gif_pixels"),
        f"X takes GIFs of at most {SPEC.limit('gif_pixels'):,} pixels in all frames; this one has {{0:,}}.",
        "Use fewer frames or scale it down, or use an MP4 video.",
        "media_dimensions",
    ),
)
_STREAMS = (
    one_of("mime", SPEC.media_types["video"], "X takes MP4 and MOV videos"),
    one_of("video_codec", ("h264",), "X takes H.264 video"),
    one_of("audio_codec", ("aac",), "X takes AAC sound"),
    channels("X takes mono or stereo sound", SPEC.limit("audio_channels")),
    at_most(
        "fps",
        SPEC.limit("video_fps"),
        f"X takes at most {SPEC.limit('video_fps')} frames a second; this video has {{0:g}}.",
        THIRTY_FRAMES,
    ),
    exact_size("X", SPEC.limit("video_bytes"), LOWER_BIT_RATE),
)
_PREMIUM = "or use an account with X Premium"
_LONGEST = SPEC.limits["video_max_seconds"].value
_LENGTH = no_longer_than(
    _LONGEST, f"A video on X lasts at most {_LONGEST:g} seconds; this one lasts {{0:.1f}}.", f", {_PREMIUM}"
)
_VIDEO = _video("video", [_LENGTH], f"Scale it down to 1280×720, {_PREMIUM}.")
_PREMIUM_VIDEO = _video("video_subscriber", [], "Scale the video down.")

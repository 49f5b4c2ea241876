"""What X takes as pictures, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.twitter.spec import MIB, SPEC
from polypost.probe import Facts

_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."


def media_problems(path: str, items: Sequence[MediaRef], *, subscribed: bool) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list."""
    problems = list(_together(path, items))
    for place, item in enumerate(items):
        problems += _item(f"{path}[{place}]", item, subscribed=subscribed)
    return problems


def _together(path: str, items: Sequence[MediaRef]) -> Iterator[Problem]:
    most = SPEC.limit("images")
    alone = [item for item in items if item.type in {"gif", "video"}]
    if alone and len(items) > 1:
        noun = "a GIF" if alone[0].type == "gif" else "a video"
        yield Problem(
            path,
            f"On X {noun} stands alone in a post; there are {len(items)} items.",
            f"Use up to {most} pictures, or one GIF, or one video; the rest can go to threadItems.",
            "media_mix",
        )
    elif len(items) > most:
        yield Problem(
            path,
            f"A post on X shows at most {most} pictures; there are {len(items)}.",
            f"Remove {len(items) - most} of them, or move them to threadItems.",
            "too_many",
        )


def _item(path: str, item: MediaRef, *, subscribed: bool) -> Iterator[Problem]:
    facts = item.facts
    if item.type == "document":
        yield Problem(path, "X takes no documents.", "Convert its pages to pictures.", "media_format")
    elif facts is None:
        return
    elif not _is(item.type, facts):
        yield Problem(
            f"{path}.type",
            f"The item is declared as {item.type}, but the file is {_described(facts)}.",
            "Use another file."
            if facts.kind == "document"
            else f'Set type to "{facts.kind}" or use another file.',
            "media_type",
        )
    elif item.type == "image":
        yield from _image(path, facts)
    elif item.type == "gif":
        yield from _gif(path, facts)
    else:
        yield from _video(path, facts, subscribed=subscribed)


def _is(declared: str, facts: Facts) -> bool:
    # X takes a GIF that does not move as a picture.
    return facts.kind == declared or (declared == "image" and facts.kind == "gif" and facts.frames == 1)


def _described(facts: Facts) -> str:
    moving = "an animated " if facts.kind == "gif" and facts.frames != 1 else "a "
    return f"{moving}{facts.kind} ({facts.mime})"


def _image(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"X takes pictures as JPEG, PNG, WebP or GIF; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    yield from _size(path, facts, "image_bytes", "Save it with a lower quality or fewer pixels.")


def _gif(path: str, facts: Facts) -> Iterator[Problem]:
    yield from _size(path, facts, "gif_bytes", "Use fewer frames or colours, or an MP4 video.")
    width, height = SPEC.limit("gif_width"), SPEC.limit("gif_height")
    if facts.width and facts.height and (facts.width > width or facts.height > height):
        yield Problem(
            path,
            f"X takes GIFs of at most {width}×{height} pixels; this one has {facts.width}×{facts.height}.",
            "Scale it down, or use an MP4 video.",
            "media_dimensions",
        )
    frames, pixels = SPEC.limit("gif_frames"), SPEC.limit("gif_pixels")
    if facts.frames and facts.frames > frames:
        yield Problem(
            path,
            f"X takes GIFs of at most {frames} frames; this one has {facts.frames}.",
            f"Remove {facts.frames - frames} frames, or use an MP4 video.",
            "media_frames",
        )
    elif facts.frames and facts.width and facts.height:
        total = facts.width * facts.height * facts.frames
        if total > pixels:
            yield Problem(
                path,
                f"X takes GIFs of at most {pixels:,} pixels in all frames; this one has {total:,}.",
                "Use fewer frames or scale it down, or use an MP4 video.",
                "media_dimensions",
            )


def _video(path: str, facts: Facts, *, subscribed: bool) -> Iterator[Problem]:
    yield from _streams(path, facts)
    yield from _size(path, facts, "video_bytes", "Re-encode the video with a lower bit rate.")
    yield from _length(path, facts, subscribed=subscribed)
    yield from _shape(path, facts, subscribed=subscribed)


def _streams(path: str, facts: Facts) -> Iterator[Problem]:
    fps, channels = SPEC.limit("video_fps"), SPEC.limit("audio_channels")
    if facts.mime not in SPEC.media_types["video"]:
        yield Problem(path, f"X takes MP4 and MOV videos; this is {facts.mime}.", _REENCODE, "media_format")
    if facts.video_codec and facts.video_codec != "h264":
        yield Problem(path, f"X takes H.264 video; this is {facts.video_codec}.", _REENCODE, "media_format")
    if facts.audio_codec and facts.audio_codec != "aac":
        yield Problem(path, f"X takes AAC sound; this is {facts.audio_codec}.", _REENCODE, "media_format")
    if facts.audio_channels and facts.audio_channels > channels:
        message = f"X takes mono or stereo sound; this has {facts.audio_channels} channels."
        yield Problem(path, message, "Mix the sound down to stereo.", "media_format")
    # Rates are measured, so 60.002 frames a second is 60.
    if facts.fps and round(facts.fps, 1) > fps:
        message = f"X takes at most {fps} frames a second; this video has {facts.fps:g}."
        yield Problem(path, message, "Re-encode the video with 30 frames a second.", "media_format")


def _length(path: str, facts: Facts, *, subscribed: bool) -> Iterator[Problem]:
    if facts.duration is None:
        return
    low, high = SPEC.limits["video_min_seconds"].value, SPEC.limits["video_max_seconds"].value
    # Encoders round the last frame up: a film cut at 140 s often measures 140.02 s.
    length = round(facts.duration, 1)
    if length < low:
        message = f"A video on X lasts at least {low:g} seconds; this one lasts {facts.duration:g}."
        yield Problem(path, message, "Use a longer video.", "media_duration")
    elif length > high and not subscribed:
        yield Problem(
            path,
            f"A video on X lasts at most {high:g} seconds; this one lasts {facts.duration:.1f}.",
            f"Cut it by {length - high:.1f} seconds, or use an account with X Premium.",
            "media_duration",
        )


def _shape(path: str, facts: Facts, *, subscribed: bool) -> Iterator[Problem]:
    if not facts.width or not facts.height:
        return
    kind = "video_subscriber" if subscribed else "video"
    least = SPEC.limit("video_min_side")
    long, short = SPEC.limit(f"{kind}_long_side"), SPEC.limit(f"{kind}_short_side")
    smaller, larger = sorted((facts.width, facts.height))
    size = f"{facts.width}×{facts.height}"
    if smaller < least:
        message = f"A video on X has at least {least}×{least} pixels; this one has {size}."
        yield Problem(path, message, "Use a larger video.", "media_dimensions")
    elif larger > long or smaller > short:
        yield Problem(
            path,
            f"X takes videos of at most {long}×{short} pixels from this account, upright or flat; this one has {size}.",
            "Scale the video down."
            if subscribed
            else "Scale it down to 1280×720, or use an account with X Premium.",
            "media_dimensions",
        )
    low, high = SPEC.limits["video_min_ratio"].value, SPEC.limits["video_max_ratio"].value
    if not low <= facts.width / facts.height <= high:
        message = f"X takes videos between 1:3 and 3:1; this one has {size}."
        yield Problem(path, message, "Crop the video.", "media_dimensions")


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = (
            f"X takes at most {most // MIB} MB ({most:,} bytes) here; this file has {facts.size:,} bytes."
        )
        yield Problem(path, message, hint, "media_size")

"""What can be said against pictures and videos on Threads: how many, of which kind, size, length and shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.threads.spec import MIB, SPEC
from polypost.probe import Facts

_VIDEO_CODECS = ("h264", "hevc")
_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."
_MEGABIT = 1_000_000


def media_problems(path: str, media: Sequence[MediaRef]) -> Iterator[Problem]:
    """All problems of one post's media; pictures and videos mix freely."""
    most = SPEC.limit("carousel_max_items")
    if len(media) > most:
        yield Problem(
            path,
            f"A Threads carousel has at most {most} items; there are {len(media)}.",
            f"Remove {len(media) - most} of them, or move them to a thread item.",
            "too_many",
        )
    for index, item in enumerate(media):
        yield from _item(f"{path}[{index}]", item)


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if item.type in {"gif", "document"} or (item.type == "image" and facts and facts.kind == "gif"):
        noun = "documents" if item.type == "document" else "GIF files"
        hint = "Convert it to JPEG" + (
            " pages." if noun == "documents" else ", to an MP4 video to keep it moving, or use gifAttachment."
        )
        return [Problem(path, f"Threads takes no {noun}.", hint, "media_format")]
    if facts is None:
        return ()
    if facts.kind != item.type:
        message = f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime})."
        hint = f'Set type to "{facts.kind}" or use another file.'
        return [Problem(f"{path}.type", message, hint, "media_type")]
    return _image(path, facts) if item.type == "image" else _video(path, facts)


def _image(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"Threads takes pictures as JPEG and PNG; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    yield from _size(path, facts, "image_bytes", "Save it as a JPEG with a lower quality or fewer pixels.")
    widest = SPEC.limits["image_max_ratio"].value
    # Width is not judged: Threads scales pictures itself.
    if facts.width and facts.height and facts.width / facts.height > widest:
        yield Problem(
            path,
            f"Threads takes pictures of at most {widest:g}:1; this one has {facts.width}×{facts.height}.",
            "Crop it.",
            "media_dimensions",
        )


def _video(path: str, facts: Facts) -> Iterator[Problem]:
    yield from _picture_track(path, facts)
    yield from _sound(path, facts)
    yield from _length(path, facts)
    yield from _size(path, facts, "video_bytes", "Re-encode the video with a lower bit rate.")
    yield from _shape(path, facts)


def _picture_track(path: str, facts: Facts) -> Iterator[Problem]:
    low, high = SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")
    if facts.mime not in SPEC.media_types["video"]:
        yield Problem(
            path, f"Threads takes MP4 and MOV videos; this is {facts.mime}.", _REENCODE, "media_format"
        )
    if facts.video_codec and facts.video_codec not in _VIDEO_CODECS:
        message = f"Threads takes H.264 and HEVC video; this is {facts.video_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    # Rates are measured, so 60.002 frames a second is 60.
    if facts.fps and not low <= round(facts.fps, 1) <= high:
        message = f"Threads takes {low} to {high} frames a second; this video has {facts.fps:g}."
        yield Problem(path, message, "Re-encode the video with 30 frames a second.", "media_format")
    fastest = SPEC.limit("video_max_bitrate")
    if facts.bitrate and facts.bitrate > fastest:
        message = f"Threads takes at most {fastest // _MEGABIT} Mbit/s; this video has {facts.bitrate / _MEGABIT:.0f}."
        yield Problem(path, message, "Re-encode the video with a lower bit rate.", "media_format")


def _sound(path: str, facts: Facts) -> Iterator[Problem]:
    rate, channels = SPEC.limit("audio_max_rate"), SPEC.limit("audio_max_channels")
    if facts.audio_codec and facts.audio_codec != "aac":
        message = f"Threads takes AAC sound; this is {facts.audio_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    if facts.audio_rate and facts.audio_rate > rate:
        message = f"Threads takes sound of at most {rate} Hz; this has {facts.audio_rate} Hz."
        yield Problem(path, message, "Resample the sound to 48 kHz.", "media_format")
    if facts.audio_channels and facts.audio_channels > channels:
        message = f"Threads takes mono and stereo sound; this has {facts.audio_channels} channels."
        yield Problem(path, message, "Mix the sound down to stereo.", "media_format")


def _length(path: str, facts: Facts) -> Iterator[Problem]:
    most = SPEC.limit("video_max_seconds")
    # Encoders round the last frame up: a film cut at 300 s often measures 300.02 s.
    if facts.duration is not None and round(facts.duration, 1) > most:
        yield Problem(
            path,
            f"A video on Threads lasts at most {most} seconds; this one lasts {facts.duration:.1f}.",
            "Cut the video.",
            "media_duration",
        )


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = f"Threads takes at most {most // MIB} MB here; this file has {facts.size / MIB:.1f} MB."
        yield Problem(path, message, hint, "media_size")


def _shape(path: str, facts: Facts) -> Iterator[Problem]:
    if not facts.width or not facts.height:
        return
    low, high = SPEC.limits["video_min_ratio"].value, SPEC.limits["video_max_ratio"].value
    if not low <= facts.width / facts.height <= high:
        message = (
            f"Threads refuses the shape {facts.width}×{facts.height}: width / height has to be between "
            f"{low:g} and {high:g}."
        )
        yield Problem(path, message, "Crop the video; 9:16 fills the screen.", "media_dimensions")
    widest = SPEC.limit("video_max_width")
    if facts.width > widest:
        message = f"Threads takes videos of at most {widest} pixels width; this one has {facts.width}."
        yield Problem(path, message, "Scale the video down.", "media_dimensions")

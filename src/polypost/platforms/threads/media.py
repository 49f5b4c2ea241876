"""What can be said against images and videos on Threads: how many, of which kind, size, length and shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    Rule,
    at_most,
    frame_rate,
    judged,
    one_of,
    ratio,
    shape,
    size,
    stills_and_videos,
    width,
)
from polypost.platforms.threads.spec import SPEC

_MEGABIT = 1_000_000


def media_problems(path: str, media: Sequence[MediaRef]) -> Iterator[Problem]:
    """All problems of one post's media; images and videos mix freely."""
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
    wrong = stills_and_videos(
        path, item, "Threads", "GIF files", ", to an MP4 video to keep it moving, or use gifAttachment."
    )
    if wrong is not None:
        return [wrong]
    return judged(path, item.facts, _IMAGE if item.type == "image" else _VIDEO) if item.facts else ()


_FLATTEST = SPEC.limits["image_max_ratio"].value
# Width is not judged: Threads scales images itself.
_IMAGE = (
    one_of(
        "mime", SPEC.media_types["image"], "Threads takes pictures as JPEG and PNG", "Convert it to JPEG."
    ),
    size("Threads", SPEC.limit("image_bytes"), "Save it as a JPEG with a lower quality or fewer pixels."),
    shape(
        lambda sides: sides[0] / sides[1] <= _FLATTEST,
        f"Threads takes pictures of at most {_FLATTEST:g}:1; this one has {{0[0]}}×{{0[1]}}.",
        "Crop it.",
    ),
)
_BIT_RATE, _SOUND = SPEC.limit("video_max_bitrate"), SPEC.limit("audio_max_rate")
_LONGEST, _WIDEST = SPEC.limit("video_max_seconds"), SPEC.limit("video_max_width")
_VIDEO = (
    one_of("mime", SPEC.media_types["video"], "Threads takes MP4 and MOV videos"),
    one_of("video_codec", ("h264", "hevc"), "Threads takes H.264 and HEVC video"),
    frame_rate("Threads", SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")),
    Rule(
        lambda facts: facts.bitrate and facts.bitrate / _MEGABIT,
        lambda megabits: megabits * _MEGABIT <= _BIT_RATE,
        f"Threads takes at most {_BIT_RATE // _MEGABIT} Mbit/s; this video has {{0:.0f}}.",
        LOWER_BIT_RATE,
    ),
    one_of("audio_codec", ("aac",), "Threads takes AAC sound"),
    at_most(
        "audio_rate",
        _SOUND,
        f"Threads takes sound of at most {_SOUND} Hz; this has {{0}} Hz.",
        "Resample the sound to 48 kHz.",
    ),
    at_most(
        "audio_channels",
        SPEC.limit("audio_max_channels"),
        "Threads takes mono and stereo sound; this has {0} channels.",
        "Mix the sound down to stereo.",
    ),
    at_most(
        "duration",
        _LONGEST,
        f"A video on Threads lasts at most {_LONGEST} seconds; this one lasts {{0:.1f}}.",
        "Cut the video.",
        "media_duration",
    ),
    size("Threads", SPEC.limit("video_bytes"), LOWER_BIT_RATE),
    ratio(
        "Threads",
        SPEC.limits["video_min_ratio"].value,
        SPEC.limits["video_max_ratio"].value,
        "Crop the video; 9:16 fills the screen.",
    ),
    width(_WIDEST, f"Threads takes videos of at most {_WIDEST} pixels width; this one has {{0}}."),
)

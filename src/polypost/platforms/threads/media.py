"""What can be said against images and videos on Threads: how many, of which kind, size, length and shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    Rule,
    channels,
    each_item,
    ends_within,
    frame_rate,
    images,
    judged,
    one_of,
    ratio,
    sample_rate,
    shape,
    size,
    stills_and_videos,
    width,
)
from polypost.platforms.kit.texts import too_many
from polypost.platforms.threads.spec import SPEC

_MEGABIT = 1_000_000


def media_problems(path: str, media: Sequence[MediaRef]) -> Iterator[Problem]:
    """All problems of one post's media; images and videos mix freely."""
    most = SPEC.limit("carousel_max_items")
    says = f"A Threads carousel has at most {most} items; there are"
    yield from too_many(path, len(media), most, says, ", or move them to a thread item")
    yield from each_item(path, media, _item)


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
    images(SPEC.media_types["image"], "Threads takes pictures as JPEG and PNG"),
    size(
        "Threads takes", SPEC.limit("image_bytes"), "Save it as a JPEG with a lower quality or fewer pixels."
    ),
    shape(
        lambda sides: sides[0] / sides[1] <= _FLATTEST,
        f"Threads takes pictures of at most {_FLATTEST:g}:1; this one has {{0[0]}}×{{0[1]}}.",
        "Crop it.",
    ),
)
_BIT_RATE, _LONGEST = SPEC.limit("video_max_bitrate"), SPEC.limit("video_max_seconds")
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
    sample_rate("Threads", SPEC.limit("audio_max_rate")),
    channels("Threads takes mono and stereo sound", SPEC.limit("audio_max_channels")),
    ends_within(_LONGEST, f"A video on Threads lasts at most {_LONGEST} seconds; this one lasts {{0:.1f}}."),
    size("Threads takes", SPEC.limit("video_bytes"), LOWER_BIT_RATE),
    ratio(
        "Threads",
        SPEC.limits["video_min_ratio"].value,
        SPEC.limits["video_max_ratio"].value,
        "Crop the video; 9:16 fills the screen.",
    ),
    width("Threads", SPEC.limit("video_max_width")),
)

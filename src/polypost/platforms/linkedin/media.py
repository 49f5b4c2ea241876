"""What LinkedIn takes as pictures, videos and documents, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.linkedin.spec import MIB, SPEC
from polypost.probe import Facts

_PATH = "mediaItems"
_PICTURES = frozenset({"image", "gif"})


def media_problems(items: Sequence[MediaRef], *, card: bool) -> list[Problem]:
    """All problems with a post's media; with a link card (`card`) the one picture is the card's."""
    problems = list(_together(items, card=card))
    for place, item in enumerate(items):
        problems += _item(f"{_PATH}[{place}]", item)
    return problems


def _together(items: Sequence[MediaRef], *, card: bool) -> Iterator[Problem]:
    most = SPEC.limit("multi_image_max")
    alone = [item for item in items if item.type not in _PICTURES]
    if card and (len(items) > 1 or alone):
        yield Problem(
            _PATH,
            "A link card on LinkedIn shows one picture and nothing else.",
            "Leave one picture, or leave articleUrl out and write the link into the text.",
            "media_mix",
        )
    elif alone and len(items) > 1:
        yield Problem(
            _PATH,
            f"On LinkedIn a {alone[0].type} stands alone in a post; there are {len(items)} items.",
            f"Use up to {most} pictures, or one video, or one document.",
            "media_mix",
        )
    elif len(items) > most:
        yield Problem(
            _PATH,
            f"A post on LinkedIn shows at most {most} pictures; there are {len(items)}.",
            f"Remove {len(items) - most} of them, or make a PDF of them.",
            "too_many",
        )


def _item(path: str, item: MediaRef) -> Iterator[Problem]:
    facts = item.facts
    if facts is None:
        return
    # An animation may be declared as a picture: LinkedIn takes both alike.
    if facts.kind != item.type and {facts.kind, item.type} != _PICTURES:
        yield Problem(
            f"{path}.type",
            f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime}).",
            f'Set type to "{facts.kind}" or use another file.',
            "media_type",
        )
    elif facts.kind == "video":
        yield from _video(path, facts)
    elif facts.kind == "document":
        yield from _document(path, facts)
    else:
        yield from _picture(path, facts)


def _picture(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        message = f"LinkedIn takes pictures as JPEG, PNG or GIF; this is {facts.mime}."
        yield Problem(path, message, "Convert it to JPEG.", "media_format")
    pixels = SPEC.limit("image_pixels")
    if facts.width and facts.height and facts.width * facts.height > pixels:
        yield Problem(
            path,
            f"LinkedIn takes pictures of at most {pixels:,} pixels;"
            f" this one has {facts.width}×{facts.height}, {facts.width * facts.height:,}.",
            "Scale it down.",
            "media_dimensions",
        )
    frames = SPEC.limit("gif_frames")
    if facts.frames and facts.frames > frames:
        yield Problem(
            path,
            f"LinkedIn takes GIFs of at most {frames} frames; this one has {facts.frames}.",
            f"Remove {facts.frames - frames} frames, or use an MP4 video.",
            "media_frames",
        )


def _document(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["document"]:
        message = f"Documents go to LinkedIn as PDF; this is {facts.mime}."
        yield Problem(path, message, "Save it as a PDF.", "media_format")
    yield from _size(path, facts, "document_bytes", "Save it with smaller pictures.")


def _video(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        message = f"LinkedIn takes MP4 videos; this is {facts.mime}."
        yield Problem(path, message, "Re-encode it as an MP4 with H.264 video and AAC sound.", "media_format")
    least = SPEC.limit("video_bytes_min")
    if facts.size < least:
        message = f"LinkedIn takes videos of at least {least:,} bytes; this one has {facts.size:,}."
        yield Problem(path, message, "Use a longer video or a higher bit rate.", "media_size")
    yield from _size(path, facts, "video_bytes_max", "Re-encode the video with a lower bit rate.")
    if facts.duration is None:
        return
    low, high = SPEC.limit("video_seconds_min"), SPEC.limit("video_seconds_max")
    # Encoders round the last frame up: a film cut at thirty minutes measures a little more.
    length = round(facts.duration, 1)
    if length < low:
        message = f"A video on LinkedIn lasts at least {low} seconds; this one lasts {facts.duration:g}."
        yield Problem(path, message, "Use a longer video.", "media_duration")
    elif length > high:
        message = (
            f"A video on LinkedIn lasts at most {high // 60} minutes; this one lasts {length:.1f} seconds."
        )
        yield Problem(path, message, f"Cut it by {length - high:.1f} seconds.", "media_duration")


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = f"LinkedIn takes at most {most // MIB} MB ({most:,} bytes) here; this file has {facts.size:,} bytes."
        yield Problem(path, message, hint, "media_size")

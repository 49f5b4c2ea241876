"""What LinkedIn takes as images, videos and documents, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    Rule,
    at_least,
    each_item,
    exact_size,
    gif_frames,
    images,
    judged,
    mistaken,
    no_longer_than,
    no_shorter_than,
    one_of,
    pixels,
)
from polypost.platforms.kit.texts import too_many
from polypost.platforms.linkedin.spec import SPEC

_PATH = "mediaItems"
_IMAGES = frozenset({"image", "gif"})


def media_problems(items: Sequence[MediaRef], *, card: bool) -> list[Problem]:
    """All problems with a post's media; with a link card (`card`) the one image is the card's."""
    return [*_together(items, card=card), *each_item(_PATH, items, _item)]


def _together(items: Sequence[MediaRef], *, card: bool) -> Iterator[Problem]:
    most = SPEC.limit("multi_image_max")
    alone = [item for item in items if item.type not in _IMAGES]
    if card and (len(items) > 1 or alone):
        hint = "Leave one picture, or leave articleUrl out and write the link into the text."
        yield Problem(_PATH, "A link card on LinkedIn shows one picture and nothing else.", hint, "media_mix")
    elif alone and len(items) > 1:
        says = f"On LinkedIn a {alone[0].type} stands alone in a post; there are {len(items)} items."
        yield Problem(_PATH, says, f"Use up to {most} pictures, or one video, or one document.", "media_mix")
    else:
        says = f"A post on LinkedIn shows at most {most} pictures; there are"
        yield from too_many(_PATH, len(items), most, says, ", or make a PDF of them")


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if facts is None:
        return ()
    # An animation may be declared as an image: LinkedIn takes both alike.
    if facts.kind != item.type and {facts.kind, item.type} != _IMAGES:
        return [mistaken(path, item, facts)]
    return judged(path, facts, {"video": _VIDEO, "document": _DOCUMENT}.get(facts.kind, _IMAGE))


_IMAGE = (
    images(SPEC.media_types["image"], "LinkedIn takes pictures as JPEG, PNG or GIF"),
    Rule(
        pixels,
        lambda sides: sides[2] <= SPEC.limit("image_pixels"),
        f"LinkedIn takes pictures of at most {SPEC.limit('image_pixels'):,} pixels;"
        " this one has {0[0]}×{0[1]}, {0[2]:,}.",
        "Scale it down.",
        "media_dimensions",
    ),
    gif_frames("LinkedIn", SPEC.limit("gif_frames")),
)
_DOCUMENT = (
    one_of("mime", SPEC.media_types["document"], "Documents go to LinkedIn as PDF", "Save it as a PDF."),
    exact_size("LinkedIn", SPEC.limit("document_bytes"), "Save it with smaller pictures."),
)
_LEAST, _SHORTEST = SPEC.limit("video_bytes_min"), SPEC.limit("video_seconds_min")
_LONGEST = SPEC.limit("video_seconds_max")
_VIDEO = (
    one_of("mime", SPEC.media_types["video"], "LinkedIn takes MP4 videos"),
    at_least(
        "size",
        _LEAST,
        f"LinkedIn takes videos of at least {_LEAST:,} bytes; this one has {{0:,}}.",
        "Use a longer video or a higher bit rate.",
        "media_size",
    ),
    exact_size("LinkedIn", SPEC.limit("video_bytes_max"), LOWER_BIT_RATE),
    no_shorter_than(
        _SHORTEST, f"A video on LinkedIn lasts at least {_SHORTEST} seconds; this one lasts {{0:g}}."
    ),
    no_longer_than(
        _LONGEST,
        f"A video on LinkedIn lasts at most {_LONGEST // 60} minutes; this one lasts {{0:.1f}} seconds.",
    ),
)

"""What Bluesky takes as images, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    Rule,
    another_file,
    each_item,
    exact_size,
    images,
    is_still_gif,
    judged,
    mistaken,
    no_documents,
    no_longer_than,
    one_of,
)
from polypost.platforms.kit.texts import too_many
from polypost.probe import Facts


def media_problems(path: str, items: Sequence[MediaRef], *, gallery: bool = False) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list, `gallery` lets it have more images."""
    return [*_together(path, items, gallery=gallery), *each_item(path, items, _item)]


def shape(item: MediaRef) -> Literal["picture", "film"] | None:
    """What an item becomes; None for a GIF that was not looked at yet: a GIF file or a video of that type."""
    if item.type == "gif":
        return None if item.facts is None else "film" if item.facts.kind == "video" else "picture"
    return "film" if item.type == "video" else "picture"


def thumbnail_problems(path: str, facts: Facts | None) -> Iterator[Problem]:
    """Problems with the image of a link card."""
    yield from judged(path, facts, _THUMBNAIL) if facts else ()


def _together(path: str, items: Sequence[MediaRef], *, gallery: bool) -> Iterator[Problem]:
    videos = [item for item in items if shape(item) == "film"]
    most = SPEC.limit("gallery_items" if gallery else "images")
    if videos and len(items) > 1:
        says = f"On Bluesky a video stands alone in a post; there are {len(items)} items."
        yield Problem(path, says, "Use pictures, or one video; the rest can go to threadItems.", "media_mix")
        return
    more = SPEC.limit("gallery_items")
    otherwise = "" if gallery else f", or set gallery for up to {more}, which not every app shows"
    says = f"A post on Bluesky shows at most {most} pictures; there are"
    yield from too_many(path, len(items), most, says, f", move them to threadItems{otherwise}")


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if item.type == "document":
        return [no_documents(path, "Bluesky")]
    if facts is None:
        return ()
    if facts.kind not in _KINDS[item.type]:
        return [mistaken(path, item, facts, another_file(facts))]
    if facts.kind == "video":
        return judged(path, facts, _VIDEO)
    return judged(path, facts, _ANIMATION if facts.kind == "gif" and not is_still_gif(facts) else _IMAGE)


# A GIF file is shown as a still image, whatever it is declared as; a short video may be declared as a GIF.
_KINDS = {"image": {"image", "gif"}, "gif": {"gif", "video"}, "video": {"video"}}
_SMALLER = "Save it with a lower quality or fewer pixels."
_MP4 = "Convert it to an MP4 with H.264 video and AAC sound."
# The lexicons count in millions of bytes.
_MB = 1_000_000


def _image(takes: str, limit: str, hint: str) -> tuple[Rule, ...]:
    return (
        images(SPEC.media_types["image"], f"{takes} JPEG, PNG, WebP or GIF"),
        exact_size("Bluesky", SPEC.limit(limit), hint, _MB),
    )


_IMAGE = _image("Bluesky takes pictures as", "image_bytes", _SMALLER)
_ANIMATION = _image("Bluesky takes pictures as", "image_bytes", f"{_MP4} Then it moves, too.")
_THUMBNAIL = _image("A link card on Bluesky shows", "thumbnail_bytes", _SMALLER)
_LONGEST = SPEC.limit("video_seconds")
_VIDEO = (
    one_of("mime", SPEC.media_types["video"], "Bluesky takes videos as MP4", _MP4),
    exact_size("Bluesky", SPEC.limit("video_bytes"), LOWER_BIT_RATE, _MB),
    no_longer_than(
        _LONGEST, f"A video on Bluesky lasts at most {_LONGEST} seconds; this one lasts {{0:.1f}}."
    ),
)

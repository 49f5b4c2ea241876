"""Words that several networks' drawings say."""

from __future__ import annotations

from collections.abc import Sequence

from polypost.platforms.base import MediaRef, Spec
from polypost.platforms.kit.drawing import Counted


def minutes(count: int) -> str:
    """A length of time in the largest unit that divides it: `1440` is `1 day`."""
    for unit, size in (("day", 1440), ("hour", 60)):
        if count % size == 0:
            return f"{count // size} {unit}{'s' if count != size else ''}"
    return f"{count} minutes"


def kind_of(media: Sequence[MediaRef], image: str = "image", several: str = "images") -> str:
    """What a post is by its media: text, image(s), gif, video or document."""
    if not media:
        return "text"
    if len(media) > 1:
        return several
    return image if media[0].type == "image" else media[0].type


def counted(spec: Spec, length: int, limit: str | None = None) -> Counted:
    """A length beside the limit of a network's texts, or another one of its limits."""
    name = limit or spec.text_limit
    return Counted(length, spec.limit(name), spec.limits[name].unit)


def comment(text: str | None) -> tuple[str, ...]:
    """What is said of a first comment."""
    return (f"First comment: {text}",) if text else ()

"""What Bluesky takes as pictures, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.bluesky.spec import SPEC
from polypost.probe import Facts

_SMALLER = "Save it with a lower quality or fewer pixels."
_MP4 = "Convert it to an MP4 with H.264 video and AAC sound."


def media_problems(path: str, items: Sequence[MediaRef], *, gallery: bool = False) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list, `gallery` lets it have more pictures."""
    problems = list(_together(path, items, gallery=gallery))
    for place, item in enumerate(items):
        problems += _item(f"{path}[{place}]", item)
    return problems


def shape(item: MediaRef) -> Literal["picture", "film"] | None:
    """What an item becomes; None for a GIF that was not looked at yet: a GIF file or a film of that type."""
    if item.type == "gif":
        return None if item.facts is None else "film" if item.facts.kind == "video" else "picture"
    return "film" if item.type == "video" else "picture"


def thumbnail_problems(path: str, facts: Facts | None) -> Iterator[Problem]:
    """Problems with the picture of a link card."""
    if facts is None:
        return
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"A link card on Bluesky shows JPEG, PNG, WebP or GIF; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    yield from _size(path, facts, "thumbnail_bytes", _SMALLER)


def _together(path: str, items: Sequence[MediaRef], *, gallery: bool) -> Iterator[Problem]:
    films = [item for item in items if shape(item) == "film"]
    most = SPEC.limit("gallery_items" if gallery else "images")
    if films and len(items) > 1:
        yield Problem(
            path,
            f"On Bluesky a video stands alone in a post; there are {len(items)} items.",
            "Use pictures, or one video; the rest can go to threadItems.",
            "media_mix",
        )
    elif len(items) > most:
        more = SPEC.limit("gallery_items")
        otherwise = "" if gallery else f", or set gallery for up to {more}, which not every app shows"
        yield Problem(
            path,
            f"A post on Bluesky shows at most {most} pictures; there are {len(items)}.",
            f"Remove {len(items) - most} of them, move them to threadItems{otherwise}.",
            "too_many",
        )


def _item(path: str, item: MediaRef) -> Iterator[Problem]:
    facts = item.facts
    if item.type == "document":
        yield Problem(path, "Bluesky takes no documents.", "Convert its pages to pictures.", "media_format")
    elif facts is None:
        return
    elif not _is(item.type, facts):
        yield Problem(
            f"{path}.type",
            f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime}).",
            "Use another file."
            if facts.kind == "document"
            else f'Set type to "{facts.kind}" or use another file.',
            "media_type",
        )
    elif facts.kind == "video":
        yield from _video(path, facts)
    else:
        yield from _picture(path, facts)


def _is(declared: str, facts: Facts) -> bool:
    # A GIF file is shown as a still picture, whatever it is declared as; a short film may be declared as a GIF.
    kinds = {"image": {"image", "gif"}, "gif": {"gif", "video"}, "video": {"video"}}
    return facts.kind in kinds.get(declared, set())


def _picture(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"Bluesky takes pictures as JPEG, PNG, WebP or GIF; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    moving = facts.kind == "gif" and facts.frames != 1
    yield from _size(path, facts, "image_bytes", f"{_MP4} Then it moves, too." if moving else _SMALLER)


def _video(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        yield Problem(path, f"Bluesky takes videos as MP4; this is {facts.mime}.", _MP4, "media_format")
    yield from _size(path, facts, "video_bytes", "Re-encode the video with a lower bit rate.")
    most = SPEC.limit("video_seconds")
    # Encoders round the last frame up: a film cut at 180 s often measures 180.02 s.
    length = round(facts.duration or 0, 1)
    if length > most:
        yield Problem(
            path,
            f"A video on Bluesky lasts at most {most} seconds; this one lasts {length:.1f}.",
            f"Cut it by {length - most:.1f} seconds.",
            "media_duration",
        )


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        yield Problem(
            path,
            f"Bluesky takes at most {most / 1_000_000:g} MB ({most:,} bytes) here; this file has {facts.size:,} bytes.",
            hint,
            "media_size",
        )

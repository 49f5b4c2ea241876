"""What Reddit takes as images and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from polypost.errors import Problem
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.media import another_file, each_item, exact_size, judged, mistaken, no_documents
from polypost.platforms.kit.texts import too_many
from polypost.platforms.reddit.plan import VIDEOS
from polypost.platforms.reddit.spec import SPEC
from polypost.probe import Facts

_IMAGES = frozenset({"image", "gif"})
_PLAIN = ("image/jpeg", "image/png")


def media_problems(kind: str, items: Sequence[MediaRef]) -> list[Problem]:
    """All problems with the media of a post of this kind."""
    return [*_together(kind, items), *each_item("mediaItems", items, partial(_item, kind=kind))]


def poster_problems(items: Sequence[MediaRef], known: Mapping[str, Facts]) -> Iterator[Problem]:
    """Problems with the still image of a video."""
    for place, item in enumerate(items):
        facts = known.get(item.thumbnail or "")
        if facts is None:
            continue
        path = f"mediaItems[{place}].thumbnail"
        if facts.mime not in _PLAIN:
            message = f"Reddit takes a video's still picture as JPEG or PNG; this is {facts.mime}."
            yield Problem(path, message, "Convert it to JPEG.", "media_format")
        yield from _size(path, facts, "image_bytes")


def _together(kind: str, items: Sequence[MediaRef]) -> Iterator[Problem]:
    count = len(items)
    if kind in {"link", "poll", "crosspost"}:
        if items:
            message = f"A post of kind {kind} on Reddit has no media."
            yield Problem("mediaItems", message, "Leave mediaItems out, or choose another kind.", "media_mix")
    elif kind == "gallery":
        yield from _gallery_size(count)
    elif kind != "self":
        noun = "video" if kind in VIDEOS else "picture"
        if not items:
            message = f"A post of kind {kind} on Reddit needs a {noun}."
            yield Problem("mediaItems", message, f"Add the {noun} to mediaItems.", "media_required")
        elif count > 1:
            hint = "Remove the others." if kind in VIDEOS else "Remove the others, or set kind to gallery."
            message = f"A post of kind {kind} on Reddit has one {noun}; there are {count} items."
            yield Problem("mediaItems", message, hint, "too_many")


def _gallery_size(count: int) -> Iterator[Problem]:
    low, high = SPEC.limit("gallery_min_items"), SPEC.limit("gallery_max_items")
    if count < low:
        message = f"A gallery on Reddit has at least {low} pictures; there are {count}."
        yield Problem("mediaItems", message, "Add pictures, or set kind to image.", "media_required")
    says = f"A gallery on Reddit has at most {high} pictures; there are"
    yield from too_many("mediaItems", count, high, says)


def _item(path: str, item: MediaRef, kind: str) -> Iterator[Problem]:
    if item.type == "document":
        yield no_documents(path, "Reddit")
        return
    video = kind in VIDEOS
    if kind in {"self", "gallery", "image", *VIDEOS} and video is not (item.type == "video"):
        message = f"A {item.type} cannot be in a post of kind {kind} on Reddit."
        hint = "Use a video." if video else "Use pictures, or post the video alone."
        yield Problem(path, message, hint, "media_mix")
        return
    if item.facts is not None:
        yield from _file(path, item, item.facts)


def _file(path: str, item: MediaRef, facts: Facts) -> Iterator[Problem]:
    # An animated GIF is an image to Reddit, so it may be declared as one.
    if facts.kind != item.type and not (item.type == "image" and facts.kind == "gif"):
        yield mistaken(path, item, facts, another_file(facts))
        return
    taken = SPEC.media_types["image" if facts.kind in _IMAGES else "video"]
    if facts.mime not in taken:
        names = "JPEG, PNG or GIF" if facts.kind in _IMAGES else "MP4 or MOV"
        message = f"Reddit takes this as {names}; the file is {facts.mime}."
        hint = f"Convert it to {names.partition(',')[0].partition(' ')[0]}."
        yield Problem(path, message, hint, "media_format")
    elif facts.mime == "image/gif":
        yield from _size(path, facts, "gif_bytes")
    else:
        yield from _size(path, facts, f"{facts.kind}_bytes")
    if facts.kind == "video":
        yield from _length(path, facts)


def _length(path: str, facts: Facts) -> Iterator[Problem]:
    most = SPEC.limit("video_max_seconds")
    if facts.duration is not None and facts.duration > most:
        message = f"Reddit takes videos of at most {most // 60} minutes; this one lasts {facts.duration:.1f} seconds."
        yield Problem(path, message, f"Cut it by {facts.duration - most:.1f} seconds.", "media_duration")


def _size(path: str, facts: Facts, name: str) -> Iterator[Problem]:
    hint = "Save it smaller: fewer pixels, a lower quality or bit rate."
    return judged(path, facts, [exact_size("Reddit", SPEC.limit(name), hint)])

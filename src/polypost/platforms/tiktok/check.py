"""Everything that can be said against a TikTok draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem. What only the creator's own settings
forbid is known when they are asked (`creators`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    ends_within,
    frame_rate,
    images,
    judged,
    one_of,
    shape,
    size,
    stills_and_videos,
)
from polypost.platforms.kit.options import misplaced
from polypost.platforms.kit.texts import beyond, too_many
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.platforms.tiktok.spec import MB, SPEC

_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, TikTokOptions)
    kinds = {item.type for item in draft.media}
    photos = bool(draft.media) and kinds == {"image"}
    problems = [*_count(draft.media, kinds), *_texts(draft.text, options, photos=photos)]
    if draft.media:
        problems += _options(draft.media, options, photos=photos)
    for index, item in enumerate(draft.media):
        problems += _item(f"mediaItems[{index}]", item)
    return problems


def units(text: str) -> int:
    """Length as TikTok counts it: UTF-16 units, so that most emoji count two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _count(media: tuple[MediaRef, ...], kinds: Set[str]) -> Iterator[Problem]:
    most = SPEC.limit("photos_max")
    if not media:
        hint = "Add an MP4 video, or JPEG or WebP photos."
        yield Problem("mediaItems", "TikTok has no text-only posts.", hint, "media_required")
    elif "video" in kinds and len(kinds) > 1:
        says = "A TikTok post is one video or photos, not both."
        yield Problem("mediaItems", says, "Make a post of its own for the video.", "media_mix")
    elif "video" in kinds and len(media) > 1:
        says = f"A TikTok post has exactly one video; there are {len(media)}."
        yield Problem("mediaItems", says, "Make a post of its own for each video.", "too_many")
    else:
        says = f"A TikTok post has at most {most} photos; there are"
        yield from too_many("mediaItems", len(media), most, says)


def _texts(text: str, options: TikTokOptions, *, photos: bool) -> Iterator[Problem]:
    if not photos:
        yield from _length("content", "caption", text, "caption_units", "Shorten the text")
        return
    hint = f"Put the long text into {_OPTIONS}.description and a title into content"
    yield from _length("content", "photo post's title", text, "photo_title_units", hint)
    if options.description is not None:
        path = f"{_OPTIONS}.description"
        yield from _length(path, "description", options.description, "photo_description_units", "Shorten it")


def _length(path: str, noun: str, text: str, name: str, hint: str) -> Iterator[Problem]:
    unit = "characters, emoji counting two"
    yield from beyond(path, units(text), SPEC.limit(name), f"A TikTok {noun}", hint, unit)


def _options(media: tuple[MediaRef, ...], options: TikTokOptions, *, photos: bool) -> Iterator[Problem]:
    of_videos = {
        "disableDuet": options.disable_duet,
        "disableStitch": options.disable_stitch,
        "isAigc": options.is_aigc,
        "videoCoverTimestampMs": options.video_cover_timestamp_ms,
    }
    of_photos = {"photoCoverIndex": options.photo_cover_index, "description": options.description}
    # Defaults that a client spells out (false, 0, an empty text) say nothing and do no harm.
    given = {name: value for name, value in (of_videos if photos else of_photos).items() if value}
    yield from misplaced(given, "videos" if photos else "photo posts")
    if options.brand_content_toggle and options.audience == "SELF_ONLY" and not options.draft:
        says = "TikTok does not take a paid partnership that only its creator can see."
        hint = "Choose another privacyLevel, or leave brandContentToggle out."
        yield Problem(f"{_OPTIONS}.brandContentToggle", says, hint)
    yield from _cover(media, options, photos=photos)


def _cover(media: tuple[MediaRef, ...], options: TikTokOptions, *, photos: bool) -> Iterator[Problem]:
    index, moment = options.photo_cover_index, options.video_cover_timestamp_ms
    if photos and index is not None and index >= len(media):
        says = f"There is no photo {index}: they are counted from 0 to {len(media) - 1}."
        yield Problem(f"{_OPTIONS}.photoCoverIndex", says, f"Choose a number from 0 to {len(media) - 1}.")
    length = media[0].facts.duration if media[0].facts else None
    if not photos and moment and length and moment > length * 1000:
        says = f"The cover frame at {moment} ms lies behind the end of the video."
        hint = f"Choose a moment before {int(length * 1000)} ms."
        yield Problem(f"{_OPTIONS}.videoCoverTimestampMs", says, hint)


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    wrong = stills_and_videos(path, item, "TikTok")
    if wrong is not None:
        return [wrong]
    return judged(path, item.facts, _PHOTO if item.type == "image" else _VIDEO) if item.facts else ()


_SHORT_SIDE, _LONG_SIDE = SPEC.limit("photo_short_side"), SPEC.limit("photo_long_side")
_PHOTO = (
    images(SPEC.media_types["image"], "TikTok takes photos as JPEG or WebP only"),
    size("TikTok takes", SPEC.limit("photo_bytes"), "Save it with a lower quality or fewer pixels.", MB),
    shape(
        lambda sides: min(sides) <= _SHORT_SIDE and max(sides) <= _LONG_SIDE,
        f"TikTok takes photos of at most {_SHORT_SIDE}×{_LONG_SIDE} pixels; this one has {{0[0]}}×{{0[1]}}.",
        "Scale the photo down.",
    ),
)
_RE_ENCODE = "Re-encode it as an MP4 with H.264 video."
_LONGEST = SPEC.limit("video_max_seconds")
_SIDES = range(SPEC.limit("video_min_side"), SPEC.limit("video_max_side") + 1)
_VIDEO = (
    one_of("mime", SPEC.media_types["video"], "TikTok takes MP4, MOV and WebM videos", _RE_ENCODE),
    one_of(
        "video_codec",
        ("h264", "hevc", "vp8", "vp9"),
        "TikTok takes H.264, H.265, VP8 and VP9 video",
        _RE_ENCODE,
    ),
    frame_rate("TikTok", SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")),
    ends_within(_LONGEST, f"A TikTok video lasts at most {_LONGEST} seconds; this one lasts {{0:.1f}}."),
    shape(
        lambda sides: sides[0] in _SIDES and sides[1] in _SIDES,
        f"Each side of a TikTok video has {_SIDES[0]} to {_SIDES[-1]} pixels; this one is {{0[0]}}×{{0[1]}}.",
        "Scale the video.",
    ),
    size("TikTok takes", SPEC.limit("video_bytes"), LOWER_BIT_RATE, MB),
)

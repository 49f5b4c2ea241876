"""Everything that can be said against an Instagram draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.instagram.options import InstagramOptions, kind_of
from polypost.platforms.instagram.spec import SPEC
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    Rule,
    frame_rate,
    images,
    judged,
    lasts,
    one_of,
    ratio,
    sample_rate,
    size,
    stills_and_videos,
    width,
)
from polypost.platforms.kit.options import misplaced
from polypost.platforms.kit.texts import beyond, too_many

# A sign inside a word (an e-mail address, a URL's fragment) starts neither a hashtag nor a mention.
_HASHTAGS = re.compile(r"(?<![\w&/])(?:#\w+)+")
_MENTION = re.compile(r"(?<![\w./@])@[A-Za-z0-9._]+")


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, InstagramOptions)
    place = kind_of(options, draft.media)
    problems = [] if place == "story" else list(_caption(draft.text))
    problems += _count(draft.media, place)
    problems += _option_problems(draft.media, options, place)
    if place != "story":
        problems += alt_problems(SPEC, "mediaItems", draft.media)
    for index, item in enumerate(draft.media):
        problems += _item(f"mediaItems[{index}]", item, place)
    return problems


@lru_cache(maxsize=16)
def _tags_in(text: str) -> tuple[int, int]:
    """How many hashtags and mentions a text holds; the accounts of a post share one."""
    return sum(run.count("#") for run in _HASHTAGS.findall(text)), len(_MENTION.findall(text))


def _caption(text: str) -> Iterator[Problem]:
    hashtags, mentions = _tags_in(text)
    what = "An Instagram caption"
    yield from beyond("content", len(text), SPEC.limit("caption_characters"), what)
    for noun, count in (("hashtags", hashtags), ("mentions", mentions)):
        most = SPEC.limit(f"caption_{noun}")
        yield from beyond("content", count, most, what, f"Remove {noun}", noun, "too_many")


def _count(media: tuple[MediaRef, ...], place: str) -> Iterator[Problem]:
    most = SPEC.limit("carousel_max_items")
    if not media:
        hint = "Add a JPEG picture or an MP4 video."
        yield Problem("mediaItems", "Instagram has no text-only posts.", hint, "media_required")
    elif place == "story" and len(media) > 1:
        says = f"An Instagram story shows exactly one item; there are {len(media)}."
        yield Problem("mediaItems", says, "Make a post of its own for each story item.", "too_many")
    else:
        says = f"An Instagram carousel has at most {most} items; there are"
        yield from too_many("mediaItems", len(media), most, says)


def _option_problems(media: tuple[MediaRef, ...], options: InstagramOptions, place: str) -> Iterator[Problem]:
    if options.collaborators and place == "story":
        says = "Instagram stories cannot have collaborators."
        hint = "Leave collaborators out, or leave contentType out to make a feed post."
        yield Problem("platformSpecificData.collaborators", says, hint)
    given = {"coverUrl": options.cover_url, "thumbOffset": options.thumb_offset}
    if place != "reel":
        if media:
            yield from misplaced(given, "a single video that goes out as a reel")
        return
    facts = media[0].facts
    length = facts.duration if facts else None
    if options.thumb_offset and not options.cover_url and length and options.thumb_offset > length * 1000:
        says = f"The cover frame at {options.thumb_offset} ms lies behind the end of the video."
        hint = f"Choose a moment before {int(length * 1000)} ms."
        yield Problem("platformSpecificData.thumbOffset", says, hint)


def _item(path: str, item: MediaRef, place: str) -> Iterable[Problem]:
    wrong = stills_and_videos(path, item, "Instagram")
    if wrong is not None:
        return [wrong]
    if item.facts is None:
        return ()
    if item.type == "image":
        return judged(path, item.facts, _STORY_IMAGE if place == "story" else _IMAGE)
    return judged(path, item.facts, _VIDEOS[place])


def _video(place: str) -> tuple[Rule, ...]:
    story = place == "story"
    longest = {"story": "story_max_seconds", "carousel": "carousel_video_max_seconds"}.get(
        place, "reel_max_seconds"
    )
    least, most = SPEC.limit("video_min_seconds"), SPEC.limit(longest)
    lengths = f"A video in a {place} on Instagram lasts {least} to {most} seconds; this one lasts {{0:.1f}}."
    return (
        *_STREAMS,
        *lasts(least, most, lengths),
        size("Instagram takes", SPEC.limit("story_video_bytes" if story else "video_bytes"), LOWER_BIT_RATE),
        _ratio("story" if story else "reel", "Crop the video; 9:16 fills the screen."),
        width("Instagram", SPEC.limit("video_max_width")),
    )


def _ratio(kind: str, hint: str) -> Rule:
    low, high = SPEC.limits[f"{kind}_min_ratio"].value, SPEC.limits[f"{kind}_max_ratio"].value
    return ratio("Instagram", low, high, hint)


# Width is not judged: Instagram scales images itself. Story images of any shape get a border.
_STORY_IMAGE = (
    images(SPEC.media_types["image"], "Instagram takes pictures as JPEG only"),
    size("Instagram takes", SPEC.limit("image_bytes"), "Save the JPEG with a lower quality or fewer pixels."),
)
_IMAGE = (*_STORY_IMAGE, _ratio("image", "Crop it to between 4:5 (portrait) and 1.91:1 (landscape)."))
# The recommended bit rate (25 Mbit/s) and an index in front are not judged here: the file tells its average
# with padding and sound, and Instagram converts what it is given.
_STREAMS = (
    one_of("mime", SPEC.media_types["video"], "Instagram takes MP4 and MOV videos"),
    one_of("video_codec", ("h264", "hevc"), "Instagram takes H.264 and HEVC video"),
    one_of("audio_codec", ("aac",), "Instagram takes AAC sound"),
    sample_rate("Instagram", SPEC.limit("audio_max_rate")),
    frame_rate("Instagram", SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")),
)
_VIDEOS = {place: _video(place) for place in ("reel", "carousel", "story")}

"""Everything that can be said against an Instagram draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.instagram.options import InstagramOptions
from polypost.platforms.instagram.spec import MIB, SPEC
from polypost.probe import Facts

# A sign inside a word (an e-mail address, a URL's fragment) starts neither a hashtag nor a mention.
_HASHTAGS = re.compile(r"(?<![\w&/])(?:#\w+)+")
_MENTION = re.compile(r"(?<![\w./@])@[A-Za-z0-9._]+")

_VIDEO_CODECS = ("h264", "hevc")
_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, InstagramOptions)
    place = _place(draft.media, options)
    problems = [] if place == "story" else list(_caption(draft.text))
    problems += _count(draft.media, place)
    problems += _option_problems(draft.media, options, place)
    for index, item in enumerate(draft.media):
        problems += _item(f"mediaItems[{index}]", item, place)
    return problems


def _place(media: tuple[MediaRef, ...], options: InstagramOptions) -> str:
    if options.story:
        return "story"
    if len(media) > 1:
        return "carousel"
    return "reel" if media and media[0].type == "video" else "image"


@lru_cache(maxsize=16)
def _tags_in(text: str) -> tuple[int, int]:
    """How many hashtags and mentions a text holds; the accounts of a post share one."""
    return sum(run.count("#") for run in _HASHTAGS.findall(text)), len(_MENTION.findall(text))


def _caption(text: str) -> Iterator[Problem]:
    hashtags, mentions = _tags_in(text)
    counted = (
        ("caption_characters", len(text), "characters", "Shorten the text"),
        ("caption_hashtags", hashtags, "hashtags", "Remove hashtags"),
        ("caption_mentions", mentions, "mentions", "Remove mentions"),
    )
    for name, count, noun, change in counted:
        most = SPEC.limit(name)
        if count > most:
            yield Problem(
                "content",
                f"An Instagram caption has at most {most} {noun}; this one has {count}.",
                f"{change}: {count - most} too many.",
                "too_long" if noun == "characters" else "too_many",
            )


def _count(media: tuple[MediaRef, ...], place: str) -> Iterator[Problem]:
    most = SPEC.limit("carousel_max_items")
    if not media:
        yield Problem(
            "mediaItems",
            "Instagram has no text-only posts.",
            "Add a JPEG picture or an MP4 video.",
            "media_required",
        )
    elif place == "story" and len(media) > 1:
        yield Problem(
            "mediaItems",
            f"An Instagram story shows exactly one item; there are {len(media)}.",
            "Make a post of its own for each story item.",
            "too_many",
        )
    elif len(media) > most:
        yield Problem(
            "mediaItems",
            f"An Instagram carousel has at most {most} items; there are {len(media)}.",
            f"Remove {len(media) - most} of them.",
            "too_many",
        )


def _option_problems(media: tuple[MediaRef, ...], options: InstagramOptions, place: str) -> Iterator[Problem]:
    if options.collaborators and place == "story":
        yield Problem(
            "platformSpecificData.collaborators",
            "Instagram stories cannot have collaborators.",
            "Leave collaborators out, or leave contentType out to make a feed post.",
        )
    given = {"coverUrl": options.cover_url, "thumbOffset": options.thumb_offset}
    if place != "reel":
        for name, value in given.items():
            if value is not None and media:
                yield Problem(
                    f"platformSpecificData.{name}",
                    f"{name} belongs to a single video that goes out as a reel.",
                    f"Leave {name} out.",
                )
        return
    facts = media[0].facts
    length = facts.duration if facts else None
    if options.thumb_offset and not options.cover_url and length and options.thumb_offset > length * 1000:
        yield Problem(
            "platformSpecificData.thumbOffset",
            f"The cover frame at {options.thumb_offset} ms lies behind the end of the video.",
            f"Choose a moment before {int(length * 1000)} ms.",
        )


def _item(path: str, item: MediaRef, place: str) -> Iterable[Problem]:
    facts = item.facts
    if item.type in {"gif", "document"} or (item.type == "image" and facts and facts.kind == "gif"):
        noun = "documents" if item.type == "document" else "GIFs"
        hint = "Convert it to JPEG" + (
            " pages." if noun == "documents" else ", or to an MP4 video to keep it moving."
        )
        return [Problem(path, f"Instagram takes no {noun}.", hint, "media_format")]
    if facts is None:
        return ()
    if facts.kind != item.type:
        message = f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime})."
        return [
            Problem(f"{path}.type", message, f'Set type to "{facts.kind}" or use another file.', "media_type")
        ]
    return _image(path, facts, place) if item.type == "image" else _video(path, facts, place)


def _image(path: str, facts: Facts, place: str) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"Instagram takes pictures as JPEG only; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    yield from _size(path, facts, "image_bytes", "Save the JPEG with a lower quality or fewer pixels.")
    # Width is not judged: Instagram scales pictures itself. Story pictures of any shape get a border.
    if place != "story":
        yield from _shape(path, facts, "image", "Crop it to between 4:5 (portrait) and 1.91:1 (landscape).")


def _video(path: str, facts: Facts, place: str) -> Iterator[Problem]:
    kind = "story" if place == "story" else "reel"
    yield from _streams(path, facts)
    yield from _length(path, facts, place)
    size = "story_video_bytes" if place == "story" else "video_bytes"
    yield from _size(path, facts, size, "Re-encode the video with a lower bit rate.")
    yield from _shape(path, facts, kind, "Crop the video; 9:16 fills the screen.")
    widest = SPEC.limit("video_max_width")
    if facts.width and facts.width > widest:
        yield Problem(
            path,
            f"Instagram takes videos of at most {widest} pixels width; this one has {facts.width}.",
            "Scale the video down.",
            "media_dimensions",
        )


def _streams(path: str, facts: Facts) -> Iterator[Problem]:
    # The recommended bit rate (25 Mbit/s) and an index in front are not judged here: the file tells its average
    # with padding and sound, and Instagram converts what it is given.
    sound = SPEC.limit("audio_max_rate")
    low, high = SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")
    if facts.mime not in SPEC.media_types["video"]:
        yield Problem(
            path, f"Instagram takes MP4 and MOV videos; this is {facts.mime}.", _REENCODE, "media_format"
        )
    if facts.video_codec and facts.video_codec not in _VIDEO_CODECS:
        message = f"Instagram takes H.264 and HEVC video; this is {facts.video_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    if facts.audio_codec and facts.audio_codec != "aac":
        message = f"Instagram takes AAC sound; this is {facts.audio_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    if facts.audio_rate and facts.audio_rate > sound:
        message = f"Instagram takes sound of at most {sound} Hz; this has {facts.audio_rate} Hz."
        yield Problem(path, message, "Resample the sound to 48 kHz.", "media_format")
    # Rates are measured, so 60.002 frames a second is 60.
    if facts.fps and not low <= round(facts.fps, 1) <= high:
        message = f"Instagram takes {low} to {high} frames a second; this video has {facts.fps:g}."
        yield Problem(path, message, "Re-encode the video with 30 frames a second.", "media_format")


def _length(path: str, facts: Facts, place: str) -> Iterator[Problem]:
    if facts.duration is None:
        return
    longest = {"story": "story_max_seconds", "carousel": "carousel_video_max_seconds"}.get(
        place, "reel_max_seconds"
    )
    low, high = SPEC.limit("video_min_seconds"), SPEC.limit(longest)
    # Encoders round the last frame up: a film cut at 60 s often measures 60.02 s.
    if not low <= round(facts.duration, 1) <= high:
        where = "a reel" if place == "reel" else f"a {place}"
        yield Problem(
            path,
            f"A video in {where} on Instagram lasts {low} to {high} seconds; this one lasts {facts.duration:.1f}.",
            "Cut the video." if facts.duration > high else "Use a longer video.",
            "media_duration",
        )


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = f"Instagram takes at most {most // MIB} MB here; this file has {facts.size / MIB:.1f} MB."
        yield Problem(path, message, hint, "media_size")


def _shape(path: str, facts: Facts, kind: str, hint: str) -> Iterator[Problem]:
    if not facts.width or not facts.height:
        return
    low, high = SPEC.limits[f"{kind}_min_ratio"].value, SPEC.limits[f"{kind}_max_ratio"].value
    if not low <= facts.width / facts.height <= high:
        yield Problem(
            path,
            f"Instagram refuses the shape {facts.width}×{facts.height}: "
            f"width / height has to be between {low:g} and {high:g}.",
            hint,
            "media_dimensions",
        )

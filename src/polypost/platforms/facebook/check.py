"""Everything that can be said against a Facebook draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.facebook.options import FacebookOptions
from polypost.platforms.facebook.spec import MIB, SPEC
from polypost.probe import Facts

# Shapes are quotients of whole pixels: 1080x1918 stands for 9:16 as well.
_RATIO_SLACK = 0.01
_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."
_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, FacebookOptions)
    problems = [*_text(draft, options), *_count(draft.media, options), *_option_problems(draft, options)]
    for index, item in enumerate(draft.media):
        problems += _item(f"mediaItems[{index}]", item, options)
    return problems


def _text(draft: Draft, options: FacebookOptions) -> Iterator[Problem]:
    most, length = SPEC.limit("message_characters"), len(draft.text)
    if options.story:
        return
    if length > most:
        yield Problem(
            "content",
            f"A Facebook post has at most {most} characters; this one has {length}.",
            f"Shorten the text: {length - most} too many.",
            "too_long",
        )
    if not draft.text.strip() and not draft.media and not options.link and options.content_type is None:
        yield Problem(
            "content",
            "There is nothing to post on Facebook: no text, no media and no link.",
            "Add a text, a photo, a video or platformSpecificData.link.",
            "text_required",
        )


def _count(media: tuple[MediaRef, ...], options: FacebookOptions) -> Iterator[Problem]:
    films = sum(item.type == "video" for item in media)
    most = SPEC.limit("photos_per_post")
    if options.content_type is not None and not media:
        noun = "a photo or a video" if options.story else "a video"
        yield Problem(
            "mediaItems", f"A Facebook {options.content_type} needs {noun}.", f"Add {noun}.", "media_required"
        )
    elif options.story and len(media) > 1:
        yield Problem(
            "mediaItems",
            f"A Facebook story shows exactly one item; there are {len(media)}.",
            "Make a post of its own for each story item.",
            "too_many",
        )
    elif films and len(media) > 1:
        yield Problem(
            "mediaItems",
            f"A Facebook post shows one video or several photos; here are {films} videos in {len(media)} items.",
            "Make a post of its own for each video.",
            "too_many",
        )
    elif len(media) > most:
        yield Problem(
            "mediaItems",
            f"A Facebook post shows at most {most} photos; there are {len(media)}.",
            f"Remove {len(media) - most} of them.",
            "too_many",
        )


def _option_problems(draft: Draft, options: FacebookOptions) -> Iterator[Problem]:
    film = bool(draft.media) and draft.media[0].type == "video"
    if options.content_type == "reel" and draft.media and not film:
        yield Problem(
            f"{_OPTIONS}.contentType",
            "A Facebook reel is a video.",
            "Use a video, or leave contentType out to post photos.",
        )
    yield from _of_videos(options, film=film and not options.story)
    yield from _of_shown_posts(options)
    texts, photos = options.alt_texts or [], 0 if film else len(draft.media)
    if len(texts) > photos:
        yield Problem(
            f"{_OPTIONS}.altTexts",
            f"There are {len(texts)} texts for {photos} photos.",
            "Give one text for each photo, and none for videos.",
            "too_many",
        )


def _of_videos(options: FacebookOptions, *, film: bool) -> Iterator[Problem]:
    given = {"title": options.title, "videoThumbnailUrl": options.video_thumbnail_url}
    for name, value in given.items():
        if value is not None and not film:
            yield Problem(f"{_OPTIONS}.{name}", f"{name} belongs to a video or a reel.", f"Leave {name} out.")


def _of_shown_posts(options: FacebookOptions) -> Iterator[Problem]:
    if options.story and not options.shown:
        yield Problem(
            f"{_OPTIONS}.published", "A Facebook story cannot be kept unpublished.", "Leave published out."
        )
    if options.first_comment is None:
        return
    if not options.first_comment.strip():
        yield Problem(f"{_OPTIONS}.firstComment", "The first comment is empty.", "Write it, or leave it out.")
    elif options.story or not options.shown:
        where = "story" if options.story else "unpublished post"
        yield Problem(
            f"{_OPTIONS}.firstComment", f"A Facebook {where} takes no comments.", "Leave firstComment out."
        )


def _item(path: str, item: MediaRef, options: FacebookOptions) -> Iterable[Problem]:
    if item.type == "document":
        return [Problem(path, "Facebook takes no documents.", "Convert its pages to JPEG.", "media_format")]
    facts = item.facts
    if facts is None:
        return ()
    wanted = {"image", "gif"} if item.type in {"image", "gif"} else {item.type}
    if facts.kind not in wanted:
        message = f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime})."
        return [
            Problem(f"{path}.type", message, f'Set type to "{facts.kind}" or use another file.', "media_type")
        ]
    return _video(path, facts, options) if item.type == "video" else _picture(path, facts, options)


def _picture(path: str, facts: Facts, options: FacebookOptions) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"Facebook takes photos as JPEG, PNG or GIF; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    most = SPEC.limit("story_photo_bytes" if options.story else "photo_bytes")
    if facts.size > most:
        yield Problem(
            path,
            f"Facebook takes photos of at most {most // MIB} MB here; this file has {facts.size / MIB:.1f} MB.",
            "Save it as a JPEG with a lower quality or fewer pixels.",
            "media_size",
        )


def _video(path: str, facts: Facts, options: FacebookOptions) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        message = f"Facebook takes MP4 and MOV videos; this is {facts.mime}."
        yield Problem(path, message, _REENCODE, "media_format")
    if options.content_type is None:
        return
    yield from _length(path, facts, options.content_type)
    yield from _shape(path, facts, options.content_type)
    low, high = SPEC.limit("reel_min_fps"), SPEC.limit("reel_max_fps")
    # Rates are measured: films run at 23.976 frames a second and count as 24.
    if facts.fps and not low <= round(facts.fps) <= high:
        message = (
            f"A Facebook {options.content_type} has {low} to {high} frames a second; this has {facts.fps:g}."
        )
        yield Problem(path, message, "Re-encode the video with 30 frames a second.", "media_format")


def _length(path: str, facts: Facts, kind: str) -> Iterator[Problem]:
    low, high = SPEC.limit(f"{kind}_min_seconds"), SPEC.limit(f"{kind}_max_seconds")
    # Encoders round the last frame up: a film cut at 60 s often measures 60.02 s.
    if facts.duration is not None and not low <= round(facts.duration, 1) <= high:
        long = facts.duration > high
        other = " or leave contentType out to post it as a video" if kind == "reel" and long else ""
        yield Problem(
            path,
            f"A Facebook {kind} lasts {low} to {high} seconds; this video lasts {facts.duration:.1f}.",
            f"{'Cut the video' if long else 'Use a longer video'}{other}.",
            "media_duration",
        )


def _shape(path: str, facts: Facts, kind: str) -> Iterator[Problem]:
    if not facts.width or not facts.height:
        return
    wide, high = SPEC.limit("reel_min_width"), SPEC.limit("reel_min_height")
    if abs(facts.width / facts.height - SPEC.limits["reel_ratio"].value) > _RATIO_SLACK:
        yield Problem(
            path,
            f"A Facebook {kind} has the shape 9:16; this video has {facts.width}×{facts.height}.",
            "Crop the video to 9:16, best 1080×1920.",
            "media_dimensions",
        )
    elif facts.width < wide or facts.height < high:
        yield Problem(
            path,
            f"A Facebook {kind} has at least {wide}×{high} pixels; this video has {facts.width}×{facts.height}.",
            "Use a larger video, best 1080×1920.",
            "media_dimensions",
        )

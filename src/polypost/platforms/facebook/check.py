"""Everything that can be said against a Facebook draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.facebook.options import FacebookOptions
from polypost.platforms.facebook.spec import SPEC
from polypost.platforms.kit.media import (
    THIRTY_FRAMES,
    Rule,
    images,
    judged,
    lasts,
    mistaken,
    no_documents,
    one_of,
    shape,
    size,
)
from polypost.platforms.kit.options import misplaced
from polypost.platforms.kit.texts import beyond, too_many

# Shapes are quotients of whole pixels: 1080x1918 stands for 9:16 as well.
_RATIO_SLACK = 0.01
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
    if options.story:
        return
    yield from beyond("content", len(draft.text), SPEC.limit("message_characters"), "A Facebook post")
    if not draft.text.strip() and not draft.media and not options.link and options.content_type is None:
        says = "There is nothing to post on Facebook: no text, no media and no link."
        hint = "Add a text, a photo, a video or platformSpecificData.link."
        yield Problem("content", says, hint, "text_required")


def _count(media: tuple[MediaRef, ...], options: FacebookOptions) -> Iterator[Problem]:
    videos = sum(item.type == "video" for item in media)
    most = SPEC.limit("photos_per_post")
    if options.content_type is not None and not media:
        noun = "a photo or a video" if options.story else "a video"
        says = f"A Facebook {options.content_type} needs {noun}."
        yield Problem("mediaItems", says, f"Add {noun}.", "media_required")
    elif options.story and len(media) > 1:
        says = f"A Facebook story shows exactly one item; there are {len(media)}."
        yield Problem("mediaItems", says, "Make a post of its own for each story item.", "too_many")
    elif videos and len(media) > 1:
        says = f"A Facebook post shows one video or several photos; here are {videos} videos in {len(media)} items."
        yield Problem("mediaItems", says, "Make a post of its own for each video.", "too_many")
    else:
        says = f"A Facebook post shows at most {most} photos; there are"
        yield from too_many("mediaItems", len(media), most, says)


def _option_problems(draft: Draft, options: FacebookOptions) -> Iterator[Problem]:
    video = bool(draft.media) and draft.media[0].type == "video"
    if options.content_type == "reel" and draft.media and not video:
        hint = "Use a video, or leave contentType out to post photos."
        yield Problem(f"{_OPTIONS}.contentType", "A Facebook reel is a video.", hint)
    yield from _of_videos(options, video=video and not options.story)
    yield from _of_shown_posts(options)
    texts, photos = options.alt_texts or [], 0 if video else len(draft.media)
    if len(texts) > photos:
        says = f"There are {len(texts)} texts for {photos} photos."
        hint = "Give one text for each photo, and none for videos."
        yield Problem(f"{_OPTIONS}.altTexts", says, hint, "too_many")


def _of_videos(options: FacebookOptions, *, video: bool) -> Iterator[Problem]:
    given = {"title": options.title, "videoThumbnailUrl": options.video_thumbnail_url}
    if not video:
        yield from misplaced(given, "a video or a reel")


def _of_shown_posts(options: FacebookOptions) -> Iterator[Problem]:
    if options.story and not options.shown:
        says = "A Facebook story cannot be kept unpublished."
        yield Problem(f"{_OPTIONS}.published", says, "Leave published out.")
    if options.first_comment is None:
        return
    if not options.first_comment.strip():
        yield Problem(f"{_OPTIONS}.firstComment", "The first comment is empty.", "Write it, or leave it out.")
    elif options.story or not options.shown:
        where = "story" if options.story else "unpublished post"
        says = f"A Facebook {where} takes no comments."
        yield Problem(f"{_OPTIONS}.firstComment", says, "Leave firstComment out.")


def _item(path: str, item: MediaRef, options: FacebookOptions) -> Iterable[Problem]:
    if item.type == "document":
        return [no_documents(path, "Facebook", "Convert its pages to JPEG.")]
    facts = item.facts
    if facts is None:
        return ()
    # A GIF goes out as a photo, so it may be declared as either.
    wanted = {"image", "gif"} if item.type in {"image", "gif"} else {item.type}
    if facts.kind not in wanted:
        return [mistaken(path, item, facts)]
    if item.type == "video":
        return judged(path, facts, _VIDEOS[options.content_type])
    return judged(path, facts, _STORY_PHOTO if options.story else _PHOTO)


def _photo(limit: str) -> tuple[Rule, ...]:
    most = SPEC.limit(limit)
    return (
        images(SPEC.media_types["image"], "Facebook takes photos as JPEG, PNG or GIF"),
        size("Facebook takes photos of", most, "Save it as a JPEG with a lower quality or fewer pixels."),
    )


def _short_video(kind: str) -> tuple[Rule, ...]:
    """What a reel or a story is, beyond a video."""
    shortest, longest = SPEC.limit(f"{kind}_min_seconds"), SPEC.limit(f"{kind}_max_seconds")
    seconds = f"A Facebook {kind} lasts {shortest} to {longest} seconds; this video lasts {{0:.1f}}."
    otherwise = " or leave contentType out to post it as a video" if kind == "reel" else ""
    narrow, low = SPEC.limit("reel_min_width"), SPEC.limit("reel_min_height")
    slow, fast = SPEC.limit("reel_min_fps"), SPEC.limit("reel_max_fps")
    upright = SPEC.limits["reel_ratio"].value

    def is_upright(sides: tuple[int, int]) -> bool:
        return abs(sides[0] / sides[1] - upright) <= _RATIO_SLACK

    return (
        _FORMAT,
        *lasts(shortest, longest, seconds, otherwise),
        shape(
            is_upright,
            f"A Facebook {kind} has the shape 9:16; this video has {{0[0]}}×{{0[1]}}.",
            "Crop the video to 9:16, best 1080×1920.",
        ),
        shape(
            lambda sides: not is_upright(sides) or (sides[0] >= narrow and sides[1] >= low),
            f"A Facebook {kind} has at least {narrow}×{low} pixels; this video has {{0[0]}}×{{0[1]}}.",
            "Use a larger video, best 1080×1920.",
        ),
        # Rates are measured: videos run at 23.976 frames a second and count as 24.
        Rule(
            attrgetter("fps"),
            lambda value: slow <= round(value) <= fast,
            f"A Facebook {kind} has {slow} to {fast} frames a second; this has {{0:g}}.",
            THIRTY_FRAMES,
        ),
    )


_PHOTO, _STORY_PHOTO = _photo("photo_bytes"), _photo("story_photo_bytes")
_FORMAT = one_of("mime", SPEC.media_types["video"], "Facebook takes MP4 and MOV videos")
_VIDEOS = {None: (_FORMAT,), "reel": _short_video("reel"), "story": _short_video("story")}

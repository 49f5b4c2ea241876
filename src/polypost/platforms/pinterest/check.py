"""Everything that can be said against a Pinterest draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import MIB, SPEC
from polypost.probe import Facts

_VIDEO_CODECS = ("h264", "hevc")
_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."
_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, PinterestOptions)
    problems = [*_texts(draft.text, options), *_together(draft.media)]
    problems += _cover(draft, options)
    for index, item in enumerate(draft.media):
        problems += _item(f"mediaItems[{index}]", item)
    return problems


def _texts(text: str, options: PinterestOptions) -> Iterator[Problem]:
    counted = (
        ("content", text, "description_characters", "A pin's text", "the text"),
        (f"{_OPTIONS}.title", options.title, "title_characters", "A pin's title", "the title"),
        (f"{_OPTIONS}.altText", options.alt_text, "alt_text_characters", "An alternative text", "altText"),
        (f"{_OPTIONS}.link", options.link, "link_characters", "A pin's link", "the link"),
    )
    for path, value, name, noun, what in counted:
        most = SPEC.limit(name)
        if value is not None and len(value) > most:
            yield Problem(
                path,
                f"{noun} has at most {most} characters; this one has {len(value)}.",
                f"Shorten {what}: {len(value) - most} too many.",
                "too_long",
            )


def _together(media: tuple[MediaRef, ...]) -> Iterator[Problem]:
    most = SPEC.limit("carousel_max_items")
    if not media:
        yield Problem(
            "mediaItems",
            "Pinterest has no text-only pins.",
            "Add a picture or a video.",
            "media_required",
        )
        return
    videos = sum(item.type == "video" for item in media)
    if videos and len(media) > 1:
        yield Problem(
            "mediaItems",
            f"On Pinterest a video stands alone in a pin; there are {len(media)} items.",
            "Use one video, with its cover as coverImageUrl, or up to 5 pictures."
            if videos == 1
            else "Make a pin of its own for each video.",
            "media_mix",
        )
    elif len(media) > most:
        yield Problem(
            "mediaItems",
            f"A Pinterest carousel has at most {most} pictures; there are {len(media)}.",
            f"Remove {len(media) - most} of them.",
            "too_many",
        )
    elif len(media) > 1:
        yield from _same_size(media)


def _same_size(media: tuple[MediaRef, ...]) -> Iterator[Problem]:
    sizes = [(item.facts.width, item.facts.height) if item.facts else (None, None) for item in media]
    first = next((size for size in sizes if None not in size), None)
    for index, size in enumerate(sizes):
        if first is not None and None not in size and size != first:
            yield Problem(
                f"mediaItems[{index}]",
                f"The pictures of a Pinterest carousel have one size; this one is {size[0]}×{size[1]} "
                f"and another {first[0]}×{first[1]}.",
                f"Crop or scale it to {first[0]}×{first[1]}.",
                "media_dimensions",
            )


def _cover(draft: Draft, options: PinterestOptions) -> Iterator[Problem]:
    path = f"{_OPTIONS}.coverImageUrl"
    if options.cover_image_url is not None:
        if draft.media and draft.media[0].type != "video":
            yield Problem(
                path,
                "coverImageUrl belongs to a video; pictures are their own cover.",
                "Leave coverImageUrl out.",
            )
        elif facts := draft.further.get(options.cover_image_url):
            yield from _cover_picture(path, facts)
    thumbnails = [(f"mediaItems[{n}].thumbnail", item) for n, item in enumerate(draft.media)]
    for place, item in thumbnails:
        used = options.cover_image_url is None and item.type == "video" and item.thumbnail is not None
        if used and (facts := draft.further.get(str(item.thumbnail))):
            yield from _cover_picture(place, facts)


def _cover_picture(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.kind != "image":
        message = f"A cover on Pinterest is a picture; this is a {facts.kind} ({facts.mime})."
        yield Problem(path, message, "Use a JPEG or PNG.", "media_type")
        return
    yield from _picture(path, facts)


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if item.type == "document":
        hint = "Convert its pages to pictures."
        return [Problem(path, "Pinterest takes no documents.", hint, "media_format")]
    if facts is None:
        return ()
    declared = "image" if item.type == "gif" else item.type
    if declared != ("image" if facts.kind == "gif" else facts.kind):
        message = f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime})."
        hint = (
            "Use a picture or a video."
            if facts.kind == "document"
            else f'Set type to "{facts.kind}" or use another file.'
        )
        return [Problem(f"{path}.type", message, hint, "media_type")]
    return _video(path, facts) if declared == "video" else _picture(path, facts)


def _picture(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"Pinterest takes pictures as JPEG, PNG, WebP or GIF; this is {facts.mime}.",
            "Convert it to JPEG.",
            "media_format",
        )
    yield from _size(path, facts, "image_bytes", "Save it with a lower quality or fewer pixels.")


def _video(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        message = f"Pinterest takes MP4, MOV and M4V videos; this is {facts.mime}."
        yield Problem(path, message, _REENCODE, "media_format")
    if facts.video_codec and facts.video_codec not in _VIDEO_CODECS:
        message = f"Pinterest takes H.264 and H.265 video; this is {facts.video_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    yield from _size(path, facts, "video_bytes", "Re-encode the video with a lower bit rate.")
    yield from _length(path, facts)
    yield from _shape(path, facts)


def _length(path: str, facts: Facts) -> Iterator[Problem]:
    low, high = SPEC.limit("video_min_seconds"), SPEC.limit("video_max_seconds")
    # Encoders round the last frame up: a film cut at 60 s often measures 60.02 s.
    if facts.duration is not None and not low <= round(facts.duration, 1) <= high:
        yield Problem(
            path,
            f"A video on Pinterest lasts {low} to {high} seconds; this one lasts {facts.duration:.1f}.",
            "Cut the video." if facts.duration > high else "Use a longer video.",
            "media_duration",
        )


def _shape(path: str, facts: Facts) -> Iterator[Problem]:
    low, high = SPEC.limits["video_min_ratio"].value, SPEC.limits["video_max_ratio"].value
    # Ratios are quotients of whole pixels: 1080×566 stands for 1.91:1.
    if facts.width and facts.height and not low <= round(facts.width / facts.height, 2) <= high:
        yield Problem(
            path,
            f"Pinterest refuses the shape {facts.width}×{facts.height}: "
            f"width / height has to be between {low:g} and {high:g}.",
            "Crop the video; 2:3 and 9:16 fill the screen.",
            "media_dimensions",
        )


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = f"Pinterest takes at most {most // MIB} MB here; this file has {facts.size / MIB:.1f} MB."
        yield Problem(path, message, hint, "media_size")

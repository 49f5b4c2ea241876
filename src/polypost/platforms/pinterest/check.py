"""Everything that can be said against a Pinterest draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.alt_text import alt_problems
from polypost.platforms.kit.media import (
    LOWER_BIT_RATE,
    dimensions,
    images,
    judged,
    lasts,
    mistaken,
    no_documents,
    one_of,
    ratio,
    size,
)
from polypost.platforms.kit.texts import beyond, too_many
from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import SPEC
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, PinterestOptions)
    problems = [*_texts(draft.text, options), *_together(draft.media)]
    if options.alt_text is None:
        problems += alt_problems(SPEC, "mediaItems", draft.media)
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
        yield from beyond(path, len(value or ""), SPEC.limit(name), noun, f"Shorten {what}")


def _together(media: tuple[MediaRef, ...]) -> Iterator[Problem]:
    most = SPEC.limit("carousel_max_items")
    if not media:
        says = "Pinterest has no text-only pins."
        yield Problem("mediaItems", says, "Add a picture or a video.", "media_required")
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
        says = f"A Pinterest carousel has at most {most} pictures; there are"
        yield from too_many("mediaItems", len(media), most, says)
    elif len(media) > 1:
        yield from _same_size(media)


def _same_size(media: tuple[MediaRef, ...]) -> Iterator[Problem]:
    known = [(index, dimensions(item.facts) if item.facts else None) for index, item in enumerate(media)]
    first = next((sides for _, sides in known if sides), None)
    for index, sides in known:
        if sides and first and sides != first:
            yield Problem(
                f"mediaItems[{index}]",
                f"The pictures of a Pinterest carousel have one size; this one is {sides[0]}×{sides[1]} "
                f"and another {first[0]}×{first[1]}.",
                f"Crop or scale it to {first[0]}×{first[1]}.",
                "media_dimensions",
            )


def _cover(draft: Draft, options: PinterestOptions) -> Iterator[Problem]:
    path = f"{_OPTIONS}.coverImageUrl"
    if options.cover_image_url is not None:
        if draft.media and draft.media[0].type != "video":
            says = "coverImageUrl belongs to a video; pictures are their own cover."
            yield Problem(path, says, "Leave coverImageUrl out.")
        elif facts := draft.further.get(options.cover_image_url):
            yield from _cover_image(path, facts)
    thumbnails = [(f"mediaItems[{n}].thumbnail", item) for n, item in enumerate(draft.media)]
    for place, item in thumbnails:
        used = options.cover_image_url is None and item.type == "video" and item.thumbnail is not None
        if used and (facts := draft.further.get(str(item.thumbnail))):
            yield from _cover_image(place, facts)


def _cover_image(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.kind != "image":
        message = f"A cover on Pinterest is a picture; this is a {facts.kind} ({facts.mime})."
        yield Problem(path, message, "Use a JPEG or PNG.", "media_type")
        return
    yield from judged(path, facts, _IMAGE)


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if item.type == "document":
        return [no_documents(path, "Pinterest")]
    if facts is None:
        return ()
    declared = "image" if item.type == "gif" else item.type
    if declared != ("image" if facts.kind == "gif" else facts.kind):
        hint = "Use a picture or a video." if facts.kind == "document" else ""
        return [mistaken(path, item, facts, hint)]
    return judged(path, facts, _VIDEO if declared == "video" else _IMAGE)


_IMAGE = (
    images(SPEC.media_types["image"], "Pinterest takes pictures as JPEG, PNG, WebP or GIF"),
    size("Pinterest takes", SPEC.limit("image_bytes"), "Save it with a lower quality or fewer pixels."),
)
_SHORTEST, _LONGEST = SPEC.limit("video_min_seconds"), SPEC.limit("video_max_seconds")
_VIDEO = (
    one_of("mime", SPEC.media_types["video"], "Pinterest takes MP4, MOV and M4V videos"),
    one_of("video_codec", ("h264", "hevc"), "Pinterest takes H.264 and H.265 video"),
    size("Pinterest takes", SPEC.limit("video_bytes"), LOWER_BIT_RATE),
    *lasts(
        _SHORTEST,
        _LONGEST,
        f"A video on Pinterest lasts {_SHORTEST} to {_LONGEST} seconds; this one lasts {{0:.1f}}.",
    ),
    # 1080×566 stands for 1.91:1.
    ratio(
        "Pinterest",
        SPEC.limits["video_min_ratio"].value,
        SPEC.limits["video_max_ratio"].value,
        "Crop the video; 2:3 and 9:16 fill the screen.",
        digits=2,
    ),
)

"""Everything that can be said against a YouTube draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.media import LOWER_BIT_RATE, MIB, Rule, at_least, at_most, judged, mistaken
from polypost.platforms.kit.texts import too_long
from polypost.platforms.youtube.options import YouTubeOptions
from polypost.platforms.youtube.spec import SPEC
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"
UNTITLED = "Untitled Video"
# Encoders round the last frame up: a video cut at 180 s often measures 180.02 s.
_SLACK = 0.1


def check(draft: Draft) -> list[Problem]:
    """All problems of the draft, by path relative to the post."""
    options = draft.options
    assert isinstance(options, YouTubeOptions)
    problems = [*_title(draft.text, options), *_description(draft.text), *_tags(options), *_comment(options)]
    problems += _media(draft)
    return problems


def title_of(text: str, options: YouTubeOptions) -> str:
    """The video's title: the one given, else the beginning of the text, else a stand-in."""
    if options.title is not None:
        return options.title
    return " ".join(text.split())[: SPEC.limit("title_characters")].rstrip() or UNTITLED


def counted(tags: Iterable[str]) -> int:
    """The length of all tags as YouTube counts it: commas between them, quotes around one that has a space."""
    lengths = [len(tag) + (2 if " " in tag else 0) for tag in tags]
    return sum(lengths) + max(0, len(lengths) - 1)


def is_short(facts: Facts | None) -> bool:
    """Whether YouTube will show the video as a Short; False while its facts are not known."""
    if facts is None or not facts.width or not facts.height or facts.duration is None:
        return False
    return facts.width <= facts.height and facts.duration <= SPEC.limit("short_max_seconds") + _SLACK


def _title(text: str, options: YouTubeOptions) -> Iterator[Problem]:
    if options.title is None:
        return
    path = f"{_OPTIONS}.title"
    if not options.title.strip():
        says = "A YouTube title cannot be empty."
        yield Problem(path, says, "Write one, or leave title out.", "text_required")
    else:
        yield from too_long(path, len(options.title), SPEC.limit("title_characters"))
    yield from _marks(path, "title", options.title)


def _description(text: str) -> Iterator[Problem]:
    most, size = SPEC.limit("description_bytes"), len(text.encode("utf-8", "surrogatepass"))
    if size > most:
        says = f"A YouTube description has at most {most} bytes; this one has {size}."
        hint = f"Shorten it by {size - most} bytes; letters beyond a–z take 2 to 4 bytes each."
        yield Problem("content", says, hint, "too_long")
    yield from _marks("content", "description", text)


def _marks(path: str, what: str, text: str) -> Iterator[Problem]:
    found = [mark for mark in "<>" if mark in text]
    if found:
        says = f"A YouTube {what} cannot contain {' and '.join(found)}."
        yield Problem(path, says, "Write it in another way, as with ‹ and ›.", "invalid_characters")


def _tags(options: YouTubeOptions) -> Iterator[Problem]:
    most, length = SPEC.limit("tags_characters"), counted(options.tags or ())
    if length > most:
        yield Problem(
            f"{_OPTIONS}.tags",
            f"All tags together have at most {most} characters on YouTube, with a comma between two and quotes around"
            f" one that has a space; these have {length}.",
            f"Remove or shorten tags: {length - most} too many.",
            "too_long",
        )


def _comment(options: YouTubeOptions) -> Iterator[Problem]:
    if options.first_comment is None:
        return
    path = f"{_OPTIONS}.firstComment"
    if not options.first_comment.strip():
        hint = "Write one, or leave firstComment out."
        yield Problem(path, "A comment cannot be empty.", hint, "text_required")
    else:
        yield from too_long(path, len(options.first_comment), SPEC.limit("comment_characters"))
    if options.made_for_kids:
        says = "Videos that are made for kids have no comments on YouTube."
        yield Problem(path, says, "Leave firstComment out, or set madeForKids to false.")


def _media(draft: Draft) -> Iterator[Problem]:
    if not draft.media:
        says = "YouTube has no posts without a video."
        yield Problem("mediaItems", says, "Add one video.", "media_required")
    elif len(draft.media) > 1:
        says = f"A YouTube post is exactly one video; there are {len(draft.media)} items."
        hint = "Keep one, and make a post of its own for each other video."
        yield Problem("mediaItems", says, hint, "too_many")
    for place, item in enumerate(draft.media):
        yield from _item(f"mediaItems[{place}]", item, draft)


def _item(path: str, item: MediaRef, draft: Draft) -> Iterator[Problem]:
    facts = item.facts
    if item.type != "video":
        noun = {"image": "pictures", "gif": "GIFs", "document": "documents"}[item.type]
        yield Problem(path, f"YouTube takes no {noun} as posts.", "Make a video of it.", "media_format")
        return
    if facts is not None and facts.kind != "video":
        yield mistaken(path, item, facts, "Use a video file.")
        return
    if facts is not None:
        yield from _video(path, facts, draft)
    # A Short takes no thumbnail, so nothing can be wrong with it.
    if item.thumbnail is not None and not is_short(facts):
        cover = draft.further.get(item.thumbnail)
        yield from judged(f"{path}.thumbnail", cover, _THUMBNAIL) if cover else ()


def _video(path: str, facts: Facts, draft: Draft) -> Iterator[Problem]:
    yield from judged(path, facts, _VIDEO)
    if facts.duration is None:
        return
    verified = draft.account.metadata.get("long_uploads") in {None, "allowed", "longUploadsUnspecified"}
    longest = SPEC.limit("video_max_seconds" if verified else "unverified_max_seconds")
    if facts.duration > longest + _SLACK:
        hint = (
            "Cut the video."
            if verified
            else "Cut it, or verify the channel on youtube.com/verify and connect it again."
        )
        says = f"This channel takes videos of at most {longest // 60} minutes; this one lasts {facts.duration / 60:.1f}."
        yield Problem(path, says, hint, "media_duration")


def _format(media: str, says: str, hint: str) -> Rule:
    return Rule(attrgetter("mime"), lambda mime: mime in SPEC.media_types[media], says, hint)


_BYTES, _COVER_BYTES = SPEC.limit("video_bytes"), SPEC.limit("thumbnail_bytes")
_NARROWEST = SPEC.limit("thumbnail_min_width")
_VIDEO = (
    _format("video", "YouTube takes no {0}.", "Re-encode it as an MP4."),
    at_most(
        "size",
        _BYTES,
        f"YouTube takes files of at most {_BYTES // MIB // 1024} GB.",
        LOWER_BIT_RATE,
        "media_size",
    ),
)
_THUMBNAIL = (
    _format("image", "YouTube takes no {0} as a thumbnail.", "Save it as a JPEG or PNG."),
    Rule(
        lambda facts: facts.size / MIB,
        lambda value: value <= _COVER_BYTES / MIB,
        f"A YouTube thumbnail has at most {_COVER_BYTES // MIB} MB; this file has {{0:.1f}} MB.",
        "Save it as a JPEG with a lower quality.",
        "media_size",
    ),
    at_least(
        "width",
        _NARROWEST,
        f"A YouTube thumbnail is at least {_NARROWEST} pixels wide; this one has {{0}}.",
        "Use a larger picture; 1280×720 is best.",
        "media_dimensions",
    ),
)

"""Everything that can be said against a YouTube draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.media import MIB
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
    path, most, length = f"{_OPTIONS}.title", SPEC.limit("title_characters"), len(options.title)
    if not options.title.strip():
        yield Problem(
            path, "A YouTube title cannot be empty.", "Write one, or leave title out.", "text_required"
        )
    elif length > most:
        yield too_long(path, length, most)
    yield from _marks(path, "title", options.title)


def _description(text: str) -> Iterator[Problem]:
    most, size = SPEC.limit("description_bytes"), len(text.encode("utf-8", "surrogatepass"))
    if size > most:
        yield Problem(
            "content",
            f"A YouTube description has at most {most} bytes; this one has {size}.",
            f"Shorten it by {size - most} bytes; letters beyond a–z take 2 to 4 bytes each.",
            "too_long",
        )
    yield from _marks("content", "description", text)


def _marks(path: str, what: str, text: str) -> Iterator[Problem]:
    found = [mark for mark in "<>" if mark in text]
    if found:
        yield Problem(
            path,
            f"A YouTube {what} cannot contain {' and '.join(found)}.",
            "Write it in another way, as with ‹ and ›.",
            "invalid_characters",
        )


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
    path, most, length = (
        f"{_OPTIONS}.firstComment",
        SPEC.limit("comment_characters"),
        len(options.first_comment),
    )
    if not options.first_comment.strip():
        yield Problem(
            path, "A comment cannot be empty.", "Write one, or leave firstComment out.", "text_required"
        )
    elif length > most:
        yield too_long(path, length, most)
    if options.made_for_kids:
        yield Problem(
            path,
            "Videos that are made for kids have no comments on YouTube.",
            "Leave firstComment out, or set madeForKids to false.",
        )


def _media(draft: Draft) -> Iterator[Problem]:
    if not draft.media:
        yield Problem(
            "mediaItems", "YouTube has no posts without a video.", "Add one video.", "media_required"
        )
    elif len(draft.media) > 1:
        yield Problem(
            "mediaItems",
            f"A YouTube post is exactly one video; there are {len(draft.media)} items.",
            "Keep one, and make a post of its own for each other video.",
            "too_many",
        )
    for place, item in enumerate(draft.media):
        yield from _item(f"mediaItems[{place}]", item, draft)


def _item(path: str, item: MediaRef, draft: Draft) -> Iterator[Problem]:
    facts = item.facts
    if item.type != "video":
        noun = {"image": "pictures", "gif": "GIFs", "document": "documents"}[item.type]
        yield Problem(path, f"YouTube takes no {noun} as posts.", "Make a video of it.", "media_format")
        return
    if facts is not None and facts.kind != "video":
        message = f"The item is declared as video, but the file is a {facts.kind} ({facts.mime})."
        yield Problem(f"{path}.type", message, "Use a video file.", "media_type")
        return
    if facts is not None:
        yield from _video(path, facts, draft)
    if item.thumbnail is not None and not is_short(facts):
        yield from _thumbnail(f"{path}.thumbnail", draft.further.get(item.thumbnail))


def _video(path: str, facts: Facts, draft: Draft) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        yield Problem(path, f"YouTube takes no {facts.mime}.", "Re-encode it as an MP4.", "media_format")
    most = SPEC.limit("video_bytes")
    if facts.size > most:
        yield Problem(
            path,
            f"YouTube takes files of at most {most // MIB // 1024} GB.",
            "Re-encode the video with a lower bit rate.",
            "media_size",
        )
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
        yield Problem(
            path,
            f"This channel takes videos of at most {longest // 60} minutes; this one lasts {facts.duration / 60:.1f}.",
            hint,
            "media_duration",
        )


def _thumbnail(path: str, facts: Facts | None) -> Iterator[Problem]:
    if facts is None:
        return
    if facts.mime not in SPEC.media_types["image"]:
        yield Problem(
            path,
            f"YouTube takes no {facts.mime} as a thumbnail.",
            "Save it as a JPEG or PNG.",
            "media_format",
        )
    most, narrowest = SPEC.limit("thumbnail_bytes"), SPEC.limit("thumbnail_min_width")
    if facts.size > most:
        message = (
            f"A YouTube thumbnail has at most {most // MIB} MB; this file has {facts.size / MIB:.1f} MB."
        )
        yield Problem(path, message, "Save it as a JPEG with a lower quality.", "media_size")
    if facts.width and facts.width < narrowest:
        yield Problem(
            path,
            f"A YouTube thumbnail is at least {narrowest} pixels wide; this one has {facts.width}.",
            "Use a larger picture; 1280×720 is best.",
            "media_dimensions",
        )

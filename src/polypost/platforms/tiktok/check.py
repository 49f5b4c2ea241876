"""Everything that can be said against a TikTok draft before a byte is sent.

Limits come from `spec`; a fact that is not known yet raises no problem. What only the creator's own settings
forbid is known when they are asked (`creators`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from polypost.errors import Problem
from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.platforms.tiktok.spec import MB, SPEC
from polypost.probe import Facts

_OPTIONS = "platformSpecificData"
_VIDEO_CODECS = ("h264", "hevc", "vp8", "vp9")
_REENCODE = "Re-encode it as an MP4 with H.264 video."


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
        yield Problem(
            "mediaItems",
            "TikTok has no text-only posts.",
            "Add an MP4 video, or JPEG or WebP photos.",
            "media_required",
        )
    elif "video" in kinds and len(kinds) > 1:
        yield Problem(
            "mediaItems",
            "A TikTok post is one video or photos, not both.",
            "Make a post of its own for the video.",
            "media_mix",
        )
    elif "video" in kinds and len(media) > 1:
        yield Problem(
            "mediaItems",
            f"A TikTok post has exactly one video; there are {len(media)}.",
            "Make a post of its own for each video.",
            "too_many",
        )
    elif len(media) > most:
        yield Problem(
            "mediaItems",
            f"A TikTok post has at most {most} photos; there are {len(media)}.",
            f"Remove {len(media) - most} of them.",
            "too_many",
        )


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
    most, count = SPEC.limit(name), units(text)
    if count > most:
        message = f"A TikTok {noun} has at most {most} characters, emoji counting two; this one has {count}."
        yield Problem(path, message, f"{hint}: {count - most} too many.", "too_long")


def _options(media: tuple[MediaRef, ...], options: TikTokOptions, *, photos: bool) -> Iterator[Problem]:
    of_videos = {
        "disableDuet": options.disable_duet,
        "disableStitch": options.disable_stitch,
        "isAigc": options.is_aigc,
        "videoCoverTimestampMs": options.video_cover_timestamp_ms,
    }
    of_photos = {"photoCoverIndex": options.photo_cover_index, "description": options.description}
    # Defaults that a client spells out (false, 0, an empty text) say nothing and do no harm.
    for name, value in (of_videos if photos else of_photos).items():
        if value:
            yield Problem(
                f"{_OPTIONS}.{name}",
                f"{name} belongs to {'videos' if photos else 'photo posts'}.",
                f"Leave {name} out.",
            )
    if options.brand_content_toggle and options.audience == "SELF_ONLY" and not options.draft:
        yield Problem(
            f"{_OPTIONS}.brandContentToggle",
            "TikTok does not take a paid partnership that only its creator can see.",
            "Choose another privacyLevel, or leave brandContentToggle out.",
        )
    yield from _cover(media, options, photos=photos)


def _cover(media: tuple[MediaRef, ...], options: TikTokOptions, *, photos: bool) -> Iterator[Problem]:
    index, moment = options.photo_cover_index, options.video_cover_timestamp_ms
    if photos and index is not None and index >= len(media):
        yield Problem(
            f"{_OPTIONS}.photoCoverIndex",
            f"There is no photo {index}: they are counted from 0 to {len(media) - 1}.",
            f"Choose a number from 0 to {len(media) - 1}.",
        )
    length = media[0].facts.duration if media[0].facts else None
    if not photos and moment and length and moment > length * 1000:
        yield Problem(
            f"{_OPTIONS}.videoCoverTimestampMs",
            f"The cover frame at {moment} ms lies behind the end of the video.",
            f"Choose a moment before {int(length * 1000)} ms.",
        )


def _item(path: str, item: MediaRef) -> Iterable[Problem]:
    facts = item.facts
    if item.type in {"gif", "document"} or (item.type == "image" and facts and facts.kind == "gif"):
        noun = "documents" if item.type == "document" else "GIFs"
        hint = "Convert it to JPEG" + (
            " pages." if noun == "documents" else ", or to an MP4 video to keep it moving."
        )
        return [Problem(path, f"TikTok takes no {noun}.", hint, "media_format")]
    if facts is None:
        return ()
    if facts.kind != item.type:
        message = f"The item is declared as {item.type}, but the file is a {facts.kind} ({facts.mime})."
        return [
            Problem(f"{path}.type", message, f'Set type to "{facts.kind}" or use another file.', "media_type")
        ]
    return _photo(path, facts) if item.type == "image" else _video(path, facts)


def _photo(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["image"]:
        message = f"TikTok takes photos as JPEG or WebP only; this is {facts.mime}."
        yield Problem(path, message, "Convert it to JPEG.", "media_format")
    yield from _size(path, facts, "photo_bytes", "Save it with a lower quality or fewer pixels.")
    if not facts.width or not facts.height:
        return
    short, long = sorted((facts.width, facts.height))
    narrow, wide = SPEC.limit("photo_short_side"), SPEC.limit("photo_long_side")
    if short > narrow or long > wide:
        message = f"TikTok takes photos of at most {narrow}×{wide} pixels; this one has {facts.width}×{facts.height}."
        yield Problem(path, message, "Scale the photo down.", "media_dimensions")


def _video(path: str, facts: Facts) -> Iterator[Problem]:
    if facts.mime not in SPEC.media_types["video"]:
        message = f"TikTok takes MP4, MOV and WebM videos; this is {facts.mime}."
        yield Problem(path, message, _REENCODE, "media_format")
    if facts.video_codec and facts.video_codec not in _VIDEO_CODECS:
        message = f"TikTok takes H.264, H.265, VP8 and VP9 video; this is {facts.video_codec}."
        yield Problem(path, message, _REENCODE, "media_format")
    slow, fast = SPEC.limit("video_min_fps"), SPEC.limit("video_max_fps")
    # Rates and lengths are measured, so 60.002 frames a second is 60, and 600.02 s is ten minutes.
    if facts.fps and not slow <= round(facts.fps, 1) <= fast:
        message = f"TikTok takes {slow} to {fast} frames a second; this video has {facts.fps:g}."
        yield Problem(path, message, "Re-encode the video with 30 frames a second.", "media_format")
    longest = SPEC.limit("video_max_seconds")
    if facts.duration and round(facts.duration, 1) > longest:
        message = f"A TikTok video lasts at most {longest} seconds; this one lasts {facts.duration:.1f}."
        yield Problem(path, message, "Cut the video.", "media_duration")
    low, high = SPEC.limit("video_min_side"), SPEC.limit("video_max_side")
    if (
        facts.width
        and facts.height
        and not low <= min(facts.width, facts.height) <= high >= max(facts.width, facts.height)
    ):
        message = f"Each side of a TikTok video has {low} to {high} pixels; this one is {facts.width}×{facts.height}."
        yield Problem(path, message, "Scale the video.", "media_dimensions")
    yield from _size(path, facts, "video_bytes", "Re-encode the video with a lower bit rate.")


def _size(path: str, facts: Facts, name: str, hint: str) -> Iterator[Problem]:
    most = SPEC.limit(name)
    if facts.size > most:
        message = f"TikTok takes at most {most // MB} MB here; this file has {facts.size / MB:.1f} MB."
        yield Problem(path, message, hint, "media_size")

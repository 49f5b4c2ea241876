"""What a Mastodon server takes as pictures, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from polypost.errors import Problem
from polypost.platforms.base import Account, MediaRef
from polypost.platforms.mastodon.server import limit_of, types_of
from polypost.platforms.mastodon.spec import MIB
from polypost.probe import Facts

_REENCODE = "Re-encode it as an MP4 with H.264 video and AAC sound."


def media_problems(path: str, items: Sequence[MediaRef], account: Account) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list."""
    problems = list(_together(path, items, account))
    for place, item in enumerate(items):
        problems += _item(f"{path}[{place}]", item, account)
    return problems


def _together(path: str, items: Sequence[MediaRef], account: Account) -> Iterator[Problem]:
    most = limit_of(account, "media_per_post")
    alone = [item for item in items if item.type in {"gif", "video"}]
    if alone and len(items) > 1:
        noun = "an animated GIF" if alone[0].type == "gif" else "a video"
        yield Problem(
            path,
            f"On Mastodon {noun} stands alone in a post; there are {len(items)} items.",
            f"Use up to {most} pictures, or one GIF, or one video; the rest can go to threadItems.",
            "media_mix",
        )
    elif len(items) > most:
        yield Problem(
            path,
            f"A post on this server shows at most {most} media items; there are {len(items)}.",
            f"Remove {len(items) - most} of them, or move them to threadItems.",
            "too_many",
        )


def _item(path: str, item: MediaRef, account: Account) -> Iterator[Problem]:
    facts = item.facts
    if item.type == "document":
        yield Problem(path, "Mastodon takes no documents.", "Convert its pages to pictures.", "media_format")
    elif facts is None:
        return
    elif not _is(item.type, facts):
        yield Problem(
            f"{path}.type",
            f"The item is declared as {item.type}, but the file is {_described(facts)}.",
            "Use another file."
            if facts.kind == "document"
            else f'Set type to "{facts.kind}" or use another file.',
            "media_type",
        )
    else:
        yield from _format(path, facts, account)
        yield from _size(path, facts, account)
        yield from _pixels(path, facts, account)
        yield from _rate(path, facts, account)


def _is(declared: str, facts: Facts) -> bool:
    # A GIF that does not move stays a picture there.
    return facts.kind == declared or (declared == "image" and facts.kind == "gif" and facts.frames == 1)


def _described(facts: Facts) -> str:
    moving = "an animated " if facts.kind == "gif" and facts.frames != 1 else "a "
    return f"{moving}{facts.kind} ({facts.mime})"


def _film(facts: Facts) -> bool:
    """Whether the server handles it as a film: an animated GIF becomes one."""
    return facts.kind == "video" or (facts.kind == "gif" and facts.frames != 1)


def _format(path: str, facts: Facts, account: Account) -> Iterator[Problem]:
    if facts.mime not in types_of(account):
        yield Problem(
            path,
            f"The account's server does not take {facts.mime}.",
            _REENCODE if facts.kind == "video" else "Convert it to JPEG or PNG.",
            "media_format",
        )


def _size(path: str, facts: Facts, account: Account) -> Iterator[Problem]:
    film = _film(facts)
    most = limit_of(account, "video_bytes" if film else "image_bytes")
    if facts.size > most:
        yield Problem(
            path,
            f"The account's server takes at most {most / MIB:g} MB ({most:,} bytes) here; "
            f"this file has {facts.size:,} bytes.",
            "Re-encode it with a lower bit rate."
            if film
            else "Save it with a lower quality or fewer pixels.",
            "media_size",
        )


def _pixels(path: str, facts: Facts, account: Account) -> Iterator[Problem]:
    if not facts.width or not facts.height:
        return
    most = limit_of(account, "video_pixels" if _film(facts) else "image_pixels")
    if facts.width * facts.height > most:
        yield Problem(
            path,
            f"The account's server takes at most {most:,} pixels here; this file has "
            f"{facts.width}×{facts.height} = {facts.width * facts.height:,}.",
            "Scale it down.",
            "media_dimensions",
        )


def _rate(path: str, facts: Facts, account: Account) -> Iterator[Problem]:
    most = limit_of(account, "video_fps")
    # Rates are measured, so 120.002 frames a second is 120.
    if facts.fps and round(facts.fps, 1) > most:
        yield Problem(
            path,
            f"The account's server takes at most {most} frames a second; this video has {facts.fps:g}.",
            "Re-encode it with 30 frames a second.",
            "media_format",
        )

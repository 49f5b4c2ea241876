"""What a Mastodon server takes as images, GIFs and videos, judged by declared type and, once probed, by the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from operator import attrgetter

from polypost.errors import Problem
from polypost.platforms.base import Account, MediaRef
from polypost.platforms.kit.media import (
    RE_ENCODE,
    Rule,
    at_most,
    each_item,
    exact_size,
    images_gifs_and_videos,
    is_still_gif,
    judged,
    moves_alone,
    pixels,
)
from polypost.platforms.kit.texts import too_many
from polypost.platforms.mastodon.server import limit_of, types_of
from polypost.probe import Facts


def media_problems(path: str, items: Sequence[MediaRef], account: Account) -> list[Problem]:
    """All problems with the media of one post; `path` is that of the list."""
    judge = partial(_item, account=account)
    return [*_together(path, items, account), *each_item(path, items, judge)]


def _together(path: str, items: Sequence[MediaRef], account: Account) -> Iterable[Problem]:
    most = limit_of(account, "media_per_post")
    says = f"A post on this server shows at most {most} media items; there are"
    excess = too_many(path, len(items), most, says, ", or move them to threadItems")
    return moves_alone(path, items, "Mastodon", "an animated GIF", most) or excess


def _item(path: str, item: MediaRef, account: Account) -> Iterable[Problem]:
    if wrong := images_gifs_and_videos(path, item, "Mastodon"):
        return [wrong]
    return judged(path, item.facts, _rules(item.facts, account)) if item.facts else ()


def _rules(facts: Facts, account: Account) -> tuple[Rule, ...]:
    """What the account's server takes; an animated GIF becomes a video there."""
    video = facts.kind == "video" or (facts.kind == "gif" and not is_still_gif(facts))
    kind = "video" if video else "image"
    rate, most = limit_of(account, "video_fps"), limit_of(account, f"{kind}_pixels")
    return (
        Rule(
            attrgetter("mime"),
            lambda mime: mime in types_of(account),
            "The account's server does not take {0}.",
            RE_ENCODE if facts.kind == "video" else "Convert it to JPEG or PNG.",
        ),
        exact_size(
            "The account's server",
            limit_of(account, f"{kind}_bytes"),
            "Re-encode it with a lower bit rate."
            if video
            else "Save it with a lower quality or fewer pixels.",
        ),
        Rule(
            pixels,
            lambda sides: sides[2] <= most,
            f"The account's server takes at most {most:,} pixels here; this file has "
            "{0[0]}×{0[1]} = {0[2]:,}.",
            "Scale it down.",
            "media_dimensions",
        ),
        at_most(
            "fps",
            rate,
            f"The account's server takes at most {rate} frames a second; this video has {{0:g}}.",
            "Re-encode it with 30 frames a second.",
        ),
    )

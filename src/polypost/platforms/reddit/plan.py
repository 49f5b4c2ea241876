"""What a draft becomes on Reddit: its kind, its title, and the text that remains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polypost.platforms.base import MediaRef
from polypost.platforms.reddit.options import Kind, RedditOptions
from polypost.platforms.reddit.spec import SPEC

VIDEOS = frozenset({"video", "videogif"})
# Kinds whose answer names no post, because their media have still to be worked on.
UNNAMED = VIDEOS | {"image"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A post as Reddit knows it."""

    kind: Kind
    title: str
    body: str


def plan_for(text: str, media: Sequence[MediaRef], options: RedditOptions) -> Plan:
    """The plan of a draft; without a title the text's first line becomes one."""
    kind = kind_of(media, options)
    if options.title is not None:
        return Plan(kind, " ".join(options.title.split()), text.strip())
    title, body = split_title(text)
    return Plan(kind, title, body)


def kind_of(media: Sequence[MediaRef], options: RedditOptions) -> Kind:
    """The kind that is asked for, or the one that follows from what is there."""
    named: tuple[tuple[bool, Kind], ...] = (
        (options.poll is not None, "poll"),
        (options.crosspost_id is not None, "crosspost"),
        (options.url is not None, "link"),
        (any(item.type == "video" for item in media), "video"),
        (len(media) > 1, "gallery"),
        (bool(media), "image"),
    )
    follows: Kind = next((kind for there, kind in named if there), "self")
    return options.kind or follows


def split_title(text: str) -> tuple[str, str]:
    """The first line as a title and the rest; a line too long for that stays in the text and is quoted."""
    first, _, rest = text.strip().partition("\n")
    title, most = " ".join(first.split()), SPEC.limit("title_characters")
    if len(title) <= most:
        return title, rest.strip()
    cut = title[: most - 1]
    words = cut.rpartition(" ")[0] or cut
    return f"{words.rstrip()}…", text.strip()

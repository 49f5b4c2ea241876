"""How Threads reads a text: its length, its links, its topic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import regex  # type: ignore[import-untyped]  # the package ships no types

# A sign that shows as an image by itself, or is made one by U+FE0F or the keycap U+20E3.
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|[0-9#*]\uFE0F?\u20E3")
_LINK = re.compile(r"(?<![\w@/])(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'\""
# A topic ends at a period or an ampersand, which tags cannot hold (Posts).
_TOPIC = re.compile(r"(?<![\w#&])#([^\s#.&]{1,50})")


def length(text: str) -> int:
    """Characters, of which those of an emoji count as the bytes they take in UTF-8."""
    total = 0
    for cluster in regex.findall(r"\X", text):
        total += len(cluster.encode("utf-8")) if _EMOJI.search(cluster) else len(cluster)
    return total


def links(text: str) -> list[str]:
    """The different links of a text in their order, as they are written."""
    found: dict[str, str] = {}
    for match in _LINK.finditer(text):
        link = match.group().rstrip(_TRAILING)
        found.setdefault(same(link), link)
    return list(found.values())


def count_links(text: str, attached: Iterable[str]) -> int:
    """How many different links a post has, in its text and attached."""
    return len({same(link) for link in [*links(text), *attached]})


def same(link: str) -> str:
    """What two spellings of a link have in common."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        return link
    return f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def topic(text: str) -> str | None:
    """The first tag of a text, which becomes the post's topic."""
    found = _TOPIC.search(text)
    return found[1] if found else None
